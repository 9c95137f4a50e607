"""The phases of training: each a `SpeakerBrain` with a loss of its own."""

import numpy as np
import torch
from speechbrain import Stage
from torch import Tensor
from torch.utils.data import DataLoader

from utils import distributed
from utils.brain import SpeakerBrain
from utils.crops import Crop, CropDataset
from utils.errors import UserError
from utils.losses import embedding_spread, triplet_loss
from utils.mining import History


class SoftmaxBrain(SpeakerBrain):
    """Classify the training speakers.

    ``modules`` also holds ``classifier``; ``hparams`` also holds ``loss``, a
    callable of the classifier's outputs (B, 1, N) and labels (B, 1).
    """

    def objective(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Return the classification loss, and note the accuracy."""
        outputs = self.modules.classifier(embeddings.unsqueeze(1))
        is_right = outputs.squeeze(1).argmax(dim=1) == labels
        self.state.note(train_accuracy=is_right.float().mean())
        return self.hparams.loss(outputs, labels.unsqueeze(1))


class TripletBrain(SpeakerBrain):
    """Triplets: random batches first, then select batches from a history.

    ``hparams`` also holds ``margin``, ``random_epochs`` (epochs of random batches),
    ``history_share`` (share of the speakers in the history), ``history_crops``
    (crops of each), ``n_hardest`` and ``min_spread``.
    """

    def start_epoch(self) -> None:
        """Refresh the embeddings that hard triplets are chosen by."""
        self.state.history = None
        if self.epoch > self.hparams.random_epochs:
            crops, _ = self.history_crops()
            self.state.history = self.embed_crops(crops)

    def on_stage_start(self, stage: Stage, epoch: int | None = None) -> None:
        """Begin an epoch; give the sampler its history, new or recovered."""
        super().on_stage_start(stage, epoch)
        if stage == Stage.TRAIN:
            self.train_sampler.history = self.make_history()

    def history_crops(self) -> tuple[list[Crop], np.ndarray]:
        """Choose crops of part of the speakers, and tell whose they are."""
        sampler = self.train_sampler
        n_speakers = max(2, round(self.hparams.history_share * len(sampler.people)))
        return sampler.history_crops(n_speakers, self.hparams.history_crops)

    def make_history(self) -> History | None:
        """Join the embeddings with their crops."""
        if self.state.history is None:
            return None
        crops, speakers = self.history_crops()
        return History(
            crops=crops,
            embeddings=self.state.history.numpy(),
            speakers=speakers,
            origins=self.train_sampler.people[speakers],
            n_hardest=self.hparams.n_hardest,
        )

    def embed_crops(self, crops: list[Crop], batch_size: int = 64) -> Tensor:
        """Embed crops (N, D) with the present weights, shared by all processes."""
        self.modules.eval()
        mine = distributed.share_of(crops)
        batches = DataLoader(
            self.crop_dataset,
            batch_sampler=[
                mine[first : first + batch_size]
                for first in range(0, len(mine), batch_size)
            ],
            collate_fn=CropDataset.collate,
        )
        with torch.inference_mode(), self.training_ctx:
            embedded = [
                self.encoder(batch.feats.to(self.device)).float().cpu().numpy()
                for batch in batches
            ]
        return torch.from_numpy(np.concatenate(distributed.gather_lists(embedded)))

    def objective(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Return the triplet loss, and note its make-up."""
        triplets = triplet_loss(embeddings, self.hparams.margin)
        self.state.note(
            active_triplets=triplets.active,
            positive_similarity=triplets.positive.detach(),
            negative_similarity=triplets.negative.detach(),
            embedding_spread=embedding_spread(embeddings.detach()),
        )
        return triplets.loss

    def check_health(self, means: dict[str, float]) -> None:
        """Stop a collapsed training.

        Raises
        ------
        UserError
            All embeddings are nearly the same, so that the loss is the margin.
        """
        gap = means["positive_similarity"] - means["negative_similarity"]
        is_stuck = (
            means["active_triplets"] > 0.99
            and abs(self.train_loss - self.hparams.margin) < 0.01 * self.hparams.margin
            and abs(gap) < 0.01
        )
        if means["embedding_spread"] < self.hparams.min_spread or is_stuck:
            raise UserError(
                f"epoch {self.epoch}: the embeddings have collapsed (spread "
                f"{means['embedding_spread']:.4f}, loss {self.train_loss:.4f} at "
                f"margin {self.hparams.margin}); lower the learning rate, raise "
                "random_epochs or pre-train longer"
            )


class GroupBrain(SpeakerBrain):
    """Losses of whole batches of P speakers with K crops each.

    ``modules`` also holds ``loss``, of embeddings (P * K, D), the crops of one speaker
    after another, and labels (P * K,). ``hparams`` also holds ``min_spread``.
    """

    def objective(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Return the loss, and note the embeddings' spread."""
        self.state.note(embedding_spread=embedding_spread(embeddings.detach()))
        return self.modules.loss(embeddings, labels)

    def check_health(self, means: dict[str, float]) -> None:
        """Stop a collapsed training.

        Raises
        ------
        UserError
            All embeddings are nearly the same.
        """
        if means["embedding_spread"] < self.hparams.min_spread:
            raise UserError(
                f"epoch {self.epoch}: the embeddings have collapsed (spread "
                f"{means['embedding_spread']:.4f}); lower the learning rate"
            )

"""The phases of training: each a `SpeakerBrain` with a loss of its own."""

from typing import cast

import numpy as np
import torch
from speechbrain import Stage
from torch import Tensor
from torch.utils.data import DataLoader

from utils.runtime.errors import UserError
from utils.training import distributed
from utils.training.brain import SpeakerBrain
from utils.training.crops import Crop, CropBatch
from utils.training.losses import embedding_spread, mined_triplet_loss, triplet_loss
from utils.training.mining import READY_TRIPLETS, History
from utils.training.triplets import TripletSampler

_CONFUSED_EACH, _CONFUSED = 10, 4000  # crops that are classified: each, and all


class PretrainBrain(SpeakerBrain):
    """Classify the training speakers, or compare the crops of a batch, or both.

    ``modules`` also holds ``classifier`` and ``loss``, an `Objective`; ``hparams`` also
    holds ``crops_per_speaker`` (in a batch, at least) and ``min_spread``.
    """

    teacher: Tensor | None = None  # embeddings (n_utterances, D) that are followed
    targets: Tensor | None = None  # those of the batch (B, D)
    is_single: Tensor | None = None  # crops of one voice (B,); None: all

    def train(self, train_set: DataLoader, valid_set: DataLoader | None) -> None:
        """Train; see `SpeakerBrain.train`.

        Raises
        ------
        UserError
            The loss compares crops of a speaker, and the batches hold single ones.
        """
        if self.parts["loss"].follows and self.teacher is None:
            raise UserError(
                f"the loss {self.hparams.loss} follows a teacher; name its embeddings "
                "by --teacher, in the phase distil"
            )
        if self.parts["loss"].compares and self.hparams.crops_per_speaker < 2:
            raise UserError(
                f"the loss {self.hparams.loss} needs two crops or more of a speaker in "
                "a batch; set crops_per_speaker to 2 or more"
            )
        super().train(train_set, valid_set)

    def objective(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Return the loss; note its terms, the accuracy and the spread."""
        outputs = None
        if self.parts["loss"].classifies:
            # SpeechBrain classifies (B, 1, D) to (B, 1, N)
            outputs = self.modules.classifier(embeddings.unsqueeze(1)).squeeze(1)
            is_right = outputs.argmax(dim=1) == labels
            self.state.note(train_accuracy=is_right[self.is_single].float().mean())
        loss, terms = self.modules.loss(
            embeddings, labels, outputs, self.targets, self.is_single
        )
        if len(terms) > 1:
            self.state.note(**{f"loss_{name}": value for name, value in terms.items()})
        self.state.note(embedding_spread=embedding_spread(embeddings.detach()))
        return loss

    def confusions(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Classify crops of every training speaker, as they are.

        Returns
        -------
        labels, predicted : ndarray of int, shape (n_speakers * n_crops,)
            Ten crops of each speaker, fewer where there are many, one at least. Or
            None: there is no classifier.
        """
        if not self.parts["loss"].classifies:
            return None
        self.batches.set_epoch(0)
        picker, rng = self.batches.picker, self.batches.rng(3)
        n_crops = max(1, min(_CONFUSED_EACH, _CONFUSED // picker.n_speakers))
        labels = np.repeat(np.arange(picker.n_speakers), n_crops)
        crops = [
            crop
            for speaker in range(picker.n_speakers)
            for crop in picker.crops_of(speaker, n_crops, rng)
        ]
        embeddings = self.embed_crops(self.final_encoder, crops).to(self.device)
        with torch.no_grad():
            # (n_crops, 1, D) to (n_crops, 1, N)
            outputs = self.parts["classifier"](embeddings.unsqueeze(1)).squeeze(1)
        return labels, outputs.argmax(dim=1).cpu().numpy()

    def check_health(self, means: dict[str, float]) -> None:
        """Stop a collapsed comparison; a classifier finds its own way out.

        Raises
        ------
        UserError
            All embeddings are nearly the same.
        """
        loss = self.parts["loss"]
        compares = loss.compares and not (loss.classifies or loss.follows)
        if compares and means["embedding_spread"] < self.hparams.min_spread:
            raise UserError(
                f"epoch {self.epoch}: the embeddings have collapsed (spread "
                f"{means['embedding_spread']:.4f}); lower the learning rate"
            )


class DistilBrain(PretrainBrain):
    """Follow a teacher, beside what `PretrainBrain` learns from.

    Crops are whatever is stored, corrupted or in another voice; the teacher has heard
    the whole clean utterance in that voice. ``hparams`` also holds ``mixing``, a
    `VoiceMixing`.
    """

    def follow(self, teacher: np.ndarray) -> None:
        """Take a teacher's embeddings of the rows of the training features.

        Parameters
        ----------
        teacher : ndarray of float32, shape (n_utterances, D)
            Vectors of unit length; see `utils.training.distillation.read_targets`.
        """
        self.teacher = torch.from_numpy(teacher).to(self.device)

    def train(self, train_set: DataLoader, valid_set: DataLoader | None) -> None:
        """Train; see `PretrainBrain.train`.

        Raises
        ------
        UserError
            Voices are mixed where the loss compares crops of a speaker.
        """
        if self.parts["loss"].compares and self.hparams.mixing.share > 0:
            raise UserError(
                f"the loss {self.hparams.loss} compares crops of one voice; set "
                "mixed_share to 0"
            )
        super().train(train_set, valid_set)

    def augment(self, feats: Tensor) -> Tensor:
        """Mix voices of the batch (B, T, F), then change them as other phases do."""
        feats, self.mixture = self.hparams.mixing(feats)
        return super().augment(feats)

    def compute_objectives(
        self, embeddings: Tensor, batch: CropBatch, stage: Stage
    ) -> Tensor:
        """Return the loss of the batch of all processes, in float32."""
        if self.teacher is not None:
            targets = self.mixture.blend(self.teacher[batch.rows.to(self.device)])
            # (B, D) to (B * n_processes, D)
            self.targets = distributed.gather_tensors(targets)
        self.is_single = distributed.gather_tensors(self.mixture.is_single)
        return super().compute_objectives(embeddings, batch, stage)


class TripletBrain(SpeakerBrain):
    """Triplets: random ones first, then hard ones of a history; or mined in a batch.

    ``hparams`` also holds ``mining``, ``margin``, ``random_epochs`` (epochs of random
    batches), ``history_share`` (share of the speakers in the history),
    ``history_crops`` (crops of each), ``n_hardest`` and ``min_spread``.
    """

    def start_epoch(self) -> None:
        """Refresh the embeddings that hard triplets are chosen by."""
        self.state.history = None
        is_random = self.epoch <= self.hparams.random_epochs
        if self.hparams.mining == "history" and not is_random:
            crops, _ = self.history_crops()
            self.state.history = self.embed_crops(self.encoder, crops)

    def on_stage_start(self, stage: Stage, epoch: int) -> None:
        """Begin an epoch; give the sampler its history, new or recovered."""
        super().on_stage_start(stage, epoch)
        if stage == Stage.TRAIN and isinstance(self.batches, TripletSampler):
            self.batches.history = self.make_history()

    def history_crops(self) -> tuple[list[Crop], np.ndarray]:
        """Choose crops of part of the speakers, and tell whose they are."""
        sampler = cast(TripletSampler, self.batches)
        n_speakers = max(2, round(self.hparams.history_share * len(sampler.origins)))
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
            origins=self.batches.origins[speakers],
            n_hardest=self.hparams.n_hardest,
        )

    def objective(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Return the triplet loss, and note its make-up."""
        margin, mining = self.hparams.margin, self.hparams.mining
        if mining in READY_TRIPLETS:
            triplets = triplet_loss(embeddings, margin)
        else:
            triplets = mined_triplet_loss(embeddings, labels, margin, mining)
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

"""The two phases of training as SpeechBrain `Brain` classes.

`SoftmaxBrain` learns to tell the training speakers apart; `TripletBrain` goes on
from its encoder with the triplet loss. Both choose their checkpoint by the equal
error rate on held-out speakers.
"""

import json
import logging
import time
from pathlib import Path

import numpy as np
import speechbrain as sb
import torch
from speechbrain import Stage
from torch import Tensor
from torch.utils.data import DataLoader

from utils.crops import CropBatch, CropDataset
from utils.embeddings import UtteranceBatch
from utils.errors import UserError
from utils.losses import embedding_spread, triplet_loss
from utils.metrics import equal_error_rate
from utils.mining import History

logger = logging.getLogger(__name__)


class SpeakerBrain(sb.Brain):
    """What both phases share: schedule, validation by EER, checkpoints, log.

    ``modules`` holds ``encoder``. ``hparams`` holds ``epochs``, ``schedule`` (from
    progress to learning rate), ``augment`` (a list of modules on features),
    ``epoch_counter``, ``seed``, ``batches_per_epoch``, and ``log_file``, to which a
    line of JSON is added after each epoch. Everything random in an epoch follows
    from the seed and the epoch's number, so a resumed run repeats an uninterrupted
    one.
    """

    def fit(
        self, epoch_counter: object, train_set: DataLoader, valid_set: DataLoader
    ) -> None:
        """Train from the last checkpoint, or from the start.

        Parameters
        ----------
        epoch_counter : EpochCounter
        train_set : DataLoader of CropBatch
        valid_set : DataLoader of UtteranceBatch
            Whole utterances of speakers that are not trained on.
        """
        self.train_sampler = train_set.batch_sampler
        self.valid_set = valid_set
        self.valid_speakers = np.array(valid_set.dataset.store.index["spk_id"])
        super().fit(epoch_counter, train_set, valid_set)

    def on_fit_start(self) -> None:
        """Recover the last checkpoint; else measure the EER before training."""
        super().on_fit_start()
        if self.checkpointer.find_checkpoint() is None:
            self._fit_valid(self.valid_set, epoch=0, enable=False)

    def on_stage_start(self, stage: Stage, epoch: int | None = None) -> None:
        """Seed the epoch, and start its clock and its sums."""
        if stage == Stage.TRAIN:
            torch.manual_seed(self.hparams.seed * 100_003 + epoch)
            self.epoch, self.started_s = epoch, time.monotonic()
            self.sums: dict[str, float] = {}
            self.train_loss = float("nan")
        else:
            self.valid_embeddings: list[tuple[np.ndarray, np.ndarray]] = []

    def on_fit_batch_start(self, batch: CropBatch, should_step: bool) -> None:
        """Set the learning rate of this step."""
        n_batches = self.hparams.batches_per_epoch
        n_done = (self.epoch - 1) * n_batches + self.step
        rate = self.hparams.schedule(n_done / (self.hparams.epochs * n_batches))
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def compute_forward(
        self, batch: CropBatch | UtteranceBatch, stage: Stage
    ) -> Tensor:
        """Return the embeddings (B, D) of a batch; augment it in training."""
        feats = batch.feats.to(self.device)
        if stage != Stage.TRAIN:
            return self.modules.encoder(feats, batch.lengths.to(self.device))
        for augment in self.hparams.augment:
            feats = augment(feats)
        return self.modules.encoder(feats)

    def evaluate_batch(self, batch: UtteranceBatch, stage: Stage) -> Tensor:
        """Keep the embeddings of a validation batch."""
        with torch.inference_mode(), self.evaluation_ctx:
            embeddings = self.compute_forward(batch, stage).float().cpu().numpy()
        self.valid_embeddings.append((batch.rows, embeddings))
        return torch.zeros(())

    def note(self, **values: Tensor | float) -> None:
        """Add up values whose mean over the epoch is logged."""
        for name, value in values.items():
            self.sums[name] = self.sums.get(name, 0.0) + float(value)

    def on_stage_end(self, stage: Stage, stage_loss: float, epoch: int) -> None:
        """After validation: log the epoch and save a checkpoint."""
        if stage == Stage.TRAIN:
            self.train_loss = float(stage_loss)
            self.check_health(self.epoch_means())
            return
        eer = self.valid_eer()
        record = {"epoch": epoch, "valid_eer": eer}
        if epoch > 0:
            record |= {
                "train_loss": self.train_loss,
                **self.epoch_means(),
                "lr": self.optimizer.param_groups[0]["lr"],
                "seconds": round(time.monotonic() - self.started_s, 2),
            }
        self.checkpointer.save_and_keep_only(
            meta={"eer": eer, "epoch": epoch}, min_keys=["eer"]
        )
        self.log_epoch(record)

    def epoch_means(self) -> dict[str, float]:
        """Return the means of what was noted in this epoch."""
        n_batches = self.hparams.batches_per_epoch
        return {name: total / n_batches for name, total in self.sums.items()}

    def check_health(self, means: dict[str, float]) -> None:
        """Raise a `UserError` when the training has failed; nothing to check here."""

    def valid_eer(self) -> float:
        """Equal error rate of all pairs of validation utterances."""
        rows = np.concatenate([rows for rows, _ in self.valid_embeddings])
        embeddings = np.concatenate([batch for _, batch in self.valid_embeddings])
        speakers = self.valid_speakers[rows]
        left, right = np.triu_indices(len(rows), k=1)
        scores = (embeddings @ embeddings.T)[left, right]
        return float(equal_error_rate(scores, speakers[left] == speakers[right]))

    def log_epoch(self, record: dict) -> None:
        """Add a JSON line to the log, and tell the terminal."""
        path = Path(self.hparams.log_file)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
        loss = f"loss {record['train_loss']:.4f}, " if "train_loss" in record else ""
        took = f" ({record['seconds']:.0f} s)" if "seconds" in record else ""
        logger.info(
            "epoch %d/%d: %svalidation EER %.2f %%%s",
            record["epoch"],
            self.hparams.epochs,
            loss,
            100 * record["valid_eer"],
            took,
        )


class SoftmaxBrain(SpeakerBrain):
    """Pre-training: classify the training speakers.

    ``modules`` also holds ``classifier``; ``hparams`` also holds ``loss``, a
    callable of the classifier's outputs (B, 1, N) and labels (B, 1).
    """

    def compute_objectives(
        self, embeddings: Tensor, batch: CropBatch, stage: Stage
    ) -> Tensor:
        """Return the classification loss, computed in float32."""
        labels = batch.labels.to(self.device)
        with torch.autocast(self.device_type, enabled=False):
            outputs = self.modules.classifier(embeddings.unsqueeze(1))
            loss = self.hparams.loss(outputs, labels.unsqueeze(1))
        accuracy = (outputs.squeeze(1).argmax(dim=1) == labels).float().mean()
        self.note(train_accuracy=accuracy)
        return loss


class TripletBrain(SpeakerBrain):
    """Triplet phase: random batches first, then select batches from a history.

    ``hparams`` also holds ``margin``, ``random_epochs`` (epochs of random batches),
    ``history_share`` (share of the speakers in the history), ``history_crops``
    (crops of each), ``n_hardest`` and ``min_spread``.
    """

    def on_stage_start(self, stage: Stage, epoch: int | None = None) -> None:
        """Refresh the history of embeddings before a training epoch."""
        super().on_stage_start(stage, epoch)
        if stage == Stage.TRAIN:
            self.train_sampler.set_epoch(epoch)
            is_random = epoch <= self.hparams.random_epochs
            self.train_sampler.history = None if is_random else self.new_history()

    def new_history(self) -> History:
        """Embed crops of part of the speakers with the present model."""
        sampler = self.train_sampler
        n_speakers = max(2, round(self.hparams.history_share * len(sampler.origins)))
        crops, speakers = sampler.history_crops(n_speakers, self.hparams.history_crops)
        return History(
            crops=crops,
            embeddings=self.embed_crops(crops),
            speakers=speakers,
            origins=sampler.origins[speakers],
            n_hardest=self.hparams.n_hardest,
        )

    def embed_crops(self, crops: list, batch_size: int = 64) -> np.ndarray:
        """Embed training crops as they are, without augmentation: (N, D)."""
        self.modules.eval()
        batches = DataLoader(
            self.crop_dataset,
            batch_sampler=[
                crops[first : first + batch_size]
                for first in range(0, len(crops), batch_size)
            ],
            collate_fn=CropDataset.collate,
        )
        with torch.inference_mode(), self.training_ctx:
            embedded = [
                self.modules.encoder(batch.feats.to(self.device)).float().cpu()
                for batch in batches
            ]
        return torch.cat(embedded).numpy()

    def fit(
        self, epoch_counter: object, train_set: DataLoader, valid_set: DataLoader
    ) -> None:
        """Train; see `SpeakerBrain.fit`."""
        self.crop_dataset = train_set.dataset
        super().fit(epoch_counter, train_set, valid_set)

    def compute_objectives(
        self, embeddings: Tensor, batch: CropBatch, stage: Stage
    ) -> Tensor:
        """Return the triplet loss, and note its make-up."""
        triplets = triplet_loss(embeddings, self.hparams.margin)
        self.note(
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
            abs(self.train_loss - self.hparams.margin) < 0.01 * (self.hparams.margin)
            and abs(gap) < 0.01
        )
        if means["embedding_spread"] < self.hparams.min_spread or is_stuck:
            raise UserError(
                f"epoch {self.epoch}: the embeddings have collapsed (spread "
                f"{means['embedding_spread']:.4f}, loss {self.train_loss:.4f} at "
                f"margin {self.hparams.margin}); lower the learning rate, raise "
                "random_epochs or pre-train longer"
            )

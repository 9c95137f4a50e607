"""Training of an encoder as a SpeechBrain `Brain`: what all phases share.

Checkpoints are chosen by the equal error rate on held-out speakers. Everything
random in a step follows from the seed and the step's number, so a resumed run
repeats an uninterrupted one.
"""

import logging
import math
import time
from typing import cast

import numpy as np
import speechbrain as sb
import torch
from speechbrain import Stage
from speechbrain.utils.autocast import TorchAutocast
from torch import Tensor
from torch.utils.data import DataLoader

from utils.embeddings.extraction import (
    UtteranceBatch,
    UtteranceBatches,
    check_finite,
)
from utils.features.store import FeatureStore
from utils.runtime.errors import UserError
from utils.runtime.precision import DTYPES, training_agrees, warn_of_disagreement
from utils.training import distributed
from utils.training.crop_embedding import CropEmbedder
from utils.training.crops import CropBatch, CropDataset
from utils.training.diagnostics import all_pairs_eer
from utils.training.log import TrainingLog
from utils.training.resumable import ResumableBrain
from utils.training.sampler import BatchSampler

logger = logging.getLogger(__name__)


class SpeakerBrain(ResumableBrain):
    """Schedule, averaging, validation by EER, checkpoints and log.

    ``modules`` holds ``encoder``, and perhaps heads. ``hparams`` holds

    - ``seed``, ``epochs`` and ``patience`` (epochs without a lower EER after which
      the training stops; 0 never stops),
    - ``schedule`` (from progress to learning rate) and ``on_progress`` (callables
      that are told the progress before every batch, such as a margin's schedule),
    - ``augment`` (modules on features), ``accumulation`` (batches in a step),
    - ``trainable`` and ``adapter_share``, what of the encoder learns: see
      `utils.training.trainable.limit_training`,
    - ``ema_decay`` (of the average of the weights that is validated and exported;
      0: the weights themselves), and
    - ``folder``, where the log is written; None writes none.
    """

    batches: BatchSampler
    crop_dataset: CropDataset
    precision: str
    embed_crops: CropEmbedder
    measured = "valid_eer"  # what `valid_error` returns, by its name in the log

    def train(self, train_set: DataLoader, valid_set: DataLoader | None) -> None:
        """Train from the last checkpoint, or from the start.

        Parameters
        ----------
        train_set : DataLoader of CropBatch
            Its batch sampler is a `BatchSampler`.
        valid_set : DataLoader of UtteranceBatch
            This process's part of the utterances of speakers not trained on. None:
            the training is neither validated nor kept.
        """
        self.batches = cast(BatchSampler, train_set.batch_sampler)
        self.crop_dataset = cast(CropDataset, train_set.dataset).clean
        self.valid_set = valid_set
        if valid_set is not None:
            store = cast(UtteranceBatches, valid_set.dataset).store
            self.valid_ids = np.array(store.ids)
            self.valid_speakers = np.array(cast(FeatureStore, store).index["spk_id"])
        if self.average is not None:  # the encoder may have been loaded meanwhile
            self.average.module.load_state_dict(self.encoder.state_dict())
        self.check_precision()
        self.embed_crops = CropEmbedder(self.crop_dataset, self.device, self.precision)
        self.fit(self.counter, train_set, valid_set)

    def check_precision(self) -> None:
        """Train in float32 where the reduced precision disagrees with it here."""
        if self.precision == "fp32":
            return
        self.batches.set_epoch(1)
        crops = next(iter(self.batches))
        batch = CropDataset.collate([self.crop_dataset[crop] for crop in crops])
        feats = batch.feats.to(self.device)
        agrees = training_agrees(self.encoder, feats, DTYPES[self.precision])
        if not all(distributed.gather_lists([agrees])):
            warn_of_disagreement(self.precision, tuple(feats.shape))
            self.precision = "fp32"
            self.training_ctx = TorchAutocast(self.device_type)

    def on_fit_start(self) -> None:
        """Recover the last checkpoint; else measure the EER before training."""
        super().on_fit_start()
        if self.hparams.folder and distributed.rank() == 0:
            self.log = TrainingLog(
                self.hparams.folder, self.hparams.epochs, self.state.records
            )
        if not self.state.records:
            self._fit_valid(self.valid_set, epoch=0, enable=False)

    def on_stage_start(self, stage: Stage, epoch: int) -> None:
        """Begin an epoch, or go on in its middle."""
        self.valid_embeddings: list[tuple[int, np.ndarray]] = []
        if stage != Stage.TRAIN:
            return
        self.epoch, self.started_s = epoch, time.monotonic()
        self.train_loss = float("nan")
        self.batches.set_epoch(epoch)
        self.batches.first = self.step
        self.batch_losses: list[float] = []  # since the epoch was begun or resumed
        if self.step == 0:
            self.state.start_epoch()
            self.start_epoch()

    def start_epoch(self) -> None:
        """Prepare the batches of an epoch; nothing to prepare here."""

    def on_fit_batch_start(self, batch: CropBatch, should_step: bool) -> None:
        """Set what depends on the batch's number: random state, rates, margins."""
        self.keep_frozen()
        seeds = [self.hparams.seed, self.epoch, self.step, distributed.rank()]
        seed = int(np.random.SeedSequence(seeds).generate_state(1)[0])
        sb.utils.seed.seed_everything(seed, verbose=False)
        n_batches = len(self.batches)
        n_done = (self.epoch - 1) * n_batches + self.step
        progress = n_done / (self.hparams.epochs * n_batches)
        for follow in self.hparams.on_progress:
            follow(progress)
        for group in self.optimizer.param_groups:
            group["lr"] = self.hparams.schedule(progress)

    def compute_forward(
        self, batch: CropBatch | UtteranceBatch, stage: Stage
    ) -> Tensor:
        """Return embeddings (B, D); in training, of the batches of all processes."""
        feats = batch.feats.to(self.device)  # (B, T, F)
        if isinstance(batch, UtteranceBatch):
            return self.final_encoder(feats, batch.lengths.to(self.device))
        embeddings = self.modules.encoder(self.augment(feats)).float()  # (B, D)
        return distributed.gather_tensors(embeddings)  # (B * n_processes, D)

    def augment(self, feats: Tensor) -> Tensor:
        """Change training crops (B, T, F) by the modules that ask for no labels."""
        for change in self.hparams.augment:
            feats = change(feats)
        return feats

    def compute_objectives(
        self, embeddings: Tensor, batch: CropBatch, stage: Stage
    ) -> Tensor:
        """Return the loss of the batch of all processes, in float32."""
        # (B,) to (B * n_processes,)
        labels = distributed.gather_tensors(batch.labels.to(self.device))
        with torch.autocast(self.device_type, enabled=False):
            return self.objective(embeddings, labels)

    def objective(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of embeddings (B, D) of speakers (B,)."""
        raise NotImplementedError

    def check_loss_isfinite(self, loss: Tensor) -> None:
        """Stop before a step that would spoil the weights.

        Raises
        ------
        UserError
            The loss is infinite or not a number.
        """
        if not torch.isfinite(loss):
            raise UserError(
                f"epoch {self.epoch}, batch {self.step}: the loss is {float(loss)}; "
                "lower the learning rate or max_grad_norm, or use --precision fp32"
            )

    def on_fit_batch_end(
        self, batch: CropBatch, outputs: Tensor, loss: Tensor, should_step: bool
    ) -> None:
        """Keep the batch's loss."""
        self.batch_losses.append(float(loss.detach()))

    def optimizers_step(self) -> None:
        """Clip the gradients, note their norm, and take a step."""
        self.scaler.unscale_(self.optimizer)
        weights = [w for group in self.optimizer.param_groups for w in group["params"]]
        norm = torch.nn.utils.clip_grad_norm_(weights, self.max_grad_norm or math.inf)
        self.state.note(gradient_norm=norm if norm.isfinite() else 0.0)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad(set_to_none=True)
        self.optimizer_step += 1
        if self.average is not None:
            self.average.update_parameters(self.encoder)

    def evaluate_batch(self, batch: UtteranceBatch, stage: Stage) -> Tensor:
        """Keep the embeddings of a validation batch."""
        with torch.inference_mode(), self.evaluation_ctx:
            embeddings = self.compute_forward(batch, stage).float().cpu().numpy()
        check_finite(embeddings, self.valid_ids[batch.rows])
        self.valid_embeddings += zip(batch.rows.tolist(), embeddings, strict=True)
        return torch.zeros(())

    def on_stage_end(self, stage: Stage, stage_loss: float, epoch: int) -> None:
        """After validation: save a checkpoint and log the epoch."""
        if stage == Stage.TRAIN:
            self.train_loss = float(stage_loss)
            self.check_health(self.epoch_means())
            return
        error = self.valid_error()
        record = {"epoch": epoch, self.measured: error}
        if epoch > 0:
            self.counter.update_metric(error)
            record |= self.training_record(epoch)
        self.state.records.append(record)
        meta = {"eer": error, "epoch": epoch}
        if self.checkpointer is not None:
            self.checkpointer.save_and_keep_only(
                meta=meta, min_keys=["eer"], importance_keys=[]
            )
        if self.hparams.folder and distributed.rank() == 0:
            self.log.publish(self.state.records, self.counter.should_stop)

    def training_record(self, epoch: int) -> dict:
        """Describe the training part of an epoch for the log."""
        sampler = self.batches
        return {
            "train_loss": self.train_loss,
            **self.epoch_means(),
            "lr": self.optimizer.param_groups[0]["lr"],
            "crops": epoch * len(sampler) * sampler.batch_crops,
            "seconds": round(self.take_time(), 2),
        }

    def epoch_means(self) -> dict[str, float]:
        """Return the means of what was noted in this epoch."""
        n_batches = len(self.batches)
        means = {name: total / n_batches for name, total in self.state.sums.items()}
        means["gradient_norm"] *= self.hparams.accumulation  # noted once a step
        return means

    def confusions(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Tell which training speakers are taken for which; nothing to tell here."""
        return None

    def check_health(self, means: dict[str, float]) -> None:
        """Raise a `UserError` when the training has failed; nothing to check here."""

    def valid_error(self) -> float:
        """Equal error rate of all pairs of validation utterances."""
        rows, embeddings = self.gather_validation()
        return all_pairs_eer(embeddings, self.valid_speakers[rows])

    def gather_validation(self) -> tuple[list[int], np.ndarray]:
        """Return the rows of all processes' validation, and embeddings (N, D)."""
        embedded = sorted(
            distributed.gather_lists(self.valid_embeddings), key=lambda item: item[0]
        )
        return [row for row, _ in embedded], np.stack([own for _, own in embedded])

"""What a training keeps: its parts, their average, and checkpoints to go on from."""

import time
from typing import Any

import speechbrain as sb
import torch
from speechbrain.utils.epoch_loop import EpochCounterWithStopper
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from utils.training import distributed
from utils.training.checkpoints import TrainingState
from utils.training.trainable import ALL, limit_training, without_adapters


class ResumableBrain(sb.Brain):
    """A `Brain` that goes on after an interruption as if there had been none.

    ``hparams`` holds ``epochs``, ``patience``, ``accumulation`` and ``ema_decay``, and
    perhaps ``trainable`` and ``adapter_share``: see
    `utils.training.brain.SpeakerBrain`.
    """

    started_s: float

    def __init__(self, modules: dict, **options: Any) -> None:
        if distributed.n_processes() > 1 and options["run_opts"]["device"] == "cpu":
            for module in modules.values():
                distributed.synchronise_batch_norm(module)
        settings = {"trainable": ALL, "adapter_share": 0.0} | options["hparams"]
        self.frozen = limit_training(
            modules["encoder"], settings["trainable"], settings["adapter_share"]
        )
        super().__init__(modules, **options)
        self.parts = torch.nn.ModuleDict(dict(self.modules))  # never wrapped
        self.encoder = self.parts["encoder"]
        self.state = TrainingState()
        epochs, patience = self.hparams.epochs, self.hparams.patience
        self.counter = EpochCounterWithStopper(
            epochs, patience or epochs + 1, limit_warmup=0, direction="min"
        )
        self.average = self.make_average()
        self.add_recoverables()

    def make_average(self) -> AveragedModel | None:
        """Return the exponential moving average of the encoder, if asked for."""
        if not self.hparams.ema_decay:
            return None
        rule = get_ema_multi_avg_fn(self.hparams.ema_decay)
        return AveragedModel(self.encoder, multi_avg_fn=rule, use_buffers=True).eval()

    def add_recoverables(self) -> None:
        """Tell the checkpointer all that a resumed training needs."""
        if self.checkpointer is None:
            return
        needed = {"modules": self.parts, "counter": self.counter, "state": self.state}
        if self.average is not None:
            needed["average"] = self.average
        self.checkpointer.add_recoverables(needed)

    @property
    def final_encoder(self) -> torch.nn.Module:
        """The encoder that is validated."""
        return self.encoder if self.average is None else self.average.module

    def exported_encoder(self) -> torch.nn.Module:
        """Return the encoder that is validated, of the form that it began with."""
        return without_adapters(self.final_encoder)

    def keep_frozen(self) -> None:
        """Leave what does not learn in evaluation mode."""
        for module in self.frozen:
            module.eval()

    def head_weights(self) -> dict[str, Tensor]:
        """Return the weights of all modules but the encoder, by their names."""
        heads = {k: v for k, v in self.parts.items() if k != "encoder"}
        return torch.nn.ModuleDict(heads).state_dict()

    def _should_save_intra_epoch_ckpt(self, *since: float) -> bool:
        """Save between steps only: gradients that add up are not saved."""
        is_between = self.step % self.hparams.accumulation == 0
        return is_between and super()._should_save_intra_epoch_ckpt(*since)

    def _save_intra_epoch_ckpt(self) -> None:
        self.take_time()
        self.checkpointer.save_and_keep_only(
            end_of_epoch=False,
            ckpt_predicate=lambda checkpoint: "eer" not in checkpoint.meta,
            importance_keys=[],
        )

    def take_time(self) -> float:
        """Return the seconds that the present epoch has taken, all runs together."""
        now = time.monotonic()
        self.state.seconds += now - self.started_s
        self.started_s = now
        return self.state.seconds

"""Checkpoints that a killed program cannot leave half written, and training state."""

import logging
import shutil
from pathlib import Path

import torch
from speechbrain.utils.checkpoints import (
    Checkpoint,
    Checkpointer,
    mark_as_loader,
    mark_as_saver,
    register_checkpoint_hooks,
)
from speechbrain.utils.distributed import ddp_barrier, if_main_process

from utils.runtime.disk import telling_of_full_disk
from utils.runtime.errors import UserError

_UNFINISHED = "unfinished"  # not the name of a checkpoint: such folders are ignored


KEPT = {"best": {"min_key": "eer"}, "last": {}}  # which checkpoint becomes the model


class AtomicCheckpointer(Checkpointer):
    """SpeechBrain's checkpointer, safe against SIGKILL at any moment.

    A checkpoint is written to a folder that does not count as one, and renamed when
    it is complete; before it is deleted, it is renamed back.
    """

    def save_checkpoint(
        self,
        meta: dict | None = None,
        end_of_epoch: bool = True,
        name: str | None = None,
        verbosity: int = logging.INFO,
    ) -> Checkpoint | None:
        """Save all recoverables; see SpeechBrain's `Checkpointer`.

        Raises
        ------
        UserError
            The disk is full; what was written is removed.
        """
        target = (
            self._custom_checkpoint_dirpath(name)
            if name
            else super()._new_checkpoint_dirpath()
        )
        if if_main_process():
            shutil.rmtree(self._unfinished, ignore_errors=True)
        try:
            with telling_of_full_disk(target):
                saved = super().save_checkpoint(
                    meta or {}, end_of_epoch, None, verbosity
                )
        except UserError:
            shutil.rmtree(self._unfinished, ignore_errors=True)
            raise
        if if_main_process():
            self._unfinished.rename(target)
            files = {key: target / file.name for key, file in saved.paramfiles.items()}
            saved = Checkpoint(target, saved.meta, files)
        ddp_barrier()
        return saved

    @property
    def _unfinished(self) -> Path:
        return self.checkpoints_dir / _UNFINISHED

    def _new_checkpoint_dirpath(self) -> Path:
        return self._unfinished

    @staticmethod
    def _delete_checkpoint(
        checkpoint: Checkpoint, verbosity: int = logging.INFO
    ) -> None:
        if if_main_process():
            doomed = checkpoint.path.with_name(f"deleted-{checkpoint.path.name}")
            checkpoint.path.rename(doomed)
            shutil.rmtree(doomed)


@register_checkpoint_hooks
class TrainingState:
    """Values that a resumed training needs beside weights and optimiser.

    Attributes
    ----------
    records : list of dict
        What was logged after each epoch.
    sums : dict
        Sums over the present epoch's batches of what is averaged in the log.
    seconds : float
        Time that the present epoch had taken at the last checkpoint.
    history : Tensor of shape (N, D) or None
        Embeddings that hard triplets are chosen by in the present epoch.
    """

    def __init__(self) -> None:
        self.records: list[dict] = []
        self.history: torch.Tensor | None = None
        self.start_epoch()

    def start_epoch(self) -> None:
        """Forget the sums of the epoch before."""
        self.sums: dict[str, float] = {}
        self.seconds = 0.0

    def note(self, **values: torch.Tensor | float) -> None:
        """Add values to the sums."""
        for name, value in values.items():
            self.sums[name] = self.sums.get(name, 0.0) + float(value)

    @mark_as_saver
    def save(self, path: Path) -> None:
        """Write all values to a file."""
        torch.save(vars(self), path)

    @mark_as_loader
    def load(self, path: Path, end_of_epoch: bool) -> None:
        """Read all values from a file."""
        vars(self).update(torch.load(path, map_location="cpu", weights_only=True))

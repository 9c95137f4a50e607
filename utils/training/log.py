"""What a training says of itself: JSON lines, TensorBoard and the terminal."""

import json
import logging
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from utils.runtime.atomic import replacing_file

logger = logging.getLogger(__name__)


class TrainingLog:
    """Log of the epochs, that of one uninterrupted training even after a restart.

    Parameters
    ----------
    folder : Path
        ``log.jsonl`` and ``tensorboard/`` are written there.
    n_epochs : int
    records : list of dict
        The epochs that are already done; what the folder holds beyond is dropped.
    """

    def __init__(self, folder: Path, n_epochs: int, records: list[dict]) -> None:
        self.path, self.n_epochs = folder / "log.jsonl", n_epochs
        self.writer = SummaryWriter(folder / "tensorboard", purge_step=len(records))
        self._write_lines(records)

    def publish(self, records: list[dict], is_stopped: bool = False) -> None:
        """Write all records, of which the last is new, and tell the terminal."""
        self._write_lines(records)
        record = records[-1]
        for name, value in record.items():
            if name != "epoch":
                self.writer.add_scalar(name, value, record["epoch"])
        self.writer.flush()
        loss = f"loss {record['train_loss']:.4f}, " if "train_loss" in record else ""
        took = f" ({record['seconds']:.0f} s)" if "seconds" in record else ""
        logger.info(
            "epoch %d/%d: %svalidation EER %.2f %%%s",
            record["epoch"],
            self.n_epochs,
            loss,
            100 * record["valid_eer"],
            took,
        )
        if is_stopped:
            logger.info("stopped: the validation EER is not getting lower")

    def _write_lines(self, records: list[dict]) -> None:
        with replacing_file(self.path) as temporary:
            lines = [json.dumps(record) + "\n" for record in records]
            temporary.write_text("".join(lines), encoding="utf-8")

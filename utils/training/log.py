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
        logger.info(epoch_line(record, self.n_epochs))
        if is_stopped:
            logger.info("stopped: the validation EER is not getting lower")

    def _write_lines(self, records: list[dict]) -> None:
        with replacing_file(self.path) as temporary:
            lines = [json.dumps(record) + "\n" for record in records]
            temporary.write_text("".join(lines), encoding="utf-8")


def epoch_line(record: dict, n_epochs: int) -> str:
    """Tell of an epoch in one line.

    Parameters
    ----------
    record : dict
        ``epoch``, and ``valid_eer`` (fraction) or ``valid_loss``; of a training epoch
        also ``train_loss`` and ``seconds``, of one on triplets ``active_triplets``, the
        fraction of those with a loss.
    n_epochs : int

    Example
    -------
    >>> record = {"epoch": 2, "valid_eer": 0.125, "train_loss": 0.0000213}
    >>> epoch_line(record | {"active_triplets": 0.004, "seconds": 31.2}, 5)
    'epoch 2/5: loss 2.13e-05, 0.4 % of triplets active, validation EER 12.50 % (31 s)'
    """
    parts = []
    if "train_loss" in record:
        parts.append(f"loss {record['train_loss']:.4g}")
    if "active_triplets" in record:
        parts.append(f"{100 * record['active_triplets']:.3g} % of triplets active")
    if "valid_eer" in record:
        parts.append(f"validation EER {100 * record['valid_eer']:.2f} %")
    else:
        parts.append(f"validation loss {record['valid_loss']:.4g}")
    took = f" ({record['seconds']:.0f} s)" if "seconds" in record else ""
    return f"epoch {record['epoch']}/{n_epochs}: {', '.join(parts)}{took}"

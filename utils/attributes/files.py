"""A head in a folder: ``head.npz``, its arrays, and ``head.json``, the rest.

The JSON holds the task, the hash of the embedding model that the head belongs to, and
where it comes from. Nothing is pickled.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

import numpy as np

from utils.attributes.fitting import FittedHead
from utils.attributes.heads import Calibration, Head, Layer
from utils.attributes.inputs import EMBEDDING
from utils.attributes.labels import Task
from utils.attributes.typicality import Typicality
from utils.runtime.atomic import replacing_folder
from utils.runtime.errors import UserError

_BROKEN = ValueError, KeyError, TypeError, OSError, BadZipFile


class StoredHead(NamedTuple):
    """A head from a folder.

    Attributes
    ----------
    fitted : FittedHead
    task : Task
    model_sha256 : str
        Hash of the model whose embeddings it takes.
    facts : dict
        Where it comes from.
    """

    fitted: FittedHead
    task: Task
    model_sha256: str
    facts: dict[str, Any]

    @property
    def inputs(self) -> str:
        """What it takes; see `utils.attributes.inputs`."""
        return self.facts.get("inputs", EMBEDDING)


def save_head(folder: Path, stored: StoredHead) -> None:
    """Write a head, replacing an earlier one as a whole."""
    fitted, head = stored.fitted, stored.fitted.head
    arrays = {"values": head.values, "errors": fitted.errors}
    for place, layer in enumerate(head.layers):
        arrays |= {f"weights{place}": layer.weights, f"offsets{place}": layer.offsets}
    if fitted.calibration:
        arrays["calibration"] = fitted.calibration.offsets
    arrays |= {"mean": fitted.typicality.mean, "root": fitted.typicality.root}
    content = {
        "task": asdict(stored.task),
        "model_sha256": stored.model_sha256,
        "n_layers": len(head.layers),
        "ending": head.ending,
        "n_classes": head.n_classes,
        "lowest": head.lowest if np.isfinite(head.lowest) else None,
        "highest": head.highest if np.isfinite(head.highest) else None,
        "scale": fitted.calibration.scale if fitted.calibration else None,
        "limit": fitted.typicality.limit,
        "setting": fitted.setting,
        "loss": fitted.loss,
        "facts": stored.facts,
    }
    with replacing_folder(folder) as temporary:
        np.savez(temporary / "head.npz", **arrays)  # type: ignore[arg-type]
        text = json.dumps(content, indent=1) + "\n"
        (temporary / "head.json").write_text(text, encoding="utf-8")


def load_head(folder: Path | str) -> StoredHead:
    """Read a head.

    Raises
    ------
    UserError
        There is none, or it is broken.
    """
    folder = Path(folder)
    if not (folder / "head.json").is_file():
        raise UserError(
            f"{folder}: no head.json; name a folder that ./run.sh --task wrote, "
            "such as exp/CORPUS/TAG/heads/linear"
        )
    try:
        content = json.loads((folder / "head.json").read_text(encoding="utf-8"))
        with np.load(folder / "head.npz") as file:
            arrays = {name: file[name] for name in file.files}
        return _restore(content, arrays)
    except _BROKEN as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{folder}: a broken head ({reason}); make it again") from None


def _restore(content: dict[str, Any], arrays: dict[str, np.ndarray]) -> StoredHead:
    layers = tuple(
        Layer(arrays[f"weights{place}"], arrays[f"offsets{place}"])
        for place in range(content["n_layers"])
    )
    lowest = -np.inf if content["lowest"] is None else content["lowest"]
    highest = np.inf if content["highest"] is None else content["highest"]
    head = Head(
        layers,
        content["ending"],
        arrays["values"],
        content["n_classes"],
        lowest,
        highest,
    )
    calibration = None
    if content["scale"] is not None:
        calibration = Calibration(content["scale"], arrays["calibration"])
    typicality = Typicality(arrays["mean"], arrays["root"], content["limit"])
    fitted = FittedHead(
        head, calibration, typicality, arrays["errors"], content["setting"],
        content["loss"],
    )  # fmt: skip
    return StoredHead(
        fitted, task_from(content["task"]), content["model_sha256"], content["facts"]
    )


def task_from(content: dict[str, Any]) -> Task:
    """Build a task from what JSON has made of it."""
    made: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in content.items()
    }
    made["renamed"] = tuple(tuple(pair) for pair in content.get("renamed", ()))
    return Task(**made)


def write_task(path: Path, task: Task, facts: dict[str, Any]) -> None:
    """Write what a task is, and what is known of its data."""
    path.write_text(
        json.dumps({"task": asdict(task)} | facts, indent=1) + "\n", encoding="utf-8"
    )


def read_task(folder: Path) -> tuple[Task, dict[str, Any]]:
    """Read ``task.json`` of a folder that `local.prepare_task` wrote.

    Raises
    ------
    UserError
        There is none, or it is broken.
    """
    path = folder / "task.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return task_from(content.pop("task")), content
    except FileNotFoundError:
        raise UserError(f"{path}: no such task; run local.prepare_task first") from None
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{path}: broken; run local.prepare_task again") from None

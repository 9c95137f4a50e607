"""A trained model again, with other weights."""

import json
import shutil
from pathlib import Path

from torch import Tensor

from utils.models.experiment import (
    TRACES,
    find_mismatch,
    model_path,
    read_weights,
    save_weights,
)
from utils.runtime.atomic import replacing_folder
from utils.runtime.errors import UserError
from utils.runtime.fingerprint import hash_file
from utils.systems.exported import FACTS, GRAPH
from utils.systems.folder import (
    RECORD,
    checked_hash,
    have_same_front_end,
    read_record,
)
from utils.verification.decisions import FILE

OF_WEIGHTS = ("backend", "backends", "attributes", FILE, GRAPH, FACTS)


def copy_model(folder: Path, out: Path, *left: str) -> None:
    """Copy a model into a folder that is there, without the traces of its training.

    Parameters
    ----------
    folder, out : Path
    *left : str
        Names of what else is left out.
    """
    ignored = shutil.ignore_patterns(*TRACES, *left)
    shutil.copytree(folder, out, ignore=ignored, dirs_exist_ok=True)


def write_copy(
    folder: Path,
    out: Path,
    weights: dict[str, Tensor],
    facts: dict[str, object],
    texts: dict[str, str],
) -> None:
    """Write a model's folder with other weights, without what was made of the old.

    Parameters
    ----------
    folder : Path
    out : Path
    weights : dict of Tensor
    facts : dict
        To add to the record; None takes one out.
    texts : dict of str
        Files to replace, by name.
    """
    with replacing_folder(out) as temporary:
        copy_model(folder, temporary, *OF_WEIGHTS)
        path = model_path(temporary)
        save_weights(path, weights)
        sha256 = {"encoder_sha256": hash_file(path)}
        known = read_record(folder) | facts | sha256
        kept = {name: fact for name, fact in known.items() if fact is not None}
        record = json.dumps(kept, indent=1) + "\n"
        for name, text in {RECORD: record, **texts}.items():
            (temporary / name).write_text(text, encoding="utf-8")


def read_alike(folders: list[Path]) -> list[dict[str, Tensor]]:
    """Read the weights of models of one architecture and one front-end.

    Raises
    ------
    UserError
        They have others.
    """
    first, *others = folders
    for folder in folders:
        checked_hash(folder)
    models = [read_weights(model_path(folder)) for folder in folders]
    for folder, weights in zip(others, models[1:], strict=True):
        reason = find_mismatch(models[0], weights)
        if reason:
            raise UserError(f"{folder}: another architecture than {first} ({reason})")
        if not have_same_front_end(first, folder, trust=False):
            raise UserError(f"{folder}: another front-end than {first}")
    return models

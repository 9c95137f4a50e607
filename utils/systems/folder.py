"""The parts of a trained folder: encoder, front-end, record, hash of the weights."""

import json
from pathlib import Path
from typing import Any

import torch

from utils.features.front_end import FrontEnd
from utils.models.experiment import model_hash
from utils.runtime.errors import UserError
from utils.systems.description import Description, read_description

RECORD = "experiment.json"


def describe_encoder(folder: Path, trust: bool = False) -> tuple[Description, tuple]:
    """Read the description of a folder's encoder, and the keys where it stands.

    A folder of an earlier version has no ``encoder.yaml``: there the encoder is a part
    of all hyper-parameters.
    """
    record = folder / "hyperparams.yaml"
    recorded = read_description(record, trust) if record.is_file() else None
    if (folder / "encoder.yaml").is_file() or recorded is None:
        return read_description(folder / "encoder.yaml", trust), ("encoder",)
    return recorded, ("net", "encoder")


def build_encoder(folder: Path, trust: bool = False) -> torch.nn.Module:
    """Build a folder's encoder, without its weights."""
    description, keys = describe_encoder(folder, trust)
    return description.build(*keys)


def read_front_end(folder: Path, trust: bool = False) -> FrontEnd:
    """Build the front-end of a folder of a model or of features."""
    return read_description(folder / "front_end.yaml", trust).build("front_end")


def have_same_front_end(one: Path, other: Path, trust: bool = False) -> bool:
    """Tell whether two folders, of models or features, have the same front-end."""
    described = [
        read_description(folder / "front_end.yaml", trust).plain("front_end")
        for folder in (one, other)
    ]
    return described[0] == described[1]


def check_same_rate(one: Path, other: Path, trust: bool = False) -> None:
    """Refuse two folders, of models or features, of different sampling rates.

    Raises
    ------
    UserError
        The front-end of one takes another rate than that of the other.
    """
    ours_hz, theirs_hz = (
        read_description(folder / "front_end.yaml", trust).plain(
            "front_end", "sample_rate_hz"
        )
        for folder in (one, other)
    )
    if ours_hz != theirs_hz:
        raise UserError(
            f"{one}: a model of speech at {ours_hz} Hz, and {other} is of {theirs_hz} "
            f"Hz; compute the features anew: local.compute_features --model {one}"
        )


def checked_hash(folder: Path) -> str:
    """Return the hash of the encoder's weights, which must be the recorded one.

    Raises
    ------
    UserError
        The weights are others than those that the folder was written with.
    """
    found, record = model_hash(folder), read_record(folder)
    if not record:
        raise _no_record(folder)
    if record.get("encoder_sha256", found) != found:
        raise UserError(
            f"{folder / 'encoder.pt'}: other weights than {RECORD} was written for; "
            "copy the model's folder again"
        )
    return found


def read_record(folder: Path) -> dict[str, Any]:
    """Return what is recorded of a model's training; {} where nothing is.

    Raises
    ------
    UserError
        The record is broken.
    """
    try:
        return dict(json.loads((folder / RECORD).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError):
        raise _no_record(folder) from None


def _no_record(folder: Path) -> UserError:
    path = folder / RECORD
    return UserError(f"{path}: missing or broken; copy the model's folder again")

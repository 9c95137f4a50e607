"""A trained model's folder: all that is needed to embed speech with it again.

``encoder.pt`` (weights), ``encoder.yaml`` (the net alone), ``front_end.yaml``,
``experiment.json`` (what it was trained on and how it did), ``hyperparams.yaml`` (all
settings of the training) and the logs; for fine-tuning, ``heads.pt`` (classifier and
the like), ``speakers.txt``, its classes, and ``ledger.tsv``, all speakers that it has
learnt from.
"""

import hashlib
import json
import pickle
import struct
from pathlib import Path

import torch

from utils.runtime.atomic import replacing_file, set_aside
from utils.runtime.errors import UserError
from utils.runtime.fingerprint import hash_file

TRACES = (  # of a training, that its system can do without
    "checkpoints", "tensorboard", "identity", "train.log", "log.jsonl", "heads.pt",
    "confusions.csv",
)  # fmt: skip


def fingerprint(texts: list[str]) -> str:
    """Hash the settings and inputs that make a training what it is.

    Example
    -------
    >>> fingerprint(["lr: 0.1", "a,b"]) == fingerprint(["lr: 0.2", "a,b"])
    False
    """
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()


def open_experiment(folder: Path, identity: str) -> Path | None:
    """Make a training's folder ready, keeping what can be resumed.

    A folder begun with other settings or data gets another name, and is kept.

    Parameters
    ----------
    folder : Path
    identity : str
        `fingerprint` of the training.

    Returns
    -------
    Path or None
        Where an earlier training of other settings was moved; see `set_aside`.
    """
    note, kept = folder / "identity", None
    is_ours = note.is_file() and note.read_text().strip() == identity
    if folder.exists() and not is_ours:
        kept = set_aside(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with replacing_file(note) as temporary:
        temporary.write_text(identity + "\n")
    return kept


def save_model(
    folder: Path, encoder: torch.nn.Module, facts: dict, heads: dict | None = None
) -> None:
    """Write the encoder's weights and the facts about its training.

    Parameters
    ----------
    folder : Path
    encoder : Module
    facts : dict
        Written as ``experiment.json``; the number of parameters and the hash of the
        weights are added.
    heads : dict, optional
        Weights of the modules that were trained with the encoder, by their names.
    """
    save_weights(folder / "heads.pt", heads or {})
    save_weights(folder / "encoder.pt", encoder.state_dict())
    facts = facts | {
        "n_parameters": count_weights(encoder),
        "encoder_sha256": hash_file(folder / "encoder.pt"),
    }
    with replacing_file(folder / "experiment.json") as temporary:
        temporary.write_text(json.dumps(facts, indent=1) + "\n")


def count_weights(module: torch.nn.Module) -> int:
    """Return the number of parameters.

    Example
    -------
    >>> count_weights(torch.nn.Linear(3, 2))
    8
    """
    return sum(weights.numel() for weights in module.parameters())


def save_weights(path: Path, weights: dict[str, torch.Tensor]) -> None:
    """Write weights by name; equal ones make equal files."""
    with replacing_file(path) as temporary, temporary.open("wb") as file:
        torch.save(weights, file)  # given a path, it would store the path's name


def load_weights(folder: Path, encoder: torch.nn.Module) -> None:
    """Load a trained encoder's weights into an encoder of the same architecture.

    Raises
    ------
    UserError
        The folder holds no trained model, or one of another architecture.
    """
    path = model_path(folder)
    fill_weights(encoder, read_weights(path), path)


def read_weights(path: Path) -> dict[str, torch.Tensor]:
    """Read weights by name.

    Raises
    ------
    UserError
        The file holds none, or some that are infinite or not a number.
    """
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, struct.error, RuntimeError, EOFError, ValueError,
            LookupError, TypeError, AttributeError, AssertionError):  # fmt: skip
        weights = None
    if not isinstance(weights, dict):
        raise UserError(f"{path}: holds no weights; name a trained model")
    for name, value in weights.items():
        if not isinstance(value, torch.Tensor):
            raise UserError(
                f"{path}: {str(name)!r}, one of {len(weights)} entries, holds "
                f"{type(value).__name__}, not a weight; save the encoder's state dict "
                "alone, with torch.save"
            )
        if not torch.isfinite(value).all():
            raise UserError(
                f"{path}: {name} is not finite everywhere; name another model, or an "
                "earlier checkpoint of this one"
            )
    return weights


def fill_weights(
    encoder: torch.nn.Module, weights: dict[str, torch.Tensor], path: Path
) -> None:
    """Put weights from a file into an encoder, each in its place.

    Raises
    ------
    UserError
        They are of another architecture.
    """
    reason = find_mismatch(encoder.state_dict(), weights)
    if reason:
        raise UserError(
            f"{path}: the weights are of another architecture ({reason}); "
            "use the model's own hparams"
        )
    encoder.load_state_dict(weights)


def find_mismatch(
    ours: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor]
) -> str:
    """Say in few words why weights do not fit; nothing where they do.

    Parameters
    ----------
    ours : dict of Tensor
        What the model needs, by name.
    theirs : dict of Tensor
        What there is.

    Example
    -------
    >>> find_mismatch({"affine.weight": torch.ones(2)}, {"module.a": torch.ones(2)})
    "lacks affine.weight; has module.a; names begin with 'module.', ..."
    """
    lacking = [name for name in ours if name not in theirs]
    unknown = [name for name in theirs if name not in ours]
    reasons = [
        f"{verb} {names[0]}" + (f" and {len(names) - 1} more" if names[1:] else "")
        for verb, names in (("lacks", lacking), ("has", unknown))
        if names
    ]
    if unknown and all(name.startswith("module.") for name in theirs):
        reasons.append("names begin with 'module.', of DataParallel: take it off them")
    reasons += [
        f"{name} is {tuple(theirs[name].shape)}, not {tuple(weights.shape)}"
        for name, weights in ours.items()
        if name in theirs and theirs[name].shape != weights.shape
    ][:1]
    return "; ".join(reasons)


def model_path(folder: Path) -> Path:
    """Return the path of a trained model's weights.

    Raises
    ------
    UserError
        The folder holds no trained model.
    """
    path = folder / "encoder.pt"
    if not path.is_file():
        raise UserError(f"{path}: no trained model there; run the training stage first")
    return path


def model_hash(folder: Path) -> str:
    """Return the SHA-256 of a trained model's weights."""
    return hash_file(model_path(folder))

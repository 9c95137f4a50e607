"""A trained model's folder: all that is needed to embed speech with it again.

``encoder.pt`` (weights), ``encoder.yaml`` (the net alone), ``front_end.yaml``,
``experiment.json`` (what it was trained on and how it did), ``hyperparams.yaml`` (all
settings of the training) and the logs; for fine-tuning, ``heads.pt`` (classifier and
the like) and ``speakers.txt``, its classes.
"""

import hashlib
import json
import pickle
from pathlib import Path

import torch

from utils.runtime.atomic import replacing_file, set_aside
from utils.runtime.errors import UserError


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
    note.write_text(identity + "\n")
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
    with replacing_file(folder / "heads.pt") as temporary:
        torch.save(heads or {}, temporary)
    with replacing_file(folder / "encoder.pt") as temporary:
        torch.save(encoder.state_dict(), temporary)
    facts = facts | {
        "n_parameters": sum(weights.numel() for weights in encoder.parameters()),
        "encoder_sha256": file_hash(folder / "encoder.pt"),
    }
    with replacing_file(folder / "experiment.json") as temporary:
        temporary.write_text(json.dumps(facts, indent=1) + "\n")


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
        The file holds none.
    """
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError):
        weights = None
    if not isinstance(weights, dict):
        raise UserError(f"{path}: holds no weights; name a trained model")
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
    try:
        encoder.load_state_dict(weights)
    except RuntimeError as error:
        reason = str(error).splitlines()[1].strip()
        raise UserError(
            f"{path}: the weights are of another architecture ({reason}); "
            "use the model's own hparams"
        ) from None


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
    return file_hash(model_path(folder))


def file_hash(path: Path) -> str:
    """Return a file's SHA-256 as hexadecimal text."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()

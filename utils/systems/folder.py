"""The parts of a trained folder: encoder, front-end, hash of the weights, back-end."""

import json
from pathlib import Path

import torch

from utils.backend.backend import Backend
from utils.backend.files import load_backend
from utils.features.front_end import FrontEnd
from utils.models.experiment import model_hash
from utils.runtime.errors import UserError
from utils.systems.description import Description, read_description


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


def checked_hash(folder: Path) -> str:
    """Return the hash of the encoder's weights, which must be the recorded one.

    Raises
    ------
    UserError
        The weights are others than those that the folder was written with.
    """
    found, record = model_hash(folder), folder / "experiment.json"
    try:
        recorded = json.loads(record.read_text()).get("encoder_sha256", found)
    except (OSError, ValueError, AttributeError):
        raise UserError(
            f"{record}: missing or broken; copy the model's folder again"
        ) from None
    if recorded != found:
        raise UserError(
            f"{folder / 'encoder.pt'}: other weights than {record.name} was written "
            "for; copy the model's folder again"
        )
    return found


def find_backend(folder: Path, backend: Path | str, model_sha256: str) -> Backend:
    """Load a back-end of a model.

    Parameters
    ----------
    folder : Path
        Folder of the model.
    backend : Path or str
        A folder; or the name of one in ``backends/`` in the model's folder or beside
        it; empty for the model's ``backend/``, or the cosine where there is none.
    model_sha256 : str

    Raises
    ------
    UserError
        There is no such back-end, or it belongs to another model.
    """
    own = folder / "backend"
    if backend == "cosine" or (not backend and not own.is_dir()):
        return Backend()
    places = [folder / "backends", folder.parent / "backends", Path()]
    paths = [own] if not backend else [place / backend for place in places]
    path = next((path for path in paths if (path / "backend.json").is_file()), None)
    if path is None:
        raise UserError(f"{paths[0]}: no such back-end; see local.train_backend")
    found, trained_with = load_backend(path)
    if trained_with not in (None, model_sha256):
        raise UserError(
            f"{path}: trained on embeddings of another model than {folder}; train it "
            "again on this model's"
        )
    return found

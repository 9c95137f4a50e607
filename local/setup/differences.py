"""A model as its difference from the one that it was trained on from."""

import json
import shutil
from pathlib import Path

from torch import Tensor

from local.setup.model_copies import OF_WEIGHTS, copy_model, read_alike
from utils.models.difference import add_difference, hash_weights, take_difference
from utils.models.experiment import model_path, read_weights, save_weights
from utils.models.ledger import LEDGER
from utils.runtime.atomic import replacing_folder
from utils.runtime.errors import UserError
from utils.runtime.fingerprint import hash_file
from utils.systems.folder import RECORD, read_record

DIFFERENCE = "difference.pt"


def write_difference(base: Path, tuned: Path, rank: int, out: Path) -> None:
    """Write what makes one model of another, with the record of its training.

    Parameters
    ----------
    base, tuned : Path
        Models of one architecture and front-end.
    rank : int
        See `take_difference`.
    out : Path
        Folder to write; by `write_tuned` it becomes a model again.

    Raises
    ------
    UserError
        They are of two architectures or front-ends, or equal.
    """
    before, after = read_alike([base, tuned])
    difference = take_difference(before, after, rank)
    if not difference:
        raise UserError(f"{tuned}: has the weights of {base}; name what it became")
    found = add_difference(before, difference)
    with replacing_folder(out) as folder:
        save_weights(folder / DIFFERENCE, difference)
        facts = {
            "base_weights": hash_weights(before),
            "weights": hash_weights(found),
            "rank": rank,
        }
        sha256 = {"encoder_sha256": _sha256_of(found, folder)}
        record = read_record(tuned) | sha256 | {"difference": facts}
        (folder / RECORD).write_text(json.dumps(record, indent=1) + "\n")
        if (tuned / LEDGER).is_file():
            shutil.copy(tuned / LEDGER, folder)


def _sha256_of(weights: dict[str, Tensor], folder: Path) -> str:
    """Return the hash of the file that holds these weights."""
    path = folder / "weights"
    save_weights(path, weights)
    sha256 = hash_file(path)
    path.unlink()
    return sha256


def write_tuned(base: Path, difference: Path, out: Path) -> None:
    """Write the model that a difference makes of the one it was taken from.

    A calibration that was added to the difference is the model's.

    Raises
    ------
    UserError
        There is no difference, or it is of another model.
    """
    record, path = read_record(difference), difference / DIFFERENCE
    if "difference" not in record or not path.is_file():
        raise UserError(f"{difference}: no folder of local.take_difference")
    facts, before = record["difference"], read_weights(model_path(base))
    if hash_weights(before) != facts["base_weights"]:
        raise UserError(
            f"{difference}: the difference from another model than {base}; name that "
            "which local.take_difference had as its base"
        )
    weights = add_difference(before, read_weights(path))
    if hash_weights(weights) != facts["weights"]:
        raise UserError(f"{path}: not what was written there; copy the folder again")
    with replacing_folder(out) as folder:
        copy_model(base, folder, *OF_WEIGHTS)
        copy_model(difference, folder, DIFFERENCE)
        save_weights(model_path(folder), weights)
        _name_weights(folder, record["encoder_sha256"])


def _name_weights(folder: Path, recorded: str) -> None:
    """Write the hash of the file of weights where another file of them is named.

    The same weights make other files with other versions of torch.
    """
    found = hash_file(model_path(folder))
    for path in folder.rglob("*.json"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(recorded, found), encoding="utf-8")

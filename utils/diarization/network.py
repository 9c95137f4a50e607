"""The folder of a segmentation network, as `local.get_model` writes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from utils.models.experiment import fill_weights, read_weights, save_weights
from utils.models.pyannet import PyanNet
from utils.runtime.atomic import replacing_folder
from utils.runtime.errors import UserError
from utils.runtime.fingerprint import hash_file

if TYPE_CHECKING:
    import torch

_WEIGHTS = "segmentation.pt"


def save_network(
    folder: Path,
    weights: dict[str, torch.Tensor],
    licences: dict[str, str],
    origin: str,
) -> None:
    """Write the weights of a `PyanNet` with their licences and origin.

    Parameters
    ----------
    folder : Path
    weights : dict of Tensor
    licences : dict of str
        Texts by the names of their files.
    origin : str
    """
    with replacing_folder(folder) as temporary:
        path = temporary / _WEIGHTS
        fill_weights(PyanNet(), weights, path)
        save_weights(path, weights)
        for name, text in licences.items():
            (temporary / name).write_text(text, encoding="utf-8")
        facts = {"model": "segmentation", "origin": origin, "sha256": hash_file(path)}
        record = temporary / "segmentation.json"
        record.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def open_network(folder: Path) -> PyanNet:
    """Open the network of a folder, in evaluation mode.

    Raises
    ------
    UserError
        There is none, or it is broken or of another architecture.
    """
    path = folder / _WEIGHTS
    if not path.is_file():
        raise UserError(
            f"{path}: no such model; get it with python -m local.get_model segmentation"
        )
    network = PyanNet()
    fill_weights(network, read_weights(path), path)
    return network.eval()

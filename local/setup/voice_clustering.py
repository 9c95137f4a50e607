"""The way of clustering voices that hparams/diarization.yaml names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from utils.runtime.errors import UserError

if TYPE_CHECKING:
    from utils.diarization.counts import Clusterer
    from utils.diarization.vbx import Vbx
    from utils.systems.system import System

METHODS = "agglomerative", "spectral", "vbx"


def build_clusterer(settings: dict, system: System) -> Clusterer:
    """Build what the setting ``clustering`` names.

    Parameters
    ----------
    settings : dict
        Those of hparams/diarization.yaml.
    system : System
        That embeds the voices; VBx needs a back-end of it.

    Raises
    ------
    UserError
        There is no such way, or no back-end with PLDA.
    """
    from utils.diarization.agglomerative import Agglomerative
    from utils.diarization.spectral import Spectral

    method = settings["clustering"]
    if method == "agglomerative":
        return Agglomerative(**settings[method])
    if method == "spectral":
        return Spectral(**settings[method])
    if method == "vbx":
        own = dict(settings[method])
        start = Agglomerative(own.pop("threshold"))
        return build_vbx(own, start, system)
    raise UserError(f"clustering: {method!r} is none of {', '.join(METHODS)}")


def build_vbx(settings: dict, start: Clusterer, system: System) -> Vbx:
    """Build VBx with the PLDA of a back-end, which ``backend`` names."""
    from utils.backend.scorers import PldaScorer
    from utils.diarization.vbx import Vbx, VbxSettings
    from utils.systems.backends import open_own_backend

    name = settings.pop("backend")
    backend = open_own_backend(system.folder, name, system.model_sha256)
    if not isinstance(backend.scorer, PldaScorer):
        raise UserError(
            f"{name}: no back-end with PLDA, which vbx needs; learn one with python -m "
            "local.train_backend plda, as local/README.md has it"
        )
    model = backend.scorer.model
    return Vbx(model, start, VbxSettings(**settings), backend.transform)


def backend_files(settings: dict, system: Path) -> list[Path]:
    """Return the files of the back-end that VBx reads."""
    from utils.systems.backends import find_own_backend

    folder = find_own_backend(system, settings["vbx"]["backend"])
    return sorted(own for own in folder.iterdir() if own.is_file()) if folder else []

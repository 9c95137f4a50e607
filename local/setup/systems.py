"""Which trained system a program means by a name, a folder, or nothing."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from utils.runtime.errors import UserError
from utils.systems.exported import is_exported

if TYPE_CHECKING:
    from utils.speakers.recogniser import Recogniser

logger = logging.getLogger(__name__)

MODELS = Path("models")
GENERAL = Path(__file__).parents[2] / "recipes" / "general"
OWN = GENERAL / "model"  # comes with the code
PREFERRED = ("campplus", "campplus_robust", "resemblyzer")  # the better first


def find_system(name: str) -> Path:
    """Find the folder of a trained system.

    Parameters
    ----------
    name : str
        A folder, or the name of one in ``models/``; empty for the best one there, one
        that was measured on voices of the user's own before published ones, and the
        repository's own small model where there is none.

    Raises
    ------
    UserError
        There is none of that name.
    """
    if name:
        places = [Path(name), MODELS / name]
        found = next((place for place in places if _is_system(place)), None)
        if found is None:
            raise UserError(
                f"{name}: no trained system there or in {MODELS}/; "
                "get one with local.get_model, or name a folder that local.train wrote"
            )
        return found
    published = [MODELS / name for name in PREFERRED]
    calibrated = sorted(path.parent for path in MODELS.glob("*/decisions.json"))
    places = [*(path for path in calibrated if path not in published), *published]
    found = next((place for place in places if _is_system(place)), None)
    if found is None:
        logger.warning(
            f"no model is named, and none is in {MODELS}/: the repository's own small "
            "one answers; python -m local.get_model campplus gets a better one"
        )
    return found or OWN


def find_system_with_heads(name: str) -> Path:
    """Find a system that tells labels: as `find_system`, but of those with heads.

    Where nothing is named and the best one has none, it is the repository's own.
    """
    from utils.attributes.answers import own_heads

    found = find_system(name)
    if name or own_heads(found):
        return found
    logger.warning(f"{found}: no heads of labels: those of the repository's own answer")
    return OWN


def _is_system(folder: Path) -> bool:
    return (folder / "encoder.pt").is_file() or is_exported(folder)


def open_recogniser(
    store: Path, system: str, trust: bool, is_new: bool = False
) -> Recogniser:
    """Open a system and a store of its embeddings; a new one is made."""
    from utils.speakers import recogniser

    return recogniser.open_recogniser(find_system(system), store, is_new, trust)

"""The settings of back-ends, read from hparams/backend.yaml."""

from pathlib import Path

from local.setup.hyperparameters import load_hyperparameters
from utils.backend.settings import BackendSettings
from utils.runtime.errors import UserError

_SECTIONS = ("normalisations", "cohort", "calibration", "adaptation")


def read_settings(path: Path | str) -> BackendSettings:
    """Read hparams/backend.yaml, or another file of that form.

    Raises
    ------
    UserError
        A section is missing, or see `load_hyperparameters`.
    """
    loaded = load_hyperparameters(path)
    missing = [name for name in ("backends", *_SECTIONS) if name not in loaded]
    if missing:
        raise UserError(
            f"{path}: no section {missing[0]!r}; write it as in hparams/backend.yaml"
        )
    own = {name: loaded[name] for name in _SECTIONS}
    baselines = loaded.get("baselines", {})
    chains = loaded["backends"] | baselines
    return BackendSettings(Path(path), chains, baselines=set(baselines), **own)

"""What the programs of stage 6 share: settings, notation, and what was learnt."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from local.setup.hyperparameters import load_hyperparameters
from utils.backend.expression import Expression
from utils.backend.files import read_backend_facts, save_backend
from utils.backend.labelled import LabelledEmbeddings, read_labelled
from utils.backend.parts import SPLITS
from utils.backend.settings import BackendSettings
from utils.embeddings.files import embedding_paths, read_model_hash
from utils.report.provenance import program_facts
from utils.runtime.errors import UserError
from utils.runtime.fingerprint import fingerprint

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
    return BackendSettings(Path(path), loaded["backends"], **own)


@dataclass(frozen=True)
class Experiment:
    """Where the back-ends of an experiment are learnt, and from what.

    Attributes
    ----------
    exp : Path
        Holds ``embeddings/``; its ``backends/`` is written.
    data : Path
        Holds the manifests.
    model : Path or None
        Trained model, beside whose folder its own ``backends/`` may stand.
    settings : BackendSettings
    """

    exp: Path
    data: Path
    model: Path | None
    settings: BackendSettings

    def learn(self, name: Expression, force: bool) -> Path:
        """Learn a back-end, unless it is there and would come out the same.

        Parameters
        ----------
        name : Expression
        force : bool
            Learn it in any case.

        Returns
        -------
        Path
            Its folder.

        Raises
        ------
        ValueError
            It cannot be learnt from these data, and has not been from others.
        """
        needs = self.settings.needs(name)
        train = self._first_split(needs or SPLITS)
        if needs and train is None:
            return self._known(name, "there is no training speech to learn it on")
        if name.is_calibrated and not (self.data / "valid.csv").is_file():
            return self._known(name, "there are no held-out speakers to calibrate on")
        splits = [train] if train else []
        splits += ["valid"] * name.is_calibrated
        inputs = fingerprint(
            [str(name), *splits],
            [self.settings.path, *(path for s in splits for path in self._files(s))],
        )
        folder = self.exp / "backends" / str(name)
        if not force and _inputs_of(folder) == inputs:
            return folder
        backend = self.settings.learn(
            name,
            self._read(train) if train else None,
            self._read("valid") if name.is_calibrated else None,
        )
        print(*backend.notes, sep="\n", end="\n" * bool(backend.notes))
        made_by = read_model_hash(self.exp / "embeddings" / (train or "test"))
        facts = {"name": str(name), "inputs_sha256": inputs} | program_facts()
        save_backend(folder, backend, made_by, facts)
        print(f"back-end: {folder}")
        return folder

    def _first_split(self, splits: Iterable[str]) -> str | None:
        found = (s for s in splits if (self.data / f"{s}.csv").is_file())
        return next(found, None)

    def _known(self, name: Expression, reason: str) -> Path:
        """Return the folder where it was learnt on other data."""
        places = [self.exp / "backends"]
        if self.model:
            places += [self.model / "backends", self.model.parent / "backends"]
        for place in places:
            if (place / str(name) / "backend.json").is_file():
                return place / str(name)
        raise ValueError(reason)

    def _read(self, split: str) -> LabelledEmbeddings:
        prefix = str(self.exp / "embeddings" / split)
        return read_labelled(prefix, self.data / f"{split}.csv")

    def _files(self, split: str) -> list[Path]:
        prefix = self.exp / "embeddings" / split
        return [self.data / f"{split}.csv", *embedding_paths(prefix)]


def _inputs_of(folder: Path) -> object:
    """Return the fingerprint of what a back-end was learnt from, if it is there."""
    if not (folder / "backend.npz").is_file():
        return None
    return read_backend_facts(folder).get("inputs_sha256")

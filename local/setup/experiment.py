"""Stage 6 of an experiment: back-ends learnt, and trial lists scored with them."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from utils.backend.expression import Expression
from utils.backend.files import read_backend_facts, save_backend
from utils.backend.parts import SPLITS
from utils.backend.settings import BackendSettings
from utils.data.left_out import read_skipped
from utils.data.manifest import SPLITS as MANIFESTS
from utils.data.manifest import read_manifest
from utils.embeddings.averages import AVERAGES, write_averages
from utils.embeddings.files import embedding_paths, read_model_hash
from utils.embeddings.labelled import LabelledEmbeddings, read_labelled
from utils.report.provenance import program_facts
from utils.runtime.errors import UserError
from utils.runtime.fingerprint import fingerprint
from utils.systems.backends import find_backend
from utils.systems.score_origins import score_facts
from utils.systems.trial_scores import open_scoring, read_trial_list, score_list
from utils.trials.score_facts import facts_path, read_score_facts, write_score_facts
from utils.trials.scores import write_scores


@dataclass(frozen=True)
class Experiment:
    """Where the back-ends of an experiment are learnt, and what they score.

    Attributes
    ----------
    exp : Path
        Holds ``embeddings/``; its ``backends/`` and ``scores/`` are written.
    data : Path
        Holds the manifests, ``trials/`` and ``enrol/``.
    features : Path
        Records what was skipped.
    model : Path or None
        Trained model, beside whose folder its own ``backends/`` may stand.
    settings : BackendSettings
    form : str
        Trial lists' form: see `utils.trials.readers.read_form`.
    """

    exp: Path
    data: Path
    features: Path
    model: Path | None
    settings: BackendSettings
    form: str = "auto"

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
        if self._is_baseline(name):
            self._make_averages()
        needs = self.settings.needs(name)
        train = self._first_split(needs or SPLITS)
        if needs and train is None:
            return self._known(name, "there is no training speech to learn it on")
        if name.is_calibrated and not (self.data / "valid.csv").is_file():
            return self._known(name, "there are no held-out speakers to calibrate on")
        splits = [train] if train else []
        splits += ["valid"] * name.is_calibrated
        files = [path for split in splits for path in self._files(name, split)]
        inputs = fingerprint([str(name), *splits], [self.settings.path, *files])
        folder = self.exp / "backends" / str(name)
        if not force and _inputs_of(folder) == inputs:
            return folder
        backend = self.settings.learn(
            name,
            self._read(name, train) if train else None,
            self._read(name, "valid") if name.is_calibrated else None,
        )
        print(*backend.notes, sep="\n", end="\n" * bool(backend.notes))
        made_by = read_model_hash(self._embeddings(name) / (train or "test"))
        facts = {"name": str(name), "inputs_sha256": inputs} | program_facts()
        save_backend(folder, backend, made_by, facts)
        print(f"back-end: {folder}")
        return folder

    def trial_lists(self, names: Iterable[str]) -> list[Path]:
        """Return the trial lists of some names; of all without a name.

        Raises
        ------
        UserError
            There are none, or none of a name.
        """
        folder = self.data / "trials"
        by_name = {path.stem: path for path in sorted(folder.glob("*.txt"))}
        if not by_name:
            raise UserError(
                f"{folder}: no trial list: {self._lacking()} in test.csv; add some, or "
                "lists of your own, or stop at the embeddings (--stop-stage 5)"
            )
        for name in names:
            if name not in by_name:
                raise UserError(
                    f"{folder}: no trial list {name!r}; there are {', '.join(by_name)}"
                )
        return [by_name[name] for name in names or by_name]

    def _lacking(self) -> str:
        """Say what the test speech lacks to make trials of it."""
        if read_manifest(self.data / "test.csv")["spk_id"].nunique() < 2:
            return "a nontarget trial needs a second speaker"
        return "a target trial needs a speaker with two utterances"

    def score(
        self, name: Expression, backend: Path, lists: Iterable[Path], force: bool
    ) -> None:
        """Score trial lists into files, as far as these are not there and the same.

        Raises
        ------
        ValueError
            They cannot be scored with this back-end.
        """
        todo = {}
        for path in lists:
            given = self._scoring_inputs(name, backend, path)
            inputs = fingerprint([path.stem, self.form], given)
            known = read_score_facts(self._scores(path, name)).get("inputs_sha256")
            if force or known != inputs:
                todo[path] = inputs
        if not todo:
            return
        test, metadata = str(self._embeddings(name) / "test"), self.data / "test.csv"
        model = None if self._is_baseline(name) else self.model
        scoring = open_scoring(backend, test, test, metadata)
        for path, inputs in todo.items():
            enrol, out = self._enrolment(path), self._scores(path, name)
            skipped = read_skipped(self.features)
            own = enrol if enrol.is_file() else None
            listed = read_trial_list(path, own, skipped, self.form)
            scores = score_list(scoring, listed)
            write_scores(out, listed.trials.assign(score=scores))
            facts = score_facts(backend, test, path, model)
            write_score_facts(out, facts | {"inputs_sha256": inputs})
            print(f"{len(scores)} scores: {out}")

    def discard(self, name: Expression, lists: Iterable[Path]) -> None:
        """Remove the scores of a back-end that is left out."""
        for path in lists:
            scores = self._scores(path, name)
            scores.unlink(missing_ok=True)
            facts_path(scores).unlink(missing_ok=True)

    def _scores(self, trials: Path, name: Expression) -> Path:
        return self.exp / f"scores/{trials.stem}.{name}.txt"

    def _enrolment(self, trials: Path) -> Path:
        return self.data / "enrol" / trials.name

    def _scoring_inputs(
        self, name: Expression, backend: Path, trials: Path
    ) -> list[Path]:
        """Return the files that decide the scores of a trial list."""
        return [
            trials,
            self._enrolment(trials),
            self.data / "test.csv",
            self.features / "skipped.txt",
            backend / "backend.json",
            backend / "backend.npz",
            *embedding_paths(self._embeddings(name) / "test"),
        ]

    def _first_split(self, splits: Iterable[str]) -> str | None:
        found = (s for s in splits if (self.data / f"{s}.csv").is_file())
        return next(found, None)

    def _known(self, name: Expression, reason: str) -> Path:
        """Return the folder where it was learnt on other data."""
        of_model = [self.model, self.model.parent] if self.model else []
        try:
            found = find_backend(str(name), [self.exp, *of_model])
        except UserError:
            found = None
        if found is None:
            raise ValueError(reason)
        return found

    def _is_baseline(self, name: Expression) -> bool:
        return name.chain in self.settings.baselines

    def _embeddings(self, name: Expression) -> Path:
        """Return the folder of what a back-end takes: embeddings, or averages."""
        return self.exp / "embeddings" / (AVERAGES * self._is_baseline(name))

    def _make_averages(self) -> None:
        """Write the averages of the features of all splits that are there."""
        for split in MANIFESTS:
            manifest = self.data / f"{split}.csv"
            if manifest.is_file():
                prefix = self.exp / "embeddings" / AVERAGES / split
                write_averages(prefix, manifest, self.features)

    def _read(self, name: Expression, split: str) -> LabelledEmbeddings:
        prefix = str(self._embeddings(name) / split)
        return read_labelled(prefix, self.data / f"{split}.csv")

    def _files(self, name: Expression, split: str) -> list[Path]:
        prefix = self._embeddings(name) / split
        return [self.data / f"{split}.csv", *embedding_paths(prefix)]


def _inputs_of(folder: Path) -> object:
    """Return the fingerprint of what a back-end was learnt from, if it is there."""
    if not (folder / "backend.npz").is_file():
        return None
    return read_backend_facts(folder).get("inputs_sha256")

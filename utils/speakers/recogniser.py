"""A system and a store together: enrol, verify, identify, update."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from utils.runtime.errors import UserError
from utils.runtime.progress import progress
from utils.speakers import schema
from utils.speakers.gallery import (
    Gallery,
    Identification,
    threshold_for_gallery,
)
from utils.speakers.people import UPDATED, Exemplar, Person, divide
from utils.speakers.store import SpeakerStore
from utils.speakers.updates import UpdatePolicy
from utils.verification.answers import DIFFERENT, SAME
from utils.verification.recordings import Recording, read_recording
from utils.verification.verifier import Verifier, open_verifier

logger = logging.getLogger(__name__)
_SAME = "the same recording as one of"


@dataclass(frozen=True)
class Verified:
    """Whether a recording is a person's.

    Attributes
    ----------
    llr : float
        Natural-log likelihood ratio; the score where the system is not calibrated.
    threshold : float or None
    """

    llr: float
    threshold: float | None

    @property
    def decision(self) -> str | None:
        """``same``, ``different``, or None without a threshold."""
        if self.threshold is None:
            return None
        return SAME if self.llr >= self.threshold else DIFFERENT


@dataclass(frozen=True)
class Recogniser:
    """Knows the people of a store by their voices.

    Attributes
    ----------
    verifier : Verifier
        Its system made the store's embeddings.
    store : SpeakerStore
    channel : int, optional
        The one of each file that is heard, from 0; None for the mean of all.
    """

    verifier: Verifier
    store: SpeakerStore
    channel: int | None = None

    def hear(self, path: Path | str) -> Exemplar:
        """Embed a recording, and tell what is wrong with it.

        Raises
        ------
        UserError
            It cannot be read, or cannot be judged: no speech, too little, too poor.
        """
        exemplar, recording = self._hear(path, "")
        self._warn([recording])
        return exemplar

    def enrol(
        self, name: str, paths: Sequence[Path | str], label: str = "",
        consent: str = "", skip_bad: bool = False,
    ) -> int:  # fmt: skip
        """Take somebody new in; returns by how many recordings.

        Raises
        ------
        UserError
            See `SpeakerStore.enrol`; or recordings cannot be used, after a line for
            each: some, unless ``skip_bad``, or all.
        """
        self.store.check_new(name)
        heard = self._hear_all(Person(name, consent, ()), paths, label, skip_bad)
        self.store.enrol(name, heard, consent)
        return len(heard)

    def add(
        self, name: str, paths: Sequence[Path | str], label: str = "",
        skip_bad: bool = False,
    ) -> int:  # fmt: skip
        """Give somebody more recordings to be known by; see `enrol`."""
        heard = self._hear_all(self.store.person(name), paths, label, skip_bad)
        self.store.add(name, heard, f"{len(heard)} recordings")
        return len(heard)

    def verify(self, name: str, path: Path | str, far: float) -> Verified:
        """Compare a recording with somebody."""
        person, decisions = self.store.person(name), self.verifier.decisions
        threshold = decisions.threshold(far).llr if decisions else None
        heard = self.hear(path)
        if heard.is_among(person):
            logger.warning(f"{path}: {_SAME} {person.name}'s")
        return Verified(self._compare(person.exemplars, heard), threshold)

    def identify(
        self, path: Path | str, fpir: float | None = 0.01, k: int = 3
    ) -> Identification:
        """Find whose voice it is.

        Parameters
        ----------
        path : Path or str
        fpir : float, optional
            How often a stranger may be taken for one of the people; None takes
            everybody for one of them (closed set).
        k : int
            Matches to return.
        """
        gallery, threshold = self.gallery(fpir)
        heard = self.hear(path)
        found = gallery.identify(heard.embedding, threshold, k, heard.speech_s)
        nearest = self.store.person(found.matches[0].name)
        if heard.is_among(nearest):
            logger.warning(f"{path}: {_SAME} {nearest.name}'s")
        return found

    def gallery(self, fpir: float | None) -> tuple[Gallery, float | None]:
        """Return everybody, and the threshold for a rate; see `identify`.

        Raises
        ------
        UserError
            Nobody is enrolled, or the system was not measured.
        """
        people = self.store.people()
        if not people:
            raise UserError(f"{self.store.path}: nobody is enrolled")
        gallery = Gallery.of(self.verifier.system, people, self.verifier.decisions)
        if fpir is None:
            return gallery, None
        decisions = self.verifier.measured
        return gallery, threshold_for_gallery(decisions, len(people), fpir)

    def update(
        self, name: str, path: Path | str, far: float, policy: UpdatePolicy
    ) -> str:
        """Take a confident match into somebody's profile; returns what was done.

        The recording has to match those that the person was enrolled with: what came
        in later never lets anything in.
        """
        person = self.store.person(name)
        needed = policy.needed(self.verifier.measured, far)
        heard = self.hear(path)
        llr = self._compare(divide(person.exemplars)[0], heard)
        refused = policy.refusal(llr, needed, heard.speech_s)
        if heard.is_among(person):
            refused = f"{_SAME} {person.name}'s"
        if refused:
            self.store.refuse(name, f"{refused}: {path}")
            return f"not taken in: {refused}"
        dropped = policy.dropped(person.exemplars, datetime.now(timezone.utc))
        reason = f"LLR {llr:.2f}, {needed:.2f} needed: {path}"
        taken = Exemplar(heard.embedding, "", str(path), heard.speech_s, UPDATED)
        self.store.add(name, [taken], reason, dropped)
        return f"taken in: {reason}" + (f"; {len(dropped)} dropped" if dropped else "")

    def _hear(self, path: Path | str, label: str) -> tuple[Exemplar, Recording]:
        """Embed a recording; returns it without its features, which are large."""
        front_end = self.verifier.system.front_end
        recording = read_recording(path, front_end, self.channel)
        refused = self.verifier.refusal(recording)
        if refused:
            raise UserError(refused)
        embedding = self.verifier.embed([recording])[0]
        exemplar = Exemplar(embedding, label, recording.name, recording.speech_s)
        return exemplar, recording.without_features()

    def _warn(self, recordings: Sequence[Recording]) -> None:
        """Tell what is wrong with recordings."""
        for remark in self.verifier.quality_remarks(recordings):
            logger.warning(remark)

    def _hear_all(
        self, person: Person, paths: Sequence[Path | str], label: str, skip_bad: bool
    ) -> list[Exemplar]:
        """Embed a person's recordings; a line is told of each that cannot be used.

        Of one that is known already, too, which counts twice.
        """
        heard: list[Exemplar] = []
        recordings: list[Recording] = []
        known = {own.key for own in person.exemplars}
        for path in progress(paths, len(paths), "hearing"):
            try:
                exemplar, recording = self._hear(path, label)
            except UserError as error:
                if len(paths) == 1:
                    raise
                logger.warning(error)
                continue
            if exemplar.key in known:
                logger.warning(f"{path}: {_SAME} {person.name}'s, counts twice")
            known.add(exemplar.key)
            heard.append(exemplar)
            recordings.append(recording)
        self._warn(recordings)
        n_bad = len(paths) - len(heard)
        if n_bad and not (heard and skip_bad):
            remedy = "; --skip-bad goes on without them" if heard else ""
            raise UserError(f"{n_bad} of {len(paths)} files cannot be used{remedy}")
        return heard

    def _compare(self, exemplars: Sequence[Exemplar], heard: Exemplar) -> float:
        verifier, person = self.verifier, Person("", "", tuple(exemplars))
        gallery = Gallery.of(verifier.system, [person], verifier.decisions)
        return float(gallery.score(heard.embedding, speech_s=heard.speech_s)[0])


def open_recogniser(
    folder: Path | str, store: Path | str, is_new: bool = False, trust: bool = False
) -> Recogniser:
    """Open a system and a store of its embeddings.

    Parameters
    ----------
    folder : Path or str
        See `utils.verification.verifier.open_verifier`.
    store : Path or str
    is_new : bool
        Whether the store is to be made.
    trust : bool

    Raises
    ------
    UserError
        See there, `utils.speakers.schema.create` and `SpeakerStore`.
    """
    verifier = open_verifier(folder, trust=trust)
    sha256 = verifier.system.model_sha256
    if is_new:
        schema.create(Path(store), {"model_sha256": sha256, "system": str(folder)})
    return Recogniser(verifier, SpeakerStore(Path(store), sha256))

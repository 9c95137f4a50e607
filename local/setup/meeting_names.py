"""What the speakers of recordings are called: by names, numbers, linked numbers."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from local.setup.found_turns import DiarizedRecording, Label
from utils.runtime.errors import UserError

if TYPE_CHECKING:
    from utils.speakers.gallery import Gallery
    from utils.speakers.naming import Naming
    from utils.verification.verifier import Verifier

Place = tuple[int, str]  # a recording's number, and a speaker of it
_UNKNOWN = "unknown-"


def number_speakers(found: DiarizedRecording) -> dict[str, Label]:
    """Keep the numbers that speakers have in a recording."""
    return {own: Label(own, tell_voice(found, own)) for own in found.voices}


def tell_voice(found: DiarizedRecording, speaker: str) -> str:
    """Say how long somebody speaks, and how well the voice stands apart."""
    voice = found.voices[speaker]
    return f"{voice.speech_s:.1f} s of speech, margin {voice.margin:.2f}"


@dataclass(frozen=True)
class Namer:
    """Calls speakers by name, and unknown ones by numbers.

    Attributes
    ----------
    verifier : Verifier
        With measured decisions.
    gallery : Gallery or None
        The people who are known.
    threshold : float or None
        That one of them needs; see `utils.speakers.gallery.Gallery.identify`.
    fpir : float
        How often somebody may be taken for one of all others.
    is_linked : bool
        Whether an unknown speaker has one number in all recordings, not in each.
    """

    verifier: Verifier
    gallery: Gallery | None
    threshold: float | None
    fpir: float
    is_linked: bool

    def __call__(self, found: Sequence[DiarizedRecording]) -> list[dict[str, Label]]:
        """Label the speakers of recordings, which have different names.

        The labels do not depend on the order of the recordings.
        """
        namings = [self._name(own) for own in found]
        order = sorted(range(len(found)), key=lambda place: found[place].name)
        unnamed = [
            (place, speaker)
            for place in order
            for speaker in found[place].voices
            if not (speaker in namings[place] and namings[place][speaker].name)
        ]
        groups = self._group(found, unnamed)
        return [
            {
                speaker: self._label(found, (place, speaker), namings[place], groups)
                for speaker in own.voices
            }
            for place, own in enumerate(found)
        ]

    @property
    def _least_s(self) -> float:
        return self.verifier.least()["speech_s"]

    def _name(self, found: DiarizedRecording) -> dict[str, Naming]:
        """Name the speakers of a recording, if there are people to choose from."""
        from utils.speakers.naming import name_voices

        if self.gallery is None or not found.voices:
            return {}
        voices = found.voices.values()
        namings = name_voices(
            self.gallery,
            np.stack([own.embedding for own in voices]),
            self.threshold,
            [own.speech_s for own in voices],
            self._least_s,
        )
        return dict(zip(found.voices, namings, strict=True))

    def _group(
        self, found: Sequence[DiarizedRecording], unnamed: Sequence[Place]
    ) -> dict[Place, int]:
        """Give the unnamed numbers, in each recording or linked over all of them."""
        if not self.is_linked:
            counts = {place: itertools.count() for place, _ in unnamed}
            return {own: next(counts[own[0]]) for own in unnamed}
        voices = {own: found[own[0]].voices[own[1]] for own in unnamed}
        judged = [own for own in unnamed if voices[own].speech_s >= self._least_s]
        groups = self._link(
            np.array([voices[own].embedding for own in judged]),
            [found[place].name for place, _ in judged],
        )
        groups_of = dict(zip(judged, groups, strict=True))
        n_groups = len(set(groups))
        brief = [own for own in unnamed if own not in groups_of]
        return groups_of | {own: n_groups + n for n, own in enumerate(brief)}

    def _link(self, embeddings: np.ndarray, recordings: Sequence[str]) -> list[int]:
        from utils.diarization.linking import link_voices
        from utils.speakers.gallery import threshold_for_gallery

        n = len(embeddings)
        if n < 2:
            return [0] * n
        system = self.verifier.system
        ratios = system.score(system.enrol(list(embeddings[:, None])), embeddings).llrs
        if ratios is None:
            raise UserError(
                f"{system.folder}: its scores are no likelihood ratios; measure it "
                "with local.calibrate_system"
            )
        threshold = threshold_for_gallery(self.verifier.measured, n - 1, self.fpir)
        return link_voices(ratios, recordings, threshold).tolist()

    def _label(
        self,
        found: Sequence[DiarizedRecording],
        place: Place,
        namings: dict[str, Naming],
        groups: dict[Place, int],
    ) -> Label:
        """Say what a speaker is called, and why."""
        number, speaker = place
        about = [tell_voice(found[number], speaker)]
        facts: dict[str, object] = {}
        naming = namings.get(speaker)
        if naming:
            about.append(naming.text)
            nearest = naming.found.matches if naming.found else []
            facts["person"] = naming.name
            facts["threshold"] = self.threshold
            facts["matches"] = [match._asdict() for match in nearest]
        if naming and naming.name:
            return Label(as_word(naming.name), "; ".join(about), facts)
        others = [
            found[p].name for p, s in groups
            if groups[p, s] == groups[place] and p != number
        ]  # fmt: skip
        if self.is_linked:
            facts["also_in"] = others
            about += [f"also in {', '.join(others)}"] if others else []
        return Label(f"{_UNKNOWN}{groups[place] + 1}", "; ".join(about), facts)


def as_word(name: str) -> str:
    """Write a name without blanks, which RTTM cannot hold.

    Example
    -------
    >>> as_word("Anna Maria")
    'Anna_Maria'
    """
    return "_".join(name.split())


def open_namer(
    store: Path | None, system: str, trust: bool, fpir: float, is_linked: bool
) -> Namer:
    """Open the system and the store, if there is one.

    Raises
    ------
    UserError
        The system was not measured; the store is of another one or is empty; or people
        have names that cannot be told apart in RTTM.
    """
    from local.setup.systems import find_system, open_recogniser
    from utils.verification.verifier import open_verifier

    if store is None:
        verifier = open_verifier(find_system(system), trust=trust)
        verifier.measured  # noqa: B018 - raises where nothing was measured
        return Namer(verifier, None, None, fpir, is_linked)
    recogniser = open_recogniser(store, system, trust)
    gallery, threshold = recogniser.gallery(fpir)
    words = [as_word(name) for name in gallery.names]
    for word, name in zip(words, gallery.names, strict=True):
        if words.count(word) > 1 or word.startswith(_UNKNOWN):
            raise UserError(
                f"{store}: {name!r} would be {word!r} here, as somebody else; give "
                "them another name with local.speakers rename"
            )
    return Namer(recogniser.verifier, gallery, threshold, fpir, is_linked)

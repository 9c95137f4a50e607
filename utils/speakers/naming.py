"""Names for the voices of one recording, of which no two are one person."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from utils.speakers.gallery import Gallery, Identification


class Naming(NamedTuple):
    """Whose voice it is.

    Attributes
    ----------
    found : Identification or None
        The people that it is nearest to; None for a voice that is not judged.
    why_not : str
        Why it has no name though somebody is near enough, or why it is not judged.
    """

    found: Identification | None
    why_not: str = ""

    @property
    def name(self) -> str | None:
        """The person; None for nobody of the gallery, or nobody surely."""
        return None if self.why_not or self.found is None else self.found.name

    @property
    def text(self) -> str:
        """What was found, in words.

        Example
        -------
        >>> from utils.speakers.gallery import Match
        >>> Naming(Identification([Match("anna", 1.1)], 2.5)).text
        'nearest anna 1.10, needs 2.50'
        """
        words = (
            [] if self.found is None else [self.found.text.removeprefix("unknown; ")]
        )
        return "; ".join([*words, self.why_not] if self.why_not else words)


def name_voices(
    gallery: Gallery,
    embeddings: np.ndarray,
    threshold: float | None,
    speech_s: Sequence[float],
    least_speech_s: float = 0.0,
) -> list[Naming]:
    """Name the speakers of a recording.

    Each voice is identified by itself, so that it may be nobody's. Where several are
    near enough to one person, the nearest has the name, and the others none.

    Parameters
    ----------
    gallery : Gallery
    embeddings : ndarray of shape (K, D)
        The speakers' mean voices, of unit length.
    threshold : float or None
        See `Gallery.identify`.
    speech_s : sequence of float, length K
        Speech of each.
    least_speech_s : float
        Voices with less are not judged.

    Returns
    -------
    list of Naming, length K
    """
    namings = [
        Naming(gallery.identify(embedding, threshold, speech_s=own_s))
        if own_s >= least_speech_s
        else Naming(None, f"{own_s:.1f} s of speech, a name needs {least_speech_s:.1f}")
        for embedding, own_s in zip(embeddings, speech_s, strict=True)
    ]
    nearest: dict[str, Naming] = {}
    for own in sorted(namings, key=_llr):
        if own.name:
            nearest[own.name] = own
    return [
        own
        if not own.name or own is nearest[own.name]
        else _lose(own, nearest[own.name])
        for own in namings
    ]


def _llr(naming: Naming) -> float:
    return naming.found.matches[0].llr if naming.found else -np.inf


def _lose(naming: Naming, nearest: Naming) -> Naming:
    """Take a name away, as another voice is nearer to the person."""
    return naming._replace(
        why_not=f"another voice here is nearer to {naming.name} ({_llr(nearest):.2f}): "
        "one person taken for two, or alike"
    )

"""People, the recordings that they are known by, and lines of the journal."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from utils.runtime.errors import UserError

ENROLLED, UPDATED = "enrolled", "updated"
REFUSE = "refuse"  # the action of a line that changed nothing


@dataclass(frozen=True)
class Exemplar:
    """A stored recording.

    Attributes
    ----------
    embedding : ndarray of float32, shape (D,)
    label : str
        Channel, device or session.
    source : str
        The file it was.
    speech_s : float
    kind : str
        ``enrolled``, or ``updated`` where a confident match was taken in.
    time : str
        When it was stored: ISO 8601, UTC.
    """

    embedding: np.ndarray
    label: str = ""
    source: str = ""
    speech_s: float = 0.0
    kind: str = ENROLLED
    time: str = ""

    @property
    def key(self) -> bytes:
        """What two exemplars of one recording share."""
        return self.embedding.astype("<f4").tobytes()

    def is_among(self, person: "Person") -> bool:
        """Tell whether a person is known by this very recording."""
        return self.key in {own.key for own in person.exemplars}


class Person(NamedTuple):
    """Somebody in the store: ``consent`` is a note of what they agreed to."""

    name: str
    consent: str
    exemplars: tuple[Exemplar, ...]


def divide(exemplars: Sequence[Exemplar]) -> tuple[list[Exemplar], list[Exemplar]]:
    """Return those that a person was enrolled with, and those taken in later.

    Where all were taken in later, they stand for the enrolment.
    """
    enrolled = [own for own in exemplars if own.kind == ENROLLED]
    later = [own for own in exemplars if own.kind != ENROLLED]
    return (enrolled, later) if enrolled else (later, [])


class Change(NamedTuple):
    """A line of the journal."""

    time: str
    action: str
    name: str
    reason: str


def tidy_name(name: str) -> str:
    r"""Return a name as it is stored: trimmed, in Unicode's composed form.

    Raises
    ------
    UserError
        It is empty, or has characters that cannot be printed.

    Example
    -------
    >>> tidy_name(" Zoe\u0308 ") == "Zo\u00eb"
    True
    """
    tidy = unicodedata.normalize("NFC", name.strip())
    if not tidy or not tidy.isprintable():
        raise UserError(f"{name!r}: a name needs letters that can be printed")
    return tidy

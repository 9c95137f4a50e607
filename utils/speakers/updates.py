"""Let a profile follow a voice that changes, and nobody else's."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from utils.speakers.people import ENROLLED, UPDATED, Exemplar


class UpdatePolicy(NamedTuple):
    """When a recording is taken into a profile.

    Attributes
    ----------
    margin : float
        How far above the threshold its likelihood ratio with the enrolment, the
        recordings taken in later left out, has to be.
    least_speech_s : float
    most : int
        Exemplars that were taken in and are kept: the newest.
    oldest_days : float
        Older ones are dropped at the next update.
    """

    margin: float = 2.0
    least_speech_s: float = 2.0
    most: int = 10
    oldest_days: float = 365.0

    def refusal(self, llr: float, threshold: float, speech_s: float) -> str:
        """Say why a recording is not taken in; empty where it is.

        Example
        -------
        >>> UpdatePolicy().refusal(llr=4.0, threshold=3.0, speech_s=5.0)
        'LLR 4.00 with the enrolment, 5.00 is needed'
        """
        if speech_s < self.least_speech_s:
            return f"{speech_s:.1f} s of speech, {self.least_speech_s:g} s are needed"
        needed = threshold + self.margin
        if llr < needed:
            return f"LLR {llr:.2f} with the enrolment, {needed:.2f} is needed"
        return ""

    def dropped(self, exemplars: Sequence[Exemplar], now: datetime) -> list[Exemplar]:
        """Return those that make room for one more: too old, or too many.

        The enrolment's are never dropped.
        """
        later = [own for own in exemplars if own.kind == UPDATED]
        limit = now - timedelta(days=self.oldest_days)
        kept = [own for own in later if datetime.fromisoformat(own.time) >= limit]
        newest = kept[-(self.most - 1) :] if self.most > 1 else []
        return [own for own in later if own not in newest]


def enrolment_of(exemplars: Sequence[Exemplar]) -> list[Exemplar]:
    """Return the exemplars that a person was enrolled with."""
    return [own for own in exemplars if own.kind == ENROLLED]

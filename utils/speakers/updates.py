"""Let a profile follow a voice that changes, and nobody else's."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from utils.speakers.people import Exemplar, divide
from utils.verification.decisions import Decisions


class UpdatePolicy(NamedTuple):
    """When a recording is taken into a profile.

    Attributes
    ----------
    rarer : float
        By how much rarer than a false alarm somebody else's recording is taken in.
        What decides is the ratio with the enrolment: what came in later never lets
        anything in.
    least_speech_s : float
    most : int
        Exemplars that were taken in and are kept: the newest.
    oldest_days : float
        Older ones are dropped at the next update.
    """

    rarer: float = 100.0
    least_speech_s: float = 1.2  # some 2 s of a recording
    most: int = 10
    oldest_days: float = 365.0

    def needed(self, decisions: Decisions, far: float) -> float:
        """Return the ratio with the enrolment that is needed in use at a rate.

        Raises
        ------
        UserError
            No threshold was measured for the rate.
        """
        threshold = decisions.threshold(far).llr
        return max(threshold, decisions.tail.threshold(far / self.rarer))

    def refusal(self, llr: float, needed: float, speech_s: float) -> str:
        """Say why a recording is not taken in; empty where it is.

        Example
        -------
        >>> UpdatePolicy().refusal(llr=4.0, needed=5.0, speech_s=5.0)
        'LLR 4.00 with the enrolment, 5.00 is needed'
        """
        if speech_s < self.least_speech_s:
            return f"{speech_s:.1f} s of speech, {self.least_speech_s:g} s are needed"
        if llr < needed:
            return f"LLR {llr:.2f} with the enrolment, {needed:.2f} is needed"
        return ""

    def dropped(self, exemplars: Sequence[Exemplar], now: datetime) -> list[Exemplar]:
        """Return those that make room for one more: too old, or too many.

        The enrolment's are never dropped.
        """
        _, later = divide(exemplars)
        limit = now - timedelta(days=self.oldest_days)
        kept = [own for own in later if datetime.fromisoformat(own.time) >= limit]
        newest = kept[-(self.most - 1) :] if self.most > 1 else []
        return [own for own in later if own not in newest]

"""Times and counts that scores of diarization are made of: sums, rates, intervals."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np

Place = tuple[str, str]  # file and channel


@dataclass(frozen=True)
class Score:
    """Times and counts of a channel of a recording, or sums of them.

    Attributes
    ----------
    speech_s, missed_s, false_alarm_s, confusion_s : float
        What DER is made of: speech of the reference, summed over speakers, and errors.
    jaccard : float
        Jaccard errors, summed over the reference's speakers.
    n_ref, n_hyp : int
        Speakers, in the regions that are scored.
    n_wrong_by : int
        How far the counts are apart, summed over channels.
    pure_s, covered_s : float
        What purity and coverage are made of, with the next and with ``speech_s``.
    hyp_s : float
        Speech of the hypothesis, summed over speakers.
    n_channels, n_exact : int
        Channels of recordings, and those whose count is right.
    """

    speech_s: float = 0.0
    missed_s: float = 0.0
    false_alarm_s: float = 0.0
    confusion_s: float = 0.0
    jaccard: float = 0.0
    n_ref: int = 0
    n_hyp: int = 0
    n_wrong_by: int = 0
    pure_s: float = 0.0
    covered_s: float = 0.0
    hyp_s: float = 0.0
    n_channels: int = 0
    n_exact: int = 0

    @property
    def error_s(self) -> float:
        """Missed speech, false alarms and confusions together."""
        return self.missed_s + self.false_alarm_s + self.confusion_s

    def rates(self) -> dict[str, float]:
        """Return fractions; NaN where there is nothing to divide by."""
        return {
            "der": _share(self.error_s, self.speech_s),
            "missed": _share(self.missed_s, self.speech_s),
            "false_alarm": _share(self.false_alarm_s, self.speech_s),
            "confusion": _share(self.confusion_s, self.speech_s),
            "jer": _share(self.jaccard, self.n_ref),
            "purity": _share(self.pure_s, self.hyp_s),
            "coverage": _share(self.covered_s, self.speech_s),
            "count_error": _share(self.n_wrong_by, self.n_channels),
            "count_exact": _share(self.n_exact, self.n_channels),
        }


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def add_scores(scores: Iterable[Score]) -> Score:
    """Sum scores, so that long recordings weigh more.

    Example
    -------
    >>> total = add_scores([Score(speech_s=9.0, missed_s=1.0), Score(speech_s=1.0)])
    >>> total.rates()["der"]
    0.1
    """
    listed = list(scores)
    names = [field.name for field in fields(Score)]
    return Score(**{n: sum(getattr(score, n) for score in listed) for n in names})


def resample_files(
    scores: dict[Place, Score], n_resamples: int, seed: int, level: float = 0.95
) -> dict[str, list[float]]:
    """Return the interval of each rate when files are drawn with replacement.

    The channels of a file are drawn together.

    Parameters
    ----------
    scores : dict of Score
        What `utils.diarization.scoring.score_recordings` returned.
    n_resamples, seed : int
    level : float

    Returns
    -------
    dict
        Pairs ``[low, high]``; empty where there are fewer than two files.
    """
    import pandas as pd

    from utils.metrics.bootstrap import draw_counts
    from utils.metrics.intervals import intervals

    names = sorted({file for file, _ in scores})
    if len(names) < 2:
        return {}
    own = [add_scores(s for (file, _), s in scores.items() if file == n) for n in names]
    table = np.array([[getattr(s, f.name) for f in fields(Score)] for s in own])
    sums = draw_counts(len(names), n_resamples, seed).astype(float) @ table
    labels = [field.name for field in fields(Score)]
    rows = [
        Score(**dict(zip(labels, row, strict=True))).rates() for row in sums.tolist()
    ]
    return intervals(pd.DataFrame(rows).dropna(axis=1), level)

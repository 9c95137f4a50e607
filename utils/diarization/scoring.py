"""Error rates of diarization: DER with its parts, JER, purity, coverage, counts.

- DER, diarization error rate (NIST, RT-09 evaluation plan): missed speech, false
  alarms and speech of the wrong speaker, over the speech of the reference; where two
  speak, both count. Speakers are matched one to one for the longest common time.
- JER, Jaccard error rate (N. Ryant et al., second DIHARD evaluation plan, 2019): the
  mean over the reference's speakers of 1 less the time in common with their match over
  the time of both; without collar, with overlap, with the best matches for it, in
  frames of 10 ms as dscore has it.
- Purity: share of the hypothesis that is of its speaker's main reference speaker.
  Coverage: share of the reference that is in its speaker's main hypothesis speaker.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from utils.diarization.activity import Activity, find_activity
from utils.diarization.collars import NO_COLLAR, Collar
from utils.diarization.score_sums import Place, Score
from utils.diarization.turns import Region, Turn

Placed = TypeVar("Placed", Turn, Region)
FRAME_S = 0.01  # of the JER


@dataclass(frozen=True)
class Protocol:
    """What is scored.

    Attributes
    ----------
    collar : Collar
    skip_overlap : bool
        Leave out where the reference has two speakers or more.
    """

    collar: Collar = NO_COLLAR
    skip_overlap: bool = False


def score_channel(
    ref: Sequence[Turn],
    hyp: Sequence[Turn],
    regions: Sequence[Region] | None = None,
    protocol: Protocol = Protocol(),
) -> Score:
    """Score one channel of a recording.

    Parameters
    ----------
    ref, hyp : sequence of Turn
        Turns of it, in any order.
    regions : sequence of Region or None
        What of it is scored; None: from the first to the last turn of either.
    protocol : Protocol

    Example
    -------
    >>> ref = [Turn("a", "1", 0.0, 8.0, "x"), Turn("a", "1", 8.0, 2.0, "y")]
    >>> hyp = [Turn("a", "1", 0.0, 9.0, "1")]
    >>> rates = score_channel(ref, hyp).rates()
    >>> rates["missed"], rates["confusion"], rates["count_error"]
    (0.1, 0.1, 1.0)
    """
    found = find_activity(ref, hyp, regions, protocol.collar.half_s)
    n_ref, n_hyp = found.ref.sum(axis=1), found.hyp.sum(axis=1)  # (P,)
    is_scored = found.is_inside & ~found.is_collar
    if protocol.skip_overlap:
        is_scored &= n_ref < 2
    seconds = found.durations_s * is_scored
    common = common_times(found, seconds)
    matched = common
    if protocol.collar.is_matched_before:
        matched = common_times(found, found.durations_s * found.is_inside)
    speech_s = float(seconds @ n_ref)
    either_s = float(seconds @ np.minimum(n_ref, n_hyp))
    inside_s = found.durations_s * found.is_inside
    counts = [int(np.sum(inside_s @ side > 0)) for side in (found.ref, found.hyp)]
    return Score(
        speech_s=speech_s,
        missed_s=speech_s - either_s,
        false_alarm_s=float(seconds @ n_hyp) - either_s,
        confusion_s=max(either_s - float(common[best_matches(matched)].sum()), 0.0),
        jaccard=jaccard_errors(
            find_activity(
                in_frames(ref), in_frames(hyp), regions and in_frames(regions)
            )
        ),
        n_ref=counts[0],
        n_hyp=counts[1],
        n_wrong_by=abs(counts[0] - counts[1]),
        pure_s=float(common.max(axis=0, initial=0).sum()),
        covered_s=float(common.max(axis=1, initial=0).sum()),
        hyp_s=float(seconds @ n_hyp),
        n_channels=1,
        n_exact=int(counts[0] == counts[1]),
    )


def common_times(found: Activity, seconds: np.ndarray) -> np.ndarray:
    """Return how long each two speakers speak at once, in seconds: shape (R, H).

    Parameters
    ----------
    found : Activity
    seconds : ndarray of shape (P,)
        What counts of each piece.
    """
    return (found.ref * seconds[:, None]).T @ found.hyp  # (R, P) @ (P, H)


def best_matches(gains: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the one-to-one pairs of rows and columns with the greatest sum."""
    from scipy.optimize import linear_sum_assignment

    return linear_sum_assignment(gains, maximize=True)


def in_frames(items: Sequence[Placed]) -> list[Placed]:
    """Move the ends of turns or regions to the next frame.

    Example
    -------
    >>> in_frames([Region("a", "1", 0.201, 0.3)])
    [Region(file='a', channel='1', start_s=0.21, stop_s=0.3)]
    """
    if not items:
        return []
    ends = np.array([(item.start_s, item.stop_s) for item in items])
    frames = np.ceil(ends / FRAME_S)
    frames -= (frames - 1) * FRAME_S >= ends  # what the division rounded up or down
    frames += frames * FRAME_S < ends
    starts, stops = (frames * FRAME_S).T.tolist()
    return [
        item._replace(start_s=start, duration_s=stop - start)
        if isinstance(item, Turn)
        else item._replace(start_s=start, stop_s=stop)
        for item, start, stop in zip(items, starts, stops, strict=True)
    ]


def jaccard_errors(found: Activity) -> float:
    """Return the Jaccard errors, summed over the reference's speakers."""
    seconds = found.durations_s * found.is_inside
    common = common_times(found, seconds)
    of_ref, of_hyp = seconds @ found.ref, seconds @ found.hyp
    together = of_ref[:, None] + of_hyp - common
    index = common / np.where(together > 0, together, 1)
    return float(np.sum(of_ref > 0) - index[best_matches(index)].sum())


def score_recordings(
    ref: Sequence[Turn],
    hyp: Sequence[Turn],
    regions: Sequence[Region] | None = None,
    protocol: Protocol = Protocol(),
) -> dict[Place, Score]:
    """Score every channel of every recording that is to be scored.

    Parameters
    ----------
    ref, hyp : sequence of Turn
    regions : sequence of Region or None
        What is scored, other channels not at all; None: those of the reference.
    protocol : Protocol

    Returns
    -------
    dict of Score
        By file and channel, sorted.
    """
    ref_of, hyp_of = by_place(ref), by_place(hyp)
    if regions is None:
        return {
            place: score_channel(ref_of[place], hyp_of.get(place, []), None, protocol)
            for place in sorted(ref_of)
        }
    regions_of = by_place(regions)
    return {
        place: score_channel(
            ref_of.get(place, []), hyp_of.get(place, []), regions_of[place], protocol
        )
        for place in sorted(regions_of)
    }


def by_place(items: Iterable) -> dict[Place, list]:
    """Sort turns or regions into the channels of recordings that they are of."""
    found: dict[Place, list] = {}
    for item in items:
        found.setdefault((item.file, item.channel), []).append(item)
    return found

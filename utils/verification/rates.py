"""Error rates at a threshold, with intervals, and whether data can support them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from utils.metrics.bootstrap import Speakers

PAIRS_A_FALSE_ALARM = 10  # nontarget trials for each one that is to be expected
_TAIL = 0.025  # of a two-sided interval of 95 %


class Rate(NamedTuple):
    """A rate and its 95 % interval.

    Attributes
    ----------
    value, low, high : float
        In [0, 1].
    """

    value: float
    low: float
    high: float

    @property
    def text(self) -> str:
        """The rate and its interval in percent.

        Example
        -------
        >>> Rate(0.01, 0.005, 0.02).text
        '1.00 % (0.50 to 2.00)'
        """
        value, low, high = (100 * share for share in self)
        return f"{value:.2f} % ({low:.2f} to {high:.2f})"


class Rates(NamedTuple):
    """What a threshold did to measured trials.

    Attributes
    ----------
    far, frr : Rate
        Share of the nontarget trials that are accepted, and of the target trials that
        are rejected.
    n_target, n_nontarget : int
    """

    far: Rate
    frr: Rate
    n_target: int
    n_nontarget: int


def measure_rates(
    scores: np.ndarray, speakers: Speakers, threshold: float, counts: np.ndarray
) -> Rates:
    """Measure the error rates at a threshold; speakers are resampled, not trials.

    Parameters
    ----------
    scores : ndarray of shape (n_trials,)
    speakers : Speakers
        The two of each trial; equal ones make it a target trial.
    threshold : float
        Trials at or above it are accepted.
    counts : ndarray of shape (n_resamples, n_speakers)
        What `utils.metrics.bootstrap.draw_counts` returned.

    Returns
    -------
    Rates
        Where no trial, or every trial, is an error, resamples tell nothing: that end of
        the interval is then the exact binomial one of as many independent trials as
        there are speakers, or pairs of speakers (C. Clopper and E. Pearson,
        Biometrika 26 (1934)).

    Raises
    ------
    ValueError
        There are no target trials, or no nontarget trials.

    Example
    -------
    >>> from utils.metrics.bootstrap import Speakers, draw_counts
    >>> enrol, test = np.array([0, 1, 2, 0, 1, 2]), np.array([0, 1, 2, 1, 2, 0])
    >>> scores = np.array([3.0, 2.0, -1.0, -2.0, -3.0, 1.0])
    >>> speakers = Speakers(enrol, test, 3)
    >>> rates = measure_rates(scores, speakers, 0.0, draw_counts(3, 100, seed=0))
    >>> round(rates.far.value, 3), round(rates.frr.value, 3), rates.n_target
    (0.333, 0.333, 3)
    """
    size = speakers.n_speakers
    pair = speakers.enrol.astype(np.int64) * size + speakers.test  # (n_trials,)
    trials = np.bincount(pair, minlength=size**2).reshape(size, size)
    accepted = np.bincount(pair[scores >= threshold], minlength=size**2)
    accepted = accepted.reshape(size, size)  # (n_speakers²,) to a row an enrolment
    own, others = np.diag(trials), trials - np.diag(np.diag(trials))
    if not own.any() or not others.any():
        raise ValueError("error rates need target and nontarget trials")
    missed = own - np.diag(accepted)
    false_alarms = np.where(np.eye(size, dtype=bool), 0, accepted)
    return Rates(
        _rate(false_alarms, others, _over_pairs(counts, false_alarms, others)),
        _rate(missed, own, _ratio(counts @ missed, counts @ own)),
        int(own.sum()),
        int(others.sum()),
    )


def _over_pairs(
    counts: np.ndarray, errors: np.ndarray, trials: np.ndarray
) -> np.ndarray:
    """Resample pairs of speakers: a pair counts as often as both were drawn."""
    weights = counts.astype(np.float64)
    return _ratio(
        ((weights @ errors) * weights).sum(axis=1),
        ((weights @ trials) * weights).sum(axis=1),
    )


def _ratio(errors: np.ndarray, trials: np.ndarray) -> np.ndarray:
    return errors[trials > 0] / trials[trials > 0]


def _rate(errors: np.ndarray, trials: np.ndarray, resampled: np.ndarray) -> Rate:
    value = float(errors.sum() / trials.sum())
    low, high = map(float, np.quantile(resampled, [_TAIL, 1 - _TAIL]))
    one_in = _TAIL ** (1 / np.count_nonzero(trials))
    if value == 0:
        high = max(high, 1 - one_in)
    if value == 1:
        low = min(low, one_in)
    return Rate(value, low, high)


def shortage(far: float, n_speakers: int, n_utterances: int) -> str:
    """Say what is missing to measure a false-alarm rate; empty if nothing is.

    Ten false alarms are to be expected among the nontarget trials, and one pair of
    speakers among those that are compared must not decide the rate alone.

    Parameters
    ----------
    far : float
        In (0, 1).
    n_speakers : int
    n_utterances : int
        All speakers together; about as many each.

    Example
    -------
    >>> shortage(0.1, n_speakers=20, n_utterances=100)
    ''
    >>> shortage(0.01, n_speakers=10, n_utterances=100)
    'FAR 0.01 needs 15 speakers, 5 more'
    >>> shortage(0.01, n_speakers=20, n_utterances=20)
    'FAR 0.01 needs 1000 nontarget pairs, not 190: 3 utterances a speaker, 2 more'
    """
    pairs_needed = math.ceil(1 / far - 1e-9)
    speakers_needed = math.ceil((1 + math.sqrt(1 + 8 * pairs_needed)) / 2 - 1e-9)
    if n_speakers < speakers_needed:
        return (
            f"FAR {far:g} needs {speakers_needed} speakers, "
            f"{speakers_needed - n_speakers} more"
        )
    each = n_utterances / n_speakers
    speaker_pairs = n_speakers * (n_speakers - 1) // 2
    trials_needed = math.ceil(PAIRS_A_FALSE_ALARM / far - 1e-9)
    n_trials = round(speaker_pairs * each**2)
    if n_trials >= trials_needed:
        return ""
    each_needed = math.ceil(math.sqrt(trials_needed / speaker_pairs) - 1e-9)
    return (
        f"FAR {far:g} needs {trials_needed} nontarget pairs, not {n_trials}: "
        f"{each_needed} utterances a speaker, {math.ceil(each_needed - each)} more"
    )

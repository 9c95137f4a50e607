"""Uncertainty of error rates: resample speakers, not trials.

The trials of one speaker stand or fall together, so intervals that resample trials
are far too narrow. Here speakers are drawn with replacement, the same draw for the
enrolment and the test side. A speaker drawn m times brings their target trials m
times; a non-target trial of speakers drawn m and n times counts m n times. Trials
between two copies of one speaker are neither kind and do not occur.

N. Poh and S. Bengio, "Estimating the confidence interval of expected performance
curve in biometric authentication using joint bootstrap", ICASSP 2007.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from utils.metrics.costs import Preset
from utils.metrics.error_rates import Shares, cumulative_share, split_scores
from utils.metrics.evaluation import evaluate_sorted, sorted_scores


class Speakers(NamedTuple):
    """Who speaks in each trial, as numbers from 0.

    Attributes
    ----------
    enrol, test : ndarray of int, shape (n_trials,)
    n_speakers : int
    """

    enrol: np.ndarray
    test: np.ndarray
    n_speakers: int

    @property
    def are_same(self) -> np.ndarray:
        """Whether both sides of a trial are one speaker: bool, (n_trials,)."""
        return self.enrol == self.test


class ScoredTrials:
    """A scored trial list, sorted once and resampled often.

    Parameters
    ----------
    scores : ndarray of shape (n_trials,)
    is_target : ndarray of bool, shape (n_trials,)
    speakers : Speakers
    partition : ndarray of shape (n_trials,), optional
        Label of each trial's partition; all partitions then count alike, in every
        resample.

    Raises
    ------
    ValueError
        See `utils.metrics.error_rates.split_scores`; or a target trial has two
        speakers, or a non-target trial one.
    """

    def __init__(
        self,
        scores: np.ndarray,
        is_target: np.ndarray,
        speakers: Speakers,
        partition: np.ndarray | None = None,
    ) -> None:
        if (speakers.are_same != is_target).any():
            raise ValueError(
                "the speakers contradict the labels: targets have one speaker, "
                "non-targets two"
            )
        targets, nontargets = split_scores(scores, is_target)
        order, other = np.argsort(targets), np.argsort(nontargets)
        self.scores = sorted_scores(targets[order], nontargets[other])
        self.target_speaker = speakers.enrol[is_target][order].astype(np.int32)
        self.enrol = speakers.enrol[~is_target][other].astype(np.int32)
        self.test = speakers.test[~is_target][other].astype(np.int32)
        self.groups = None
        if partition is not None:
            codes = np.unique(partition, return_inverse=True)[1]
            self.groups = codes[is_target][order], codes[~is_target][other]

    def shares(self, counts: np.ndarray) -> Shares | None:
        """Count every speaker so many times: shape (n_speakers,).

        None where no trial of one kind is left.
        """
        of_targets = counts[self.target_speaker]
        of_nontargets = counts[self.enrol] * counts[self.test]
        if not of_targets.any() or not of_nontargets.any():
            return None
        if self.groups is not None:
            of_targets = _equalised(of_targets, self.groups[0])
            of_nontargets = _equalised(of_nontargets, self.groups[1])
        return Shares(cumulative_share(of_targets), cumulative_share(of_nontargets))


def _equalised(weights: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Scale weights so that every group sums to 1, or to 0 where it is empty."""
    totals = np.bincount(group, weights)
    return weights / np.where(totals > 0, totals, 1)[group]


class Resampling(NamedTuple):
    """Resamples of the speakers of a trial list.

    Attributes
    ----------
    speakers : Speakers
    counts : ndarray of shape (n_resamples, n_speakers)
        What `draw_counts` returned.
    nj : int
        Parallel threads.
    """

    speakers: Speakers
    counts: np.ndarray
    nj: int = 1

    def take(self, inside: np.ndarray) -> "Resampling":
        """Return the same resamples of some trials: bool, shape (n_trials,)."""
        enrol, test, n_speakers = self.speakers
        part = Speakers(enrol[inside], test[inside], n_speakers)
        return Resampling(part, self.counts, self.nj)

    def trials(
        self,
        scores: np.ndarray,
        is_target: np.ndarray,
        partition: np.ndarray | None = None,
    ) -> ScoredTrials:
        """Sort the scores of the trials, to be resampled."""
        return ScoredTrials(scores, is_target, self.speakers, partition)


def draw_counts(n_speakers: int, n_resamples: int, seed: int) -> np.ndarray:
    """Draw how often each speaker is in each resample.

    Returns
    -------
    ndarray of float32, shape (n_resamples, n_speakers)
        Every row sums to ``n_speakers``.

    Example
    -------
    >>> draw_counts(4, 2, seed=0).sum(axis=1).tolist()
    [4.0, 4.0]
    """
    rng = np.random.default_rng(seed)
    chances = np.full(n_speakers, 1 / n_speakers)
    return rng.multinomial(n_speakers, chances, size=n_resamples).astype(np.float32)


def bootstrap(
    systems: Sequence[ScoredTrials],
    p_targets: Sequence[str],
    counts: np.ndarray,
    nj: int = 1,
) -> list[pd.DataFrame]:
    """Compute all metrics of systems on the same resamples.

    Parameters
    ----------
    systems : sequence of ScoredTrials
        Scores of the same trials, one for each system.
    p_targets : sequence of str
        See `utils.metrics.evaluation.evaluate`.
    counts : ndarray of shape (n_resamples, n_speakers)
        What `draw_counts` returned.
    nj : int
        Parallel threads.

    Returns
    -------
    list of DataFrame
        For each system a row per resample and a column per metric, such as ``eer``
        and ``min_dcf 0.01``. Resamples without trials of one kind are left out.
    """
    from joblib import Parallel, delayed

    def metrics_of(system: ScoredTrials, row: np.ndarray) -> dict | None:
        shares = system.shares(row)
        if shares is None:
            return None
        return flat_metrics(evaluate_sorted(system.scores, shares, p_targets))

    tasks = (delayed(metrics_of)(system, row) for row in counts for system in systems)
    rows = Parallel(n_jobs=nj, prefer="threads")(tasks)
    of_systems = (rows[n :: len(systems)] for n in range(len(systems)))
    return [pd.DataFrame([row for row in own if row]) for own in of_systems]


def primary_cost_samples(samples: pd.DataFrame, preset: Preset) -> pd.DataFrame:
    """Return the primary cost of an evaluation in every resample.

    Parameters
    ----------
    samples : DataFrame
        What `bootstrap` returned for a system and the preset's priors.
    preset : Preset

    Returns
    -------
    DataFrame
        Columns ``min`` and ``act``.
    """
    means = {
        kind: samples[[f"{kind}_dcf {name}" for name in preset.names]].mean(axis=1)
        for kind in ("min", "act")
    }
    return pd.DataFrame(means)


def flat_metrics(metrics: dict) -> dict[str, float]:
    """Give the costs of each prior a name of their own.

    Example
    -------
    >>> flat_metrics({"eer": 0.1, "min_dcf": {"0.01": 0.5}})
    {'eer': 0.1, 'min_dcf 0.01': 0.5}
    """
    flat: dict[str, float] = {}
    for name, value in metrics.items():
        if isinstance(value, dict):
            flat |= {f"{name} {prior}": cost for prior, cost in value.items()}
        else:
            flat[name] = value
    return flat

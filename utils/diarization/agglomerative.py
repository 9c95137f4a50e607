"""Agglomerative clustering: the two most similar groups are joined, again and again.

Groups are as similar as their pairs of embeddings on average (average linkage), by
cosine.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from utils.backend.vectors import length_normalise
from utils.diarization.counts import ANY_COUNT, SpeakerCount, number_by_appearance
from utils.metrics.partitions import b_cubed

_NARROWEST = 1e-6  # variance of fitted Gaussians, as a share of that of all values


@dataclass(frozen=True)
class Agglomerative:
    """Join groups as long as they are similar enough.

    Attributes
    ----------
    threshold : float or None
        Least average cosine of groups that are joined. None: where two Gaussians fitted
        to the cosines of all pairs meet (`meeting_point`), which suits a conversation
        of few people.
    offset : float
        What is added to the threshold: below 0 fewer groups, above 0 more.
    least, most : float
        Bounds of a threshold that is found, for a recording of one voice, or of voices
        that are all another.
    least_size : int
        Embeddings of a group that counts where a number is asked for. Smaller ones are
        left beside so many, unless the next group to be parted is more alike than
        ``most``: then they are speakers themselves.

    Example
    -------
    >>> x = np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]])
    >>> Agglomerative(threshold=0.5)(x).tolist()
    [0, 0, 1]
    >>> Agglomerative(threshold=0.5)(x, SpeakerCount.exactly(1)).tolist()
    [0, 0, 0]
    """

    threshold: float | None
    offset: float = 0.0
    least: float = -1.0
    most: float = 1.0
    least_size: int = 1

    def __call__(
        self,
        embeddings: np.ndarray,
        count: SpeakerCount = ANY_COUNT,
        offsets: np.ndarray | None = None,
    ) -> np.ndarray:
        """Label embeddings; see `utils.diarization.counts.Clusterer`."""
        n = len(embeddings)
        if n < 2:
            return np.zeros(n, dtype=int)
        cosines = cosine_matrix(embeddings)
        threshold = self.threshold
        if threshold is None:
            pairs = cosines[np.triu_indices(n, 1)]
            threshold = float(np.clip(meeting_point(pairs), self.least, self.most))
        if offsets is not None:
            cosines += offsets
        merges, heights = joining_order(cosines)
        n_found = n - int(np.sum(heights >= threshold + self.offset))
        n_groups = min(count.clip(n_found), n)
        if n_groups != n_found:
            n_groups = self._with_small_ones(merges, heights, n_groups)
        return labels_after(merges, n - n_groups)

    def _with_small_ones(
        self, merges: np.ndarray, heights: np.ndarray, n_speakers: int
    ) -> int:
        """Return the number of groups of which so many have the least size."""
        n = len(merges) + 1
        for n_groups in range(n_speakers, n + 1):
            if n_groups > n_speakers and heights[n - n_groups] > self.most:
                break
            sizes = np.bincount(labels_after(merges, n - n_groups))
            if np.sum(sizes >= self.least_size) >= n_speakers:
                return n_groups
        return n_speakers


def cosine_matrix(embeddings: np.ndarray) -> np.ndarray:
    """Return the cosines of all pairs of embeddings (N, D): shape (N, N)."""
    unit = length_normalise(embeddings)
    return unit @ unit.T  # (N, D) @ (D, N)


def joining_order(cosines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which groups are joined, one pair after the other, and how similar.

    Parameters
    ----------
    cosines : ndarray of shape (N, N)

    Returns
    -------
    merges : ndarray of int, shape (N - 1, 2)
        Numbers below N are embeddings, N + m is what merge m made.
    similarities : ndarray of shape (N - 1,)
        Average cosines, not rising.
    """
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import squareform

    distances = squareform(1 - cosines, checks=False)  # (N, N) to (N (N - 1) / 2,)
    tree = linkage(distances, method="average")
    return tree[:, :2].astype(int), 1 - tree[:, 2]


def labels_after(merges: np.ndarray, n_merges: int) -> np.ndarray:
    """Return the groups after the first merges, numbered as they appear.

    Example
    -------
    >>> labels_after(np.array([[0, 2], [1, 3]]), 1).tolist()
    [0, 1, 0]
    """
    n = len(merges) + 1
    parent = np.arange(n + n_merges)
    for m, pair in enumerate(merges[:n_merges]):
        parent[pair] = n + m
    for node in range(n + n_merges - 1, -1, -1):  # parents have the higher numbers
        parent[node] = parent[parent[node]]
    return number_by_appearance(parent[:n])


def meeting_point(values: np.ndarray, n_iterations: int = 20) -> float:
    """Return where two Gaussians of one variance, fitted to values, are equally likely.

    F. Landini et al., "Bayesian HMM clustering of x-vector sequences (VBx) in speaker
    diarization", Computer Speech and Language 71 (2022), section 3.1.

    Parameters
    ----------
    values : ndarray of shape (n,)
    n_iterations : int
        Steps of expectation maximisation.

    Example
    -------
    >>> values = np.random.default_rng(0).normal([0.0, 1.0], 0.1, (500, 2)).ravel()
    >>> round(meeting_point(values), 1)
    0.5
    """
    from scipy.special import expit

    mean, variance = values.mean(), values.var()
    if variance == 0:
        return float(mean)
    least_variance = _NARROWEST * variance
    means = mean + np.sqrt(variance) * np.array([-1.0, 1.0])
    weights = np.array([0.5, 0.5])
    for _ in range(n_iterations):
        # the log odds of the upper one are linear in the value, as variances are equal
        slope = (means[1] - means[0]) / variance
        bias = np.log(weights[1] / weights[0]) - slope * means.mean()
        upper = expit(slope * values + bias)  # (n,)
        posteriors = np.stack([1 - upper, upper])  # (2, n)
        shares = posteriors.sum(axis=1)
        if shares.min() < 1:
            break
        weights = shares / len(values)
        means = posteriors @ values / shares
        variance = (posteriors @ values**2 / shares - means**2) @ weights
        variance = max(variance, least_variance)
    log_odds = np.log(weights[1] / weights[0])
    spread = means[1] - means[0]
    return float((means[0] + means[1]) / 2 - variance * log_odds / spread)


def calibrate_threshold(
    sets: Sequence[tuple[np.ndarray, np.ndarray]], candidates: np.ndarray
) -> tuple[float, float]:
    """Find the threshold that groups sets of known speakers best.

    Parameters
    ----------
    sets : sequence of (ndarray of shape (N, D), ndarray of shape (N,))
        Embeddings and speakers, of a conversation each.
    candidates : ndarray of shape (n,)
        Thresholds to try.

    Returns
    -------
    threshold : float
        The middle of those that are best.
    f_measure : float
        Mean B-cubed F over the sets at it.

    Example
    -------
    >>> x = np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]])
    >>> calibrate_threshold([(x, np.array([0, 0, 1]))], np.array([0.0, 0.4, 0.6, 1.0]))
    (0.5, 1.0)
    """
    scores = np.zeros(len(candidates))
    for embeddings, speakers in sets:
        merges, similarities = joining_order(cosine_matrix(embeddings))
        for n, threshold in enumerate(candidates):
            labels = labels_after(merges, int(np.sum(similarities >= threshold)))
            scores[n] += b_cubed(speakers, labels).f_measure / len(sets)
    best = candidates[scores >= scores.max() - 1e-12]
    return float((best[0] + best[-1]) / 2), float(scores.max())

"""Spectral clustering whose pruning and number of groups are found by eigengaps.

T. J. Park et al., "Auto-tuning spectral clustering for speaker diarization using
normalized maximum eigengap", IEEE Signal Processing Letters 27 (2020).
"""

from dataclasses import dataclass

import numpy as np

from utils.diarization.agglomerative import cosine_matrix
from utils.diarization.counts import ANY_COUNT, SpeakerCount, number_by_appearance


@dataclass(frozen=True)
class Spectral:
    """Cut the graph of each embedding's nearest neighbours where it is thinnest.

    Takes time with the cube of the number of embeddings: for up to some 3000.

    Attributes
    ----------
    most_speakers : int
        Largest number to be found where no bound is given.
    fewest_neighbours : int
        Fewest neighbours of an embedding that are tried, itself included: with two,
        many data fall into pairs.
    largest_share : float
        Most neighbours of an embedding that are tried, as a share of all embeddings.
    n_candidates : int
        How many numbers of neighbours are tried.
    seed : int
        Where the k-means begins.

    Example
    -------
    >>> x = np.repeat(np.eye(2), 10, axis=0)
    >>> x = x + np.random.default_rng(0).normal(0, 0.1, x.shape)
    >>> Spectral(8, fewest_neighbours=3, largest_share=0.5, n_candidates=9)(x).tolist()
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
    """

    most_speakers: int
    fewest_neighbours: int
    largest_share: float
    n_candidates: int
    seed: int = 0

    def __call__(
        self,
        embeddings: np.ndarray,
        count: SpeakerCount = ANY_COUNT,
        offsets: np.ndarray | None = None,
    ) -> np.ndarray:
        """Label embeddings; see `utils.diarization.counts.Clusterer`."""
        n = len(embeddings)
        if n <= count.fewest or n < 3:
            return np.arange(n) if n <= count.fewest else np.zeros(n, dtype=int)
        most = min(count.most or max(self.most_speakers, count.fewest), n - 1)
        if most == 1:
            return np.zeros(n, dtype=int)
        cosines = cosine_matrix(embeddings)
        if offsets is not None:
            cosines += offsets
        best = min(
            (self.eigengap(cosines, p, most) for p in self.candidates(n)),
            key=lambda found: found.ratio,
        )
        n_groups = count.fewest + int(np.argmax(best.gaps[count.fewest - 1 :]))
        if n_groups == 1:
            return np.zeros(n, dtype=int)
        return self.cut(pruned_laplacian(cosines, best.n_neighbours), n_groups)

    def candidates(self, n: int) -> np.ndarray:
        """Return the numbers of neighbours to try among n embeddings, itself included.

        Example
        -------
        >>> Spectral(8, 3, 0.25, 5).candidates(100).tolist()
        [3, 5, 9, 15, 25]
        """
        fewest = min(self.fewest_neighbours, n)
        largest = max(int(self.largest_share * n), fewest)
        steps = np.geomspace(fewest, largest, self.n_candidates)
        return np.unique(steps.round().astype(int))

    def eigengap(self, cosines: np.ndarray, n_neighbours: int, most: int) -> "Eigengap":
        """Measure the eigenvalues of a pruned graph, for up to so many groups."""
        values = np.linalg.eigvalsh(pruned_laplacian(cosines, n_neighbours))
        gaps = np.diff(values[: most + 1])
        normalised = gaps.max() / (values[-1] + 1e-10)  # g_p
        return Eigengap(n_neighbours, gaps, n_neighbours / (normalised + 1e-10))

    def cut(self, laplacian: np.ndarray, n_groups: int) -> np.ndarray:
        """Group the rows of the first eigenvectors by k-means."""
        from scipy.linalg import eigh
        from sklearn.cluster import KMeans

        vectors = eigh(laplacian, subset_by_index=[0, n_groups - 1])[1]
        means = KMeans(n_groups, n_init=10, random_state=self.seed)
        return number_by_appearance(means.fit_predict(vectors))


@dataclass(frozen=True)
class Eigengap:
    """What the eigenvalues of a pruned graph say.

    Attributes
    ----------
    n_neighbours : int
        p: how many each embedding keeps.
    gaps : ndarray of shape (most,)
        Gap n is that behind the first n + 1 eigenvalues.
    ratio : float
        r(p) = p / g_p, with g_p the largest gap over the largest eigenvalue: the
        smaller, the purer are the groups.
    """

    n_neighbours: int
    gaps: np.ndarray
    ratio: float


def pruned_laplacian(cosines: np.ndarray, n_neighbours: int) -> np.ndarray:
    """Return the Laplacian of the graph in which all keep their nearest neighbours.

    Parameters
    ----------
    cosines : ndarray of shape (N, N)
    n_neighbours : int
        With each embedding itself.

    Returns
    -------
    ndarray of shape (N, N)

    Example
    -------
    >>> pruned_laplacian(np.array([[1, 0.9, 0], [0.9, 1, 0.1], [0, 0.1, 1]]), 2)
    array([[ 1. , -1. ,  0. ],
           [-1. ,  1.5, -0.5],
           [ 0. , -0.5,  0.5]])
    """
    nearest = np.argpartition(-cosines, n_neighbours - 1, axis=1)[:, :n_neighbours]
    graph = np.zeros(cosines.shape)
    np.put_along_axis(graph, nearest, 1.0, axis=1)
    graph = (graph + graph.T) / 2
    np.fill_diagonal(graph, 0)
    return np.diag(graph.sum(axis=1)) - graph + 0.0

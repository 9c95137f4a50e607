"""The speakers of a conversation so far, and which of them is heard now."""

import numpy as np

from utils.backend.vectors import length_normalise

NOBODY = -1


class SpeakerCentres:
    """Mean voices that grow with the conversation; a speaker never goes away.

    A voice is given to the speaker that it is nearest to by cosine, voices heard at one
    time to different ones; a voice that is far from everybody is somebody new, if there
    is enough of it: J. M. Coria et al., "Overlap-aware low-latency online speaker
    diarization based on end-to-end local segmentation", ASRU 2021 (arXiv 2109.06483),
    section 2.2.

    Parameters
    ----------
    threshold : float
        Least cosine of a voice and its speaker.
    new_s : float
        Speech alone that makes a new speaker.
    most : int, optional
        Speakers; None for as many as are found.

    Example
    -------
    >>> centres = SpeakerCentres(threshold=0.5, new_s=1.0)
    >>> centres.assign(np.eye(2), np.array([2.0, 2.0]))
    array([0, 1])
    >>> centres.update(np.eye(2), np.array([0, 1]), np.array([2.0, 2.0]))
    >>> centres.assign(np.array([[0.3, 0.9]]), np.array([2.0]))
    array([1])
    """

    def __init__(self, threshold: float, new_s: float, most: int | None = None) -> None:
        self.threshold, self.new_s, self.most = threshold, new_s, most
        self._sums = np.zeros((0, 0))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._sums)

    @property
    def means(self) -> np.ndarray:
        """The voice of each speaker, of unit length: shape (K, D)."""
        return length_normalise(self._sums)

    def assign(
        self,
        embeddings: np.ndarray,
        clean_s: np.ndarray,
        bonus: np.ndarray | None = None,
    ) -> np.ndarray:
        """Give voices that are heard at one time to speakers.

        Parameters
        ----------
        embeddings : ndarray of shape (n, D)
        clean_s : ndarray of shape (n,)
            Speech of each that is not under another's.
        bonus : ndarray of shape (n, K), optional
            What speaks for a speaker beside the voice, such as having just talked.

        Returns
        -------
        ndarray of int, shape (n,)
            Numbers from K on are new speakers; -1 is nobody, where all speakers talk
            already.
        """
        from scipy.optimize import linear_sum_assignment

        n_voices, n_speakers = len(embeddings), len(self)
        labels = np.full(n_voices, NOBODY)
        likeness = np.zeros((n_voices, 0))
        if n_speakers:
            likeness = length_normalise(embeddings) @ self.means.T  # (n, K)
            if bonus is not None:
                likeness = likeness + bonus
        for row, speaker in zip(*linear_sum_assignment(-likeness), strict=True):
            if likeness[row, speaker] >= self.threshold:
                labels[row] = speaker
        for row in np.flatnonzero(labels == NOBODY):
            n_all = max(n_speakers, labels.max(initial=NOBODY) + 1)
            if clean_s[row] >= self.new_s and (self.most is None or n_all < self.most):
                labels[row] = n_all
        self._fill(labels, likeness)
        return labels

    def _fill(self, labels: np.ndarray, likeness: np.ndarray) -> None:
        """Give voices that are left to the nearest speakers that are free."""
        for row in np.flatnonzero(labels == NOBODY):
            free = np.setdiff1d(np.arange(likeness.shape[1]), labels)
            if len(free):
                labels[row] = free[likeness[row, free].argmax()]

    def update(
        self, embeddings: np.ndarray, labels: np.ndarray, weights: np.ndarray
    ) -> None:
        """Let speakers' voices grow.

        Parameters
        ----------
        embeddings : ndarray of shape (n, D)
        labels : ndarray of int, shape (n,)
            What `assign` returned.
        weights : ndarray of shape (n,)
            Above 0 for new speakers; those of nobody are not used.
        """
        n_all = max(len(self), labels.max(initial=NOBODY) + 1)
        sums = np.zeros((n_all, embeddings.shape[1]))
        sums[: len(self)] = self._sums if len(self) else 0
        known = labels != NOBODY
        vectors = length_normalise(embeddings)[known]
        np.add.at(sums, labels[known], weights[known, None] * vectors)
        self._sums = sums

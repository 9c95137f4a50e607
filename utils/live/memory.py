"""The voices of a conversation so far, and which of its speakers is heard now."""

from typing import NamedTuple

import numpy as np

from utils.backend.vectors import length_normalise
from utils.diarization.counts import Clusterer

NOBODY = -1


class MemoryRules(NamedTuple):
    """When somebody is new, and what is remembered.

    Attributes
    ----------
    threshold : float
        Least cosine of a voice and a group's; below it the voice is somebody new's.
    new_s : float
        Speech alone that makes a new speaker.
    reliable_s : float
        Speech alone of a voice by which groups are made.
    smallest_s : float
        Speech of a group that is told to be a speaker of its own, though all of it was
        told to be others'.
    most : int, optional
        Speakers; None for as many as are found.
    most_voices : int
        Voices that are remembered; of more, alike ones that follow each other are
        joined.
    """

    threshold: float
    new_s: float
    reliable_s: float = 0.0
    smallest_s: float = 0.0
    most: int | None = None
    most_voices: int = 400


class Remembered(NamedTuple):
    """Voices of the conversation, in the order of time.

    Attributes
    ----------
    voices : ndarray of shape (n, D)
        They have unit length.
    clean_s, weights : ndarray of shape (n,)
        Speech alone, and new speech, in seconds.
    speakers : ndarray of int, shape (n,)
        What was told.
    """

    voices: np.ndarray
    clean_s: np.ndarray
    weights: np.ndarray
    speakers: np.ndarray

    def take(self, kept: np.ndarray) -> "Remembered":
        """Return some of them."""
        return Remembered(*(own[kept] for own in self))

    def then(self, more: "Remembered") -> "Remembered":
        """Return these and later ones."""
        return Remembered(*map(np.concatenate, zip(self, more, strict=True)))


class SpeakerMemory:
    """Groups all voices so far anew after every step; what was told stays.

    A group goes on as the speaker that most of it was told to be. So a speaker who was
    begun by mistake is left, and somebody who was taken for another is found, from then
    on. A voice is given to the group that it is nearest to by cosine, voices heard at
    one time to different ones; a voice that is far from all is somebody new, if there
    is enough of it. Centres of what was told alone, as in J. M. Coria et al.,
    "Overlap-aware low-latency online speaker diarization based on end-to-end local
    segmentation", ASRU 2021 (arXiv 2109.06483), section 2.2, keep their first mistakes.

    Parameters
    ----------
    clusterer : Clusterer
        Makes the groups.
    rules : MemoryRules

    Example
    -------
    >>> from utils.diarization.agglomerative import Agglomerative
    >>> rules = MemoryRules(threshold=0.5, new_s=1.0)
    >>> memory = SpeakerMemory(Agglomerative(threshold=0.5), rules)
    >>> memory.assign(np.eye(2), np.array([2.0, 2.0]))
    array([0, 1])
    >>> lengths = np.array([2.0, 2.0])
    >>> memory.update(np.eye(2), lengths, np.array([0, 1]), lengths)
    >>> memory.assign(np.array([[0.3, 0.9]]), np.array([2.0]))
    array([1])
    """

    def __init__(self, clusterer: Clusterer, rules: MemoryRules) -> None:
        self.clusterer, self.rules = clusterer, rules
        self._n_speakers = 0
        self._heard: Remembered | None = None
        self._centres = np.zeros((0, 0))  # of the groups (G, D)
        self._owners = np.zeros(0, dtype=int)  # speaker of each group, or nobody

    def __len__(self) -> int:
        """Return how many speakers were told."""
        return self._n_speakers

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

        labels = np.full(len(embeddings), NOBODY)
        likeness = self._likeness(embeddings, bonus)  # (n, G)
        is_long = clean_s >= self.rules.new_s
        for row, group in zip(*linear_sum_assignment(-likeness), strict=True):
            if likeness[row, group] >= self.rules.threshold:
                owner = self._owners[group]
                labels[row] = self._next(labels) if owner == NOBODY else owner
        for row in np.flatnonzero((labels == NOBODY) & is_long):
            labels[row] = self._next(labels)
        self._fill(labels, likeness)
        return labels

    def _likeness(self, embeddings: np.ndarray, bonus: np.ndarray | None) -> np.ndarray:
        """Compare voices (n, D) with the groups' centres: (n, G)."""
        if not len(self._centres):
            return np.zeros((len(embeddings), 0))
        likeness = length_normalise(embeddings) @ self._centres.T
        if bonus is not None:
            is_owned = self._owners != NOBODY
            likeness[:, is_owned] += bonus[:, self._owners[is_owned]]
        return likeness

    def _next(self, labels: np.ndarray) -> int:
        """Return the number of a new speaker, or nobody's if there are the most."""
        number = max(self._n_speakers, labels.max(initial=NOBODY) + 1)
        is_full = self.rules.most is not None and number >= self.rules.most
        return NOBODY if is_full else int(number)

    def _fill(self, labels: np.ndarray, likeness: np.ndarray) -> None:
        """Give voices that are left to the nearest speakers that are free."""
        for row in np.flatnonzero(labels == NOBODY):
            is_free = (self._owners != NOBODY) & ~np.isin(self._owners, labels)
            if is_free.any():
                nearest = np.where(is_free, likeness[row], -np.inf).argmax()
                labels[row] = self._owners[nearest]

    def update(
        self,
        embeddings: np.ndarray,
        clean_s: np.ndarray,
        labels: np.ndarray,
        weights: np.ndarray,
    ) -> None:
        """Remember voices, and group all of them anew.

        Parameters
        ----------
        embeddings, clean_s
            As in `assign`.
        labels : ndarray of int, shape (n,)
            What `assign` returned.
        weights : ndarray of shape (n,)
            New speech of each, in seconds; above 0 for new speakers. Voices without
            any, and those of nobody, are not remembered.
        """
        kept = (labels != NOBODY) & (weights > 0)
        if not kept.any():
            return
        self._n_speakers = max(self._n_speakers, int(labels.max()) + 1)
        voices = length_normalise(embeddings)
        new = Remembered(voices, clean_s, weights, labels).take(kept)
        heard = new if self._heard is None else self._heard.then(new)
        while len(heard.voices) > self.rules.most_voices:
            fewer = join_alike(heard)
            if fewer is None:
                break
            heard = fewer
        self._heard = heard
        self._group(heard)

    def _group(self, heard: Remembered) -> None:
        """Group reliable voices; a speaker without any keeps the others."""
        used = heard.take(heard.clean_s >= self.rules.reliable_s)
        groups = self.clusterer(used.voices)
        owners = owners_of(groups, used.speakers, used.weights)
        sizes_s = np.bincount(groups, used.weights, minlength=len(owners))
        is_kept = (owners != NOBODY) | (sizes_s >= self.rules.smallest_s)
        shares = (groups == np.flatnonzero(is_kept)[:, None]) * used.weights  # (G, n)
        brief = np.setdiff1d(heard.speakers, used.speakers)
        brief_shares = (heard.speakers == brief[:, None]) * heard.weights  # (G', N)
        centres = [shares @ used.voices, brief_shares @ heard.voices]
        self._centres = length_normalise(np.concatenate(centres))
        self._owners = np.concatenate([owners[is_kept], brief])


def join_alike(heard: Remembered) -> Remembered | None:
    """Join the most alike of a speaker's voices that follow each other.

    Returns
    -------
    Remembered or None
        One less; None where every speaker has a single voice.
    """
    order = np.argsort(heard.speakers, kind="stable")
    is_same = np.diff(heard.speakers[order]) == 0
    if not is_same.any():
        return None
    ordered = heard.voices[order]
    cosines = np.sum(ordered[1:] * ordered[:-1], axis=1)
    place = np.where(is_same, cosines, -np.inf).argmax()
    first, second = pair = order[place : place + 2]
    joined = heard.weights[pair] @ heard.voices[pair]  # (D,)
    fewer = heard.take(np.arange(len(order)) != first)
    row = second - 1  # the second came after the first, which is gone
    fewer.voices[row] = length_normalise(joined[None])[0]
    fewer.weights[row] = heard.weights[pair].sum()
    fewer.clean_s[row] = heard.clean_s[pair].max()
    return fewer


def owners_of(
    groups: np.ndarray, speakers: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Match groups with the speakers that most of them were told to be.

    Parameters
    ----------
    groups, speakers : ndarray of int, shape (n,)
        The group and the speaker of each voice.
    weights : ndarray of shape (n,)

    Returns
    -------
    ndarray of int, shape (G,)
        Each speaker at most once; -1 for groups that are left over.

    Example
    -------
    >>> owners_of(np.array([0, 0, 1, 2]), np.array([1, 1, 1, 0]), np.ones(4)).tolist()
    [1, -1, 0]
    """
    from scipy.optimize import linear_sum_assignment

    n_groups, n_speakers = groups.max(initial=-1) + 1, speakers.max(initial=-1) + 1
    together = np.zeros((n_groups, n_speakers))
    np.add.at(together, (groups, speakers), weights)
    owners = np.full(n_groups, NOBODY)
    for group, speaker in zip(*linear_sum_assignment(-together), strict=True):
        if together[group, speaker] > 0:
            owners[group] = speaker
    return owners

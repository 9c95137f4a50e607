"""Who of the people in a store is speaking, or nobody of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from utils.speakers.people import ENROLLED, Person
from utils.systems.opened import OpenedSystem
from utils.verification.decisions import Decisions

_SPARE = 100  # nearest people beyond those asked for, as products are rounded
_BLOCK = 1024  # products whose maximum is taken
_UPDATES_SHARE = 0.5  # of a model's weight, at most; the rest is the enrolment's


class Match(NamedTuple):
    """A person and how well they fit: natural-log likelihood ratio, or score."""

    name: str
    llr: float


class Identification(NamedTuple):
    """The answer to who it is.

    Attributes
    ----------
    matches : list of Match
        The best first.
    threshold : float or None
        What the best has to reach in a gallery of this size; None in a closed set.
    """

    matches: list[Match]
    threshold: float | None

    @property
    def name(self) -> str | None:
        """The person; None for somebody who is not in the store."""
        best = self.matches[0]
        if self.threshold is not None and best.llr < self.threshold:
            return None
        return best.name

    @property
    def text(self) -> str:
        """The answer in words.

        Example
        -------
        >>> matches = [Match("anna", 1.3), Match("bo", -2.0)]
        >>> Identification(matches, 2.9).text
        'unknown; nearest anna 1.30, needs 2.90'
        >>> Identification(matches, 1.0).text
        'anna 1.30, 3.30 before bo, needs 1.00'
        """
        best, *others = self.matches
        needs = "" if self.threshold is None else f", needs {self.threshold:.2f}"
        if self.name is None:
            return f"unknown; nearest {best.name} {best.llr:.2f}{needs}"
        margin = f", {best.llr - others[0].llr:.2f} before {others[0].name}"
        return f"{best.name} {best.llr:.2f}{margin if others else ''}{needs}"


def threshold_for_gallery(decisions: Decisions, n_people: int, fpir: float) -> float:
    """Return what the best of many must reach, so that strangers rarely do.

    A stranger is compared with everybody. Where the comparisons are independent, one of
    N reaches a threshold whose false-alarm rate is f with 1 - (1 - f)^N, the false
    positive identification rate; where they are not, more rarely.

    Parameters
    ----------
    decisions : Decisions
    n_people : int
    fpir : float
        In (0, 1).
    """
    return decisions.tail.threshold(-np.expm1(np.log1p(-fpir) / n_people))


def nearest(products: np.ndarray, n: int) -> np.ndarray:
    """Return the places of the n greatest, and perhaps of some more, in rising order.

    The n-th greatest of the blocks' maxima is reached by n values at least, so that the
    n greatest all reach it. That reads (N,) values once, without sorting them.

    Example
    -------
    >>> nearest(np.array([3.0, 1.0, 2.0, 5.0]), 2)
    array([0, 3])
    """
    size = max(1, min(_BLOCK, len(products) // (4 * n)))
    maxima = np.maximum.reduceat(products, np.arange(0, len(products), size))
    n = min(n, len(maxima))
    return np.flatnonzero(products >= np.partition(maxima, -n)[-n])


def person_embedding(
    exemplars: Sequence[np.ndarray], kinds: Sequence[str]
) -> np.ndarray:
    """Join a person's exemplars (n, D) to one vector (D,) of unit length.

    The mean of those enrolled and the mean of those taken in later, the latter with at
    most half of the weight: whatever comes in later, the enrolment stays.

    Example
    -------
    >>> vectors = [np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.array([0.0, 1.0])]
    >>> person_embedding(vectors, ["enrolled", "updated", "updated"]).round(3)
    array([0.707, 0.707])
    """
    vectors = np.stack(exemplars).astype(np.float64)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    is_enrolled = np.array([kind == ENROLLED for kind in kinds])
    joined = vectors.mean(axis=0)
    if is_enrolled.any() and not is_enrolled.all():
        share = min(float(np.mean(~is_enrolled)), _UPDATES_SHARE)
        means = vectors[is_enrolled].mean(axis=0), vectors[~is_enrolled].mean(axis=0)
        joined = (1 - share) * means[0] + share * means[1]
    return joined / np.linalg.norm(joined)


@dataclass(frozen=True)
class Gallery:
    """People to choose from, scored by a system.

    Attributes
    ----------
    system : OpenedSystem
    names : list of str, length N
    embeddings : ndarray of float32, shape (N, D)
        One a person, of unit length.
    """

    system: OpenedSystem
    names: list[str]
    embeddings: np.ndarray

    @classmethod
    def of(cls, system: OpenedSystem, people: Sequence[Person]) -> "Gallery":
        """Join everybody's exemplars.

        Raises
        ------
        ValueError
            There is nobody.
        """
        embeddings = [
            person_embedding(
                [own.embedding for own in person.exemplars],
                [own.kind for own in person.exemplars],
            )
            for person in people
        ]
        if not embeddings:
            raise ValueError("nobody is enrolled")
        names = [person.name for person in people]
        return cls(system, names, np.stack(embeddings).astype(np.float32))

    def score(
        self, embedding: np.ndarray, places: np.ndarray | None = None
    ) -> np.ndarray:
        """Score people with a recording (D,): ratios where calibrated.

        Parameters
        ----------
        embedding : ndarray of shape (D,)
        places : ndarray of int, shape (n,), optional
            Who; None for everybody, (N,).
        """
        own = self.embeddings if places is None else self.embeddings[places]
        models = self.system.enrol(list(own[:, None]))
        scores, llrs, _ = self.system.score(models, embedding[None])
        return (scores if llrs is None else llrs)[:, 0]

    def identify(
        self, embedding: np.ndarray, threshold: float | None = None, k: int = 3
    ) -> Identification:
        """Find the best k people for a recording (D,).

        With a cosine, of unit vectors, scores are in the order of one product of the
        matrix with the recording; only the nearest are scored by the system. With other
        back-ends everybody is.
        """
        places = np.arange(len(self.names))
        if self.system.backend.is_cosine:
            products = self.embeddings @ embedding.astype(np.float32)  # (N,)
            places = nearest(products, k + _SPARE)
        llrs = self.score(embedding, places)
        best = np.argsort(-llrs, kind="stable")[:k]
        matches = [
            Match(self.names[place], float(llr))
            for place, llr in zip(places[best], llrs[best], strict=True)
        ]
        return Identification(matches, threshold)

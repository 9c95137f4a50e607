"""Who of the people in a store is speaking, or nobody of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from utils.runtime.errors import UserError
from utils.speakers.people import Person, divide
from utils.systems.opened import OpenedSystem
from utils.verification.decisions import Decisions
from utils.verification.enrolment import join

_SPARE = 100  # nearest people beyond those asked for, as products are rounded
_BLOCK = 1024  # products whose maximum is taken
_LATER_SHARE = 0.5  # of a ratio, at most; the rest is the enrolment's


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
        >>> Identification(matches[:1], None).text
        'anna 1.30'
        """
        best, *others = self.matches
        needs = "" if self.threshold is None else f", needs {self.threshold:.2f}"
        if self.name is None:
            return f"unknown; nearest {best.name} {best.llr:.2f}{needs}"
        before = [f", {best.llr - own.llr:.2f} before {own.name}" for own in others[:1]]
        return "".join([f"{best.name} {best.llr:.2f}", *before, needs])


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

    Raises
    ------
    UserError
        It is no such rate.
    """
    if not 0 < fpir < 1:
        raise UserError(f"--fpir {fpir:g}: a rate lies between 0 and 1")
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


class Later(NamedTuple):
    """What was taken in after the enrolment, of those people who have some.

    Attributes
    ----------
    places : ndarray of int, shape (n,)
        Rising places of the people in the gallery.
    embeddings : ndarray of float32, shape (n, D)
        One a person, of unit length.
    shares : ndarray of shape (n,)
        What their ratios weigh beside the enrolment's.
    shifts : ndarray of shape (n,)
        What is taken off their ratios: see `Decisions.enrolment_shift`.
    """

    places: np.ndarray
    embeddings: np.ndarray
    shares: np.ndarray
    shifts: np.ndarray

    @classmethod
    def of(
        cls, people: Sequence[Person], dim: int, decisions: Decisions | None
    ) -> "Later":
        """Join everybody's later exemplars: vectors of ``dim``."""
        places, embeddings, shares = [], [np.empty((0, dim), np.float32)], []
        lengths = []
        for place, person in enumerate(people):
            enrolled, later = divide(person.exemplars)
            if later:
                places.append(place)
                embeddings.append(join([own.embedding for own in later])[None])
                shares.append(share_of_later(len(enrolled), len(later)))
                lengths.append([own.speech_s for own in later])
        vectors = np.concatenate(embeddings).astype(np.float32)
        shifts = shifts_of(lengths, decisions)
        return cls(np.array(places, int), vectors, np.array(shares), shifts)


def shifts_of(
    lengths: Sequence[Sequence[float]], decisions: Decisions | None
) -> np.ndarray:
    """Return what is taken off the ratios of people, by their recordings' seconds."""
    shift = decisions.enrolment_shift if decisions else lambda _: 0.0
    return np.array([shift(own) for own in lengths], dtype=np.float32)


def share_of_later(n_enrolled: int, n_later: int) -> float:
    """Return what recordings taken in later weigh beside those of the enrolment.

    As much as they are, at most half: the ratio of a person is the weighted mean of
    two, with the enrolment and with what came later. Joining all of them to one vector
    instead, and scaling it to unit length, would bring it nearer to everybody.

    Example
    -------
    >>> share_of_later(3, 1), share_of_later(3, 10)
    (0.25, 0.5)
    """
    return min(n_later / (n_enrolled + n_later), _LATER_SHARE)


@dataclass(frozen=True)
class Gallery:
    """People to choose from, scored by a system.

    Attributes
    ----------
    system : OpenedSystem
    names : list of str, length N
    embeddings : ndarray of float32, shape (N, D)
        The enrolment of each, joined, of unit length.
    later : Later, optional
    shifts : ndarray of float32, shape (N,), optional
        What is taken off the ratios: see `Decisions.enrolment_shift`; None for nothing.
    decisions : Decisions, optional
        Tell what is taken off for the length of a recording.
    """

    system: OpenedSystem
    names: list[str]
    embeddings: np.ndarray
    later: Later | None = None
    shifts: np.ndarray | None = None
    decisions: Decisions | None = None

    @classmethod
    def of(
        cls,
        system: OpenedSystem,
        people: Sequence[Person],
        decisions: Decisions | None = None,
    ) -> "Gallery":
        """Join everybody's exemplars.

        Parameters
        ----------
        system : OpenedSystem
        people : sequence of Person
        decisions : Decisions, optional
            What was measured of the system.

        Raises
        ------
        ValueError
            There is nobody.
        """
        if not people:
            raise ValueError("nobody is enrolled")
        enrolled = [divide(person.exemplars)[0] for person in people]
        embeddings = np.stack([
            join([own.embedding for own in exemplars]) for exemplars in enrolled
        ]).astype(np.float32)  # fmt: skip
        names = [person.name for person in people]
        later = Later.of(people, embeddings.shape[1], decisions)
        lengths = [[own.speech_s for own in exemplars] for exemplars in enrolled]
        shifts = shifts_of(lengths, decisions)
        return cls(system, names, embeddings, later, shifts, decisions)

    def score(
        self, embedding: np.ndarray, places: np.ndarray | None = None,
        speech_s: float = 0.0,
    ) -> np.ndarray:  # fmt: skip
        """Score people with a recording (D,): ratios where calibrated.

        Parameters
        ----------
        embedding : ndarray of shape (D,)
        places : ndarray of int, shape (n,), optional
            Who; None for everybody, (N,).
        speech_s : float
            Seconds of speech in the recording; 0 where it is as those that the system
            was measured on.
        """
        places = np.arange(len(self.names)) if places is None else places
        llrs = self._score(self.embeddings[places], embedding)
        if self.shifts is not None:
            llrs -= self.shifts[places]
        if self.later is not None:
            _, at, own = np.intersect1d(places, self.later.places, return_indices=True)
            later = self._score(self.later.embeddings[own], embedding)
            later -= self.later.shifts[own]
            llrs[at] += self.later.shares[own] * (later - llrs[at])
        return llrs - (self.decisions.test_shift(speech_s) if self.decisions else 0.0)

    def _score(self, vectors: np.ndarray, embedding: np.ndarray) -> np.ndarray:
        """Score vectors (n, D), each a model, with a recording: (n,)."""
        if not len(vectors):
            return np.empty(0)
        models = self.system.enrol(list(vectors[:, None]))
        scores, llrs, _ = self.system.score(models, embedding[None])
        return (scores if llrs is None else llrs)[:, 0].astype(np.float64)

    def identify(
        self, embedding: np.ndarray, threshold: float | None = None, k: int = 3,
        speech_s: float = 0.0,
    ) -> Identification:  # fmt: skip
        """Find the best k people for a recording (D,); see `score`.

        With a cosine, scores are in the order of the products of unit vectors; only the
        nearest are scored by the system. With other back-ends everybody is.
        """
        places = np.arange(len(self.names))
        if self.system.backend.is_cosine:
            places = nearest(self._products(embedding), k + _SPARE)
        llrs = self.score(embedding, places, speech_s)
        best = np.argsort(-llrs, kind="stable")[:k]
        matches = [
            Match(self.names[place], float(llr))
            for place, llr in zip(places[best], llrs[best], strict=True)
        ]
        return Identification(matches, threshold)

    def _products(self, embedding: np.ndarray) -> np.ndarray:
        """Return cosines (N,) in the order of the ratios, which are linear in them."""
        tested = embedding.astype(np.float32)
        products = self.embeddings @ tested
        calibration = self.system.backend.calibration
        slope = float(calibration.fusion.weights[0]) if calibration else 1.0
        if self.shifts is not None:
            products -= self.shifts / np.float32(slope)
        if self.later is not None:
            at, vectors, shares, shifts = self.later
            products[at] += shares * (vectors @ tested - shifts / slope - products[at])
        return products

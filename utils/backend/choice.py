"""A back-end chosen on speakers who are held out of its training in turn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from utils.backend.backend import Backend
from utils.backend.parts import Step
from utils.backend.training import fit_backend
from utils.embeddings.labelled import LabelledEmbeddings
from utils.metrics.error_rates import equal_rate, error_rates


class Choice(NamedTuple):
    """The chain that was chosen, and the error of each that could be measured."""

    name: str
    steps: Sequence[Step]
    errors: dict[str, float]

    @property
    def note(self) -> str:
        """What there is to say about it."""
        measured = ", ".join(f"{k} {100 * v:.2f} %" for k, v in self.errors.items())
        return f"chosen: {self.name}; EER of held-out speakers: {measured}"


@dataclass(frozen=True)
class Chooser:
    """Chains, the simplest first, one of which the training speakers choose.

    Every speaker is held out once. A chain takes the place of a simpler one where the
    error of the held-out speakers' trials, see `held_out_error`, falls by a share: few
    data, or those of one session a speaker, do not lead away from the cosine.

    Attributes
    ----------
    chains : dict of list of Step
        The first stands where nothing can be measured.
    gain : float
        Share by which the error has to fall, in [0, 1).
    n_folds : int
    most_utterances : int
        Those of a random part of the speakers are used where there are more.
    """

    chains: Mapping[str, Sequence[Step]]
    gain: float
    n_folds: int
    most_utterances: int

    def __post_init__(self) -> None:
        """Check the values."""
        if not self.chains or self.n_folds < 2 or not 0 <= self.gain < 1:
            raise ValueError("a choice needs chains, 2 folds, and a gain in [0, 1)")

    @property
    def steps(self) -> list[Step]:
        """All steps that may be learnt."""
        return [step for chain in self.chains.values() for step in chain]

    def choose(self, data: LabelledEmbeddings) -> Choice:
        """Choose on training embeddings; chains that they do not allow are left out."""
        chosen, *_ = self.chains
        errors: dict[str, float] = {}
        part = _some_speakers(data, self.most_utterances)
        folds = _folds(part.speakers, self.n_folds)
        if not folds.any():  # nobody can be held out
            return Choice(chosen, self.chains[chosen], errors)
        for name, chain in self.chains.items():
            try:
                errors[name] = held_out_error(chain, part, folds)
            except ValueError:
                continue
            if errors[name] < (1 - self.gain) * errors.get(chosen, np.inf):
                chosen = name
        return Choice(chosen, self.chains[chosen], errors)


def held_out_error(
    chain: Sequence[Step], data: LabelledEmbeddings, folds: np.ndarray
) -> float:
    """Equal error rate of the trials within each fold, by a chain learnt on the others.

    Trials are those of different utterances, and the target ones of different sessions
    where the manifest names such. Where there are corrupted copies, which stand for
    other sessions, it is the geometric mean of the rates with and without them.

    Parameters
    ----------
    chain : sequence of Step
    data : LabelledEmbeddings
    folds : ndarray of int, shape (N,)
        All utterances of a speaker are in one.

    Returns
    -------
    float
        Fraction in [0, 1].

    Raises
    ------
    ValueError
        The data do not allow the chain, or there are no trials of both kinds.
    """
    scores, trials = [], []
    sessions, is_copy = _sessions(data), np.array(data.ids) != data.utterances
    for fold in np.unique(folds):
        out, rest = folds == fold, folds != fold
        backend = fit_backend(chain, data.vectors[rest], data.speakers[rest])
        columns = data.speakers, data.utterances, sessions, is_copy
        i, j, trial = _pairs(*(column[out] for column in columns))
        scores.append(_score_all(backend, data.vectors[out])[i, j])
        trials.append(trial)
    score, trial = np.concatenate(scores), np.concatenate(trials, axis=1)
    rates = [_rate(score[kind], trial[0][kind]) for kind in (~trial[1], trial[1])]
    return float(np.exp(np.mean([np.log(rate) for rate in rates if rate])))


def _rate(scores: np.ndarray, is_target: np.ndarray) -> float:
    """Equal error rate, of half an error at least; 0 where there are no trials."""
    if not len(scores):
        return 0.0
    return max(equal_rate(error_rates(scores, is_target)), 0.5 / is_target.sum())


def _some_speakers(data: LabelledEmbeddings, most: int) -> LabelledEmbeddings:
    """Return the embeddings of as many speakers, drawn at random, as are allowed."""
    names, labels, counts = np.unique(
        data.speakers, return_inverse=True, return_counts=True
    )
    order = np.random.default_rng(0).permutation(len(names))
    rows = np.flatnonzero(np.isin(labels, order[np.cumsum(counts[order]) <= most]))
    return data._replace(
        ids=[data.ids[row] for row in rows],
        vectors=np.asarray(data.vectors[rows], dtype=np.float64),
        speakers=data.speakers[rows],
        utterances=data.utterances[rows],
    )


def _folds(speakers: np.ndarray, n_folds: int) -> np.ndarray:
    """Deal the speakers out to folds of two or more: the fold of each row (N,)."""
    names, labels = np.unique(speakers, return_inverse=True)
    dealt = np.random.default_rng(0).permutation(len(names))
    return dealt[labels] % max(1, min(n_folds, len(names) // 2))


def _sessions(data: LabelledEmbeddings) -> np.ndarray:
    """Return the session of each embedding's utterance, if it is named: (N,)."""
    if "session" not in data.manifest:
        return data.speakers
    named = data.manifest.set_index("ID")["session"].reindex(data.utterances)
    return named.to_numpy(dtype=str)


def _pairs(
    speakers: np.ndarray,
    utterances: np.ndarray,
    sessions: np.ndarray,
    is_copy: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return both sides of all trials, and rows that tell target ones and copies."""
    i, j = np.triu_indices(len(speakers), k=1)
    is_target = speakers[i] == speakers[j]
    is_across = is_target & (sessions[i] != sessions[j])
    kept = utterances[i] != utterances[j]
    if is_across.any():
        kept &= ~is_target | is_across
    trials = np.stack([is_target, is_copy[i] | is_copy[j]])
    return i[kept], j[kept], trials[:, kept]


def _score_all(backend: Backend, embeddings: np.ndarray) -> np.ndarray:
    """Score all pairs of embeddings: (N, N)."""
    models = backend.enrol_single(backend.prepare(embeddings))
    return backend.scorer.block(models, models.vectors)

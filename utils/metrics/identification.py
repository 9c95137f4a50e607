"""Who is it? Ranks of the true model among all, and unknown speakers.

Conventions
-----------
``scores`` has shape (n_probes, n_models): a higher score speaks for the model.
``true_model`` has shape (n_probes,): the column of the speaker's model, or
`UNKNOWN` for a speaker without model (open set). A tie counts against the system:
models that score as high as the true one rank before it.

Metrics
-------
`rank_k_rate`, `cmc`, `mean_average_precision`, `detection_and_identification`;
`hundred_way_protocol` for the protocol of the Deep Speaker paper.
"""

import numpy as np

from utils.metrics.detection import equal_error_rate
from utils.metrics.error_rates import target_labels

UNKNOWN = -1


def true_ranks(scores: np.ndarray, true_model: np.ndarray) -> np.ndarray:
    """Return the rank of the true model, from 1, for probes that have one.

    Parameters
    ----------
    scores : ndarray of shape (n_probes, n_models)
    true_model : ndarray of int, shape (n_probes,)

    Returns
    -------
    ndarray of int, shape (n_known,)

    Raises
    ------
    ValueError
        Shapes do not match, a score is NaN, or no probe has a model.

    Example
    -------
    >>> true_ranks(np.array([[0.9, 0.1], [0.8, 0.3]]), np.array([0, 1])).tolist()
    [1, 2]
    """
    scores, true_model = _check(scores, true_model)
    is_known = true_model != UNKNOWN
    if not is_known.any():
        raise ValueError("no probe has a model: ranks need known speakers")
    known, column = scores[is_known], true_model[is_known]
    own = known[np.arange(len(known)), column]
    return np.sum(known >= own[:, None], axis=1)  # itself and all before it


def _check(scores: np.ndarray, true_model: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scores, true_model = np.asarray(scores), np.asarray(true_model)
    if scores.ndim != 2 or true_model.shape != scores.shape[:1]:
        raise ValueError(
            f"scores {scores.shape} must be (probes, models), and true_model "
            f"{true_model.shape} have a value for each probe"
        )
    if np.isnan(scores).any():
        raise ValueError("scores must be numbers: there are NaN ones")
    if true_model.min() < UNKNOWN or true_model.max() >= scores.shape[1]:
        raise ValueError("true_model must name columns of scores, or UNKNOWN")
    return scores, true_model


def rank_k_rate(scores: np.ndarray, true_model: np.ndarray, k: int = 1) -> float:
    """Share of the known probes whose model is among the ``k`` best.

    Parameters
    ----------
    scores, true_model : ndarray
        See `true_ranks`.
    k : int
        1 gives the identification accuracy.

    Returns
    -------
    float
        In [0, 1].

    Example
    -------
    >>> rank_k_rate(np.array([[0.9, 0.1], [0.8, 0.3]]), np.array([0, 1]), k=1)
    0.5
    """
    return float(np.mean(true_ranks(scores, true_model) <= k))


def cmc(scores: np.ndarray, true_model: np.ndarray) -> np.ndarray:
    """Cumulative match characteristic: the rates of rank 1, 2, ..., n_models.

    P. J. Phillips et al., "The FERET evaluation methodology for face-recognition
    algorithms", IEEE TPAMI 22 (2000).

    Returns
    -------
    ndarray of shape (n_models,)
        Not falling; the last is 1.

    Example
    -------
    >>> cmc(np.array([[0.9, 0.1], [0.8, 0.3]]), np.array([0, 1])).tolist()
    [0.5, 1.0]
    """
    ranks = true_ranks(scores, true_model)
    counts = np.bincount(ranks, minlength=np.shape(scores)[1] + 1)[1:]
    return np.cumsum(counts) / len(ranks)


def mean_average_precision(scores: np.ndarray, is_relevant: np.ndarray) -> float:
    """Mean over the probes of the average precision of the ranked gallery.

    C. Manning et al., "Introduction to Information Retrieval" (2008), section 8.4.
    Ties count against the system.

    Parameters
    ----------
    scores : ndarray of shape (n_probes, n_gallery)
    is_relevant : ndarray of bool, shape (n_probes, n_gallery)
        Which items are of the probe's speaker; probes without any are left out.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    ValueError
        Shapes differ, or no probe has a relevant item.

    Example
    -------
    >>> is_relevant = np.array([[True, False, True]])
    >>> round(mean_average_precision(np.array([[0.9, 0.5, 0.1]]), is_relevant), 4)
    0.8333
    """
    scores, is_relevant = np.asarray(scores), target_labels(is_relevant)
    if scores.shape != is_relevant.shape or not is_relevant.any():
        raise ValueError("needs a relevant item, and a label for every score")
    has_any = is_relevant.any(axis=1)
    scores, is_relevant = scores[has_any], is_relevant[has_any]
    order = np.lexsort((is_relevant, -scores), axis=1)  # of a tie, relevant ones last
    found = np.take_along_axis(is_relevant, order, axis=1)
    precision = np.cumsum(found, axis=1) / np.arange(1, found.shape[1] + 1)
    averages = np.sum(precision * found, axis=1) / found.sum(axis=1)
    return float(averages.mean())


def detection_and_identification(
    scores: np.ndarray, true_model: np.ndarray, fpir: float
) -> tuple[float, float]:
    """Rate of known speakers that are detected and identified, in an open set.

    P. Grother and P. J. Phillips, "Models of large population recognition
    performance", CVPR 2004: detection and identification rate (DIR) at a false
    positive identification rate (FPIR). A known probe is counted when its model
    ranks first and scores at or above the threshold, which is the lowest that
    accepts at most ``fpir`` of the unknown probes for any model.

    Parameters
    ----------
    scores, true_model : ndarray
        See `true_ranks`; some probes must be `UNKNOWN`.
    fpir : float
        In [0, 1].

    Returns
    -------
    rate, threshold : float
        The rate depends on the gallery's size: report it as well.

    Raises
    ------
    ValueError
        There are no unknown or no known probes, or ``fpir`` is no rate.

    Example
    -------
    >>> scores = np.array([[0.9, 0.1], [0.2, 0.4], [0.3, 0.5]])
    >>> rate, _ = detection_and_identification(scores, np.array([0, 1, UNKNOWN]), 0.0)
    >>> rate
    0.5
    """
    scores, true_model = _check(scores, true_model)
    is_unknown = true_model == UNKNOWN
    if not is_unknown.any() or not 0 <= fpir <= 1:
        raise ValueError("needs unknown probes, and fpir in [0, 1]")
    highest = np.sort(scores[is_unknown].max(axis=1))[::-1]
    n_accepted = int(fpir * len(highest) * (1 + 1e-12))
    threshold = -np.inf
    if n_accepted < len(highest):
        threshold = np.nextafter(highest[n_accepted], np.inf)
    is_first = true_ranks(scores, true_model) == 1
    known = scores[~is_unknown]
    own = known[np.arange(len(known)), true_model[~is_unknown]]
    return float(np.mean(is_first & (own >= threshold))), float(threshold)


def hundred_way_protocol(
    embeddings: np.ndarray,
    speakers: np.ndarray,
    rng: np.random.Generator,
    n_negatives: int = 99,
) -> dict[str, float]:
    """Evaluate as the Deep Speaker paper does: 1 positive against 99 negatives.

    C. Li et al., arXiv:1705.02304, evaluation: every utterance with another one of
    its speaker is an anchor once, with one positive and ``n_negatives`` utterances
    of other speakers, all drawn at random.

    Parameters
    ----------
    embeddings : ndarray of shape (N, D)
        Vectors of unit length.
    speakers : ndarray of shape (N,)
    rng : Generator
    n_negatives : int
        Number for each anchor; with repetition where others have said less.

    Returns
    -------
    dict
        ``eer`` over all trials; ``accuracy``, how often the positive scores above
        all of the anchor's negatives; ``n_anchors``.

    Raises
    ------
    ValueError
        No speaker has two utterances, or there is one speaker only.

    Example
    -------
    >>> embeddings = np.repeat(np.eye(2), 2, axis=0)
    >>> rng = np.random.default_rng(0)
    >>> hundred_way_protocol(embeddings, np.array([0, 0, 1, 1]), rng)
    {'eer': 0.0, 'accuracy': 1.0, 'n_anchors': 4}
    """
    codes = np.unique(speakers, return_inverse=True)[1]
    scores = []
    for anchor, code in enumerate(codes):
        positives = np.flatnonzero(codes == code)
        positives = positives[positives != anchor]
        negatives = np.flatnonzero(codes != code)
        if len(positives) and len(negatives):
            is_short = len(negatives) < n_negatives
            drawn = rng.choice(negatives, n_negatives, replace=is_short)
            chosen = np.concatenate([[rng.choice(positives)], drawn])
            scores.append(embeddings[chosen] @ embeddings[anchor])
    if not scores:
        raise ValueError("needs two speakers, and one of them with two utterances")
    table = np.stack(scores)  # (n_anchors, 1 + n_negatives), the positive first
    is_target = np.zeros(table.shape, dtype=bool)
    is_target[:, 0] = True
    return {
        "eer": equal_error_rate(table.ravel(), is_target.ravel()),
        "accuracy": rank_k_rate(table, np.zeros(len(table), dtype=int)),
        "n_anchors": len(table),
    }

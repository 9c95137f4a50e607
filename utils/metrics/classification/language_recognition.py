"""Costs of log-likelihoods of classes, as NIST's language recognition defines them.

Every class in turn is the target, against each other class; all targets and all pairs
count alike, however many utterances a class has.

Metrics
-------
`average_cost` (Cavg) of decisions at the Bayes threshold, `average_cllr` of the ratios
themselves, `cross_entropy` of the probabilities.

NIST 2017 Language Recognition Evaluation Plan (2017), section 3 (Cavg; there the mean
of two priors); the 2007 plan, section 2.4, has one prior, 0.5. Cllr: N. Bruemmer and
D. van Leeuwen, "On calibration of language recognition scores", Odyssey 2006.
"""

import numpy as np
from scipy.special import logsumexp

from utils.metrics.costs import OperatingPoint
from utils.metrics.likelihood_ratios import bits

PRIORS_2017 = (0.5, 0.1)  # of the target, whose costs NIST's 2017 evaluation averages


def detection_ratios(log_likelihoods: np.ndarray) -> np.ndarray:
    """Return the log-likelihood ratio of every class against the mean of the others.

    log p(x|t) - log [1 / (K - 1) sum over n other than t of p(x|n)]

    Parameters
    ----------
    log_likelihoods : ndarray of shape (N, K)
        Natural logarithms; a constant of each utterance does not matter. K > 1.

    Returns
    -------
    ndarray of shape (N, K)

    Example
    -------
    >>> detection_ratios(np.log([[0.6, 0.4]])).round(3).tolist()
    [[0.405, -0.405]]
    """
    n_classes = log_likelihoods.shape[1]
    if n_classes < 2:
        raise ValueError("one class only: there is nothing to tell apart")
    others = [
        logsumexp(np.delete(log_likelihoods, target, axis=1), axis=1)
        for target in range(n_classes)
    ]
    return log_likelihoods - np.stack(others, axis=1) + np.log(n_classes - 1)


def average_cost(
    log_likelihoods: np.ndarray,
    labels: np.ndarray,
    p_target: float = 0.5,
    weights: np.ndarray | None = None,
) -> float:
    """Cavg: mean cost of detecting each class, with misses and false alarms at cost 1.

    1/K sum over t of [p P_miss(t) + (1 - p) / (K - 1) sum over n of P_fa(t, n)]

    Parameters
    ----------
    log_likelihoods : ndarray of shape (N, K)
    labels : ndarray of int, shape (N,)
        Classes that do not occur are left out, as targets and as others.
    p_target : float
        The target's prior; the threshold of the ratio is the Bayes threshold.
    weights : ndarray of shape (N,), optional
        How often each utterance counts.

    Example
    -------
    >>> scores = np.log([[0.6, 0.4], [0.6, 0.4], [0.3, 0.7]])
    >>> average_cost(scores, np.array([0, 1, 1]))
    0.25
    """
    threshold = OperatingPoint(p_target).bayes_threshold
    is_accepted = detection_ratios(log_likelihoods) >= threshold  # (N, K)
    return _average(1.0 - is_accepted, 1.0 * is_accepted, labels, p_target, weights)


def average_cllr(
    log_likelihoods: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None
) -> float:
    """Cllr of detecting each class, averaged as Cavg is, in bits.

    1 for scores that say nothing.

    Parameters
    ----------
    log_likelihoods : ndarray of shape (N, K)
    labels : ndarray of int, shape (N,)
    weights : ndarray of shape (N,), optional

    Example
    -------
    >>> average_cllr(np.zeros((3, 3)), np.array([0, 1, 2]))
    1.0
    """
    ratios = detection_ratios(log_likelihoods)
    return _average(bits(-ratios), bits(ratios), labels, 0.5, weights)


def cross_entropy(
    log_likelihoods: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None
) -> float:
    """Return the cross-entropy of the probabilities, all classes equally likely.

    Classes count alike. Divided by the log of their number: 1 for scores that say
    nothing.

    Parameters
    ----------
    log_likelihoods : ndarray of shape (N, K)
    labels : ndarray of int, shape (N,)
    weights : ndarray of shape (N,), optional

    Example
    -------
    >>> cross_entropy(np.zeros((2, 4)), np.array([0, 3]))
    1.0
    """
    posteriors = log_likelihoods - logsumexp(log_likelihoods, axis=1, keepdims=True)
    losses = -posteriors[np.arange(len(labels)), labels]
    shares = _class_weights(labels, log_likelihoods.shape[1], weights)  # (N, K)
    of_class = losses @ shares
    occurs = shares.any(axis=0)
    return float(of_class[occurs].mean() / np.log(len(of_class)))


def _average(
    missed: np.ndarray,
    alarmed: np.ndarray,
    labels: np.ndarray,
    p_target: float,
    weights: np.ndarray | None,
) -> float:
    """Average costs (N, K) of each utterance for each target, classes alike."""
    n_classes = missed.shape[1]
    shares = _class_weights(labels, n_classes, weights)  # (N, K)
    occurs = shares.any(axis=0)
    if occurs.sum() < 2:
        raise ValueError("one class only: there is nothing to tell apart")
    of_targets = (shares.T @ missed).diagonal()[occurs]  # (K',)
    of_pairs = (shares.T @ alarmed)[occurs][:, occurs]  # (other, target)
    n_pairs = occurs.sum() * (occurs.sum() - 1)
    of_others = (of_pairs.sum() - of_pairs.trace()) / n_pairs
    return float(p_target * of_targets.mean() + (1 - p_target) * of_others)


def _class_weights(
    labels: np.ndarray, n_classes: int, weights: np.ndarray | None
) -> np.ndarray:
    """Return weights (N, K) that sum to 1 in the column of each class that occurs."""
    shares = np.zeros((len(labels), n_classes))
    shares[np.arange(len(labels)), labels] = 1.0 if weights is None else weights
    totals = shares.sum(axis=0)
    return shares / np.where(totals > 0, totals, 1)

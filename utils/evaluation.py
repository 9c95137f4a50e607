"""All metrics of a scored trial list at once."""

from collections.abc import Sequence

import numpy as np

from utils.calibration import cllr, equal_error_rate_rocch, min_cllr
from utils.metrics import act_dcf, equal_error_rate, min_dcf, threshold_at_eer


def evaluate(
    scores: np.ndarray, is_target: np.ndarray, p_targets: Sequence[str]
) -> dict:
    """Compute all metrics.

    Parameters
    ----------
    scores : ndarray of shape (n_trials,)
        For ``act_dcf`` and ``cllr``, natural-log likelihood ratios.
    is_target : ndarray of bool, shape (n_trials,)
    p_targets : sequence of str
        Priors, as text: they are the keys of the result.

    Returns
    -------
    dict
        ``eer``, ``eer_rocch``, ``min_dcf`` and ``act_dcf`` (by prior), ``cllr``,
        ``min_cllr``, ``threshold_eer``, ``n_target``, ``n_nontarget``.
    """
    n_target = int(np.sum(is_target))
    return {
        "eer": equal_error_rate(scores, is_target),
        "eer_rocch": equal_error_rate_rocch(scores, is_target),
        "min_dcf": {p: min_dcf(scores, is_target, float(p)) for p in p_targets},
        "act_dcf": {p: act_dcf(scores, is_target, float(p)) for p in p_targets},
        "cllr": cllr(scores, is_target),
        "min_cllr": min_cllr(scores, is_target),
        "threshold_eer": threshold_at_eer(scores, is_target),
        "n_target": n_target,
        "n_nontarget": len(scores) - n_target,
    }

"""Quality measures: what else than its score tells how far to trust a trial.

``magnitude`` is the logarithm of an embedding's length, ``duration`` that of the
utterance's seconds, ``cohort_mean`` a side's mean score with the cohort; any other
name is a numeric column of the manifest, such as ``snr_db``. A trial has two sides:
the lower and the higher value of each measure go into the calibration beside the
score (M. I. Mandasari et al., "Quality measure functions for calibration of speaker
recognition systems in various duration conditions", IEEE TASLP 21 (2013)).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

Measures = dict[str, np.ndarray]


def utterance_measures(
    names: Sequence[str],
    ids: Sequence[str],
    embeddings: np.ndarray,
    manifest: pd.DataFrame | None,
) -> Measures:
    """Collect the measures of utterances; ``cohort_mean`` is left to the back-end.

    Parameters
    ----------
    names : sequence of str
    ids : sequence of str, length N
    embeddings : ndarray of shape (N, D)
    manifest : DataFrame, optional
        With ``ID`` and the columns that are named.

    Returns
    -------
    dict of ndarray, shape (N,)

    Raises
    ------
    ValueError
        The manifest is needed and missing, has no such numeric column, or lacks an
        utterance.

    Example
    -------
    >>> import pandas as pd
    >>> manifest = pd.DataFrame({"ID": ["a", "b"], "duration": [1.0, np.e]})
    >>> utterance_measures(["duration"], ["b", "a"], np.eye(2), manifest)
    {'duration': array([1., 0.])}
    """
    measures: Measures = {}
    for name in names:
        if name == "magnitude":
            measures[name] = np.log(np.linalg.norm(embeddings, axis=1))
        elif name != "cohort_mean":
            values = _column(name, ids, manifest)
            measures[name] = np.log(values) if name == "duration" else values
    return measures


def _column(name: str, ids: Sequence[str], manifest: pd.DataFrame | None) -> np.ndarray:
    if manifest is None or name not in manifest:
        raise ValueError(f"quality measure {name!r} needs a manifest with that column")
    try:
        values = manifest.set_index("ID")[name].reindex(list(ids)).to_numpy(float)
    except ValueError:
        raise ValueError(f"quality measure {name!r} is not a number") from None
    if not np.isfinite(values).all():
        bad = list(ids)[int(np.argmin(np.isfinite(values)))]
        raise ValueError(f"quality measure {name!r} of {bad!r} is missing")
    return values


def model_measures(measures: Measures, rows: Sequence[np.ndarray]) -> Measures:
    """Average the measures of each model's utterances.

    Example
    -------
    >>> model_measures({"q": np.array([1.0, 3.0])}, [np.array([0, 1])])
    {'q': array([2.])}
    """
    return {
        name: np.array([values[own].mean() for own in rows])
        for name, values in measures.items()
    }


def trial_columns(
    names: Sequence[str],
    enrol: Measures,
    test: Measures,
    enrol_rows: np.ndarray,
    test_rows: np.ndarray,
) -> np.ndarray:
    """Return the lower and the higher value of each measure for every trial.

    Parameters
    ----------
    names : sequence of str
        Q of them.
    enrol, test : dict of ndarray, shape (N,) and (M,)
    enrol_rows, test_rows : ndarray of int, shape (n_trials,)

    Returns
    -------
    ndarray of shape (n_trials, 2 Q)

    Raises
    ------
    ValueError
        A measure is not there, such as ``cohort_mean`` without normalisation.

    Example
    -------
    >>> enrol, test = {"q": np.array([1.0, 5.0])}, {"q": np.array([3.0])}
    >>> trial_columns(["q"], enrol, test, np.array([0, 1]), np.array([0, 0]))
    array([[1., 3.],
           [3., 5.]])
    """
    columns = []
    for name in names:
        if name not in enrol or name not in test:
            raise ValueError(
                f"no quality measure {name!r}; cohort_mean needs a back-end with "
                "normalisation"
            )
        sides = enrol[name][enrol_rows], test[name][test_rows]
        columns += [np.minimum(*sides), np.maximum(*sides)]
    return np.column_stack(columns) if columns else np.empty((len(enrol_rows), 0))

"""Sessions: the call, video or day of a recording, manifest column ``session``.

A speaker who is recorded once cannot be told from the recording. So target trials
across sessions are about the voice, and those within one about the recording as well.
"""

import numpy as np
import pandas as pd

ONE_SESSION = "one session a speaker: this also measures the recording"
ACROSS, SAME, ONE, ALL = "across", "same", "one", "all"


def with_session(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose session is known; all of them without such a column."""
    return rows[rows["session"] != ""] if "session" in rows else rows


def has_sessions(rows: pd.DataFrame) -> bool:
    """Tell whether a speaker has two sessions.

    Example
    -------
    >>> has_sessions(pd.DataFrame({"spk_id": ["a", "a"], "session": ["1", "2"]}))
    True
    >>> has_sessions(pd.DataFrame({"spk_id": ["a", "a"], "session": ["1", ""]}))
    False
    """
    if "session" not in rows:
        return False
    counts = with_session(rows).groupby("spk_id")["session"].nunique()
    return bool((counts > 1).any())


def divide_by_sessions(
    trials: pd.DataFrame, manifest: pd.DataFrame, models: dict[str, list[str]]
) -> dict[str, np.ndarray]:
    """Divide a trial list by the sessions of its target trials.

    Parameters
    ----------
    trials : DataFrame
        Columns ``enrol``, ``test`` (categories) and ``target``.
    manifest : DataFrame
        ``ID``, ``spk_id`` and perhaps ``session`` of the test utterances.
    models : dict of list of str
        Utterances of the enrolled models; the target trials of a model are across
        sessions where the test is of none of its sessions.

    Returns
    -------
    dict of ndarray of bool, shape (n_trials,)
        The target trials across sessions (``across``) and those of one session
        (``same``), each with all nontarget trials; where there are both, the whole
        list (``all``) as well. The whole list alone is ``one`` where no speaker has
        two sessions, and ``all`` where those of the targets are unknown.

    Example
    -------
    >>> manifest = pd.DataFrame({"ID": ["a1", "a2", "a3", "b1"],
    ...     "spk_id": ["a", "a", "a", "b"], "session": ["x", "x", "y", "z"]})
    >>> trials = pd.DataFrame({"enrol": ["a1", "a1", "a1"], "test": ["a2", "a3", "b1"],
    ...     "target": [True, True, False]})
    >>> trials = trials.astype({"enrol": "category", "test": "category"})
    >>> parts = divide_by_sessions(trials, manifest, {})
    >>> {name: part.tolist() for name, part in parts.items()}
    ... # doctest: +NORMALIZE_WHITESPACE
    {'across': [False, True, True], 'same': [True, False, True],
     'all': [True, True, True]}
    """
    whole = np.ones(len(trials), dtype=bool)
    if not has_sessions(manifest):
        return {ONE: whole}
    is_target = trials["target"].to_numpy()
    is_same, is_known = _compare_sessions(trials, manifest, models)
    kinds = {ACROSS: is_target & is_known & ~is_same, SAME: is_target & is_same}
    kinds = {name: own for name, own in kinds.items() if own.any()}
    for name, own in kinds.items():
        if np.array_equal(own, is_target):
            return {name: whole}
    return {name: own | ~is_target for name, own in kinds.items()} | {ALL: whole}


def _compare_sessions(
    trials: pd.DataFrame, manifest: pd.DataFrame, models: dict[str, list[str]]
) -> tuple[np.ndarray, np.ndarray]:
    """Tell whether both sides share a session, and whether that is known: (n_trials,).

    A model of several utterances shares the sessions of each.
    """
    known = with_session(manifest)
    sessions, names = pd.factorize(known["session"])
    session_of = pd.Series(sessions, index=known["ID"])
    enrol, test = (trials[side].cat for side in ("enrol", "test"))
    of_test = session_of.reindex(test.categories.astype(str), fill_value=-1)
    of_test = of_test.to_numpy()[test.codes]
    utterances = [models.get(str(name), [str(name)]) for name in enrol.categories]
    owner = np.repeat(np.arange(len(utterances)), [len(own) for own in utterances])
    of_enrol = session_of.reindex(np.concatenate(utterances), fill_value=-1).to_numpy()
    pairs = owner[of_enrol >= 0] * len(names) + of_enrol[of_enrol >= 0]
    keys = enrol.codes.astype(np.int64) * len(names) + of_test
    is_same = (of_test >= 0) & np.isin(keys.to_numpy(), pairs)
    is_unknown = np.isin(enrol.codes, owner[of_enrol < 0])
    return is_same, is_same | ((of_test >= 0) & ~is_unknown)

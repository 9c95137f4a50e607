"""Trial lists for a test set: all pairs or a sample, and enrolled models.

All lists are symmetric in their pairs, hold no pair twice and follow their seed.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from utils.data.manifest import COLUMNS
from utils.data.sessions import has_sessions, with_session
from utils.trials.lists import pair_trials

Keep = Callable[[pd.DataFrame, pd.DataFrame], np.ndarray]
MOST_PAIRS = 10_000_000  # larger test sets are sampled
PER_SPEAKER = 200  # target and nontarget trials of each speaker, then
_MOST_UTTERANCES = 1000  # of a speaker, that a sample draws from
_PAIRS_AT_ONCE = 1_000_000
_ROUNDS = 50  # of drawing nontarget trials


class TrialList(NamedTuple):
    """A trial list, and the utterances of its models if there are any.

    Attributes
    ----------
    trials : DataFrame
        Columns ``enrol``, ``test`` and ``target``.
    models : dict of list of str
        By model; empty where the enrol side is single utterances.
    """

    trials: pd.DataFrame
    models: dict[str, list[str]] = {}


def same(label: str) -> Keep:
    """Keep pairs with the same value of a label."""
    return lambda left, right: _codes(left, label) == _codes(right, label)


def different(label: str) -> Keep:
    """Keep pairs with different values of a label."""
    return lambda left, right: _codes(left, label) != _codes(right, label)


def _codes(rows: pd.DataFrame, label: str) -> np.ndarray:
    """Return a label as numbers; both sides of pairs are rows of one table."""
    return rows[label].cat.codes.to_numpy()


def design_trials(
    test: pd.DataFrame, name: str, seed: int, per_speaker: int = 0, n_enrol: int = 0
) -> dict[str, TrialList]:
    """Make every list that the labels of a test set allow.

    ``<name>-all``; ``<name>-same-gender`` where both genders are known;
    ``<name>-cross-session`` where a speaker has two sessions; and
    ``<name>-<n>-utterances`` with enrolled models. Utterances whose gender or session
    is unknown are in no list that asks for it.

    Parameters
    ----------
    test : DataFrame
        Manifest of the test set.
    name : str
    seed : int
        Seed of the samples.
    per_speaker : int
        Target and nontarget trials of each speaker; 0 makes all pairs, or
        `PER_SPEAKER` where they would be more than `MOST_PAIRS`.
    n_enrol : int
        Utterances of an enrolled model; 0 makes no models.

    Returns
    -------
    dict of TrialList
        Those that have target and nontarget trials.
    """
    if not per_speaker and len(test) * (len(test) - 1) // 2 > MOST_PAIRS:
        per_speaker = PER_SPEAKER
    rules: dict[str, tuple[pd.DataFrame, Keep | None]] = {f"{name}-all": (test, None)}
    if "gender" in test:
        known = test[test["gender"] != ""]
        if known["gender"].nunique() > 1:
            rules[f"{name}-same-gender"] = known, same("gender")
    if has_sessions(test):
        rules[f"{name}-cross-session"] = with_session(test), different("session")
    lists = {
        rule: TrialList(
            sample_trials(rows, per_speaker, seed, keep)
            if per_speaker
            else pair_trials(rows, keep)
        )
        for rule, (rows, keep) in rules.items()
    }
    if n_enrol:
        lists[f"{name}-{n_enrol}-utterances"] = enrolled_trials(test, n_enrol)
    return {
        rule: made
        for rule, made in lists.items()
        if made.trials["target"].any() and not made.trials["target"].all()
    }


def sample_trials(
    manifest: pd.DataFrame, per_speaker: int, seed: int, keep: Keep | None = None
) -> pd.DataFrame:
    """Draw trials of every speaker.

    Parameters
    ----------
    manifest : DataFrame
        ``ID``, ``spk_id`` and the labels that ``keep`` looks at.
    per_speaker : int
        Target trials of each speaker, as far as there are so many pairs; as many
        nontarget trials of an utterance of the speaker and one of another, who is
        drawn first so that all speakers are met alike.
    seed : int
    keep : callable, optional
        See `utils.trials.lists.pair_trials`.

    Returns
    -------
    DataFrame
        As `utils.trials.lists.pair_trials`.
    """
    rows = manifest.sort_values("ID", ignore_index=True)
    others = [name for name in COLUMNS if name in rows and name != "spk_id"]
    labels = rows.drop(columns=others).astype("category")
    speakers = labels["spk_id"].cat.codes.to_numpy()
    order = np.argsort(speakers, kind="stable")
    rows_of = np.split(order, np.cumsum(np.bincount(speakers))[:-1])
    rng = np.random.default_rng(seed)

    def is_kept(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        if keep is None:
            return np.ones(len(left), dtype=bool)
        return keep(labels.take(left), labels.take(right))

    pairs = np.concatenate(
        [
            _draw_targets(rows_of, per_speaker, rng, is_kept),
            _draw_nontargets(rows_of, per_speaker, rng, is_kept),
        ]
    )
    left, right = pairs[np.lexsort(pairs.T[::-1])].T
    names = rows["ID"]
    return pd.DataFrame(
        {
            "enrol": pd.Categorical.from_codes(left, names),
            "test": pd.Categorical.from_codes(right, names),
            "target": speakers[left] == speakers[right],
        }
    )


def _draw_targets(
    rows_of: list[np.ndarray], n: int, rng: np.random.Generator, is_kept: Callable
) -> np.ndarray:
    """Draw ``n`` pairs of each speaker's rows; returns (n_pairs, 2), in order.

    Speakers are taken together, as many as have `_PAIRS_AT_ONCE` pairs.
    """
    rows_of = [
        np.sort(rng.choice(own, _MOST_UTTERANCES, replace=False))
        if len(own) > _MOST_UTTERANCES
        else own
        for own in rows_of
    ]
    n_pairs = np.cumsum([len(own) * (len(own) - 1) // 2 for own in rows_of])
    group = n_pairs // _PAIRS_AT_ONCE
    drawn = [np.empty((0, 2), dtype=np.int64)]
    for number in np.unique(group):
        members = [rows_of[place] for place in np.flatnonzero(group == number)]
        ends = [np.triu_indices(len(own), k=1) for own in members]
        owner = np.repeat(np.arange(len(members)), [len(end[0]) for end in ends])
        left, right = (
            np.concatenate(
                [own[end[side]] for own, end in zip(members, ends, strict=True)]
            )
            for side in (0, 1)
        )
        kept = is_kept(left, right)
        left, right, owner = left[kept], right[kept], owner[kept]
        order = np.argsort(owner + rng.random(len(owner)))  # by chance, owner by owner
        counts = np.bincount(owner, minlength=len(members))
        place = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
        chosen = order[place < n]
        drawn.append(np.column_stack([left[chosen], right[chosen]]))
    return np.concatenate(drawn)


def _draw_nontargets(
    rows_of: list[np.ndarray], n: int, rng: np.random.Generator, is_kept: Callable
) -> np.ndarray:
    """Draw ``n`` pairs with other speakers for each; returns (n_pairs, 2).

    Pairs that are not kept, or come again, are drawn anew for some rounds.
    """
    sizes = np.array([len(own) for own in rows_of])
    starts = np.cumsum(sizes) - sizes
    rows = np.concatenate(rows_of)
    wanted = (
        np.repeat(np.arange(len(sizes)), n) if len(sizes) > 1 else np.array([], int)
    )
    found, seen = [], np.array([], dtype=np.int64)
    for _ in range(_ROUNDS):
        if not len(wanted):
            break
        # another speaker: skip the own place
        other = rng.integers(len(sizes) - 1, size=len(wanted))
        other += other >= wanted
        sides = [
            rows[starts[side] + rng.integers(sizes[side])] for side in (wanted, other)
        ]
        left, right = np.minimum(*sides), np.maximum(*sides)
        keys = left.astype(np.int64) * len(rows) + right
        is_new = np.zeros(len(keys), dtype=bool)
        is_new[np.unique(keys, return_index=True)[1]] = True
        is_new &= ~np.isin(keys, seen) & is_kept(left, right)
        seen = np.concatenate([seen, keys[is_new]])
        found.append(np.column_stack([left, right])[is_new])
        wanted = wanted[~is_new]
    return np.concatenate(found) if found else np.empty((0, 2), dtype=np.int64)


def enrolled_trials(test: pd.DataFrame, n_enrol: int) -> TrialList:
    """Enrol each speaker with utterances of one session, and try all the others.

    Parameters
    ----------
    test : DataFrame
        Manifest of the test set.
    n_enrol : int
        Utterances of a model: the first of the speaker's first session. Where
        speakers have several sessions, the rest of that session is not used.

    Returns
    -------
    TrialList
        Every model against every utterance that is in no enrolment session.

    Example
    -------
    >>> test = pd.DataFrame({"ID": ["a-1", "a-2", "b-1", "b-2"],
    ...                      "spk_id": ["a", "a", "b", "b"]})
    >>> made = enrolled_trials(test, 1)
    >>> made.models
    {'model-a': ['a-1'], 'model-b': ['b-1']}
    >>> made.trials["test"].tolist()
    ['a-2', 'b-2', 'a-2', 'b-2']
    """
    rows = test.sort_values("ID")
    if has_sessions(rows):
        rows = with_session(rows)
        first = rows.groupby("spk_id")["session"].transform("min")
        is_enrolment = rows["session"] == first
        is_enough = is_enrolment.groupby(rows["spk_id"]).transform("sum") >= n_enrol
        first_rows = rows[is_enrolment & is_enough]
    else:
        place = rows.groupby("spk_id").cumcount()
        is_enrolment = place < n_enrol
        count = rows.groupby("spk_id")["ID"].transform("size")
        first_rows = rows[is_enrolment & (count > n_enrol)]
    models = {
        f"model-{speaker}": own["ID"].tolist()[:n_enrol]
        for speaker, own in first_rows.groupby("spk_id")
    }
    trials = pd.merge(
        pd.DataFrame({"enrol": list(models)}),
        rows.loc[~is_enrolment, ["ID", "spk_id"]],
        how="cross",
    ).rename(columns={"ID": "test"})
    trials["target"] = trials["enrol"] == "model-" + trials["spk_id"]
    return TrialList(trials[["enrol", "test", "target"]], models)

"""Who speaks in the trials of a list: from manifests, or from the labels alone."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from utils.metrics.bootstrap import Speakers
from utils.runtime.errors import UserError


def trial_labels(
    trials: pd.DataFrame,
    metadata: pd.DataFrame,
    column: str,
    models: dict[str, list[str]],
) -> tuple[pd.Series, pd.Series]:
    """Look up a manifest column for both sides of every trial.

    Parameters
    ----------
    trials : DataFrame
        Columns ``enrol`` and ``test`` (categories).
    metadata : DataFrame
        Manifest rows.
    column : str
    models : dict of list of str
        Utterances of the enrolled models; a model has its first utterance's label.

    Returns
    -------
    tuple of Series, shape (n_trials,)
        Labels of the enrolment and of the test side.

    Raises
    ------
    UserError
        There is no such column, or no row of an utterance.
    """
    if column not in metadata:
        names = ", ".join(metadata.columns)
        raise UserError(f"--metadata: no column {column!r}; there are {names}")
    label_of = metadata.drop_duplicates("ID").set_index("ID")[column]
    sides = []
    for side in ("enrol", "test"):
        names = trials[side].cat.categories.astype(str)
        utterances = names.map(lambda name: models.get(name, [name])[0])
        unknown = names[~utterances.isin(label_of.index)]
        if len(unknown):
            raise UserError(
                f"--metadata: no row of {unknown[0]!r} ({len(unknown)} missing); name "
                "all manifests, and the models' utterances with --enrol-models"
            )
        labels = label_of.loc[utterances].to_numpy()
        sides.append(pd.Series(labels[trials[side].cat.codes]))
    return sides[0], sides[1]


def trial_partition(
    trials: pd.DataFrame,
    metadata: pd.DataFrame,
    models: dict[str, list[str]],
    columns: Sequence[str],
) -> np.ndarray:
    """Join the labels of both sides of every trial to one.

    Parameters
    ----------
    trials, metadata, models
        See `trial_labels`.
    columns : sequence of str

    Returns
    -------
    ndarray of str, shape (n_trials,)
        Such as ``f/f/yue/yue``.
    """
    labels = [
        side.astype(str)
        for column in columns
        for side in trial_labels(trials, metadata, column, models)
    ]
    return pd.concat(labels, axis=1).agg("/".join, axis=1).to_numpy()


def speakers_from_metadata(
    trials: pd.DataFrame, metadata: pd.DataFrame, models: dict[str, list[str]]
) -> Speakers:
    """Find the speakers of trials in manifests.

    Parameters
    ----------
    trials, metadata, models
        See `trial_labels`; the column is ``spk_id``.

    Raises
    ------
    UserError
        See `trial_labels`; or the speakers contradict a trial's label.
    """
    sides = trial_labels(trials, metadata, "spk_id", models)
    codes, names = pd.factorize(pd.concat(sides))
    speakers = Speakers(codes[: len(trials)], codes[len(trials) :], len(names))
    _check(trials, speakers, "the manifest's speakers")
    return speakers


def speakers_from_labels(trials: pd.DataFrame) -> Speakers:
    """Take ids that target trials link, directly or by way of others, for a speaker.

    An id without target trials is a speaker of its own, so where such ids are many
    the intervals come out somewhat too narrow.

    Parameters
    ----------
    trials : DataFrame
        Columns ``enrol``, ``test`` (categories) and ``target``.

    Raises
    ------
    UserError
        A non-target trial's ids are linked by target trials.

    Example
    -------
    >>> trials = pd.DataFrame({"enrol": ["a", "b", "a"], "test": ["b", "c", "d"],
    ...                        "target": [True, True, False]})
    >>> trials = trials.astype({"enrol": "category", "test": "category"})
    >>> speakers_from_labels(trials)
    Speakers(enrol=array([0, 0, 0]), test=array([0, 0, 1]), n_speakers=2)
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    categories = [trials[side].cat.categories.astype(str) for side in ("enrol", "test")]
    names = categories[0].union(categories[1])
    enrol, test = (
        names.get_indexer(category)[trials[side].cat.codes]
        for category, side in zip(categories, ("enrol", "test"), strict=True)
    )
    is_target = trials["target"].to_numpy()
    links = coo_array(
        (np.ones(is_target.sum()), (enrol[is_target], test[is_target])),
        shape=(len(names), len(names)),
    )
    n_speakers, speaker = connected_components(links, directed=False)
    speakers = Speakers(
        speaker[enrol].astype(np.int64), speaker[test].astype(np.int64), int(n_speakers)
    )
    _check(trials, speakers, "the target trials that link both")
    return speakers


def _check(trials: pd.DataFrame, speakers: Speakers, what: str) -> None:
    is_wrong = (speakers.enrol == speakers.test) != trials["target"].to_numpy()
    if is_wrong.any():
        trial = trials.iloc[int(is_wrong.argmax())]
        kind = "target" if trial["target"] else "nontarget"
        raise UserError(
            f"trial {trial['enrol']} {trial['test']} {kind}: {what} say otherwise "
            f"({int(is_wrong.sum())} such trials); mend the list or the manifest"
        )

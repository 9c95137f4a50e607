"""Speakers for training, validation and test: disjoint, in like proportions."""

import numpy as np
import pandas as pd

STRATA = ("gender", "age")


class TooFewSpeakers(ValueError):
    """So many speakers cannot be held out."""


def speaker_groups(rows: pd.DataFrame) -> pd.Series:
    """Put together speakers who are heard in one recording.

    Speakers of one conversation share its room, device and noise, and must not be
    divided between training and test.

    Parameters
    ----------
    rows : DataFrame
        ``spk_id`` and ``wav``, the recording.

    Returns
    -------
    Series of int
        Number of the group, by speaker.

    Example
    -------
    >>> rows = pd.DataFrame({"spk_id": list("abc"), "wav": ["x", "x", "y"]})
    >>> speaker_groups(rows).to_dict()
    {'a': 0, 'b': 0, 'c': 1}
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    speakers, names = pd.factorize(rows["spk_id"], sort=True)
    files = pd.factorize(rows["wav"])[0]
    n_speakers, n_nodes = len(names), len(names) + files.max() + 1
    links = coo_array(
        (np.ones(len(rows)), (speakers, n_speakers + files)), shape=(n_nodes, n_nodes)
    )
    group = connected_components(links, directed=False)[1][:n_speakers]
    return pd.Series(pd.factorize(group)[0], index=names)


def hold_out(rows: pd.DataFrame, n_speakers: int, seed: int) -> set[str]:
    """Choose speakers to hold out, in the proportions of gender, age and sessions.

    Speakers are put in the order of these labels, as far as they are known, and one
    is drawn from each of ``n_speakers`` equal stretches of that order.

    Parameters
    ----------
    rows : DataFrame
        ``spk_id`` and ``wav``; ``gender``, ``age`` and ``session`` where known.
    n_speakers : int
        To hold out; speakers who share a recording with them come along.
    seed : int

    Returns
    -------
    set of str

    Raises
    ------
    TooFewSpeakers
        Not so many have two utterances, or none would be left.
    """
    speakers = rows.drop_duplicates("spk_id")
    speakers = speakers.set_index(pd.Index(speakers["spk_id"], name="speaker"))
    groups = speaker_groups(rows)
    speakers = speakers.assign(group=groups)
    if "age" in speakers:
        ages = pd.to_numeric(speakers["age"], errors="coerce")
        speakers["age"] = ages if ages.notna().all() else speakers["age"]
    if "session" in rows:
        n_sessions = rows.groupby("spk_id")["session"].nunique()
        speakers["has_sessions"] = n_sessions > 1
    has_pair = rows["spk_id"].value_counts() > 1
    speakers = speakers[has_pair.reindex(speakers.index)]
    order = [name for name in ("has_sessions", *STRATA) if name in speakers]
    ordered = speakers.sort_values([*order, "spk_id"]).drop_duplicates("group")
    if len(ordered) <= n_speakers:
        raise TooFewSpeakers(
            f"{len(ordered)} speakers or groups of speakers with two utterances, "
            f"{n_speakers} to hold out"
        )
    rng = np.random.default_rng(seed)
    stretches = np.array_split(ordered["spk_id"].to_numpy(), n_speakers)
    drawn = [str(rng.choice(stretch)) for stretch in stretches]
    return set(groups.index[groups.isin(groups[drawn])])

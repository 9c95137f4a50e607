"""Facts about a data folder: how much there is, of whom, and how it sounds."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from utils.audio.decoding import decode_audio
from utils.audio.quality import estimate_snr_db
from utils.data.channels import channel_of
from utils.runtime.errors import UserError
from utils.runtime.processes import map_in_processes

LABELS = ("gender", "age", "accent", "language", "channel", "genre")
_MOST_VALUES = 12  # of a label; the rest are counted together
_AGES = (0, 13, 18, 30, 40, 50, 60, 70, 200)


class Sound(NamedTuple):
    """How an utterance sounds; NaN where it cannot be read.

    Attributes
    ----------
    level_db : float
        Mean power relative to full scale.
    snr_db : float
        Estimate; see `utils.audio.quality.estimate_snr_db`.
    rate_hz : int
    """

    level_db: float
    snr_db: float
    rate_hz: int


def size_table(manifests: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Count speakers, utterances and hours of each split.

    Parameters
    ----------
    manifests : dict of DataFrame
        As `utils.data.manifest.read_manifest` returns them.

    Returns
    -------
    DataFrame
        One row per split.

    Example
    -------
    >>> rows = pd.DataFrame({"spk_id": ["a", "a", "b"], "duration": [1.0, 2.0, 3.0]})
    >>> table = size_table({"test": rows})
    >>> table.loc["test", ["speakers", "utterances", "longest (s)"]].tolist()
    [2.0, 3.0, 3.0]
    """
    rows = {}
    for split, frame in manifests.items():
        counts = frame["spk_id"].value_counts()
        seconds = frame["duration"]
        rows[split] = {
            "speakers": len(counts),
            "utterances": len(frame),
            "hours": seconds.sum() / 3600,
            "fewest per speaker": counts.min(),
            "median": counts.median(),
            "most": counts.max(),
            "shortest (s)": seconds.min(),
            "median (s)": seconds.median(),
            "longest (s)": seconds.max(),
        }
    return pd.DataFrame(rows).T


def label_tables(manifests: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Count the speakers of each value of each label, in each split.

    Ages that are numbers are put into bands; of other labels the most frequent
    values are told.

    Returns
    -------
    dict of DataFrame
        By label: one row per value, one column per split.
    """
    tables = {}
    for label in LABELS:
        known = {s: m for s, m in manifests.items() if label in m.columns}
        columns = {}
        for split, frame in known.items():
            of_speaker = frame.drop_duplicates("spk_id")[label].astype(str)
            values = _age_bands(of_speaker) if label == "age" else of_speaker
            columns[split] = values.replace("", "unknown").value_counts()
        if not columns:
            continue
        table = pd.DataFrame(columns).fillna(0).astype(int)
        order = table.index if label == "age" else table.sum(axis=1).sort_values(
            ascending=False, kind="stable"
        ).index  # fmt: skip
        table = table.loc[order]
        rest = table.iloc[_MOST_VALUES:]
        if len(rest):
            table = table.iloc[:_MOST_VALUES]
            table.loc[f"{len(rest)} others"] = rest.sum()
        tables[label] = table
    return tables


def _age_bands(ages: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(ages, errors="coerce")
    if numbers.isna().any():
        return ages
    names = [f"{a:02d}-{b - 1:02d}" for a, b in zip(_AGES, _AGES[1:], strict=False)]
    return pd.cut(numbers, _AGES, right=False, labels=names).astype(str)


def overlap_table(manifests: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Count the speakers that each two splits share.

    Returns
    -------
    DataFrame
        Square; the diagonal holds the splits' own speakers.
    """
    speakers = {split: set(frame["spk_id"]) for split, frame in manifests.items()}
    return pd.DataFrame(
        {a: {b: len(speakers[a] & speakers[b]) for b in speakers} for a in speakers}
    )


def listen(row: dict) -> Sound:
    """Measure an utterance of a manifest.

    Parameters
    ----------
    row : dict
        ``wav``, ``start`` and ``stop``.
    """
    try:
        samples, rate_hz, _ = decode_audio(
            row["wav"], row["start"], row["stop"], channel_of(row)
        )
    except UserError:
        return Sound(np.nan, np.nan, 0)
    level_db = 10 * np.log10(np.mean(samples.astype(np.float64) ** 2))
    return Sound(float(level_db), estimate_snr_db(samples, rate_hz), rate_hz)


def listen_to_samples(
    manifests: dict[str, pd.DataFrame], n_sample: int, seed: int, n_jobs: int
) -> dict[str, pd.DataFrame]:
    """Listen to a random sample of each split.

    Parameters
    ----------
    manifests : dict of DataFrame
        By split.
    n_sample : int
        Utterances of each split, at most.
    seed : int
    n_jobs : int
        Parallel processes.

    Returns
    -------
    dict of DataFrame
        By split: the fields of `Sound` of those that can be read.
    """
    found = {}
    for split, table in manifests.items():
        drawn = table.sample(min(n_sample, len(table)), random_state=seed)
        rows, label = drawn.to_dict("records"), f"listening to {split}"
        sounds = list(map_in_processes(listen, rows, n_jobs, label))
        found[split] = pd.DataFrame(sounds).dropna(subset="level_db")
    return found

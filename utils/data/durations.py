"""Measure the files of a corpus, and cut the stretches out that utterances are."""

import logging
from collections.abc import Mapping
from types import MappingProxyType

import pandas as pd

from utils.audio.decoding import audio_length, check_channel, count_channels
from utils.data.channels import channel_of
from utils.data.manifest import COLUMNS
from utils.data.times import TIMES
from utils.runtime.errors import UserError
from utils.runtime.processes import map_in_processes

logger = logging.getLogger(__name__)

_ROUNDING_S = 0.1
_INTERNAL = ("part", *TIMES)  # columns of a corpus alone


def measure(rows: pd.DataFrame, nj: int, skip_bad: bool = False) -> pd.DataFrame:
    """Read the length of every file; fill in ``duration``, ``start`` and ``stop``.

    Parameters
    ----------
    rows : DataFrame
        With ``wav``; perhaps `utils.data.times.TIMES` and ``channel``.
    nj : int
        Parallel processes.
    skip_bad : bool
        Leave utterances out that cannot be read.

    Raises
    ------
    UserError
        A file is missing or not audio, has no such channel, or a segment lies outside
        of it.
    """
    rows, faults = measure_each(rows, nj)
    if faults and not skip_bad:
        more = f" ({len(faults)} such utterances; --skip-bad leaves them out)"
        raise UserError(next(iter(faults.values())) + more)
    for fault in dict.fromkeys(faults.values()):
        logger.info(f"left out: {fault}")
    return rows


def measure_each(
    rows: pd.DataFrame, nj: int, known: Mapping[str, str] = MappingProxyType({})
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Measure what can be; return what is wrong with the others, by ID.

    Parameters
    ----------
    rows, nj
        See `measure`.
    known : mapping of str
        What is known to be wrong with some ``wav``: those are not read.

    Raises
    ------
    UserError
        No utterance is left.
    """
    rows = rows.reset_index(drop=True)
    found = dict(known) | measure_files(
        rows.loc[~rows["wav"].isin(list(known)), "wav"], nj
    )
    faults = faults_of(rows, found)
    is_bad = faults != ""
    bad = dict(zip(rows["ID"][is_bad], faults[is_bad], strict=True))
    rows = rows[~is_bad]
    if rows.empty:
        first = next(iter(bad.values()), "nothing to measure")
        raise UserError(f"no readable audio is left; check --source: {first}")
    length, rate_hz = (rows["wav"].map(lambda p, n=n: found[p][n]) for n in (0, 1))
    start, stop = spans(rows, length, rate_hz)
    seconds = [round(value, 3) for value in ((stop - start) / rate_hz).tolist()]
    rows = rows.assign(duration=seconds, start=start, stop=stop)
    labels = [name for name in rows.columns if name not in (*COLUMNS, *_INTERNAL)]
    return rows[[*COLUMNS, *labels]], bad


def measure_files(paths: pd.Series, nj: int) -> dict[str, tuple[int, int] | str]:
    """Read the length and the rate of each file, or what is wrong with it."""
    files = paths.unique()
    found = map_in_processes(_length_or_fault, files, nj, "measuring audio", 256)
    return dict(zip(files, found, strict=True))


def faults_of(
    rows: pd.DataFrame, found: Mapping[str, tuple[int, int] | str]
) -> pd.Series:
    """Tell what is wrong with each utterance: file, channel or stretch; or nothing."""
    faults = rows["wav"].map(lambda p: found[p] if isinstance(found[p], str) else "")
    own = rows[faults == ""]
    if own.empty:
        return faults
    length, rate_hz = (own["wav"].map(lambda p, n=n: found[p][n]) for n in (0, 1))
    faults[own.index[length == 0]] = (
        own["wav"][length == 0] + ": no samples; remove it or record it again"
    )
    own, length, rate_hz = own[length > 0], length[length > 0], rate_hz[length > 0]
    start, stop = spans(own, length, rate_hz)
    for name in own.index[(start < 0) | (start >= stop) | (stop > length)]:
        faults[name] = (
            f"{own['wav'][name]}: utterance {own['ID'][name]} from sample "
            f"{start[name]} to {stop[name]} is no part of the file's {length[name]} "
            "samples; correct the list"
        )
    if "channel" in own:
        for name, row in zip(own.index, own.to_dict("records"), strict=True):
            faults[name] = faults[name] or _channel_fault(row)
    return faults


def _channel_fault(row: dict) -> str:
    channel = channel_of(row)
    try:
        if channel is not None:
            check_channel(row["wav"], channel, count_channels(row["wav"]))
    except UserError as error:
        return str(error)
    return ""


def spans(
    rows: pd.DataFrame, length: pd.Series, rate_hz: pd.Series
) -> tuple[pd.Series, pd.Series]:
    """Return where each utterance starts and stops in its file, in samples.

    A stop that passes the end by no more than `_ROUNDING_S` is put there: lists of
    segments are rounded.
    """
    times = rows.reindex(columns=list(TIMES)).astype(float)
    start = times["start"].fillna(times["start_s"] * rate_hz).fillna(0)
    stop = times["stop"].fillna(times["stop_s"] * rate_hz)
    stop = stop.fillna(start + times["length_s"] * rate_hz).fillna(length)
    start, stop = start.round().astype(int), stop.round().astype(int)
    is_rounded = stop - length <= _ROUNDING_S * rate_hz
    return start, stop.mask(is_rounded, stop.clip(upper=length))


def _length_or_fault(path: str) -> tuple[int, int] | str:
    try:
        return audio_length(path)
    except UserError as error:
        return str(error)

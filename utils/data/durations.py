"""Measure the files of a corpus, and cut the stretches out that utterances are."""

import logging

import pandas as pd

from utils.audio.decoding import audio_length
from utils.data.manifest import COLUMNS
from utils.runtime.errors import UserError
from utils.runtime.progress import progress

logger = logging.getLogger(__name__)

_ROUNDING_S = 0.1
_INTERNAL = ("part", "start_s", "stop_s")  # columns of a corpus alone


def measure(rows: pd.DataFrame, nj: int, skip_bad: bool = False) -> pd.DataFrame:
    """Read the length of every file; fill in ``duration``, ``start`` and ``stop``.

    Parameters
    ----------
    rows : DataFrame
        With ``wav``; perhaps ``start_s`` and ``stop_s``, which are turned into
        samples and dropped.
    nj : int
        Parallel processes.
    skip_bad : bool
        Leave the utterances of unreadable files out.

    Raises
    ------
    UserError
        A file is missing or not audio, or a segment lies outside of its file.
    """
    from joblib import Parallel, delayed

    files = rows["wav"].unique()
    workers = Parallel(n_jobs=nj, return_as="generator", batch_size=256)
    results = workers(delayed(_length_or_fault)(path) for path in files)
    found = dict(
        zip(files, progress(results, len(files), "measuring audio"), strict=True)
    )
    faults = {path: error for path, error in found.items() if isinstance(error, str)}
    if faults and not skip_bad:
        first = next(iter(faults.values()))
        more = f" ({len(faults)} such files; --skip-bad leaves them out)"
        raise UserError(first + more)
    for fault in faults.values():
        logger.info(f"left out: {fault}")
    rows = rows[~rows["wav"].isin(list(faults))]
    if rows.empty:
        raise UserError("no readable audio is left; check --source")
    length, rate_hz = (rows["wav"].map(lambda p, n=n: found[p][n]) for n in (0, 1))
    start, stop = spans(rows, length, rate_hz)
    seconds = [round(value, 3) for value in ((stop - start) / rate_hz).tolist()]
    rows = rows.assign(duration=seconds, start=start, stop=stop)
    labels = [name for name in rows.columns if name not in (*COLUMNS, *_INTERNAL)]
    return rows[[*COLUMNS, *labels]]


def spans(
    rows: pd.DataFrame, length: pd.Series, rate_hz: pd.Series
) -> tuple[pd.Series, pd.Series]:
    """Return where each utterance starts and stops in its file, in samples.

    A stop that passes the end by less than `_ROUNDING_S` is put there: lists of
    segments are rounded.

    Raises
    ------
    UserError
        A segment lies outside of its file.
    """
    start, stop = pd.Series(0, index=rows.index), length
    if "start_s" in rows:
        start, stop = rows["start_s"] * rate_hz, rows["stop_s"] * rate_hz
    elif "start" in rows:
        start = rows["start"]
        stop = rows["stop"] if "stop" in rows else length
    start = start.fillna(0).round().astype(int)
    stop = stop.fillna(length).round().astype(int)
    stop = stop.mask(stop - length <= _ROUNDING_S * rate_hz, stop.clip(upper=length))
    is_out = (start < 0) | (start >= stop) | (stop > length)
    if is_out.any():
        row, name = rows[is_out].iloc[0], is_out.idxmax()
        raise UserError(
            f"{row['wav']}: utterance {row['ID']} from sample {start[name]} to "
            f"{stop[name]} is no part of the file's {length[name]} samples; correct "
            "the list"
        )
    return start, stop


def _length_or_fault(path: str) -> tuple[int, int] | str:
    try:
        return audio_length(path)
    except UserError as error:
        return str(error)

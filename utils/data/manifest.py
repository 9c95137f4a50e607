"""Manifests: one CSV row per utterance, in the layout of SpeechBrain's reader.

Columns ``ID,duration,wav,start,stop,spk_id``, then any labels (``gender``,
``accent``, ``language``, ``session``, ...). ``duration`` is in seconds, ``start``
and ``stop`` in samples of the file. Rows are sorted by ``ID``.
"""

from pathlib import Path

import pandas as pd

from utils.data.labels import tidy_labels
from utils.data.names import plain_name
from utils.runtime.atomic import replacing_file
from utils.runtime.errors import UserError

SPLITS = ("train", "valid", "cohort", "test")  # manifests of a data folder
COLUMNS = ["ID", "duration", "wav", "start", "stop", "spk_id"]


def read_manifest(path: Path | str) -> pd.DataFrame:
    """Read a manifest and check its form.

    Parameters
    ----------
    path : Path or str
        CSV file with at least the columns in `COLUMNS`.

    Returns
    -------
    DataFrame
        One row per utterance, in file order: ``duration`` float, ``start`` and
        ``stop`` int, all other columns str; labels have one spelling each.

    Raises
    ------
    UserError
        The file is missing or empty, a column is missing, a number is not a
        number, or an ID occurs twice.
    """
    path = Path(path)
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError:
        raise UserError(f"{path}: no such manifest; run stage 1 first") from None
    except (pd.errors.EmptyDataError, pd.errors.ParserError) as error:
        reason = str(error).strip()
        raise UserError(f"{path}: not a CSV table ({reason}); make it again") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: no UTF-8 text; save it as UTF-8") from None
    missing = [name for name in COLUMNS if name not in frame]
    if missing:
        raise UserError(f"{path}:1: columns missing: {', '.join(missing)}; add them")
    if frame.empty:
        raise UserError(f"{path}: no utterances; check the corpus folder")
    for name in ("ID", "spk_id"):
        frame[name] = frame[name].map(plain_name)
    frame = tidy_labels(frame)
    _raise_at_first(path, frame["ID"].duplicated(), frame["ID"], "a second row of ID")
    for name, kind in (("duration", float), ("start", int), ("stop", int)):
        numbers = pd.to_numeric(frame[name], errors="coerce")
        _raise_at_first(path, numbers.isna(), frame[name], f"{name} is not a number:")
        frame[name] = numbers.astype(kind)
    return frame


def _raise_at_first(
    path: Path, is_bad: pd.Series, values: pd.Series, what: str
) -> None:
    """Raise a `UserError` that names the first bad row, if there is one."""
    if is_bad.any():
        row = int(is_bad.to_numpy().argmax())
        line = row + 2  # line 1 is the header
        raise UserError(
            f"{path}:{line}: {what} {values[row]!r}; mend or remove the row"
        )


def write_manifest(path: Path | str, rows: pd.DataFrame) -> None:
    """Write a manifest, sorted by ID.

    Parameters
    ----------
    path : Path or str
        CSV file to write.
    rows : DataFrame
        At least the columns in `COLUMNS`; labels follow them in their order.

    Example
    -------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "train.csv"
    >>> row = {"ID": "a-1", "duration": 1.5, "wav": "a.wav", "start": 0,
    ...        "stop": 24000, "spk_id": "a", "gender": "f"}
    >>> write_manifest(path, pd.DataFrame([row]))
    >>> read_manifest(path)["stop"].item()
    24000
    """
    labels = [name for name in rows.columns if name not in COLUMNS]
    with replacing_file(path) as temporary:
        rows.sort_values("ID").to_csv(
            temporary, columns=COLUMNS + labels, index=False, lineterminator="\n"
        )

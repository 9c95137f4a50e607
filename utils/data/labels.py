"""Labels of utterances: one spelling of each thing, and nothing for what is unknown."""

import logging

import pandas as pd

from utils.data.names import plain_name

logger = logging.getLogger(__name__)

GENDERS = {
    "f": "f", "female": "f", "females": "f", "woman": "f", "women": "f", "girl": "f",
    "girls": "f", "feminine": "f", "female_feminine": "f", "fem": "f",
    "m": "m", "male": "m", "males": "m", "man": "m", "men": "m", "boy": "m",
    "boys": "m", "masculine": "m", "male_masculine": "m", "masc": "m",
}  # fmt: skip
UNKNOWN = {
    "", "na", "n/a", "n.a.", "<na>", "nan", "none", "null", "nil", "unknown", "unk",
    "<unk>", "unspecified", "not specified", "not available", "undefined", "missing",
    "?", "-", "--", "n.n.",
}  # fmt: skip
_NO_LABELS = {
    "ID", "wav", "spk_id", "part", "split", "duration", "start", "stop", "start_s",
    "stop_s", "length_s",
}  # fmt: skip


def tidy_labels(rows: pd.DataFrame) -> pd.DataFrame:
    """Give every label one spelling.

    Blanks around it go, unknown things are no label, and spellings that differ in
    case alone are the most frequent of them; a gender is f or m, where it is one.

    Example
    -------
    >>> rows = pd.DataFrame(
    ...     {"gender": ["M", " male", "NA"], "accent": ["Us", "US", ""]}
    ... )
    >>> tidy_labels(rows)["gender"].tolist()
    ['m', 'm', '']
    """
    columns = [name for name in rows.columns if name not in _NO_LABELS]
    return rows.assign(**{name: _tidy(rows[name], name) for name in columns})


def _tidy(values: pd.Series, name: str) -> pd.Series:
    counts = values.fillna("").astype(str).value_counts()
    spelling: dict[str, str] = {}  # by what is the same
    for value in counts.index:  # the most frequent first
        spelling.setdefault(_key(value, name), plain_name(value))
    for same in spelling:
        if same.casefold() in UNKNOWN:
            spelling[same] = ""
        elif name == "gender":
            spelling[same] = GENDERS.get(same, spelling[same])
    made = {value: spelling[_key(value, name)] for value in counts.index}
    changed = {old: new for old, new in made.items() if new != old}
    if changed:
        old, new = next(iter(changed.items()))
        what = f"others, this one {new!r}" if new else "others, this one no label"
        logger.info(
            f"{name}: {len(changed)} spellings made one, such as {old!r}: {what}"
        )
    return values.fillna("").astype(str).map(made)


def _key(value: str, name: str) -> str:
    """Return what is the same in all spellings; sessions are names, with their case."""
    return plain_name(value) if name == "session" else plain_name(value).casefold()

"""Which channel of a file an utterance is on.

Channels count from 0; A and B, left and right are the first and the second. A manifest
has them in its column ``channel``, as a number, empty where the mean of all channels is
meant; other words there, such as landline, are labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_NAMES = {"a": 0, "b": 1, "l": 0, "r": 1, "left": 0, "right": 1, "-1": None, "": None}


def channel_of(row: Mapping) -> int | None:
    """Return the channel of a manifest's row; None for the mean of all.

    Example
    -------
    >>> channel_of({"channel": "1"}), channel_of({"channel": "landline"})
    (1, None)
    """
    text = str(row.get("channel", ""))
    return int(text) if text.isdecimal() else None


def channel_number(text: str) -> str:
    """Return the number that a list's word for a channel stands for, or nothing.

    Raises
    ------
    ValueError
        It stands for none.

    Example
    -------
    >>> channel_number("B"), channel_number("0"), channel_number("-1")
    ('1', '0', '')
    """
    text = text.strip().lower()
    number = _NAMES[text] if text in _NAMES else int(text)
    if number is not None and number < 0:
        raise ValueError(f"{text}: channels count from 0")
    return "" if number is None else str(number)


def channel_numbers(words: pd.Series) -> pd.Series:
    """Replace the words for channels, unless one of them is a label."""
    try:
        number_of = {word: channel_number(word) for word in words.unique()}
    except ValueError:
        return words
    return words.map(number_of)

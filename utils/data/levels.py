"""What the levels of folders below a source are likely to mean, and a pattern for it.

A level whose names are genders or parts, a lone folder, or a few folders that each
hold many others with several files in each, are not speakers. Where no folder is,
speakers are looked for in the files' names.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from utils.data.labels import GENDERS

if TYPE_CHECKING:
    import pandas as pd

SPEAKER_FOLDERS = "{speaker}/**"
_PARTS = re.compile(r"(train|valid|val|dev|test|eval)(ing|idation|uation)?(?![a-z]).*")
_FEW, _MANY = 8, 4  # folders, and folders in each of them
_SHARE = 0.9  # of the files that a guess must explain
_SEPARATORS = "_-."
_KINDS = {"speaker": "speakers", "gender": "genders", "part": "parts"}


@dataclass(frozen=True)
class Layout:
    """What paths look like.

    Attributes
    ----------
    described : tuple of str
        A line for each level of folders, and one for the files.
    below : str
        Folders that hold all the files, one in the other; may be empty.
    pattern : str
        Likely pattern of what is below those; empty where there is none.
    """

    described: tuple[str, ...]
    below: str
    pattern: str

    @property
    def is_plain(self) -> bool:
        """Whether the folders of the first level are likely to be the speakers."""
        return not self.below and self.pattern == SPEAKER_FOLDERS


def read_layout(places: Sequence[str]) -> Layout:
    """Find out what the levels of paths are likely to mean.

    Parameters
    ----------
    places : sequence of str
        Paths of audio files below a source, without ending; at least one.

    Example
    -------
    >>> places = [f"{g}/s{g}{s}/{u}" for g in "fm" for s in range(9) for u in "ab"]
    >>> read_layout(places).pattern
    '{gender}/{speaker}/*'
    >>> read_layout(["0_jo_0", "0_kim_0", "1_jo_0", "1_kim_0"]).pattern
    '*_{speaker}_*'
    """
    import pandas as pd

    split = [place.split("/") for place in places]
    depth = Counter(map(len, split)).most_common(1)[0][0]
    table = pd.DataFrame([parts for parts in split if len(parts) == depth])
    n_groups = 0
    while n_groups < depth - 1 and _is_group(table, n_groups):
        n_groups += 1
    fields = _group_fields(table, n_groups)
    n_lone = next((n for n in range(n_groups) if table[n].nunique() > 1), n_groups)
    if n_groups < depth - 1:
        fields.append("{speaker}")
        rest = "*" if depth == n_groups + 2 and len(table) == len(places) else "**"
    else:
        rest = _file_pattern(table[depth - 1])
    own = fields[n_lone:]
    pattern = "/".join([*own, rest]) if rest else ""
    if own == ["{speaker}"]:
        pattern = SPEAKER_FOLDERS
    below = "/".join(table.iloc[0, :n_lone])
    return Layout(tuple(_describe(table, fields)), below, pattern)


def _is_group(table: pd.DataFrame, level: int) -> bool:
    """Tell whether the folders of a level hold speakers, and are none themselves."""
    names = table[level].unique()
    is_last = level == table.shape[1] - 2
    if _names_of(names):
        return True
    if is_last:
        return len(names) == 1 and bool(_file_pattern(table[level + 1]))
    if _begin_files(table, level) and not _begin_files(table, level + 1):
        return False
    if len(names) == 1:
        return True
    n_files = table.groupby([level, level + 1], sort=False).size()
    is_many = table[level + 1].nunique() >= _MANY * len(names)
    return len(names) <= _FEW and is_many and n_files.median() > 1


def _names_of(names: Sequence[str]) -> str:
    """Return 'gender' or 'part' where all of the names are such; else nothing."""
    lower = [name.lower() for name in names]
    if all(name in GENDERS for name in lower):
        return "gender"
    return "part" if all(_PARTS.fullmatch(name) for name in lower) else ""


def _begin_files(table: pd.DataFrame, level: int) -> bool:
    """Tell whether the names of a level's folders begin those of the files."""
    pairs = zip(table[level], table[table.shape[1] - 1], strict=True)
    return sum(file.startswith(name) for name, file in pairs) >= _SHARE * len(table)


def _group_fields(table: pd.DataFrame, n_groups: int) -> list[str]:
    """Name the levels above the speakers; parts only where they share no speaker."""
    fields: list[str] = []
    for level in range(n_groups):
        names = table[level].unique()
        inner = table.drop_duplicates([level, n_groups])[n_groups]
        is_shared = n_groups < table.shape[1] - 1 and not inner.is_unique
        field = "{" + (_names_of(names) or "group") + "}"
        if len(names) == 1:
            field = names[0]
        elif field in fields or (field == "{part}" and is_shared):
            field = "*"
        fields.append(field)
    return fields


def _file_pattern(names: pd.Series) -> str:
    """Guess where the speaker stands in the files' names; '' where none can be."""
    found = [_guess(names, separator) for separator in _SEPARATORS]
    ranked = sorted(guess for guess in found if guess)
    return ranked[0][1] if ranked else ""


def _guess(names: pd.Series, separator: str) -> tuple[int, str] | None:
    """Return how unlikely the best field between separators is, and its pattern."""
    parts = names.str.split(separator)
    length = int(parts.str.len().mode()[0])
    is_usual = parts.str.len() == length
    if length < 2:
        return None
    n_fields = length if is_usual.mean() >= _SHARE else 1
    usual = parts[is_usual] if n_fields > 1 else parts[parts.str.len() > 1]
    if len(usual) < _SHARE * len(names):
        return None
    ranked = [(_rank(usual.str[n]), n) for n in range(n_fields)]
    rank, field = min(ranked)
    if rank > 2:
        return None
    words = ["*"] * length
    words[field] = "{speaker}"
    if n_fields == 1:
        words = words[:2]
    return rank, separator.join(words)


def _rank(values: pd.Series) -> int:
    """Rank a field: words, words with numbers, numbers, and 3 for no speakers."""
    counts = values.value_counts()
    if len(counts) < 2 or counts.median() < 2 or _names_of(list(counts.index)):
        return 3
    if counts.index.str.isalpha().all():
        return 0
    return 2 if counts.index.str.isdigit().all() else 1


def _describe(table: pd.DataFrame, fields: list[str]) -> list[str]:
    """Tell the names and numbers of each level, and what it is likely to be."""
    lines = []
    levels = list(range(table.shape[1] - 1))
    for level in levels:
        folders = table.drop_duplicates(levels[: level + 1])
        name = fields[level].strip("{}") if level < len(fields) else ""
        what = f": {_KINDS[name]}, as it seems" if name in _KINDS else ""
        examples = ", ".join(sorted(folders[level].unique())[:3])
        lines.append(
            f"level {level + 1}: {len(folders)} folders, such as {examples}{what}"
        )
    n_folders = len(table.drop_duplicates(levels)) if levels else 1
    each = f", {len(table) / n_folders:.0f} in a folder" if levels else ""
    return [*lines, f"files: {len(table)}{each}, such as {table.iloc[0, -1]}"]

"""Names for what stands in the columns of trial lists and score files.

`FORMS` are those of common tools. Others are columns such as
``enrol=1,test=2,label=3``: numbers from 1, or names in the header.
"""

import re

ROLES = ("enrol", "test", "label", "score")
FORMS: dict[str, tuple[str, ...]] = {  # value: the label in a list, else the score
    "kaldi": ("enrol", "test", "value"),
    "voxceleb": ("value", "enrol", "test"),
    "cnceleb": ("enrol", "test", "value"),
    "sitw": ("enrol", "test", "value"),
    "wespeaker": ("enrol", "test", "score", "label"),
    "speechbrain": ("enrol", "test", "label", "score"),
    "asvspoof": ("enrol", "test", "codec", "line", "attack", "label", "trim", "part"),
    "pairs": ("enrol", "test"),
}
_NAMES = {  # in headers: lower case, letters and digits alone
    "enrol": "enrol enroll enrolment enrollment enrolid enrollid enrolutt enrollutt "
    "enrolpath enrollpath modelid model utt1 file1 wav1 path1 audio1 spk1",
    "test": "test testid testutt testpath segmentid segment utt2 file2 wav2 path2 "
    "audio2 spk2",
    "label": "targettype label target key trialtype istarget",
    "score": "score llr similarity cosine",
}
_ROLE_OF = {name: role for role, names in _NAMES.items() for name in names.split()}


def header_roles(names: list[str], is_of_blanks: bool) -> dict[str, int]:
    """Find the columns of roles in a first line; {} where it is no header.

    Parameters
    ----------
    names : list of str
        Cells of the line.
    is_of_blanks : bool
        Blanks separate them: then no name ends in a number, as those of utterances do.

    Example
    -------
    >>> header_roles(["modelid", "segmentid", "side"], False)
    {'enrol': 0, 'test': 1}
    >>> header_roles(["utt1", "utt2", "target"], True)
    {}
    """
    found: dict[str, int] = {}
    for column, name in enumerate(names):
        bare = re.sub(r"[^a-z0-9]", "", name.lower())
        if bare in _ROLE_OF and not (is_of_blanks and bare[-1].isdigit()):
            found.setdefault(_ROLE_OF[bare], column)
    has_number = any(re.fullmatch(r"[+-]?[0-9.]+(e[+-]?\d+)?", name) for name in names)
    return found if {"enrol", "test"} <= found.keys() and not has_number else {}


def parse_columns(text: str) -> dict[str, str]:
    """Read ``enrol=1,test=2,label=3``: the columns of roles.

    Raises
    ------
    ValueError
        A role is unknown or comes twice, or that of enrol or test is missing.

    Example
    -------
    >>> parse_columns("enrol=1,test=segment")
    {'enrol': '1', 'test': 'segment'}
    """
    pairs = [part.partition("=") for part in text.split(",")]
    columns = {role.strip(): name.strip() for role, _, name in pairs}
    is_whole = {"enrol", "test"} <= columns.keys() <= set(ROLES)
    if not is_whole or len(columns) < len(pairs) or "" in columns.values():
        raise ValueError(
            f"{text}: write enrol=1,test=2 and label=3 or score=3, or both"
        )
    return columns

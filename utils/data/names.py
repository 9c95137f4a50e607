"""Names of utterances and speakers that every list and tool can hold."""

import hashlib
import logging
import re
import unicodedata
from collections.abc import Sequence

logger = logging.getLogger(__name__)

NAME = re.compile(r"[A-Za-z0-9_/+=@:-]+")
_OTHER = re.compile(r"[^A-Za-z0-9_/+=@:-]+")


def plain_name(text: str) -> str:
    """Give a name the one form of all those that look the same.

    Blanks around it and what cannot be seen go, blanks within it are single ones, and
    letters are composed (Unicode's NFC).

    Example
    -------
    >>> plain_name(" Ha\u0300  Le\u200b ") == "H\u00e0 Le"
    True
    """
    if text.isascii() and text.isprintable() and text == text.strip():
        return text if "  " not in text else " ".join(text.split())
    seen = "".join(c for c in text if unicodedata.category(c) != "Cf")
    return unicodedata.normalize("NFC", " ".join(seen.split()))


def safe_name(text: str) -> str:
    """Replace what would break lists: blanks, dots, letters beyond ASCII.

    A changed name ends with a hash of the original, so that names which differ stay
    different; a name that needs no change is returned as it is. Forms of one name, as
    `plain_name` has them, are one.

    Example
    -------
    >>> safe_name("id10270/5r0dWxy17C8/00001")
    'id10270/5r0dWxy17C8/00001'
    >>> safe_name("Đặng Thị Hà")
    'ang_Thi_Ha-325eac'
    """
    text = plain_name(text)
    if NAME.fullmatch(text):
        return text
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    digest = hashlib.sha256(text.encode()).hexdigest()[:6]
    return f"{_OTHER.sub('_', plain)}-{digest}"


def safe_speakers(names: Sequence[str]) -> list[str]:
    """Apply `safe_name` to the speakers of a list, and tell which of them became one.

    Example
    -------
    >>> safe_speakers(["anna", "anna ", "bo"])
    ['anna', 'anna', 'bo']
    """
    made = {name: safe_name(name) for name in dict.fromkeys(names)}
    forms: dict[str, list[str]] = {}
    for name, safe in made.items():
        forms.setdefault(safe, []).append(name)
    several = [same for same in forms.values() if len(same) > 1]
    if several:
        shown = " and ".join(repr(name) for name in several[0][:2])
        logger.warning(
            f"{len(several)} speakers are written in several ways, each taken as one, "
            f"such as {shown}"
        )
    return [made[name] for name in names]

"""Names of utterances and speakers that every list and tool can hold."""

import hashlib
import re
import unicodedata

NAME = re.compile(r"[A-Za-z0-9_/+=@:-]+")
_OTHER = re.compile(r"[^A-Za-z0-9_/+=@:-]+")


def safe_name(text: str) -> str:
    """Replace what would break lists: blanks, dots, letters beyond ASCII.

    A changed name ends with a hash of the original, so that names which differ stay
    different; a name that needs no change is returned as it is.

    Example
    -------
    >>> safe_name("id10270/5r0dWxy17C8/00001")
    'id10270/5r0dWxy17C8/00001'
    >>> safe_name("Đặng Thị Hà")
    'ang_Thi_Ha-325eac'
    """
    if NAME.fullmatch(text):
        return text
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    digest = hashlib.sha256(text.encode()).hexdigest()[:6]
    return f"{_OTHER.sub('_', plain)}-{digest}"

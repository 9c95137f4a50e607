"""The collar: what is forgiven around the borders of reference turns, and by whom.

The same number means two things. pyannote.metrics gives the whole width, md-eval (so
dscore and the NIST evaluations) the part on each side: md-eval's 0.25 is pyannote's
0.5. They also differ in when speakers are matched: pyannote.metrics after the collars
and, where it is not scored, the overlap have been taken out; md-eval and spyder before.
"""

from dataclasses import dataclass

TOTAL, MD_EVAL = "total", "md-eval"


@dataclass(frozen=True)
class Collar:
    """A collar with the convention that its number follows.

    Attributes
    ----------
    convention : str
        ``total`` or ``md-eval``.
    value_s : float

    Raises
    ------
    ValueError
        The convention is another, or the value negative or not finite.

    Example
    -------
    >>> Collar("total", 0.5).half_s == Collar("md-eval", 0.25).half_s
    True
    >>> print(Collar("md-eval", 0.25))
    md-eval=0.25 (0.25 s on each side of a border, in all 0.5 s)
    """

    convention: str
    value_s: float

    def __post_init__(self) -> None:
        """Check the parts."""
        if self.convention not in (TOTAL, MD_EVAL):
            raise ValueError(f"{self.convention!r} is no convention of collars")
        if not 0 <= self.value_s < float("inf"):
            raise ValueError(f"{self.value_s} s is no collar")

    @property
    def half_s(self) -> float:
        """What is left out on each side of a border, in seconds."""
        return self.value_s / 2 if self.convention == TOTAL else self.value_s

    @property
    def is_matched_before(self) -> bool:
        """Whether speakers are matched on all that is to be scored, collars too."""
        return self.convention == MD_EVAL

    def __str__(self) -> str:
        """Name the collar in both conventions."""
        name = f"{self.convention}={self.value_s:g}"
        if not self.value_s:
            return f"{name} (none)"
        sides = f"{self.half_s:g} s on each side of a border"
        return f"{name} ({sides}, in all {2 * self.half_s:g} s)"


NO_COLLAR = Collar(TOTAL, 0.0)


def parse_collar(text: str) -> Collar:
    """Read ``0``, ``total=0.5`` or ``md-eval=0.25``.

    Raises
    ------
    ValueError
        It is none of these; a number alone could mean two things.

    Example
    -------
    >>> parse_collar("0") == NO_COLLAR
    True
    >>> parse_collar("0.25")
    Traceback (most recent call last):
    ValueError: 0.25 s in all or on each side? write total=0.25 or md-eval=0.25
    """
    convention, separator, number = text.rpartition("=")
    try:
        value_s = float(number)
    except ValueError:
        raise ValueError(f"{text!r} is not 0, total=0.5 or md-eval=0.25") from None
    if separator:
        return Collar(convention, value_s)
    if value_s:
        raise ValueError(
            f"{text} s in all or on each side? write total={text} or md-eval={text}"
        )
    return NO_COLLAR

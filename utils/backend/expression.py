"""The notation of back-ends on a command line: ``plda+asnorm+cal``.

A chain's name, perhaps + a normalisation's, both as hparams/backend.yaml lists them,
perhaps + ``cal`` for a calibration on held-out speakers.
"""

from typing import NamedTuple

_CALIBRATED = "cal"


class Expression(NamedTuple):
    """A back-end as the user writes it, in its parts.

    Attributes
    ----------
    chain : str
    normalisation : str
        Empty for none.
    is_calibrated : bool
    """

    chain: str
    normalisation: str = ""
    is_calibrated: bool = False

    def __str__(self) -> str:
        """Return the notation."""
        parts = [self.chain, self.normalisation, _CALIBRATED * self.is_calibrated]
        return "+".join(filter(None, parts))


def parse_expression(text: str) -> Expression:
    """Read the notation of a back-end.

    Raises
    ------
    ValueError
        It is no such notation.

    Example
    -------
    >>> parse_expression("plda+asnorm+cal")
    Expression(chain='plda', normalisation='asnorm', is_calibrated=True)
    >>> str(parse_expression("cosine"))
    'cosine'
    """
    chain, *rest = text.split("+")
    is_calibrated = rest[-1:] == [_CALIBRATED]
    names = rest[:-1] if is_calibrated else rest
    words = [chain, *names]
    if len(names) > 1 or "" in words or _CALIBRATED in words or "/" in text:
        raise ValueError(
            f"{text!r} is no back-end: write CHAIN, CHAIN+NORMALISATION, CHAIN+cal or "
            "CHAIN+NORMALISATION+cal"
        )
    return Expression(chain, names[0] if names else "", is_calibrated)

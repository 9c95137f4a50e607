"""Back-ends as arguments of programs: their notation, and where they are listed."""

import argparse

from utils.backend.expression import Expression, parse_expression

SETTINGS = "hparams/backend.yaml"


def expression(text: str) -> Expression:
    """Read the notation of a back-end, for argparse."""
    try:
        return parse_expression(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None

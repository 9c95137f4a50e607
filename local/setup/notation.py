"""The notation of back-ends as an argument of programs."""

import argparse

from utils.backend.expression import Expression, parse_expression


def expression(text: str) -> Expression:
    """Read the notation of a back-end, for argparse."""
    try:
        return parse_expression(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None

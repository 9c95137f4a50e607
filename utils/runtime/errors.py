"""The one exception that stands for a mistake the user can mend."""


class UserError(Exception):
    """A fault in the user's data or settings, told in one line with its remedy.

    Programs print the message without a traceback and exit with code 1.

    Example
    -------
    >>> raise UserError("train.csv:3: no such file a.wav; check the path")
    Traceback (most recent call last):
    utils.runtime.errors.UserError: train.csv:3: no such file a.wav; check the path
    """

"""The level at which sound is taken for speech, between the quiet and the loud."""


def speech_threshold_db(
    quiet_db: float, loud_db: float, range_db: float, margin_db: float
) -> float:
    """Return the level of the quietest speech.

    It lies ``range_db`` under the loud level, but ``margin_db`` above the quiet one
    where that is higher, and never less than ``margin_db`` under the loud level: a
    recording without pauses is kept whole.

    Example
    -------
    >>> speech_threshold_db(-80, -20, 30, 6), speech_threshold_db(-45, -20, 30, 6)
    (-50, -39)
    >>> speech_threshold_db(-21, -20, 30, 6)
    -26
    """
    return max(loud_db - range_db, min(quiet_db + margin_db, loud_db - margin_db))

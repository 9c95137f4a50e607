"""What a folder of features holds, and what deserves a look: ``statistics.json``."""

import json
from pathlib import Path

import pandas as pd

from utils.audio.quality import SILENCE_DB

STATISTICS = "statistics.json"
LONG_FRAMES = 1000  # of which some are pauses
MOST_SPEECH, LEAST_SPEECH = 0.995, 0.03  # plausible shares


def summarise(rows: list[dict], finds_pauses: bool = True) -> dict:
    """Count what is stored of a split.

    Parameters
    ----------
    rows : list of dict
        Those of `utils.features.extraction.FeatureExtractor`, as
        `utils.features.store.FeatureWriter` has completed them.
    finds_pauses : bool
        Whether the front-end does; no share of speech is odd where it does not.

    Returns
    -------
    dict
        ``utterances`` with their copies, ``speakers``, ``frames``,
        ``speech_frames``; the IDs with ``no_speech``, those with an ``odd_share`` of
        speech, and those nearly ``silent``.
    """
    stored = pd.DataFrame(rows)
    return {
        "utterances": len(stored),
        "speakers": int(stored["spk_id"].nunique()),
        "frames": int(stored["n_total"].sum()),
        "speech_frames": int(stored["n_frames"].sum()),
        "no_speech": stored.loc[stored["segments"] == "", "ID"].tolist(),
        "odd_share": stored.loc[has_odd_share(stored) & finds_pauses, "ID"].tolist(),
        "silent": stored.loc[stored["level_db"] < SILENCE_DB, "ID"].tolist(),
    }


def has_odd_share(stored: pd.DataFrame) -> pd.Series:
    """Tell long recordings that are all speech, and those with almost none."""
    share = stored["n_frames"] / stored["n_total"]
    is_all = (share >= MOST_SPEECH) & (stored["n_total"] >= LONG_FRAMES)
    return is_all | (share < LEAST_SPEECH)


def describe(split: str, counts: dict) -> list[str]:
    """Describe what `summarise` returns: a line, and a line for each oddity."""
    share = counts["speech_frames"] / counts["frames"]
    lines = [
        f"{split:>6}: {counts['utterances']} utterances of {counts['speakers']} "
        f"speakers, {share:.0%} speech"
    ]
    for name in counts["no_speech"]:
        lines.append(f"warning: {name}: no speech found, kept whole")
    if counts["odd_share"]:
        lines.append(
            f"warning: {len(counts['odd_share'])} utterances of {split} are speech "
            f"throughout or almost nowhere, such as {counts['odd_share'][0]}: listen "
            "to them, or set speech_margin_db and speech_range_db of the front-end"
        )
    if counts["silent"]:
        lines.append(
            f"warning: {len(counts['silent'])} utterances of {split} are nearly silent "
            f"(below {SILENCE_DB:g} dB), such as {counts['silent'][0]}; --skip-silent "
            "leaves them out"
        )
    return lines


def read_silent(folder: Path) -> list[str]:
    """Return the IDs of what is stored though it is nearly silent, sorted.

    Example
    -------
    >>> read_silent(Path("/no/such/folder"))
    []
    """
    path = folder / STATISTICS
    if not path.is_file():
        return []
    splits = json.loads(path.read_text(encoding="utf-8"))
    return sorted(name for own in splits.values() for name in own.get("silent", []))

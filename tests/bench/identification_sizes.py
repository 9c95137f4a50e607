"""How well the asked FPIR holds in galleries of 10 to 1000 people, on real speech.

    python -m tests.bench.identification_sizes SYSTEM VOICES... [--cache FOLDER]

People are enrolled with one recording and drawn into galleries at random; everybody
else is a stranger, tested with all recordings. For galleries larger than the corpora
each of the first 125 people is there at nine speeds, which are nine voices; one of a
hundred, made so, stands beside one of a hundred people. Recordings count as of
usual length. Intervals, 95 %, resample strangers.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from tests.bench.voices import (
    by_session,
    embed,
    interval,
    llrs,
    parse_arguments,
    profile,
    read_voices,
    usual,
)
from utils.audio.acoustics import change_speed
from utils.audio.decoding import read_audio
from utils.speakers.gallery import threshold_for_gallery
from utils.verification.verifier import Verifier, open_verifier

N_ENROLLED, N_DRAWS, FPIRS = 1, 200, (0.05, 0.01)
SIZES, SIZES_WITH_SPEEDS, N_WITH_SPEEDS = (10, 30, 100, 300), (100, 300, 1000), 125
SPEEDS = tuple(round(1.07**step, 2) for step in range(-4, 5))


def enrol_at_speeds(
    verifier: Verifier, table: pd.DataFrame, cache: Path | None
) -> np.ndarray:
    """Enrol everybody at each speed: (P, V, D)."""
    rate_hz = verifier.system.front_end.sample_rate_hz
    rows = table.groupby("spk_id").head(N_ENROLLED)
    versions = []
    for speed in SPEEDS:
        played = (change_speed(read_audio(own, rate_hz), speed) for own in rows["wav"])
        embeddings = embed(verifier.system, played, cache, f"speed-{speed}")
        voices = by_session(rows, embeddings)
        versions.append([profile(np.concatenate(voices[own])) for own in voices])
    return np.array(versions).swapaxes(0, 1)


def check(
    verifier: Verifier, models: np.ndarray, tests: list[np.ndarray], size: int
) -> None:
    """Print the FPIR in galleries of a size.

    Parameters
    ----------
    verifier : Verifier
    models : ndarray of shape (P, V, D)
        P people, V versions of each: a gallery has all versions of whom it has.
    tests : list of ndarray, shape (n, D)
        The recordings of each of the P people.
    size : int
        About V times as many as the people drawn.
    """
    n_people, n_versions, _ = models.shape
    who = np.repeat(np.arange(n_people), [len(own) for own in tests])  # (M,)
    joined, recordings = np.concatenate(models), np.concatenate(tests)
    scores = llrs(verifier, joined, recordings, usual(len(joined) * [N_ENROLLED]))
    scores = scores.reshape(n_people, n_versions, -1).max(axis=1)  # (P, M)
    n_drawn, rng = round(size / n_versions), np.random.default_rng(0)
    drawn = [rng.permutation(n_people)[:n_drawn] for _ in range(N_DRAWS)]
    is_stranger = np.stack([~np.isin(who, own) for own in drawn])  # (draws, M)
    best = np.stack([scores[own].max(axis=0) for own in drawn])
    size, found = n_drawn * n_versions, []
    for fpir in FPIRS:
        threshold = threshold_for_gallery(verifier.measured, size, fpir)
        accepted, tried = (
            np.bincount(who, own.sum(axis=0), n_people)
            for own in (is_stranger & (best >= threshold), is_stranger)
        )
        told = interval(list(zip(accepted, tried, strict=True)), 2)
        found.append(f"asked {fpir:.0%}, found {told}")
    print(f"{size} in the gallery ({n_drawn} people, {n_versions} voices each): FPIR "
          + "; ".join(found), flush=True)  # fmt: skip


def main() -> None:
    """Measure."""
    args = parse_arguments(__doc__)
    verifier = open_verifier(args.system)
    table = read_voices(args.voices, args.pattern, args.per_speaker)
    voices = by_session(table, embed(verifier.system, table["wav"], args.cache, "all"))
    tests = [np.concatenate(own) for own in voices.values()]
    models = np.array([[profile(own[:N_ENROLLED])] for own in tests])  # (P, 1, D)
    for size in SIZES:
        if size < len(tests):
            check(verifier, models, tests, size)
    table = table[table["spk_id"].isin(list(voices)[:N_WITH_SPEEDS])]
    models = enrol_at_speeds(verifier, table, args.cache)
    for size in SIZES_WITH_SPEEDS:
        check(verifier, models, tests[:N_WITH_SPEEDS], size)


if __name__ == "__main__":
    main()

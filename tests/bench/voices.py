"""Real voices for the benches of people: recordings by speaker and session, embedded.

SYSTEM was measured by local.calibrate_system; VOICES are manifests, or folders whose
paths fit --pattern, of different speakers. Embeddings are kept in --cache.
"""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

from utils.data.patterns import read_or_find_utterances
from utils.speakers.gallery import shifts_of
from utils.systems.opened import OpenedSystem, Utterance
from utils.verification.enrolment import join
from utils.verification.verifier import Verifier

Voices = dict[str, list[np.ndarray]]  # of each speaker, sessions (n, D)
N_RESAMPLES = 2000


def parse_arguments(description: str | None) -> argparse.Namespace:
    """Read the command line of a bench of voices."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("system", type=Path)
    parser.add_argument("voices", nargs="+", type=Path)
    parser.add_argument("--pattern", default="{speaker}/{session}/*")
    parser.add_argument("--per-speaker", type=int, help="the first so many of each")
    parser.add_argument("--cache", type=Path, help="folder of embeddings")
    return parser.parse_args()


def read_voices(
    sources: Sequence[Path], pattern: str, per_speaker: int | None = None
) -> pd.DataFrame:
    """List recordings: ``wav``, ``spk_id``, ``session``."""
    tables = [read_or_find_utterances(source, pattern) for source in sources]
    for number, own in enumerate(tables):  # speakers of different sources are different
        own["spk_id"] = f"{number}/" + own["spk_id"].astype(str)
    table = pd.concat(tables, ignore_index=True)
    if per_speaker:
        table = table.groupby("spk_id").head(per_speaker)
    sessions = table["session"].fillna("") if "session" in table else ""
    return table.assign(session=sessions)


def embed(
    system: OpenedSystem, utterances: Iterable[Utterance], cache: Path | None, name: str
) -> np.ndarray:
    """Embed one after another, or take them from the cache: (N, D)."""
    path = cache / f"{name}.npy" if cache else None
    if path and path.is_file():
        return np.load(path)
    embeddings = np.concatenate([system.embed([own]) for own in utterances])
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, embeddings)
    return embeddings


def by_session(table: pd.DataFrame, embeddings: np.ndarray) -> Voices:
    """Group embeddings (N, D) of a table's rows by speaker and session."""
    voices: Voices = {}
    groups = table.reset_index(drop=True).groupby(["spk_id", "session"])
    for (speaker, _), rows in groups.indices.items():
        voices.setdefault(str(speaker), []).append(embeddings[rows])
    return voices


def profile(enrolment: np.ndarray) -> np.ndarray:
    """Join embeddings (n, D) as those that one person is enrolled with: (D,)."""
    return join(list(enrolment)).astype(np.float32)


def divide(sessions: list[np.ndarray], most: int) -> tuple[np.ndarray, np.ndarray]:
    """Return enrolment and tests: the first session and the others.

    Where there is one session alone: its first recordings and the rest.
    """
    first, *others = sessions
    return first[:most], np.concatenate(others) if others else first[most:]


def usual(counts: Iterable[int]) -> list[list[float]]:
    """Return the seconds of so many recordings of each: as those measured."""
    return [count * [0.0] for count in counts]


def llrs(
    verifier: Verifier, models: np.ndarray, tests: np.ndarray,
    enrolled_s: Sequence[Sequence[float]], tested_s: Sequence[float] = (0.0,),
) -> np.ndarray:  # fmt: skip
    """Score models (N, D), each of some recordings, with tests (M, D): (N, M).

    Ratios are as they are answered, less what the number of recordings and their
    seconds of speech raise them by: seconds of each enrolled one, and of all tests or
    of each.
    """
    found = verifier.system.score(verifier.system.enrol(list(models[:, None])), tests)
    assert found.llrs is not None
    decisions = verifier.measured
    of_tests = np.array([decisions.test_shift(own_s) for own_s in tested_s])
    return found.llrs - shifts_of(enrolled_s, decisions)[:, None] - of_tests


def seconds(table: pd.DataFrame) -> np.ndarray:
    """Return the length of each row's file, (N, 1), to be grouped as embeddings are."""
    found = [soundfile.info(path) for path in table["wav"]]
    return np.array([[own.frames / own.samplerate] for own in found])


def interval(counts: Sequence[tuple[int, int]], digits: int = 1) -> str:
    """Tell a ratio of two counts, one pair a speaker, and its 95 % interval.

    The interval resamples speakers.
    """
    pairs = np.array(counts)
    drawn = np.random.default_rng(0).integers(0, len(pairs), (N_RESAMPLES, len(pairs)))
    sums = pairs[drawn].sum(axis=1)
    low, high = np.quantile(sums[:, 0] / sums[:, 1], [0.025, 0.975])
    value = pairs[:, 0].sum() / pairs[:, 1].sum()
    return f"{value:.{digits}%} ({100 * low:.{digits}f} to {100 * high:.{digits}f})"

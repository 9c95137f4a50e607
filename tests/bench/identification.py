"""Identification on real speech: rank-1, DIR at FPIR, and what stored thresholds give.

    python -m tests.bench.identification SYSTEM VOICES... [--pattern P] [--cache FOLDER]

People are enrolled with one session and tested with their others; with the first five
recordings and the rest where there is one session. Half of the speakers are strangers,
then the other half. Intervals, 95 %, resample speakers.
"""

from collections.abc import Iterator

import numpy as np

from tests.bench.voices import (
    Voices,
    by_session,
    divide,
    embed,
    interval,
    llrs,
    parse_arguments,
    profile,
    read_voices,
    seconds,
)
from utils.metrics.identification import detection_and_identification
from utils.speakers.gallery import threshold_for_gallery
from utils.verification.verifier import Verifier, open_verifier

N_ENROLLED, FPIRS = (1, 3, 5), (0.01, 0.001)


def identify(
    verifier: Verifier, voices: Voices, lengths_s: Voices, n_enrolled: int
) -> None:
    """Print rank-1 and DIR at FPIR, and what the stored threshold gives."""
    names, scores, truth, who = sorted(voices), [], [], []
    size = len(names) // 2
    for part in range(2):
        people, strangers = names[part::2][:size], names[1 - part :: 2]
        enrolled, tests = arrange(voices, people, strangers, n_enrolled)
        enrolled_s, tests_s = arrange(lengths_s, people, strangers, n_enrolled)
        models = np.stack([profile(own) for own in enrolled])
        of_models = [own.ravel().tolist() for own in enrolled_s]
        for place, (own, own_s) in enumerate(zip(tests, tests_s, strict=True)):
            scores.append(
                llrs(verifier, models, own, of_models, own_s.ravel().tolist()).T
            )
            truth += len(own) * [place if place < size else -1]
            who += len(own) * [(people + strangers)[place]]
    joined, right = np.concatenate(scores), np.array(truth)
    print(f"{n_enrolled} enrolled, {size} people, {(right >= 0).sum()} tests, "
          f"{(right < 0).sum()} of strangers: "
          + "; ".join(rates(verifier, joined, right, np.array(who))))  # fmt: skip


def arrange(
    voices: Voices, people: list[str], strangers: list[str], n_enrolled: int
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return what of each of the people is enrolled, and everybody's tests."""
    divided = [divide(voices[own], max(N_ENROLLED)) for own in people]
    tests = [own for _, own in divided]
    tests += [np.concatenate(voices[own]) for own in strangers]
    return [own[:n_enrolled] for own, _ in divided], tests


def rates(
    verifier: Verifier, scores: np.ndarray, right: np.ndarray, who: np.ndarray
) -> Iterator[str]:
    """Yield the rates of scores (M, N); ``right`` is -1 for strangers."""
    known, best = right >= 0, scores.max(axis=1)
    is_first = scores.argmax(axis=1) == right
    yield f"rank-1 {share(is_first, known, who)}"
    for fpir in FPIRS:
        rate, _ = detection_and_identification(scores, right, fpir)
        is_over = best >= threshold_for_gallery(
            verifier.measured, scores.shape[1], fpir
        )
        accepted = share(is_over, ~known, who)
        found = share(is_first & is_over, known, who)
        yield (
            f"FPIR {fpir:.1%}: DIR {rate:.1%}; stored threshold: FPIR {accepted}, "
            f"DIR {found}"
        )


def share(is_so: np.ndarray, among: np.ndarray, who: np.ndarray) -> str:
    """Tell the share among some tests, and its interval over speakers."""
    speakers = np.unique(who[among])
    counts = [
        (int(is_so[among & (who == own)].sum()), int((among & (who == own)).sum()))
        for own in speakers
    ]
    return interval(counts)


def main() -> None:
    """Measure."""
    args = parse_arguments(__doc__)
    verifier = open_verifier(args.system)
    table = read_voices(args.voices, args.pattern, args.per_speaker)
    voices = by_session(table, embed(verifier.system, table["wav"], args.cache, "all"))
    lengths_s = by_session(table, seconds(table))
    for n_enrolled in N_ENROLLED:
        identify(verifier, voices, lengths_s, n_enrolled)


if __name__ == "__main__":
    main()

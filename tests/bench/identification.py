"""Identification, updates and poisoning on real speech of several sessions.

    python -m tests.bench.identification SYSTEM FOLDER [--cache FILE]

SYSTEM was measured by local.calibrate_system; FOLDER holds speaker/session/utterance.
Embeddings are kept in the cache. People are enrolled with one session and tested with
their others; half of the speakers are strangers, then the other half. Intervals, 95 %,
resample speakers.
"""

import argparse
from pathlib import Path

import numpy as np

from utils.data.files import audio_paths
from utils.metrics.identification import detection_and_identification
from utils.speakers.gallery import person_embedding, threshold_for_gallery
from utils.speakers.people import ENROLLED, UPDATED
from utils.speakers.updates import UpdatePolicy
from utils.verification.verifier import Verifier, open_verifier

FPIRS, FAR, N_ENROLLED, N_UPDATES = (0.01, 0.001), 0.01, 3, 5
N_IMPOSTORS, N_ATTEMPTS, SPREAD = 20, 1000, 0.3
Voices = dict[str, list[np.ndarray]]  # of each speaker, sessions (n, D)


def embed_folder(verifier: Verifier, folder: Path, cache: Path | None) -> Voices:
    """Embed all files, or take them from the cache."""
    paths = sorted(audio_paths(folder))
    if cache and cache.is_file():
        embeddings = np.load(cache)
    else:
        embeddings = np.concatenate([verifier.system.embed([own]) for own in paths])
        if cache:
            np.save(cache, embeddings)
    names = [own.relative_to(folder).parts[:2] for own in paths]
    voices: Voices = {}
    for speaker, session in dict.fromkeys(names):
        rows = [place for place, own in enumerate(names) if own == (speaker, session)]
        voices.setdefault(speaker, []).append(embeddings[rows])
    return {name: own for name, own in voices.items() if len(own) > 1}


def llrs(verifier: Verifier, models: np.ndarray, tests: np.ndarray) -> np.ndarray:
    """Score models (N, D) with tests (M, D)."""
    return verifier.system.score(verifier.system.enrol(list(models[:, None])), tests)[1]


def interval(values: list[tuple[int, int]]) -> str:
    """Tell the ratio of errors and trials of each speaker, and its interval."""
    counts = np.array(values)
    drawn = np.random.default_rng(0).integers(0, len(counts), (2000, len(counts)))
    sums = counts[drawn].sum(axis=1)
    low, high = 100 * np.quantile(sums[:, 0] / sums[:, 1], [0.025, 0.975])
    value = 100 * counts[:, 0].sum() / counts[:, 1].sum()
    return f"{value:.1f} % ({low:.1f} to {high:.1f})"


def identify(verifier: Verifier, voices: Voices, n_enrolled: int) -> None:
    """Print rank-1 and DIR at FPIR, and what the stored threshold gives."""
    names = sorted(voices)
    scores, truth = [], []
    for part in range(2):
        people, strangers = names[part::2], names[1 - part :: 2]
        models = np.stack([
            person_embedding(list(voices[own][0][:n_enrolled]), n_enrolled * [ENROLLED])
            for own in people if len(voices[own][0]) >= n_enrolled
        ])  # fmt: skip
        for who, own in enumerate(o for o in people if len(voices[o][0]) >= n_enrolled):
            tests = np.concatenate(voices[own][1:])
            scores.append(llrs(verifier, models, tests).T)
            truth += len(tests) * [who]
        for own in strangers:
            tests = np.concatenate(voices[own])
            scores.append(llrs(verifier, models, tests).T)
            truth += len(tests) * [-1]
    size = min(own.shape[1] for own in scores)
    kept = [own.shape[1] == size for own in scores]
    assert all(kept), "equal halves are needed"
    joined, right = np.concatenate(scores), np.array(truth)
    known = right >= 0
    rank1 = np.mean(joined[known].argmax(axis=1) == right[known])
    parts = [f"rank-1 {rank1:.1%}"]
    for fpir in FPIRS:
        rate, _ = detection_and_identification(joined, right, fpir)
        at = threshold_for_gallery(verifier.measured, size, fpir)
        accepted = np.mean(joined[~known].max(axis=1) >= at)
        found = (joined.argmax(axis=1) == right) & (joined.max(axis=1) >= at)
        parts.append(
            f"FPIR {fpir:.1%}: DIR {rate:.1%}; stored threshold: FPIR {accepted:.2%}, "
            f"DIR {found[known].mean():.1%}"
        )
    print(f"{n_enrolled} enrolled, {size} people, {known.sum()} tests, "
          f"{(~known).sum()} of strangers: " + "; ".join(parts))  # fmt: skip


def update(verifier: Verifier, voices: Voices) -> None:
    """Print FRR before and after updates with another session's speech."""
    threshold = verifier.measured.threshold(FAR).llr
    before, after, n_taken = [], [], 0
    for own in (sessions for sessions in voices.values() if len(sessions) > 2):
        enrolment, offered = list(own[0][:N_ENROLLED]), own[1][:N_UPDATES]
        taken = take_in(verifier, enrolment, offered)
        n_taken += len(taken)
        tests = np.concatenate(own[2:])
        for errors, more in ((before, []), (after, taken)):
            missed = profile_llrs(verifier, enrolment, more, tests) < threshold
            errors.append((int(missed.sum()), len(tests)))
    print(f"{len(before)} speakers, {sum(n for _, n in before)} tests, {n_taken} of "
          f"{len(before) * N_UPDATES} offered taken in: FRR at FAR {FAR:.0%} before "
          f"{interval(before)}, after {interval(after)}")  # fmt: skip


def take_in(
    verifier: Verifier, enrolment: list[np.ndarray], offered: np.ndarray
) -> list[np.ndarray]:
    """Return what of the offered (M, D) the policy takes in and keeps."""
    policy, threshold = UpdatePolicy(), verifier.measured.threshold(FAR).llr
    found = profile_llrs(verifier, enrolment, [], offered)
    accepted = [
        vector for vector, llr in zip(offered, found, strict=True)
        if not policy.refusal(llr, threshold, policy.least_speech_s)
    ]  # fmt: skip
    return accepted[-policy.most :]


def profile_llrs(
    verifier: Verifier, enrolment: list[np.ndarray], later: list[np.ndarray],
    tests: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Score a profile with tests (M, D): (M,)."""
    kinds = len(enrolment) * [ENROLLED] + len(later) * [UPDATED]
    model = person_embedding([*enrolment, *later], kinds).astype(np.float32)
    return llrs(verifier, model[None], tests)[0]


def poison(verifier: Verifier, voices: Voices) -> None:
    """Print what attempts of impostors do to profiles' false-alarm rates.

    An attempt is one of the impostor's recordings, moved at random: a cosine of about
    0.96 to it.
    """
    rng, threshold = np.random.default_rng(0), verifier.measured.threshold(FAR).llr
    rates, n_taken = [], 0
    for name, own in voices.items():
        enrolment = list(own[0][:N_ENROLLED])
        others = [other for other in voices if other != name]
        for impostor in others[:N_IMPOSTORS]:
            recorded = np.concatenate(voices[impostor])
            drawn = recorded[rng.integers(0, len(recorded), N_ATTEMPTS)]
            noise = rng.standard_normal(drawn.shape) / np.sqrt(drawn.shape[1])
            attempts = (drawn + SPREAD * noise).astype(np.float32)
            taken = take_in(verifier, enrolment, attempts)
            n_taken += len(taken) > 0
            rest = [np.concatenate(voices[o]) for o in others if o != impostor]
            tests = np.concatenate([*rest, recorded])
            both = [
                profile_llrs(verifier, enrolment, more, tests) for more in ([], taken)
            ]
            rates.append([np.mean(found >= threshold) for found in both])
    before, after = 100 * np.array(rates).T
    print(f"{len(voices)} profiles, {len(rates)} pairs of {N_ATTEMPTS} attempts, "
          f"{n_taken} with something taken in: FAR before mean {before.mean():.2f} %, "
          f"most {before.max():.2f} %; after mean {after.mean():.2f} %, most "
          f"{after.max():.2f} %; limit {FAR:.0%}")  # fmt: skip


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("system", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cache", type=Path, help="embeddings, .npy")
    args = parser.parse_args()
    verifier = open_verifier(args.system)
    voices = embed_folder(verifier, args.folder, args.cache)
    for n_enrolled in (1, 3, 5):
        identify(verifier, voices, n_enrolled)
    update(verifier, voices)
    poison(verifier, voices)


if __name__ == "__main__":
    main()

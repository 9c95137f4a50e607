"""Speech likeness: make its coefficients anew, and count its errors.

python -m tests.bench.speech_likeness CORPORA [--data data/espeak] [--fit]

CORPORA is a folder with librispeech, speechocean762 and wuw; --data names prepared
ones beside them. --fit learns from their training speakers and from the sounds of
`tests.bench.sounds`, and writes utils/audio/speech_likeness.json. Then the errors are
counted on what nothing was learnt from: the test speakers, plain and spoilt, the
sounds of `tests.audio.other_sounds`, and with --recordings pieces of 5 s of files of
yours that hold no speech.
"""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import soundfile
from joblib import Parallel, delayed

import utils  # noqa: F401 - before anything that imports torchaudio
from tests.audio.other_sounds import RATE_HZ as OTHER_RATE_HZ
from tests.audio.other_sounds import SOUNDS as OTHER_SOUNDS
from tests.bench.sounds import SOUNDS
from tests.bench.sounds.clips import (
    sound_clip,
    speech_clip,
    spoil,
    test_files,
    training_files,
)
from utils.audio.speech_features import SpeechFeatures, measure
from utils.audio.speech_likeness import (
    COEFFICIENTS,
    read_coefficients,
    score_features,
    standardise,
)
from utils.data.manifest import read_manifest

SEED = 1986
PER_SOUND, PER_MUSIC, N_MIXED = 60, 150, 600
PER_OTHER_SOUND, PER_RECORDING, PIECE_S, MOST_SPOILT = 10, 25, 5, 250
REFUSED = 0.006  # of the training's plain utterances, which are cut to 1 to 10 s
SHRINKAGE, PENALTY, SPOILT_WEIGHT = 0.05, 1.0, 0.3
SPOILT = ("noise", "room", "line", "speed", "noise room", "silence")


def measure_speech(path: Path, seed: int) -> tuple[SpeechFeatures, bool]:
    """Measure a part of an utterance; tells whether it was left as it is."""
    rng = np.random.default_rng(seed)
    samples, rate_hz, how = speech_clip(rng, path)
    return measure(samples, rate_hz), not how


def measure_sound(name: str, seed: int) -> tuple[SpeechFeatures, bool]:
    """Measure a sound of the training."""
    samples, rate_hz, how = sound_clip(np.random.default_rng(seed), name)
    return measure(samples, rate_hz), not how


def listed(folder: Path, split: str) -> list[Path]:
    """Return the files of a prepared folder's manifest."""
    return [
        Path(row.wav) for row in read_manifest(folder / f"{split}.csv").itertuples()
    ]


def training_set(
    files: list[Path], nj: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return measures (N, F), and which rows are speech, and which of these plain."""
    names = [
        name
        for name, sound in SOUNDS.items()
        for _ in range(PER_MUSIC if "music" in sound.__module__ else PER_SOUND)
    ]
    jobs = [delayed(measure_speech)(path, i) for i, path in enumerate(files)]
    n_speech = len(jobs)
    jobs += [
        delayed(measure_sound)(name, SEED + i)
        for i, name in enumerate([*names, *["mixed"] * N_MIXED])
    ]
    rows = Parallel(n_jobs=nj, batch_size=32)(jobs)
    is_speech = np.arange(len(rows)) < n_speech
    is_plain = np.array([plain for _, plain in rows]) & is_speech
    return np.array([features for features, _ in rows]), is_speech, is_plain


def fit(features: np.ndarray, is_speech: np.ndarray, is_plain: np.ndarray) -> dict:
    """Learn the coefficients of `score_features`."""
    from sklearn.linear_model import LogisticRegression

    n = features.shape[1]
    model = {
        "mean": features[is_speech].mean(axis=0),
        "deviation": features[is_speech].std(axis=0),
        "precision": np.eye(n),
    }
    z = standardise(features, model)[is_speech, :n]
    model["precision"] = np.linalg.inv(np.cov(z.T) + SHRINKAGE * np.eye(n))
    regressors = standardise(features, model)
    centre, scale = regressors.mean(axis=0), regressors.std(axis=0)
    trust = np.where(is_speech & ~is_plain, SPOILT_WEIGHT, 1.0)
    trust[is_speech] *= (~is_speech).sum() / trust[is_speech].sum()
    logistic = LogisticRegression(C=PENALTY, max_iter=5000)
    logistic.fit((regressors - centre) / scale, is_speech, sample_weight=trust)
    weight = logistic.coef_[0] / scale
    refused = np.quantile(regressors[is_plain] @ weight, REFUSED)
    return model | {"weight": weight, "bias": -refused}


def write(model: dict, path: Path) -> None:
    """Write the coefficients with the digits that matter."""
    n = len(SpeechFeatures._fields)
    weights = model["weight"][:n], model["weight"][n : 2 * n]
    columns = zip(model["mean"], model["deviation"], *weights, strict=True)
    stored = {
        "made_by": "tests.bench.speech_likeness CORPORA --data data/espeak --fit",
        "columns": ["mean", "deviation", "weight", "weight of the square"],
        "features": {
            name: [float(f"{value:.5g}") for value in four]
            for name, four in zip(SpeechFeatures._fields, columns, strict=True)
        },
        "distance_weight": float(f"{model['weight'][-1]:.5g}"),
        "bias": float(f"{model['bias']:.5g}"),
        "precision": model["precision"].round(4).tolist(),
    }
    lines = json.dumps(stored, indent=1).split('"precision"')
    rows = ",\n  ".join(json.dumps(row) for row in stored["precision"])
    text = f'{lines[0]}"precision": [\n  {rows}\n ]\n}}\n'
    text = text.replace("[\n   ", "[").replace(",\n   ", ", ").replace("\n  ]", "]")
    path.write_text(text, encoding="utf-8")


def measure_test(path: Path, seed: int, is_spoilt: bool) -> SpeechFeatures | None:
    """Measure an utterance of at least a second, whole."""
    samples, rate_hz = soundfile.read(path, dtype="float32")
    if len(samples) < rate_hz:
        return None
    if is_spoilt:
        rng = np.random.default_rng(seed)
        samples, rate_hz, _ = spoil(rng, samples, rate_hz, rng.choice(SPOILT))
    return measure(samples, rate_hz)


def measure_other(index: int, seed: int) -> SpeechFeatures:
    """Measure 1 to 10 s of a sound that nothing was learnt from."""
    rng = np.random.default_rng(seed)
    n = int(rng.uniform(1, 10) * OTHER_RATE_HZ)
    return measure(OTHER_SOUNDS[index](rng, n), OTHER_RATE_HZ)


def measure_recording(path: Path) -> list[SpeechFeatures]:
    """Measure pieces of a recording, at random."""
    rng = np.random.default_rng(SEED)
    info = soundfile.info(path)
    n = min(info.frames, PIECE_S * info.samplerate)
    starts = rng.integers(
        0, info.frames - n + 1, PER_RECORDING if n < info.frames else 1
    )
    pieces = (soundfile.read(path, n, s, always_2d=True)[0] for s in starts)
    return [measure(piece.mean(axis=1), info.samplerate) for piece in pieces]


def accepted(rows: Iterable[SpeechFeatures | None]) -> np.ndarray:
    """Tell which are taken for speech."""
    features = np.array([row for row in rows if row is not None])
    likely = score_features(features, read_coefficients()) >= 0.5
    return likely & features.any(axis=1)


def count_errors(
    corpora: dict[str, list[Path]], recordings: Path | None, nj: int
) -> None:
    """Print a table of errors on what nothing was learnt from."""
    work = Parallel(n_jobs=nj, batch_size=16)
    print("| what | clips | errors |\n| --- | --- | --- |")

    def tell(what: str, wrong: np.ndarray) -> None:
        print(
            f"| {what} | {len(wrong)} | {wrong.sum()} ({wrong.mean():.2%}) |",
            flush=True,
        )

    for name, files in corpora.items():
        for is_spoilt in (False, True):
            step = -(-len(files) // MOST_SPOILT) if is_spoilt else 1
            jobs = (
                delayed(measure_test)(path, i, is_spoilt)
                for i, path in enumerate(files[::step])
            )
            tell(f"{name}{', spoilt' * is_spoilt}: refused", ~accepted(work(jobs)))
    kinds = [i for i in range(len(OTHER_SOUNDS)) for _ in range(PER_OTHER_SOUND)]
    wrong = accepted(work(delayed(measure_other)(k, i) for i, k in enumerate(kinds)))
    tell("other sounds: accepted", wrong)
    for kind in sorted(
        {OTHER_SOUNDS[kinds[i]].__name__ for i in np.flatnonzero(wrong)}
    ):
        print(f"  {kind}")
    if recordings is not None:
        files = sorted(p for p in recordings.rglob("*") if p.suffix[1:].upper() in
                       {*soundfile.available_formats(), "OGA"})  # fmt: skip
        rows = work(delayed(measure_recording)(path) for path in files)
        tell("recordings: accepted", accepted(r for some in rows for r in some))


def main() -> None:
    """Learn if asked, then count errors."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("corpora", type=Path)
    parser.add_argument("--data", nargs="*", type=Path, default=[], help="also these")
    parser.add_argument("--fit", action="store_true", help="make the coefficients anew")
    parser.add_argument("--recordings", type=Path, help="folder without any speech")
    parser.add_argument("--nj", type=int, default=1, help="parallel processes")
    args = parser.parse_args()
    if args.fit:
        files = training_files(args.corpora)
        files += [path for folder in args.data for path in listed(folder, "train")[::4]]
        write(fit(*training_set(files, args.nj)), COEFFICIENTS)
    corpora = test_files(args.corpora)
    corpora |= {folder.name: listed(folder, "test") for folder in args.data}
    count_errors(corpora, args.recordings, args.nj)


if __name__ == "__main__":
    main()

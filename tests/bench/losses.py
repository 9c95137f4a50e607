"""Losses and students side by side: the same data and computing time, some seeds each.

    python -m tests.bench.losses DATA --teacher PREFIX --lists LIST ... --out FOLDER
                                 [--minutes 3] [--seeds 3] [--nj 2]

DATA is a corpus's folder with features, PREFIX what local.embed_teacher wrote of them,
as the recipe general leaves both. Each LIST is one of a corpus prepared elsewhere
(CORPUS/trials/LIST, CORPUS/test.csv), scored by cosine. Every system trains on one
thread for as many epochs as its measured speed allows; later phases have a fifth of the
time. Rows that are not of the main question have one seed. A cell is the mean EER over
the seeds in %, with the least and the greatest. Finished trainings are not repeated.
"""

import argparse
import json
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed

from tests.bench.encoders import System, print_row, run, training_speed
from utils.features.store import FeatureStore
from utils.models.experiment import count_weights
from utils.runtime.progress import progress

EPOCH_CROPS, LATER_SHARE = 3840, 0.2
COMMON = {
    "epoch_crops": EPOCH_CROPS, "crop_frames": 200, "augment": "[]", "keep": "last",
}  # fmt: skip
TEACHER = "4*teacher+4*relations"


class Phase(NamedTuple):
    """A section of the hyper-parameters, and settings of its own."""

    name: str
    settings: dict[str, object]


class Row(NamedTuple):
    """What is trained: phases one after the other."""

    system: System
    phases: list[Phase]
    is_main: bool = True

    def shares(self) -> list[float]:
        """Return the part of the time that each phase has."""
        n_later = len(self.phases) - 1
        return [1 - n_later * LATER_SHARE, *[LATER_SHARE] * n_later]


def student(model: str) -> System:
    """Return a system with the teacher's number of dimensions."""
    return System(model, {"embedding_dim": 192}, crop_frames=200)


RESCNN, ECAPA = student("rescnn_general"), student("ecapa_small")
SOFTMAX = Phase("pretrain", {"balance": 0.5})
FASTER = {"lr": 0.0015, "balance": 0.5}
BY_TEACHER = Phase("distil", FASTER | {"loss": TEACHER})
BOTH = Phase("distil", FASTER | {"loss": f"{TEACHER}+0.05*aam"})
MORE_SOFTMAX = Phase("distil", FASTER | {"loss": f"{TEACHER}+0.5*aam"})
TRIPLETS_TOO = Phase(
    "distil",
    {
        "loss": f"{TEACHER}+0.05*aam+2*triplet_hard",
        "crops_per_speaker": 2,
        "balance": 0.5,
        "lr": 0.0003,
    },
)
RANDOM = Phase("triplet", {"mining": "random"})
SELECT = Phase("triplet", {"mining": "history", "random_epochs": 0})
ROWS = {
    "ResCNN, softmax": Row(RESCNN, [SOFTMAX]),
    "ResCNN, softmax, then random triplets": Row(RESCNN, [SOFTMAX, RANDOM]),
    "ResCNN, softmax, then select batch": Row(RESCNN, [SOFTMAX, SELECT]),
    "ResCNN, teacher": Row(RESCNN, [BY_TEACHER]),
    "ResCNN, teacher and softmax": Row(RESCNN, [BOTH]),
    "ResCNN, teacher and ten times the softmax": Row(RESCNN, [MORE_SOFTMAX]),
    "ResCNN, teacher and softmax, then triplets too": Row(RESCNN, [BOTH, TRIPLETS_TOO]),
    "ECAPA-TDNN, softmax": Row(ECAPA, [SOFTMAX]),
    "ECAPA-TDNN, teacher": Row(ECAPA, [BY_TEACHER]),
    "GRU, teacher": Row(student("gru_small"), [BY_TEACHER], is_main=False),
    "LSTM, teacher": Row(student("lstm_small"), [BY_TEACHER], is_main=False),
    "RNN, teacher": Row(student("rnn_small"), [BY_TEACHER], is_main=False),
}


class Job(NamedTuple):
    """A training: a row of the table and a seed."""

    name: str
    seed: int


def train(job: Job, args: argparse.Namespace, speed: float) -> Path:
    """Train all phases, as far as that is not done; returns the model."""
    row, n_crops = ROWS[job.name], 60 * args.minutes * speed
    place = args.out / f"{job.name.replace(' ', '_')}-{job.seed}"
    last = place
    for phase, share in zip(row.phases, row.shares(), strict=True):
        n_epochs = max(1, round(share * n_crops / EPOCH_CROPS))
        out = last / phase.name
        if not (out / "experiment.json").is_file():
            words = phase_words(row.system, phase, n_epochs)
            words += ["--features", args.data / "features", "--seed", job.seed]
            words += ["--teacher", args.teacher] if phase.name == "distil" else []
            words += ["--init", last] if last != place else []
            run("local.train", *words, "--out", out)
        last = out
    return last


def phase_words(system: System, phase: Phase, n_epochs: int) -> list[object]:
    """Return the phase and its hyper-parameters, as local.train takes them."""
    settings = COMMON | phase.settings | {"epochs": n_epochs}
    flags = {f"--net.{name}": own for name, own in system.net.items()}
    flags |= {f"--{phase.name}.{name}": own for name, own in settings.items()}
    words = [phase.name, "--hparams", system.settings]
    return [*words, *(word for flag in flags.items() for word in flag)]


def test_features(trials: Path, args: argparse.Namespace) -> tuple[Path, Path]:
    """Compute the features of a list's corpus; returns its manifest and the folder."""
    corpus = trials.parent.parent
    folder = args.out / "tests" / corpus.name
    if not (folder / "features").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(corpus / "test.csv", folder)
        out = "--out", folder / "features", "--nj", args.nj
        run("local.compute_features", folder, "--model", args.campplus, *out)
    return folder / "test.csv", folder / "features"


def error_rate(model: Path, trials: Path, args: argparse.Namespace, out: Path) -> float:
    """Score a list by cosine, unless that is done; returns the EER in %."""
    result = out / f"{trials.stem}.json"
    out.mkdir(parents=True, exist_ok=True)
    if not result.is_file():
        manifest, features = test_features(trials, args)
        embeddings, scores = out / f"test-{trials.stem}", out / "scores.txt"
        run("local.extract_embeddings", model, manifest, "--features", features,
            "--out", embeddings)  # fmt: skip
        run("local.score", "--backend", "cosine", "--enrol", embeddings,
            "--test", embeddings, "--trials", trials, "--out", scores)  # fmt: skip
        run("local.evaluate", trials, scores, "--json", result)
    return 100 * json.loads(result.read_text())["eer"]


def measure(job: Job, args: argparse.Namespace, speed: float) -> list[float]:
    """Train and evaluate: the EER of each list, or none where it stopped itself."""
    try:
        model = train(job, args, speed)
    except subprocess.CalledProcessError:  # such as a collapse: it has said why
        return []
    out = args.out / "scores" / str(model.relative_to(args.out)).replace("/", "-")
    return [error_rate(model, own, args, out) for own in args.lists]


def cells(rates: list[list[float]]) -> list[str]:
    """Return the mean of each list over seeds, with the range if there are some."""
    columns = np.array(rates).T
    return [
        f"{own.mean():.1f}"
        + (f" ({own.min():.1f} to {own.max():.1f})" if len(own) > 1 else "")
        for own in columns
    ]


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--teacher", required=True, help="prefix of its embeddings")
    parser.add_argument("--lists", nargs="+", type=Path, required=True)
    parser.add_argument("--campplus", type=Path, default=Path("models/campplus"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--nj", type=int, default=2)
    parser.add_argument("--rows", nargs="*", choices=ROWS, default=[*ROWS])
    return parser.parse_args()


def main() -> None:
    """Measure the speeds one by one, then train several systems at a time."""
    args = parse_arguments()
    systems = {name: ROWS[name].system for name in args.rows}
    n_mels = FeatureStore(args.data / "features/valid").n_mels
    facts = {own.model: training_speed(own, n_mels) for own in systems.values()}
    for trials in args.lists:
        test_features(trials, args)
    jobs = [
        Job(name, seed)
        for seed in range(args.seeds)
        for name in args.rows
        if ROWS[name].is_main or seed == 0
    ]
    work = (
        delayed(measure)(job, args, facts[systems[job.name].model][0]) for job in jobs
    )
    rates: dict[str, list[list[float]]] = {name: [] for name in args.rows}
    all_found = Parallel(args.nj, return_as="generator")(work)
    for job, found in progress(zip(jobs, all_found, strict=True), len(jobs), "trained"):
        rates[job.name].append(found)
    print_row(["system", "parameters", "seeds", *(own.stem for own in args.lists)])
    print_row(["---"] * (3 + len(args.lists)))
    for name, own in rates.items():
        done = [found for found in own if found]
        size = f"{count_weights(facts[systems[name].model][1]) / 1e6:.2f} M"
        columns = cells(done) if done else ["stopped"] * len(args.lists)
        print_row([name, size, f"{len(done)} of {len(own)}", *columns])
    out = args.out / "scores" / "campplus"
    known = [error_rate(args.campplus, own, args, out) for own in args.lists]
    print_row(["CAM++, as published", "-", "-", *cells([known])])


if __name__ == "__main__":
    main()

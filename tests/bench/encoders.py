"""Encoders side by side: the same data, the same computing time, one run each.

python -m tests.bench.encoders DATA --out FOLDER [--minutes 10] [--nj 2]
                               [--pretrained models/campplus ...]

DATA is a corpus's folder with features, as stages 1 and 2 leave it. Every system
trains on one thread for as many epochs as its measured speed allows in --minutes;
those with triplets spend a fifth of them on these. --nj systems train at a time.
Finished ones are not repeated. Models trained elsewhere (--pretrained) have rows of
their own, with their own front-ends. FOLDER/curves.png shows how all of them learnt.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import torch
from joblib import Parallel, delayed

import utils  # noqa: F401 - before anything that imports torchaudio
from local.setup.settings import read_settings
from utils.embeddings.averages import write_averages
from utils.embeddings.extraction import UtteranceBatches, embed_batches
from utils.embeddings.files import read_embeddings, write_embeddings
from utils.features.store import FeatureStore
from utils.models.experiment import count_weights
from utils.report.plots import save_figure
from utils.runtime.device import best_precision
from utils.runtime.precision import DTYPES
from utils.systems.system import open_system

TRIPLET_SHARE, EPOCH_CROPS = 0.2, 3840


class System(NamedTuple):
    """What is trained: a model, perhaps with a triplet phase, or with that alone."""

    model: str
    net: dict[str, object] = {}
    crop_frames: int = 160
    mining: str = ""
    is_pretrained: bool = True

    @property
    def settings(self) -> Path:
        """File of the model's size."""
        return Path(f"hparams/sizes/{self.model}.yaml")


RESCNN = partial(System, "rescnn_small", {"normalise_input": True})
SYSTEMS = {
    "rescnn, softmax": RESCNN(),
    "rescnn, softmax + random triplets": RESCNN(mining="random"),
    "rescnn, softmax + select batch": RESCNN(mining="history"),
    "gru": System("gru_small"),
    "lstm": System("lstm_small"),
    "bilstm": System("bilstm_small"),
    "rnn": System("rnn_small"),
    "ECAPA-TDNN (SpeechBrain)": System("ecapa_small"),
    "x-vector (SpeechBrain)": System("xvector_small"),
    "rescnn, select batch from scratch": RESCNN(mining="history", is_pretrained=False),
    "rescnn, pooling of statistics": System(
        "rescnn_small", {"normalise_input": True, "pooling": "statistics"}
    ),
    "gru, pooling of attentive statistics": System(
        "gru_small", {"pooling": "attentive_statistics"}
    ),
    "rescnn, crops of 3.2 s": RESCNN(crop_frames=320),
}
JOINED = "rescnn, softmax + select batch", "gru", "lstm", "bilstm", "rnn"
SPLITS = "train", "valid", "test"
BACKENDS = "cosine", "cosine+asnorm", "lda-plda"


def training_speed(system: System, n_mels: int) -> tuple[float, torch.nn.Module]:
    """Return crops a second in training, on one thread, and the encoder."""
    torch.set_num_threads(1)
    settings = read_settings(
        system.settings, [], {}, {"n_mels": n_mels, "n_speakers": 2}
    )
    settings = settings.with_values("bench", "net", system.net)
    encoder = settings.build()["net"]["encoder"]
    optimizer = torch.optim.AdamW(encoder.parameters())
    dtype = DTYPES[best_precision("cpu")]
    crops, seconds = torch.randn(64, system.crop_frames, n_mels), []
    for _ in range(6):
        start = time.perf_counter()
        with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
            loss = encoder(crops).float().square().sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seconds.append(time.perf_counter() - start)
    return 64 / min(seconds), encoder


def measure_speed(system: System, features: Path) -> tuple[float, int, float]:
    """Return crops a second in training, parameters, and times real time embedding."""
    store = FeatureStore(features / "valid")
    speed, encoder = training_speed(system, store.n_mels)
    return speed, count_weights(encoder), embedding_speed(encoder.eval(), store)


def embedding_speed(encoder: torch.nn.Module, store: FeatureStore) -> float:
    """Return how many times faster than real time an encoder embeds, on one thread."""
    torch.set_num_threads(1)
    start = time.perf_counter()
    for _ in embed_batches(encoder, UtteranceBatches(store)):
        pass
    taken = time.perf_counter() - start
    return 0.01 * store.index["n_frames"].sum() / taken


def folder_of(name: str, args: argparse.Namespace) -> Path:
    """Return where a system is trained."""
    return args.out / name.replace(" ", "_")


def run(module: str, *words: object) -> None:
    """Run a program on one thread."""
    command = [sys.executable, "-m", module, *map(str, words)]
    one_thread = os.environ | {"OMP_NUM_THREADS": "1"}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=one_thread)


def train(system: System, args: argparse.Namespace, speed: float, out: Path) -> Path:
    """Train for the share of the time that each phase has; returns the model."""
    crops = 60 * args.minutes * speed
    share = TRIPLET_SHARE if system.mining else 0.0
    shares = {"pretrain": 1 - share} if system.is_pretrained else {}
    if system.mining:
        shares["triplet"] = share if system.is_pretrained else 1.0
    model = None
    for phase, part in shares.items():
        words = [phase, "--hparams", system.settings]
        words += ["--features", args.features, "--out", out / phase]
        words += [w for key in system.net for w in (f"--net.{key}", system.net[key])]
        words += [f"--{phase}.epochs", max(1, round(part * crops / EPOCH_CROPS))]
        words += [f"--{phase}.epoch_crops", EPOCH_CROPS]
        words += [f"--{phase}.crop_frames", system.crop_frames]
        if model:
            words += ["--init", model]
        if phase == "triplet":
            words += ["--triplet.mining", system.mining]
        model = out / phase
        if not (model / "experiment.json").is_file():
            run("local.train", *words)
    return out / phase


def embed(model: Path, data: Path, features: Path, out: Path) -> None:
    """Write the embeddings of the splits."""
    for split in SPLITS:
        words = model, data / f"{split}.csv", "--features", features
        run("local.extract_embeddings", *words, "--out", out / split)


def evaluate(args: argparse.Namespace, out: Path) -> list[str]:
    """Score with each back-end, unless that is done; returns EERs with intervals."""
    data, cells = args.data, []
    for name in BACKENDS:
        backend, scores = out / f"backend-{name}", out / f"{name}.txt"
        json_file = out / f"{name}.json"
        if not json_file.is_file():
            train = "--embeddings", out / "train", "--manifest", data / "train.csv"
            run("local.train_backend", name, *train, "--out", backend)
            test = "--enrol", out / "test", "--test", out / "test"
            lists = "--trials", args.trials, "--out", scores
            run("local.score", "--backend", backend, *test, *lists)
            slices = "--metadata", data / "test.csv", "--bootstrap", 200
            run("local.evaluate", args.trials, scores, *slices, "--json", json_file)
            scores.unlink()
        result = json.loads(json_file.read_text())
        low, high = (100 * bound for bound in result["ci"]["eer"])
        cells.append(f"{100 * result['eer']:.2f} ({low:.2f} to {high:.2f})")
    return cells


def trained_row(name: str, args: argparse.Namespace, speed: tuple) -> list[str]:
    """Train and evaluate a system, as far as that is not done; return its cells."""
    out = folder_of(name, args)
    cells = [name, f"{speed[1] / 1e6:.2f} M", f"{EPOCH_CROPS / speed[0]:.0f}"]
    try:
        model = train(SYSTEMS[name], args, speed[0], out)
    except subprocess.CalledProcessError:  # such as a collapse: it has said why
        return [*cells, "stopped", *["-"] * (2 + len(BACKENDS))]
    if not (out / "test.npy").is_file():
        embed(model, args.data, args.features, out)
    facts = json.loads((model / "experiment.json").read_text())
    cells += [f"{learning_curve(out)[0][-1]:.1f}", f"{speed[2]:.0f}"]
    return [*cells, f"{100 * facts['valid_eer']:.2f}", *evaluate(args, out)]


def pretrained_row(model: Path, args: argparse.Namespace) -> list[str]:
    """Evaluate a model that was trained elsewhere, as far as that is not done."""
    out = args.out / f"pretrained-{model.name}"
    features = out / "features"
    if not features.is_dir():
        run("local.compute_features", args.data, "--out", features, "--model", model)
    system = open_system(model, "cosine")
    speed = embedding_speed(system.encoder, FeatureStore(features / "valid"))
    if not (out / "test.npy").is_file():
        embed(model, args.data, features, out)
    size = f"{count_weights(system.encoder) / 1e6:.2f} M"
    cells = [model.name, size, "-", "-", f"{speed:.0f}", "-"]
    return [*cells, *evaluate(args, out)]


def averages_row(args: argparse.Namespace) -> list[str]:
    """Evaluate means and deviations of the features and their changes, not trained."""
    out = args.out / "averages"
    out.mkdir(parents=True, exist_ok=True)
    for split in SPLITS:
        write_averages(out / split, args.data / f"{split}.csv", args.features)
    return ["averages of the features", *["-"] * 5, *evaluate(args, out)]


def joined_row(args: argparse.Namespace) -> list[str]:
    """Evaluate the embeddings of `JOINED` side by side: the mean of their cosines."""
    out = args.out / "joined"
    out.mkdir(exist_ok=True)
    for split in SPLITS:
        parts = [read_embeddings(folder_of(name, args) / split) for name in JOINED]
        joined = np.hstack([embeddings for _, embeddings in parts])
        write_embeddings(out / split, parts[0][0], joined)
    return ["five encoders joined", *["-"] * 5, *evaluate(args, out)]


def print_row(cells: list[str]) -> None:
    """Print a line of the table."""
    print(f"| {' | '.join(cells)} |", flush=True)


def learning_curve(out: Path) -> tuple[list[float], list[float]]:
    """Return minutes and validation EER (%) of all epochs of a system's phases."""
    lines = [
        json.loads(line)
        for phase in ("pretrain", "triplet")
        for path in (out / phase).glob("log.jsonl")
        for line in path.read_text().splitlines()
    ]
    minutes = np.cumsum([line.get("seconds", 0.0) for line in lines]) / 60
    return minutes.tolist(), [100 * line["valid_eer"] for line in lines]


def draw_curves(args: argparse.Namespace) -> None:
    """Draw the encoders on the left, and the kinds of rescnn on the right."""
    figure, axes = plt.subplots(
        1, 2, figsize=(11, 4.5), sharey=True, layout="constrained"
    )
    for name in args.systems:
        is_kind = name.startswith("rescnn")
        minutes, eers = learning_curve(folder_of(name, args))
        for panel in axes[[not is_kind or name == "rescnn, softmax", is_kind]]:
            panel.plot(minutes, eers, label=name)
    for panel in axes:
        panel.set(xlabel="minutes of training on one thread", ylim=(0, 40))
        panel.legend(fontsize="small")
    axes[0].set_ylabel("EER on held-out speakers (%)")
    save_figure(figure, args.out / "curves")


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--features", type=Path, help="default: DATA/features")
    parser.add_argument("--trials", type=Path, help="default: the first of DATA/trials")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--nj", type=int, default=2)
    parser.add_argument("--systems", nargs="*", choices=SYSTEMS, default=[*SYSTEMS])
    parser.add_argument("--pretrained", nargs="+", type=Path, default=[])
    args = parser.parse_args()
    args.trials = args.trials or min((args.data / "trials").glob("*.txt"))
    args.features = args.features or args.data / "features"
    return args


def main() -> None:
    """Measure the speeds one by one, then train several systems at a time."""
    args = parse_arguments()
    speeds = {
        name: measure_speed(SYSTEMS[name], args.features) for name in args.systems
    }
    header = ["system", "parameters", "s an epoch", "minutes"]
    header += ["embedding, x real time", "valid EER %"]
    header += [f"{name} EER % (95 %)" for name in BACKENDS]
    print_row(header)
    print_row(["---"] * len(header))
    jobs = (delayed(trained_row)(name, args, speeds[name]) for name in args.systems)
    for cells in Parallel(args.nj, return_as="generator")(jobs):
        print_row(cells)
    for model in args.pretrained:
        print_row(pretrained_row(model, args))
    print_row(averages_row(args))
    if set(JOINED) <= set(args.systems):
        print_row(joined_row(args))
    if args.systems:
        draw_curves(args)


if __name__ == "__main__":
    main()

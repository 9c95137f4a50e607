"""Embeddings as recognisers take them: by speaker, online, in Kaldi's archives."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from utils.runtime.atomic import replacing_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    import pandas as pd

    from utils.systems.opened import OpenedSystem


def add_recogniser_options(parser: argparse.ArgumentParser) -> None:
    """Add what is written besides the embeddings of utterances."""
    add = parser.add_argument
    add("--per-speaker", action="store_true", help="also one vector for each speaker")
    add("--kaldi", action="store_true", help="also as ark and scp")
    add("--every", type=int, default=0, metavar="N",
        help="also a row every N frames of 10 ms, of the past alone")  # fmt: skip
    add("--history-s", type=float, default=10.0,
        help="most of the past that counts for --every")  # fmt: skip
    add("--least-s", type=float, default=0.5,
        help="rows of --every before so much has been heard are zero")  # fmt: skip


def check_recogniser_options(
    parser: argparse.ArgumentParser, args: argparse.Namespace
) -> None:
    """Refuse numbers that mean nothing."""
    if args.every < 0:
        parser.error("--every: a number of frames, such as 10")
    if args.every and not (0 < args.least_s <= args.history_s):
        parser.error("--least-s is above 0 and at most --history-s")


def write_for_recognisers(
    args: argparse.Namespace,
    system: OpenedSystem,
    manifest: pd.DataFrame,
    ids: Sequence[str],
    embeddings: np.ndarray,
) -> None:
    """Write what the options ask for, and say so."""
    from utils.embeddings.by_speaker import embed_speakers
    from utils.embeddings.files import write_embeddings
    from utils.embeddings.kaldi_archive import write_ark

    if args.kaldi:
        write_ark(args.out, zip(ids, embeddings, strict=True))
        print(f"the same for Kaldi: {args.out}.ark, {args.out}.scp")
    if args.per_speaker:
        who = manifest.set_index("ID")["spk_id"]
        own = [place for place, name in enumerate(ids) if name in who.index]
        names, vectors = embed_speakers(
            embeddings[own], [who[ids[place]] for place in own]
        )
        out = Path(f"{args.out}-spk")
        write_embeddings(out, names, vectors, system.model_sha256)
        if args.kaldi:
            write_ark(out, zip(names, vectors, strict=True))
        print(f"{len(names)} speakers: {out}.npy" + f", {out}.scp" * args.kaldi)
    if args.every:
        write_online(args, system, manifest, set(ids))


def write_online(
    args: argparse.Namespace,
    system: OpenedSystem,
    manifest: pd.DataFrame,
    kept: set[str],
) -> None:
    """Write OUT-online.ark and .scp, a matrix an utterance, and OUT-online.period."""
    from utils.embeddings.kaldi_archive import write_ark

    out = Path(f"{args.out}-online")
    rows = manifest[manifest["ID"].isin(kept)].to_dict("records")
    n = write_ark(out, online_matrices(args, system, rows))
    with replacing_file(f"{out}.period") as temporary:
        temporary.write_text(f"{args.every}\n")
    print(f"{n} utterances with a row every {args.every} frames: {out}.scp")


def online_matrices(
    args: argparse.Namespace, system: OpenedSystem, rows: list[dict]
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield every utterance's name and its embeddings of the past."""
    from utils.features.extraction import read_utterance
    from utils.runtime.progress import progress
    from utils.systems.online_embeddings import embed_online

    for row in progress(iter(rows), len(rows), "online embeddings"):
        samples = read_utterance(row, system.front_end.sample_rate_hz)
        how = args.every, args.history_s, args.least_s
        yield row["ID"], embed_online(system, samples, *how)

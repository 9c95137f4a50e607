"""Options of programs that hear sound while it comes, and the sound."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import ExitStack

    import numpy as np

    from utils.live.sources import Source

Told = TypeVar("Told")


def add_live_options(parser: argparse.ArgumentParser) -> None:
    """Add the source, what it is like, the system that hears it, and the record."""
    parser.add_argument("source", nargs="?", help="audio file, or -")
    parser.add_argument("--microphone", nargs="?", const="", metavar="DEVICE")
    parser.add_argument("--fast", action="store_true", help="do not wait for a file")
    parser.add_argument("--chunk-s", type=float, default=0.1, help="read at a time")
    parser.add_argument("--channel", type=int, help="of several, from 0; else the mean")
    parser.add_argument("--rate-hz", type=int, default=16000, help="of raw samples")
    parser.add_argument("--channels", type=int, default=1, help="of raw samples")
    parser.add_argument(
        "--encoding", choices=("s16", "f32"), default="s16", help="of raw samples"
    )
    parser.add_argument("--system", default="", help="in models/, or a folder")
    parser.add_argument("--json", type=Path, help="write a line for each answer")
    parser.add_argument("--trust", action="store_true", help="build all described")


def check_source(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Refuse options that name no source, or more than one."""
    if (args.source is None) == (args.microphone is None):
        parser.error("a file, or -, or --microphone")
    if args.chunk_s <= 0 or args.rate_hz <= 0 or args.channels <= 0:
        parser.error("--chunk-s, --rate-hz and --channels are above 0")


def open_source(args: argparse.Namespace, stack: ExitStack) -> Source:
    """Open what is to be heard."""
    from utils.live import sources

    if args.microphone is not None:
        recorder = sources.open_microphone(args.microphone, args.rate_hz, args.chunk_s)
        return stack.enter_context(recorder)
    if args.source == "-":
        form = sources.RawForm(args.rate_hz, args.channels, args.encoding)
        return sources.read_raw(sys.stdin.buffer, form, args.chunk_s, args.channel)
    file = sources.play_file(args.source, args.chunk_s, args.channel)
    source = stack.enter_context(file)
    return source if args.fast else sources.at_real_speed(source)


def follow(
    source: Source,
    hear: Callable[[np.ndarray], Iterable[Told]],
    finish: Callable[[], Iterable[Told]],
) -> Iterator[Told]:
    """Yield what is told of every chunk, and at the end; Ctrl-C is one, too."""
    try:
        for chunk in source.chunks:
            yield from hear(chunk)
    except KeyboardInterrupt:
        pass  # the end of a recording
    yield from finish()

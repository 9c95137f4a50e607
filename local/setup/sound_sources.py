"""Options of programs that hear sound while it comes, and the sound."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import ExitStack

    from utils.live.sources import Source


def add_source_options(parser: argparse.ArgumentParser) -> None:
    """Add the source and what it is like."""
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

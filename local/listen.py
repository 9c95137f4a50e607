"""Tell who is speaking, of the people in a store, while the sound is still coming.

SOURCE is a file, played at its own speed (--fast: as fast as it can be heard), or `-`
for raw samples from standard input; or there is --microphone. After every two seconds
of speech a line says who it is now, how that was until now, and who it is by all that
was heard. Ctrl-C ends a recording, as the end of a file does.
"""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from local.setup.sound_sources import (
    add_live_options,
    check_source,
    follow,
    open_source,
)
from utils.runtime.program import run_program

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from utils.live.listener import Listener, Moment
    from utils.live.sources import Source


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("store", type=Path, help="file of local.speakers")
    add_live_options(parser)
    parser.add_argument("--fpir", type=float, default=0.01, help="strangers accepted")
    parser.add_argument("--closed-set", action="store_true", help="no strangers come")
    args = parser.parse_args()
    check_source(parser, args)
    return args


def main() -> None:
    """Listen to the end."""
    args = parse_arguments()

    from local.setup.systems import open_recogniser
    from utils.live.listener import open_listener
    from utils.runtime.atomic import replacing_file

    with ExitStack() as stack:
        recogniser = open_recogniser(args.store, args.system, args.trust)
        source = open_source(args, stack)
        fpir = None if args.closed_set else args.fpir
        listener = open_listener(recogniser, source.rate_hz, fpir)
        moments = watch(listener, source)
        if args.json is None:
            *_, end = moments
        else:
            path = stack.enter_context(replacing_file(args.json))
            end = write_moments(path, moments)
    print(tell_end(end))


def watch(listener: Listener, source: Source) -> Iterator[Moment]:
    """Yield all answers, the end last; meanwhile show them."""
    from utils.live.line import Line

    line = Line(sys.stdout, sys.stdout.isatty())

    def hear(chunk: np.ndarray) -> list[Moment]:
        moments = listener(chunk)
        line.show(moments, listener)
        return moments

    def finish() -> list[Moment]:
        line.end()
        return [listener.finish()]

    return follow(source, hear, finish)


def write_moments(path: Path, moments: Iterator[Moment]) -> Moment:
    """Write a line of JSON for each answer; returns the last."""
    with path.open("w", encoding="utf-8") as file:
        for moment in moments:
            print(json.dumps(moment.as_dict(), ensure_ascii=False), file=file)
    return moment


def tell_end(end: Moment) -> str:
    """Say who it was."""
    if end.so_far and end.so_far.found:
        return f"{end.so_far.found.text} ({end.speech_s:.1f} s of speech)"
    return f"nobody was heard: {end.refused or 'no speech'}"


if __name__ == "__main__":
    run_program(main)

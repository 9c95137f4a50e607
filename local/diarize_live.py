"""Who speaks when, while the sound is still coming: told within a second, for good.

SOURCE is a file, played at its own speed (--fast: as fast as it can be heard), or `-`
for raw samples from standard input; or there is --microphone. A line says when a
speaker begins (+) or ends (-). Ctrl-C ends a recording, as the end of a file does.
"""

from __future__ import annotations

import argparse
import json
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
    from utils.live.conversation import Change, ConversationListener


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_live_options(parser)
    parser.add_argument("--max-speakers", type=int)
    parser.add_argument(
        "--segmentation", type=Path, default=Path("models/segmentation"),
        help="folder of the network",
    )  # fmt: skip
    parser.add_argument("--overrides", default="", help="YAML over hparams/diarization")
    parser.add_argument("--rttm", type=Path, help="write the turns at the end")
    args = parser.parse_args()
    check_source(parser, args)
    if args.max_speakers is not None and args.max_speakers < 1:
        parser.error("--max-speakers is 1 or more")
    return args


def main() -> None:
    """Listen to the end."""
    args = parse_arguments()

    from utils.diarization.turns import write_rttm
    from utils.live.conversation import join_changes
    from utils.runtime.atomic import replacing_file

    with ExitStack() as stack:
        source = open_source(args, stack)
        listener = open_listener(args, source.rate_hz)
        changes = []
        for change in follow(source, listener, listener.finish):
            print(tell(change), flush=True)
            changes.append(change)
    name = Path(args.source or "microphone").stem if args.source != "-" else "stdin"
    turns = join_changes("_".join(name.split()), changes)
    if args.rttm:
        write_rttm(args.rttm, turns)
    if args.json:
        with replacing_file(args.json) as temporary:
            lines = [json.dumps(change._asdict()) + "\n" for change in changes]
            temporary.write_text("".join(lines), encoding="utf-8")
    print(tell_end(len(listener.memory), len(turns)))


def open_listener(args: argparse.Namespace, rate_hz: int) -> ConversationListener:
    """Find the models and read the settings."""
    from local.setup.diarization import SETTINGS, DiarizationConfig, find_network
    from local.setup.hyperparameters import load_hyperparameters
    from local.setup.systems import find_system
    from utils.diarization.counts import SpeakerCount

    config = DiarizationConfig(
        find_system(args.system),
        find_network(args.segmentation, ""),
        load_hyperparameters(SETTINGS, args.overrides),
        SpeakerCount(1, args.max_speakers),
        "mean",
        args.trust,
    )
    return config.open_online(rate_hz)


def tell(change: Change) -> str:
    """Say who begins or ends."""
    minutes, seconds = divmod(change.time_s, 60)
    sign = "+" if change.begins else "-"
    return f"{int(minutes)}:{seconds:04.1f}  {sign} speaker-{change.speaker + 1}"


def tell_end(n_speakers: int, n_turns: int) -> str:
    """Say how many spoke."""
    if not n_speakers:
        return "no speech"
    several = "s" * (n_speakers != 1), "s" * (n_turns != 1)
    return f"{n_speakers} speaker{several[0]}, {n_turns} turn{several[1]}"


if __name__ == "__main__":
    run_program(main)

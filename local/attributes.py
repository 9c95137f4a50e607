"""Tell what voice recordings hold: gender, age, accent, language, as heads were learnt.

Prints a line for each label: the class with calibrated probabilities (all classes
equally likely beforehand), or the number with the interval that holds it in 90 % of the
cases; or "cannot tell", with the reason: silence, music or noise, too little speech,
voices unlike those that the head was learnt on, or no class that is probable enough.
Heads are what ./run.sh --task writes, in EXP/heads/NAME, or MODEL/attributes/NAME.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from utils.runtime.atomic import replacing_file
from utils.runtime.program import run_program


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("files", nargs="+", type=Path, help="audio files")
    add("--heads", nargs="+", default=[], type=Path, help="folders of heads")
    add("--system", default="", help="model; default: that of the first head")
    add("--least", type=float, default=0.6, help="probability of a class that is told")
    add("--channel", type=int, help="from 0; else the mean of all")
    add("--json", type=Path, help="write the answers")
    add("--device", default="cpu")
    add("--trust", action="store_true", help="build all that is described")
    return parser.parse_args()


def main() -> None:
    """Answer for every file."""
    args = parse_arguments()

    from local.setup.systems import find_system, find_system_with_heads
    from utils.attributes.answers import AttributeTeller, as_json, find_heads
    from utils.attributes.files import load_head
    from utils.verification.verifier import open_verifier

    first = load_head(args.heads[0]).facts.get("model", "") if args.heads else ""
    find = find_system if args.heads else find_system_with_heads
    system = find(args.system or first)
    heads = [load_head(folder) for folder in find_heads(args.heads, system)]
    verifier = open_verifier(system, "", args.device, args.trust)
    tell = AttributeTeller(verifier, heads, args.least)
    answers = []
    for path in args.files:
        told = tell(path, args.channel)
        print(path, *(f"  {own.text}" for own in told.attributes), sep="\n")
        if told.remark:
            print(f"  {told.remark}")
        answers.append(as_json(path, told))
    if args.json:
        with replacing_file(args.json) as temporary:
            text = json.dumps(answers, indent=1, ensure_ascii=False)
            temporary.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    run_program(main)

"""Ask whether two recordings are of one person.

Prints the score, the log-likelihood ratio, the decision at the threshold that was
stored for the asked false-alarm rate, and the error rates that were measured there. No
score is given for what is not speech, or is worse than all that the system was measured
on. With --trials, a line for each pair of files.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from local.setup.lists import add_list_options, label_form
from utils.runtime.atomic import replacing_file
from utils.runtime.errors import UserError
from utils.runtime.program import run_program

if TYPE_CHECKING:
    from utils.verification.verifier import Answer, Verifier

EXIT_CODES = {"same": 0, "different": 3}
REFUSED = 4


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", type=Path, help="two audio files")
    parser.add_argument("--enrol", nargs="+", type=Path, help="files of one person")
    parser.add_argument("--test", type=Path, help="file to compare with them")
    parser.add_argument("--trials", type=Path, help="list of files")
    add_list_options(parser, with_scores=False)
    parser.add_argument(
        "--system", default="", help="name in models/, or folder of a trained system"
    )
    parser.add_argument("--far", type=float, default=0.01, help="false-alarm rate")
    parser.add_argument(
        "--channel", type=int, help="of the tested file, from 0; else the mean of all"
    )
    parser.add_argument("--json", type=Path, help="write the answer")
    parser.add_argument(
        "--exit-code", action="store_true",
        help="0 same, 3 different, 4 no score, for scripts",
    )  # fmt: skip
    parser.add_argument("--backend", default="", help="of the system; empty: its own")
    parser.add_argument("--device", default="cpu")
    parser.add_argument(
        "--trust", action="store_true", help="build all that is described"
    )
    args = parser.parse_args()
    ways = bool(args.files), bool(args.enrol or args.test), bool(args.trials)
    if sum(ways) != 1 or (args.files and len(args.files) != 2):
        parser.error("two files, or --enrol and --test, or --trials")
    if not args.trials and bool(args.enrol) != bool(args.test):
        parser.error("--enrol and --test go together")
    return args


def main() -> None:
    """Answer, for one trial or many."""
    args = parse_arguments()

    from local.setup.systems import find_system
    from utils.verification.verifier import open_verifier

    folder = find_system(args.system)
    verifier = open_verifier(folder, args.backend, args.device, args.trust)
    if args.trials:
        pairs = read_pairs(args.trials, label_form(args))
        write_json(args.json, answer_all(verifier, pairs, args.far, args.channel))
        return
    enrol, test = (
        (args.enrol, args.test) if args.enrol else (args.files[:1], args.files[1])
    )
    answer = verifier(enrol, test, args.far, args.channel)
    print(f"{'system':10}{folder}", *answer.lines(), sep="\n")
    write_json(args.json, answer.as_dict())
    if args.exit_code:
        sys.exit(exit_code(answer))


def answer_all(
    verifier: Verifier,
    pairs: list[tuple[str, str]],
    far: float,
    channel: int | None,
) -> list[dict[str, object]]:
    """Print a line for each pair: files, score, ratio, decision or reason."""
    answers: list[dict[str, object]] = []
    for enrol, test in pairs:
        answer = verifier([enrol], test, far, channel)
        ratio = "-" if answer.llr is None else f"{answer.llr:.4f}"
        score = "-" if answer.score is None else f"{answer.score:.4f}"
        print(enrol, test, score, ratio, answer.decision or answer.refused or "-")
        answers.append({"enrol": enrol, "test": test} | answer.as_dict())
    return answers


def read_pairs(path: Path, form: str) -> list[tuple[str, str]]:
    """Read the two files of each trial."""
    from utils.trials.readers import read_form

    trials = read_form(path, "label", form)
    return list(zip(trials["enrol"], trials["test"], strict=True))


def exit_code(answer: Answer) -> int:
    """Return what tells a script the decision."""
    if answer.refused:
        return REFUSED
    if answer.decision is None:
        raise UserError(
            "--exit-code: this system has no threshold; measure it on voices of your "
            "own with local.calibrate_system"
        )
    return EXIT_CODES[answer.decision]


def write_json(path: Path | None, content: object) -> None:
    """Write an answer, where it is asked for."""
    if path is not None:
        with replacing_file(path) as temporary:
            text = json.dumps(content, indent=1, ensure_ascii=False)
            temporary.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    run_program(main)

"""Compare a questioned recording with known ones, as evidence: a likelihood ratio.

POPULATION is a folder of speakers, or a manifest: speakers of whom one might be the
questioned one. Its recordings are brought into the condition of the case, and on them
the system is calibrated and validated, without the speakers of the case. OUT gets
report.html, with all that a reader needs to judge the ratio, to be printed as it is,
and case.json. Where the condition is outside what was validated, or the recordings
cannot be compared, there is no ratio but the reason. Nothing is said of identity.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from utils.runtime.atomic import replacing_file
from utils.runtime.program import run_program

if TYPE_CHECKING:
    from utils.forensic.case import Case
    from utils.systems.system import System


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("questioned", type=Path, help="recording")
    parser.add_argument("known", type=Path, nargs="+", help="recordings of one person")
    parser.add_argument(
        "--population", type=Path, required=True, help="folder, or manifest.csv"
    )
    parser.add_argument("--relevant", default="", help="such as gender=m,age>=30")
    parser.add_argument("--why", default="", help="this population is the relevant one")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument(
        "--pattern", default="{speaker}/**", help="of paths; perhaps with {session}"
    )
    parser.add_argument(
        "--same-session", action="store_true",
        help="the case's recordings are of one session, as the population's may be",
    )  # fmt: skip
    parser.add_argument(
        "--system", default="", help="name in models/, or folder of a trained system"
    )
    parser.add_argument("--backend", default="", help="of the system; empty: its own")
    parser.add_argument(
        "--per-speaker", type=int, default=8, help="at most so many recordings of each"
    )
    parser.add_argument(
        "--channel", type=int, help="of the questioned recording, from 0; else all"
    )
    parser.add_argument(
        "--segmentation", type=Path, default=Path("models/segmentation"),
        help="network that tells voices apart",
    )  # fmt: skip
    parser.add_argument(
        "--scale", type=Path, help="words for ratios, with their source"
    )
    parser.add_argument("--seed", type=int, default=0, help="of draws and intervals")
    parser.add_argument("--nj", type=int, default=1, help="parallel processes")
    parser.add_argument(
        "--trust", action="store_true", help="build all that is described"
    )
    args = parser.parse_args()
    if args.per_speaker < 2:
        parser.error("--per-speaker: two recordings of a speaker and more")
    return args


def main() -> None:
    """Read the material, examine it on the population, and report."""
    args = parse_arguments()

    from local.setup.forensic import method_facts
    from local.setup.systems import find_system
    from utils.forensic.case import Case
    from utils.forensic.limits import material_limits
    from utils.forensic.material import read_material, without_copies
    from utils.forensic.words import read_scale
    from utils.systems.system import open_system

    scale = read_scale(args.scale) if args.scale else None
    system = open_system(find_system(args.system), args.backend, trust=args.trust)
    questioned = read_material(args.questioned, system.front_end, args.channel)
    heard = [read_material(path, system.front_end) for path in args.known]
    known, told = without_copies(questioned, heard)
    case = Case(
        questioned,
        tuple(known),
        {"source": str(args.population)},
        method_facts(args, system),
        refusals=tuple(material_limits([questioned, *known])),
        remarks=tuple(told),
        scale=scale,
    )
    if not case.refusals:
        case = examine_case(args, system, case)
    write_case(args.out, case)
    print(case.summary(), *case.remarks, f"{args.out}/report.html", sep="\n")


def examine_case(args: argparse.Namespace, system: System, case: Case) -> Case:
    """Bring the population into the case's condition, and compare."""
    from local.setup.forensic import (
        hear_population,
        population_facts,
        read_population,
        voices_of,
    )
    from utils.forensic.examining import Aims, examine

    table, excluded = read_population(args, case, system.folder)
    population = hear_population(args, system, case, table)
    questioned, known = (
        system.embed_features(
            [own.recording.name for own in side],
            [own.recording.features for own in side],
        )
        for side in ([case.questioned], case.known)
    )
    finding = examine(
        system.backend,
        population,
        (case.questioned, questioned),
        (case.known, known),
        str(args.population),
        Aims(args.same_session, args.seed),
    )
    voices_s, remarks = voices_of(args, system)
    return replace(
        case,
        finding=finding,
        population=population_facts(args, case, finding),
        refusals=finding.refusals,
        remarks=(*case.remarks, *remarks, *finding.remarks),
        voices_s=voices_s,
        excluded=(*excluded, *finding.excluded),
    )


def write_case(folder: Path, case: Case) -> None:
    """Write the report and the numbers."""
    from utils.forensic.case import as_json
    from utils.forensic.page import case_page

    with replacing_file(folder / "case.json") as temporary:
        text = json.dumps(as_json(case), indent=1, ensure_ascii=False)
        temporary.write_text(text + "\n", encoding="utf-8")
    with replacing_file(folder / "report.html") as temporary:
        temporary.write_text(case_page(case), encoding="utf-8")


if __name__ == "__main__":
    run_program(main)

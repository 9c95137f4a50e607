"""Error rates of diarization: DER with its parts, JER, purity, coverage, counts.

REF and HYP are RTTM files of any number of recordings and channels. The collar is
given with its convention, as md-eval's 0.25 is the total 0.5 of pyannote.metrics.
Rates in the JSON are fractions, not percent.
"""

import argparse
import json
import math
from pathlib import Path

from utils.diarization.collars import NO_COLLAR, Collar, parse_collar
from utils.diarization.score_sums import Place, Score, add_scores, resample_files
from utils.diarization.score_table import describe, score_table
from utils.diarization.scoring import Protocol, score_recordings
from utils.diarization.turns import read_rttm, read_uem
from utils.runtime.atomic import replacing_file
from utils.runtime.errors import UserError
from utils.runtime.program import run_program


def collar(text: str) -> Collar:
    """Read a collar from the command line."""
    try:
        return parse_collar(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("ref", type=Path, help="RTTM of who really spoke")
    parser.add_argument("hyp", type=Path, help="RTTM that a system wrote")
    parser.add_argument("--uem", type=Path, help="what is scored; else all")
    parser.add_argument(
        "--collar", type=collar, default=NO_COLLAR, metavar="total=S|md-eval=S|0",
        help="forgiven around the reference's borders: in all, or on each side",
    )  # fmt: skip
    parser.add_argument(
        "--skip-overlap", action="store_true", help="score single speakers alone"
    )
    parser.add_argument("--bootstrap", type=int, default=1000, help="draws of files")
    parser.add_argument("--seed", type=int, default=1986, help="of the draws")
    parser.add_argument("--json", type=Path, help="file to write the rates to")
    return parser.parse_args()


def main() -> None:
    """Score, print the table, and write the JSON."""
    args = parse_arguments()

    from utils.data.left_out import tell_left_out

    ref, hyp = read_rttm(args.ref), read_rttm(args.hyp)
    regions = read_uem(args.uem) if args.uem else None
    protocol = Protocol(args.collar, args.skip_overlap)
    scores = score_recordings(ref, hyp, regions, protocol)
    if not scores:
        raise UserError(f"{args.uem or args.ref}: nothing to score; name another file")
    of_scores = [" ".join(place) for place in scores]
    for path, turns in ((args.ref, ref), (args.hyp, hyp)):
        names = {f"{turn.file} {turn.channel}" for turn in turns} - set(of_scores)
        what = f"recordings of {path} that are not in {args.uem or args.ref}"
        tell_left_out(what, names, of_scores)
    limits = resample_files(scores, args.bootstrap, args.seed)
    print(score_table(scores, protocol, limits, regions is not None))
    if args.json:
        facts = {"protocol": describe(protocol, regions is not None), "ci": limits}
        write_json(args.json, scores, facts)


def write_json(path: Path, scores: dict[Place, Score], facts: dict) -> None:
    """Write all rates, NaN as null."""
    found = {
        "total": rates_of(add_scores(scores.values())),
        "files": {" ".join(place): rates_of(score) for place, score in scores.items()},
    }
    with replacing_file(path) as temporary:
        text = json.dumps(found | facts, indent=1, ensure_ascii=False)
        temporary.write_text(text + "\n", encoding="utf-8")


def rates_of(score: Score) -> dict:
    """Return times, counts and rates of a score."""
    values = vars(score) | score.rates()
    return {
        name: None if math.isnan(value) else value for name, value in values.items()
    }


if __name__ == "__main__":
    run_program(main)

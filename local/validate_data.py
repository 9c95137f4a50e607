"""Check a data folder: manifests, audio, trial and enrolment lists.

Prints every finding as `file:line: what is wrong; how to mend it`, warnings marked as
such, and exits with 1 if there is an error; or says that the data are sound and exits
with 0. Without audio a million lines take seconds.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from local.setup.lists import add_list_options
from utils.runtime.processes import map_in_processes
from utils.runtime.program import run_program
from utils.validation.audio import Heard, Limits, check_audio, common_findings
from utils.validation.findings import ERROR, WARNING, Finding, shown, write_findings

if TYPE_CHECKING:
    import pandas as pd


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add, usual = parser.add_argument, Limits()
    add("data", type=Path, help="folder with train.csv and the others")
    add("--no-audio", action="store_true", help="do not read the audio")
    add("--skip-bad", action="store_true", help="unreadable audio is told but no error")
    add("--json", type=Path, help="also write the findings to this file")
    add("--nj", type=int, default=1, help="parallel processes")
    add("--shortest", type=float, default=usual.shortest_s, metavar="SECONDS")
    add("--longest", type=float, default=usual.longest_s, metavar="SECONDS")
    add_list_options(parser, with_scores=False)
    return parser.parse_args()


def main() -> None:
    """Check the folder and print what was found."""
    args = parse_arguments()
    from utils.validation.manifests import read_raw_manifests

    manifests, findings = read_raw_manifests(args.data)
    findings += text_findings(args.data, manifests, args.form)
    if not args.no_audio:
        rows = readable_rows(args.data, manifests)
        limits = Limits(args.shortest, args.longest)
        findings += audio_findings(rows, limits, args.nj, args.skip_bad)
    if args.json:
        write_findings(args.json, findings)
    tell(args.data, sum(map(len, manifests.values())), findings)


def tell(data: Path, n_utterances: int, findings: list[Finding]) -> None:
    """Print what was found, and how many of each kind; leave with 1 after an error."""
    for line in shown(findings):
        print(line)
    n_errors = sum(finding.level == ERROR for finding in findings)
    n_warnings = len(findings) - n_errors
    if n_errors:
        print(f"{n_errors} errors, {n_warnings} warnings in {data}", file=sys.stderr)
        sys.exit(1)
    n_bad = sum(finding.check == "unreadable" for finding in findings)
    left_out = f", {n_bad} of them bad and left out" if n_bad else ""
    more = f"; {n_warnings} warnings" if n_warnings else ""
    print(f"{data} is sound: {n_utterances} utterances{left_out}{more}")


def text_findings(
    data: Path, manifests: dict[str, pd.DataFrame], form: str
) -> Iterator[Finding]:
    """Yield what is wrong with the folder's manifests and lists."""
    from utils.validation.manifests import (
        manifest_findings,
        recording_findings,
        split_findings,
    )

    for name, rows in manifests.items():
        yield from manifest_findings(data / f"{name}.csv", rows)
    if "test" in manifests:
        yield from recording_findings(data / "test.csv", manifests["test"])
    yield from split_findings(data, manifests)
    yield from list_findings(data, manifests, form)


def list_findings(
    data: Path, manifests: dict[str, pd.DataFrame], form: str
) -> Iterator[Finding]:
    """Yield what is wrong with the folder's trial and enrolment lists."""
    import pandas as pd

    from utils.validation.trials import model_findings, read_models, trial_findings

    test = manifests.get("test", pd.DataFrame(columns=["ID", "spk_id"]))
    speaker_of = dict(zip(test["ID"], test["spk_id"], strict=True))
    models = {}
    for path in sorted(data.glob("enrol/*.txt")):
        models[path.stem], findings = read_models(path)
        yield from findings
        yield from model_findings(path, models[path.stem], speaker_of)
    for path in sorted(data.glob("trials/*.txt")):
        yield from trial_findings(path, speaker_of, models.get(path.stem, {}), form)


def audio_findings(
    rows: pd.DataFrame, limits: Limits, nj: int, skip_bad: bool
) -> Iterator[Finding]:
    """Read the audio of `readable_rows` in parallel; yield what is wrong with it."""
    check, table = partial(check_audio, limits=limits), rows.to_dict("records")
    heard = list(map_in_processes(check, table, nj, "checking audio", batch_size=32))
    for finding in flatten(heard):
        is_left_out = skip_bad and finding.check == "unreadable"
        yield finding._replace(level=WARNING) if is_left_out else finding
    yield from common_findings(rows, heard)


def readable_rows(data: Path, manifests: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Put together the rows whose stretch and duration are numbers."""
    import pandas as pd

    columns = ["ID", "spk_id", "wav", "start", "stop", "duration", "channel"]
    parts = [
        rows.reindex(columns=columns, fill_value="").assign(
            split=name, place=f"{data / name}.csv:" + rows.index.astype(str)
        )
        for name, rows in manifests.items()
    ]
    if not parts:
        return pd.DataFrame(columns=[*columns, "split", "place"])
    rows = pd.concat(parts, ignore_index=True)
    is_number = rows["start"].str.isdigit() & rows["stop"].str.isdigit()
    duration = pd.to_numeric(rows["duration"], errors="coerce")
    return rows[is_number & duration.notna()].reset_index(drop=True)


def flatten(heard: list[Heard]) -> Iterator[Finding]:
    """Yield the findings of all utterances."""
    for one in heard:
        yield from one.findings


if __name__ == "__main__":
    run_program(main)

"""What heads answer on the recordings of manifests: right, wrong, or nothing.

    python -m tests.bench.attribute_answers SYSTEM MANIFEST.csv ... [--n 400]

By the heads in SYSTEM/attributes; of each manifest at most so many recordings, drawn.
Where it has no such column, answers are counted alone.
"""

import argparse
from collections import Counter
from pathlib import Path

import pandas as pd

from local.setup.systems import find_system
from utils.attributes.answers import AttributeTeller, find_heads
from utils.attributes.files import load_head
from utils.data.manifest import read_manifest
from utils.runtime.errors import UserError
from utils.verification.verifier import open_verifier

LEAST = 0.6  # as local.attributes has it


def answer(tell: AttributeTeller, rows: pd.DataFrame) -> pd.DataFrame:
    """Return an answer a head and recording: ``column``, ``value``, ``reason``."""
    found = []
    for row in rows.to_dict("records"):
        try:
            told = tell(row["wav"]).attributes
        except UserError:
            continue
        for head, own in zip(tell.heads, told, strict=True):
            column = head.task.column
            found.append(
                {"column": column, "value": own.value, "reason": own.reason,
                 "true": row.get(column, ""), "spk_id": row["spk_id"]}
            )  # fmt: skip
    return pd.DataFrame(found)


def tell_counts(name: str, answers: pd.DataFrame) -> None:
    """Print how many answers are right, wrong, or none and why."""
    for column, own in answers.groupby("column"):
        told = own[own["value"] != ""]
        known = told[told["true"] != ""]
        right = int((known["value"] == known["true"]).sum())
        counts = Counter(own.loc[own["value"] == "", "reason"])
        reasons = ", ".join(f"{n} {reason}" for reason, n in counts.most_common(4))
        print(
            f"{name}, {column}: {len(own)} recordings of {own['spk_id'].nunique()} "
            f"speakers, {len(told)} told, {right} of {len(known)} right; cannot tell: "
            f"{reasons or 0}; told {dict(Counter(told['value']))}",
            flush=True,
        )


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("system")
    parser.add_argument("manifests", type=Path, nargs="+")
    parser.add_argument("--n", type=int, default=400)
    args = parser.parse_args()
    system = find_system(args.system)
    heads = [load_head(folder) for folder in find_heads([], system)]
    tell = AttributeTeller(open_verifier(system, "", "cpu", False), heads, LEAST)
    for path in args.manifests:
        rows = read_manifest(path)
        rows = rows.sample(min(args.n, len(rows)), random_state=0)
        tell_counts(str(path), answer(tell, rows))


if __name__ == "__main__":
    main()

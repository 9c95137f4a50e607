"""Describe a data folder: a card with tables, histograms and spectrograms.

Prints the tables, and writes DATA/card.html, which stands alone, and DATA/card.md with
its pictures in DATA/card/. Sizes and labels are those of all utterances; level and
signal-to-noise ratio those of a sample that is read.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from utils.report.page import render_text_table
from utils.runtime.atomic import replacing_file
from utils.runtime.errors import UserError
from utils.runtime.program import run_program

if TYPE_CHECKING:
    import pandas as pd


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("data", type=Path, help="folder with the manifests")
    add("--sample", type=int, default=300, help="utterances of each split to listen to")
    add("--examples", type=int, default=4, help="spectrograms")
    add("--seed", type=int, default=1986)
    add("--nj", type=int, default=1, help="parallel processes")
    args = parser.parse_args()
    if args.sample < 1 or args.examples < 1:
        parser.error("--sample and --examples must be 1 or more")
    return args


def main() -> None:
    """Measure, draw, print and write the card."""
    args = parse_arguments()

    from utils.data.card import listen_to_samples
    from utils.report.card_page import card_tables, html_card, markdown_card
    from utils.report.data_plots import (
        distributions,
        example_spectrograms,
        split_histograms,
    )
    from utils.report.plots import save_figure

    manifests = read_manifests(args.data)
    sounds = listen_to_samples(manifests, args.sample, args.seed, args.nj)
    tables = card_tables(manifests, sounds)
    figures = {
        "histograms": split_histograms(distributions(manifests, sounds)),
        "spectrograms": example_spectrograms(manifests, args.examples, args.seed),
    }
    for title, header, rows in tables:
        print(f"\n{title}\n{render_text_table(header, rows)}")
    drawn = []
    for name, figure in figures.items():
        if figure is not None:
            save_figure(figure, args.data / "card" / name)
            drawn.append(name)
    pages = {
        args.data / "card.html": html_card(args.data, tables, drawn),
        args.data / "card.md": markdown_card(args.data, tables, drawn),
    }
    for path, text in pages.items():
        with replacing_file(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    print(f"\nthe card is {' and '.join(map(str, pages))}")


def read_manifests(data: Path) -> dict[str, pd.DataFrame]:
    """Read the manifests of the splits, or whatever manifests there are."""
    from utils.data.manifest import SPLITS, read_manifest

    paths = [data / f"{split}.csv" for split in SPLITS]
    paths = [p for p in paths if p.is_file()] or sorted(data.glob("*.csv"))
    if not paths:
        raise UserError(f"{data}: no manifests; run the recipe's prepare first")
    return {path.stem: read_manifest(path) for path in paths}


if __name__ == "__main__":
    run_program(main)

"""Describe a data folder: a card with tables, histograms and spectrograms.

Prints the tables, and writes DATA/card.html, which stands alone, and DATA/card.md with
its pictures in DATA/card/. Sizes and labels are those of all utterances; level and
signal-to-noise ratio those of a sample that is read.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from matplotlib.figure import Figure

from utils.audio.decoding import decode_audio
from utils.data.card import label_tables, listen, overlap_table, size_table
from utils.data.manifest import read_manifest
from utils.report.data_plots import spectrograms, split_histograms
from utils.report.page import (
    render_figure,
    render_page,
    render_table,
    render_text_table,
)
from utils.report.plots import save_figure
from utils.runtime.atomic import replacing_file
from utils.runtime.errors import UserError
from utils.runtime.program import run_program
from utils.runtime.progress import progress

SPLITS = ("train", "valid", "cohort", "test")
PICTURES = {
    "histograms": "Shares of the utterances; of the speakers, for utterances of each",
    "spectrograms": "One utterance each of some speakers",
}
Table = tuple[str, list[str], list[list[str]]]


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
    manifests = read_manifests(args.data)
    heard = listen_to_samples(manifests, args)
    tables = make_tables(manifests, heard)
    figures = {
        "histograms": split_histograms(make_panels(manifests, heard)),
        "spectrograms": draw_examples(manifests, args),
    }
    for title, header, rows in tables:
        print(f"\n{title}\n{render_text_table(header, rows)}")
    for name, figure in figures.items():
        if figure is not None:
            save_figure(figure, args.data / "card" / name)
    drawn = [name for name, figure in figures.items() if figure is not None]
    with replacing_file(args.data / "card.html") as temporary:
        temporary.write_text(html_card(args.data, tables, drawn), encoding="utf-8")
    with replacing_file(args.data / "card.md") as temporary:
        temporary.write_text(markdown_card(args.data, tables, drawn), encoding="utf-8")
    print(f"\nthe card is {args.data / 'card.html'} and {args.data / 'card.md'}")


def read_manifests(data: Path) -> dict[str, pd.DataFrame]:
    """Read the manifests of the splits, or whatever manifests there are."""
    paths = [data / f"{split}.csv" for split in SPLITS]
    paths = [p for p in paths if p.is_file()] or sorted(data.glob("*.csv"))
    if not paths:
        raise UserError(f"{data}: no manifests; run the recipe's prepare first")
    return {path.stem: read_manifest(path) for path in paths}


def listen_to_samples(
    manifests: dict[str, pd.DataFrame], args: argparse.Namespace
) -> dict[str, pd.DataFrame]:
    """Read a sample of each split; returns level, SNR and rate of what can be read."""
    found = {}
    for split, rows in manifests.items():
        drawn = rows.sample(min(args.sample, len(rows)), random_state=args.seed)
        workers = Parallel(n_jobs=args.nj, return_as="generator", batch_size=16)
        jobs = (delayed(listen)(row) for row in drawn.to_dict("records"))
        sounds = list(progress(workers(jobs), len(drawn), f"listening to {split}"))
        found[split] = pd.DataFrame(sounds).dropna(subset="level_db")
    return found


def make_tables(
    manifests: dict[str, pd.DataFrame], heard: dict[str, pd.DataFrame]
) -> list[Table]:
    """Lay out all tables as text: title, header and rows."""
    sounds = pd.DataFrame(
        {
            split: {
                "level (dB)": sound["level_db"].median(),
                "SNR (dB), estimate": sound["snr_db"].median(),
                "rates (Hz)": " ".join(map(str, sorted(set(sound["rate_hz"])))),
            }
            for split, sound in heard.items()
        }
    ).T
    tables = {"Size": size_table(manifests), "Sound (medians of a sample)": sounds}
    for label, table in label_tables(manifests).items():
        tables[f"Speakers by {label}"] = table
    tables["Speakers that splits share"] = overlap_table(manifests)
    return [as_text(title, table) for title, table in tables.items()]


def as_text(title: str, table: pd.DataFrame) -> Table:
    """Turn a table into text."""
    rows = [
        [str(name), *(format_value(value) for value in row)]
        for name, row in zip(table.index, table.to_numpy().tolist(), strict=True)
    ]
    return title, ["", *map(str, table.columns)], rows


def format_value(value: object) -> str:
    """Write whole numbers whole, others with two decimals."""
    if isinstance(value, float) and np.isnan(value):
        return "-"
    if isinstance(value, float):
        return f"{value:.0f}" if value == round(value) else f"{value:.2f}"
    return str(value)


def make_panels(
    manifests: dict[str, pd.DataFrame], heard: dict[str, pd.DataFrame]
) -> dict[str, dict[str, np.ndarray]]:
    """Collect what the histograms show."""
    of_speaker = {s: m["spk_id"].value_counts() for s, m in manifests.items()}
    return {
        "duration (s)": {s: m["duration"].to_numpy() for s, m in manifests.items()},
        "utterances of a speaker": {
            s: c.to_numpy(float) for s, c in of_speaker.items()
        },
        "level (dB)": {s: h["level_db"].to_numpy() for s, h in heard.items()},
        "SNR (dB), estimate": {s: h["snr_db"].to_numpy() for s, h in heard.items()},
    }


def draw_examples(
    manifests: dict[str, pd.DataFrame], args: argparse.Namespace
) -> Figure | None:
    """Draw one utterance each of some speakers, those that can be read."""
    rows = pd.concat([m.assign(split=split) for split, m in manifests.items()])
    rows = rows.sample(frac=1, random_state=args.seed).drop_duplicates("spk_id")
    titles, signals, rates_hz = [], [], []
    for row in rows.head(3 * args.examples).to_dict("records"):
        try:
            samples, rate_hz = decode_audio(row["wav"], row["start"], row["stop"])
        except UserError:
            continue
        titles.append(f"{row['split']}: {row['ID']} of {row['spk_id']}")
        signals.append(samples)
        rates_hz.append(rate_hz)
        if len(signals) == args.examples:
            break
    return spectrograms(titles, signals, rates_hz) if signals else None


def html_card(data: Path, tables: list[Table], drawn: list[str]) -> str:
    """Put the card together as one page with its pictures inside."""
    parts = [f"<h2>{title}</h2>" + render_table(*table) for title, *table in tables]
    for name in drawn:
        text = (data / "card" / f"{name}.svg").read_text(encoding="utf-8")
        svg = text.partition("<!DOCTYPE")[2].partition(">")[2].strip()
        parts.append(render_figure(svg, PICTURES[name]))
    return render_page(f"Data card: {data.name}", parts)


def markdown_card(data: Path, tables: list[Table], drawn: list[str]) -> str:
    """Put the card together in Markdown, with links to the pictures."""
    lines = [f"# Data card: {data.name}", ""]
    for title, header, rows in tables:
        cells = [header, ["---"] * len(header), *rows]
        lines += [f"## {title}", ""]
        lines += ["| " + " | ".join(row) + " |" for row in cells] + [""]
    lines += [f"![{PICTURES[name]}](card/{name}.png)\n" for name in drawn]
    return "\n".join(lines)


if __name__ == "__main__":
    run_program(main)

"""The data card: its tables as text, and the page in HTML and in Markdown."""

from pathlib import Path

import numpy as np
import pandas as pd

from utils.data.card import label_tables, overlap_table, size_table
from utils.report.page import render_figure, render_page, render_table

PICTURES = {
    "histograms": "Shares of the utterances; of the speakers, for utterances of each",
    "spectrograms": "One utterance each of some speakers",
}
Table = tuple[str, list[str], list[list[str]]]  # title, header, rows


def card_tables(
    manifests: dict[str, pd.DataFrame], sounds: dict[str, pd.DataFrame]
) -> list[Table]:
    """Lay out all tables of a card as text.

    Parameters
    ----------
    manifests : dict of DataFrame
        By split.
    sounds : dict of DataFrame
        By split: ``level_db``, ``snr_db`` and ``rate_hz`` of a sample of utterances.

    Returns
    -------
    list of (str, list of str, list of list of str)
        Title, header and rows of each table.
    """
    tables = {
        "Size": size_table(manifests),
        "Sound (medians of a sample)": pd.DataFrame(
            {split: _medians(sound) for split, sound in sounds.items()}
        ).T,
    }
    for label, table in label_tables(manifests).items():
        tables[f"Speakers by {label}"] = table
    tables["Speakers that splits share"] = overlap_table(manifests)
    return [_as_text(title, table) for title, table in tables.items()]


def _medians(sound: pd.DataFrame) -> dict[str, object]:
    return {
        "level (dB)": sound["level_db"].median(),
        "SNR (dB), estimate": sound["snr_db"].median(),
        "rates (Hz)": " ".join(map(str, sorted(set(sound["rate_hz"])))),
    }


def _as_text(title: str, table: pd.DataFrame) -> Table:
    rows = [
        [str(name), *(format_value(value) for value in row)]
        for name, row in zip(table.index, table.to_numpy().tolist(), strict=True)
    ]
    return title, ["", *map(str, table.columns)], rows


def format_value(value: object) -> str:
    """Write whole numbers whole, others with two decimals.

    Example
    -------
    >>> [format_value(value) for value in (2.0, 0.125, float("nan"), "a")]
    ['2', '0.12', '-', 'a']
    """
    if isinstance(value, float) and np.isnan(value):
        return "-"
    if isinstance(value, float):
        return f"{value:.0f}" if value == round(value) else f"{value:.2f}"
    return str(value)


def html_card(data: Path, tables: list[Table], drawn: list[str]) -> str:
    """Put the card together as one page with its pictures inside.

    Parameters
    ----------
    data : Path
        Folder whose ``card/`` holds the pictures.
    tables : list
        As `card_tables` returned them.
    drawn : list of str
        Which of `PICTURES` there are.
    """
    parts = [
        f"<h2>{title}</h2>" + render_table(header, rows)
        for title, header, rows in tables
    ]
    for name in drawn:
        svg = (data / "card" / f"{name}.svg").read_text(encoding="utf-8")
        parts.append(render_figure(svg, PICTURES[name]))
    return render_page(f"Data card: {data.name}", parts)


def markdown_card(data: Path, tables: list[Table], drawn: list[str]) -> str:
    """Put the card together in Markdown, with links to the pictures.

    Parameters
    ----------
    data, tables, drawn
        See `html_card`.

    Example
    -------
    >>> print(markdown_card(Path("data/a"), [("Size", ["", "n"], [["test", "2"]])], []))
    # Data card: a
    <BLANKLINE>
    ## Size
    <BLANKLINE>
    |  | n |
    | --- | --- |
    | test | 2 |
    """
    lines = [f"# Data card: {data.name}", ""]
    for title, header, rows in tables:
        cells = [header, ["---"] * len(header), *rows]
        lines += [f"## {title}", ""]
        lines += ["| " + " | ".join(row) + " |" for row in cells] + [""]
    lines += [f"![{PICTURES[name]}](card/{name}.png)\n" for name in drawn]
    return "\n".join(lines)

"""The report as one self-contained HTML page."""

from collections.abc import Sequence, Sized
from html import escape
from typing import Any

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 66rem; margin: 2rem auto;
  padding: 0 1rem; color: #222; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { border-bottom: 1px solid #ccc; padding: .3rem .7rem; text-align: right; }
th:first-child, td:first-child, th:nth-child(2), td:nth-child(2),
.names-3 th:nth-child(3), .names-3 td:nth-child(3) { text-align: left; }
.names-3 { display: block; overflow-x: auto; font-size: .85em; white-space: nowrap; }
.names-3 th, .names-3 td { padding: .3rem .5rem; }
dt { font-weight: 600; } dd { margin: 0 0 .4rem 1rem; overflow-wrap: anywhere; }
figure { margin: 1rem 0; } svg { max-width: 100%; height: auto; }
.warning { background: #fee; padding: .5rem 1rem; }
.notes { background: #f4f4f4; padding: .5rem 1rem .5rem 2rem; }
"""


def render_page(title: str, parts: list[str]) -> str:
    """Put the parts of a report on a page.

    Parameters
    ----------
    title : str
    parts : list of str
        HTML.

    Example
    -------
    >>> "<h1>A &amp; B</h1>" in render_page("A & B", [])
    True
    """
    head = (
        f'<!DOCTYPE html>\n<html lang="en">\n<meta charset="utf-8">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n"
    )
    return head + f"<h1>{escape(title)}</h1>\n" + "\n".join(parts) + "\n</html>\n"


def render_table(header: list[str], rows: list[list[str]], n_names: int = 2) -> str:
    """Write a table as HTML, the first two or three columns to the left.

    Example
    -------
    >>> render_table(["EER"], [["<5 %"]])
    '<table><tr><th>EER</th></tr><tr><td>&lt;5 %</td></tr></table>'
    """
    lines = ["".join(f"<th>{escape(name)}</th>" for name in header)]
    lines += ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows]
    start = "<table>" if n_names < 3 else f'<table class="names-{n_names}">'
    return start + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"


def render_notes(lines: Sequence[str]) -> str:
    """Write lines of text as an HTML list."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f'<ul class="notes">{items}</ul>'


def render_facts(facts: dict[str, object]) -> str:
    """Write names and values as an HTML list, as people read them.

    Example
    -------
    >>> render_facts({"shared_speakers": []})
    '<dl><dt>shared speakers</dt><dd>none</dd></dl>'
    """
    items = [
        f"<dt>{escape(name.replace('_', ' '))}</dt><dd>{escape(readable(value))}</dd>"
        for name, value in facts.items()
    ]
    return "<dl>" + "\n".join(items) + "</dl>"


def readable(value: Any) -> str:
    """Write what JSON holds without its brackets; what is empty within it is left out.

    Example
    -------
    >>> readable({"mlp": 0.70836, "of": ["a", "b"], "none": ()})
    'mlp 0.7084, of a; b'
    >>> readable(True), readable(None)
    ('yes', '-')
    """
    if value is None:
        return "-"
    if isinstance(value, Sized) and not len(value):
        return "none"
    if isinstance(value, dict):
        filled = {k: v for k, v in value.items() if v not in (None, False, "", (), [])}
        return ", ".join(f"{name} {readable(own)}" for name, own in filled.items())
    if isinstance(value, list | tuple):
        return "; ".join(map(readable, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def render_figure(svg: str, caption: str) -> str:
    """Put a picture and its caption into HTML.

    Parameters
    ----------
    svg : str
        Text of an SVG file.
    caption : str

    Example
    -------
    >>> render_figure('<?xml version="1.0"?><!DOCTYPE svg><svg></svg>', "<1>")
    '<figure><svg></svg><figcaption>&lt;1&gt;</figcaption></figure>'
    """
    element = svg[svg.index("<svg") :].strip()  # less what makes it a file
    return f"<figure>{element}<figcaption>{escape(caption)}</figcaption></figure>"


def render_text_table(
    header: list[str], rows: list[list[str]], n_names: int = 2
) -> str:
    """Write a table for the terminal, numbers to the right of so many names.

    Example
    -------
    >>> print(render_text_table(["trials", "EER %"], [["all", "5.00"]]))
    trials  EER %
    all      5.00
    """
    table = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    n_left = 1 if len(header) < 3 else n_names
    lines = [
        "  ".join(
            cell.ljust(width) if place < n_left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in table
    ]
    return "\n".join(line.rstrip() for line in lines)

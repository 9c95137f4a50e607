"""Scores of diarization as a table, with what was scored."""

from utils.diarization.score_sums import Place, Score, add_scores
from utils.diarization.scoring import Protocol
from utils.report.page import render_text_table

HEADER = [
    "file", "channel", "speech s", "missed %", "false alarm %", "confusion %", "DER %",
    "JER %", "purity %", "coverage %", "speakers", "found",
]  # fmt: skip
_RATES = "missed", "false_alarm", "confusion", "der", "jer", "purity", "coverage"


def score_table(
    scores: dict[Place, Score], protocol: Protocol, limits: dict, has_uem: bool
) -> str:
    """Lay out the scores of recordings, their total, and what they are of.

    Parameters
    ----------
    scores : dict of Score
        What `utils.diarization.scoring.score_recordings` returned.
    protocol : Protocol
    limits : dict
        What `utils.diarization.score_sums.resample_files` returned.
    has_uem : bool
        Whether regions were given.
    """
    total = add_scores(scores.values())
    rows = [_row(*place, score) for place, score in scores.items()]
    rows.append(_row("TOTAL", "", total))
    rates = total.rates()
    lines = [
        render_text_table(HEADER, rows),
        f"count of speakers: exact in {_percent(rates['count_exact'])} % of "
        f"{total.n_channels}, off by {rates['count_error']:.2f} on average",
        *(
            f"95 % interval of {name}, by file: {{:.2f}} to {{:.2f}} %".format(
                *(100 * x for x in limits[key])
            )
            for name, key in (("DER", "der"), ("JER", "jer"))
            if key in limits
        ),
        f"DER, purity, coverage: {describe(protocol, has_uem)}; JER: no collar, with "
        "overlap",
    ]
    return "\n".join(lines)


def describe(protocol: Protocol, has_uem: bool) -> str:
    """Say what was scored.

    Example
    -------
    >>> describe(Protocol(), has_uem=True)
    'collar total=0 (none), overlap scored, regions of the UEM'
    """
    overlap = "left out" if protocol.skip_overlap else "scored"
    where = "regions of the UEM" if has_uem else "from the first to the last turn"
    return f"collar {protocol.collar}, overlap {overlap}, {where}"


def _row(file: str, channel: str, score: Score) -> list[str]:
    rates = score.rates()
    numbers = [_percent(rates[name]) for name in _RATES]
    return [
        file, channel, f"{score.speech_s:.2f}", *numbers, str(score.n_ref),
        str(score.n_hyp),
    ]  # fmt: skip


def _percent(rate: float) -> str:
    return "-" if rate != rate else f"{100 * rate:.2f}"

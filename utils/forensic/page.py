"""The report of a case as one page, to read and to print."""

from html import escape

from utils.forensic.case import Case, figures
from utils.forensic.examining import Finding, Ratio
from utils.forensic.material import Material
from utils.forensic.pictures import validation_figure
from utils.metrics.lr_validation import LN_10
from utils.report.page import (
    render_facts,
    render_figure,
    render_notes,
    render_page,
    render_table,
)
from utils.report.plots import svg_text

_STYLE = """<style>
.result { border: 2px solid #444; padding: .6rem 1rem; font-size: 1.1rem; }
h2 { margin-top: 2rem; }
.material td { overflow-wrap: anywhere; font-size: .85em; }
.material td:first-child { white-space: nowrap; overflow-wrap: normal; }
.material td:nth-child(n+2), .material th:nth-child(n+2) { text-align: left; }
@media print {
  @page { size: A4; margin: 18mm; }
  body { max-width: none; margin: 0; font-size: 10.5pt; }
  h2, tr, figure, .result { break-inside: avoid; } h2 { break-after: avoid; }
}
</style>"""
_ROWS = (
    "SHA-256", "coding", "duration", "speech", "SNR", "sound up to", "clipped samples",
    "traces of a codec",
)  # fmt: skip
_WHAT_IT_IS = (
    "The likelihood ratio is about the recordings, not about the persons: it says how "
    "much more probable the result of the comparison is under one proposition than "
    "under the other. How probable the propositions themselves are depends on all "
    "other evidence, is for the court, and is not said here.",
    "It rests on the population, the condition and the method below; another relevant "
    "population gives another ratio.",
)
_LIMITS = (
    "Degraded recordings stand for those of the case; a simulated line, noise or codec "
    "is not the real one.",
    "The speaking style, the language, the health and the age of the speakers were not "
    "compared with those of the population, unless the filter names them.",
    "Nothing was examined for edits, synthesis or disguise of the voice.",
    "The interval is of the calibration, by resampled speakers of the population; what "
    "another recording of the same speakers would give is not in it.",
    "Speakers whom the encoder has learnt from are left out by the names in its "
    "ledger; where it has none, or people have other names here, the validation may "
    "promise too much.",
)
_SOURCES = (
    "ENFSI, Guideline for Evaluative Reporting in Forensic Science, 2015.",
    "A. Drygajlo et al., Methodological Guidelines for Best Practice in Forensic "
    "Semiautomatic and Automatic Speaker Recognition, ENFSI, 2015.",
    "G. S. Morrison et al., Consensus on validation of forensic voice comparison, "
    "Science and Justice 61, 2021.",
    "N. Bruemmer and J. du Preez, Application-independent evaluation of speaker "
    "detection, Computer Speech and Language 20, 2006 (Cllr, calibration, PAV).",
    "P. Vergeer et al., Numerical likelihood ratios outputted by LR systems are often "
    "based on extrapolation, Science and Justice 56, 2016 (ELUB).",
    "P. Vergeer et al., Measuring calibration of likelihood-ratio systems, Forensic "
    "Science International 321, 2021 (devPAV).",
    "D. Ramos and J. Gonzalez-Rodriguez, Reliable support, Forensic Science "
    "International 230, 2013 (ECE).",
)


def case_page(case: Case) -> str:
    """Write a case as HTML."""
    parts = [_STYLE, *_result(case), *_propositions(case), *_material(case)]
    parts += [*_population(case), *_method(case)]
    if case.finding:
        parts += [*_calibration(case.finding, len(case.known)), *_validation(case)]
    parts += [_heading("Limits"), render_notes([*case.remarks, *_LIMITS])]
    parts += [_heading("Sources"), render_notes(_SOURCES)]
    return render_page("Comparison of voices", parts)


def _heading(text: str) -> str:
    return f"<h2>{escape(text)}</h2>"


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _result(case: Case) -> list[str]:
    lines = [f'<div class="result">{_paragraph(case.summary())}']
    if case.reported:
        ratio = case.reported.ratio
        lines.append(_paragraph(_numbers(ratio)))
        if case.scale:
            words = f"In words: {case.scale(ratio.bounded)} ({case.scale.source})."
            lines.append(_paragraph(words))
    lines.append("</div>")
    if case.reported:
        lines += [_paragraph(text) for text in _WHAT_IT_IS]
    if case.remarks:
        lines.append(
            '<div class="warning">' + "".join(map(_paragraph, case.remarks)) + "</div>"
        )
    return lines


def _numbers(ratio: Ratio) -> str:
    """Write a ratio with its interval: within the bounds, or that beyond them."""
    value, low, high = (own / LN_10 for own in (ratio.llr, ratio.low, ratio.high))
    interval = f"(95 % interval {low:.2f} to {high:.2f})"
    if not ratio.is_bounded:
        return f"log10 LR = {value:.2f} {interval}"
    return (
        f"log10 LR = {ratio.bounded / LN_10:.2f} or {'more' if value > 0 else 'less'}: "
        f"the calibration gives {value:.2f} {interval}, but so many speakers support "
        "no more than is reported."
    )


def _propositions(case: Case) -> list[str]:
    named = ", ".join(_labels(case)[1:])
    facts: dict[str, object] = {
        "One person": f"The speaker of Q is the speaker of {named}.",
        "Two persons": "The speaker of Q is another person of the relevant population.",
    }
    files = zip(_labels(case), [case.questioned, *case.known], strict=True)
    named_files = {label: str(own.path) for label, own in files}
    return [_heading("Propositions"), render_facts(facts | named_files)]


def _labels(case: Case) -> list[str]:
    """Name the recordings: questioned, then known."""
    return ["Q", *(f"K{number + 1}" for number in range(len(case.known)))]


def _material(case: Case) -> list[str]:
    columns = [case.questioned, *case.known]
    cells = [_condition(own) for own in columns]
    rows = [
        [name, *(own[place] for own in cells)] for place, name in enumerate(_ROWS)
    ]  # (rows, recordings)
    table = render_table(["", *_labels(case)], rows).replace(
        "<table>", '<table class="material">'
    )
    parts = [_heading("Material and its condition"), table]
    if case.voices_s:
        seconds = ", ".join(f"{own:.1f} s" for own in case.voices_s)
        parts.append(_paragraph(
            f"Voices that diarization finds in the questioned recording: "
            f"{len(case.voices_s)} ({seconds})."
        ))  # fmt: skip
    else:
        parts.append(_paragraph(
            "Whether the questioned recording holds one voice was not examined: there "
            "is no segmentation network (python -m local.get_model segmentation)."
        ))  # fmt: skip
    return parts


def _condition(material: Material) -> list[str]:
    own = material.recording
    mixed = f", mean of {own.n_mixed} channels" if own.n_mixed > 1 else ""
    return [
        material.sha256,
        f"{material.coding}, {own.rate_hz} Hz{mixed}",
        f"{material.duration_s:.1f} s",
        f"{own.speech_s:.1f} s",
        f"{own.snr_db:.0f} dB",
        f"{own.bandwidth_hz:.0f} Hz",
        f"{own.clipped_share:.2%}",
        "; ".join(material.traces.signs) or "none found",
    ]


def _population(case: Case) -> list[str]:
    parts = [_heading("Relevant population"), render_facts(case.population)]
    if case.excluded:
        text = "Left out, as speakers of the case, or known to the encoder:"
        parts.append(_paragraph(text))
        parts.append(render_notes(case.excluded))
    return parts


def _method(case: Case) -> list[str]:
    text = (
        "An encoder maps each recording to a vector; a back-end scores the questioned "
        "recording against a model of the known ones. The population's recordings were "
        "brought into the condition of the case, those on the one side as the "
        "questioned, on the other as the known, and scored in the same way."
    )
    return [_heading("Method"), _paragraph(text), render_facts(case.method)]


def _calibration(finding: Finding, n_known: int) -> list[str]:
    fusion, trials = finding.calibrated.fusion, finding.trials
    n_target = int(trials.is_target.sum())
    has_sessions = finding.population.has_sessions
    text = (
        f"Logistic regression on scores of {trials.speakers.n_speakers} speakers, none "
        f"of them of the case: {n_target} same-speaker and "
        f"{len(trials.scores) - n_target} different-speaker pairs, "
        f"{'across sessions' if has_sessions else 'within one session each'}, "
        f"{trials.n_known:.2g} known recordings on average, {n_known} in the case. "
        "Natural-log LR = "
        f"{fusion.weights[0]:.4g} × score {fusion.offset:+.4g}."
    )
    return [_heading("Calibration"), _paragraph(text)]


def _validation(case: Case) -> list[str]:
    if case.finding is None:
        return []
    own = case.finding.validation
    low, high = (bound / LN_10 for bound in own.bounds)
    low_all, high_all = (bound / LN_10 for bound in own.bounds_of_all)
    rows = [
        ["Cllr (95 %)", f"{own.cllr:.3f} ({own.cllr_low:.3f} to {own.cllr_high:.3f})"],
        ["least Cllr, by PAV", f"{own.min_cllr:.3f}"],
        ["Cllr_cal, lost by calibration", f"{own.cllr_cal:.3f}"],
        ["Cllr within the bounds", f"{own.bounded_cllr:.3f}"],
        ["devPAV (log10)", f"{own.dev_pav:.2f}"],
        ["EER", f"{own.eer:.2%}"],
        ["same speaker, LR below 1", f"{own.misleading_targets:.2%}"],
        ["different speakers, LR above 1", f"{own.misleading_nontargets:.2%}"],
        ["bounds (ELUB) of log10 LR, of independent pairs", f"{low:.2f} to {high:.2f}"],
        [
            "bounds, as if all pairs were independent",
            f"{low_all:.2f} to {high_all:.2f}",
        ],
        ["same speaker, at the lower bound", f"{own.beyond_targets:.2%}"],
        ["different speakers, at the upper bound", f"{own.beyond_nontargets:.2%}"],
    ]
    text = (
        f"Each pair of the {own.n_speakers} speakers by a calibration that has met "
        "neither of the two: ten folds of speakers. A Cllr of 0 is perfect, of 1 as "
        "good as no comparison. Beyond the bounds, of one pair of each speaker and of "
        "each two, a ratio is not supported by so many speakers."
    )
    caption = "Tippett plot with the bounds, dashed" + (
        f", and the case, {figures(case.finding.ratio.bounded / LN_10)}; "
        if case.reported
        else "; "
    )
    caption += (
        "cross-entropy over all priors; ratios and their best calibration; scores."
    )
    picture = svg_text(validation_figure(case.finding, case.reported is not None))
    return [
        _heading("Validation"),
        _paragraph(text),
        render_table(["", "value"], rows),
        render_figure(picture, caption),
    ]

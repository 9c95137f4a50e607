"""Metrics as tables for the terminal."""

from utils.report.page import render_text_table


def metrics_table(results: dict) -> str:
    """Lay out the metrics of a trial list, one a line, with their intervals.

    Parameters
    ----------
    results : dict
        What `utils.metrics.evaluation.evaluate` returned; perhaps with ``ci`` and
        ``cost``.

    Example
    -------
    >>> from utils.metrics.evaluation import evaluate
    >>> import numpy as np
    >>> results = evaluate(np.array([2.0, 1.0]), np.array([True, False]), ["0.01"])
    >>> print(metrics_table(results).splitlines()[1])
    EER                  0.0000 %
    """
    limits = results.get("ci", {})
    rows = [
        _row("EER", results["eer"], limits.get("eer"), 100, " %"),
        _row("EER (ROCCH)", results["eer_rocch"], limits.get("eer_rocch"), 100, " %"),
        ["threshold at EER", _exact(results["threshold_eer"]), ""],
    ]
    for name, key in (("minDCF", "min_dcf"), ("actDCF", "act_dcf")):
        of_priors = limits.get(key, {})
        for prior, value in results[key].items():
            rows.append(_row(f"{name} (p = {prior})", value, of_priors.get(prior)))
    for name, key in (("Cllr", "cllr"), ("minCllr", "min_cllr"), ("AUC", "auc")):
        rows.append(_row(name, results[key], limits.get(key)))
    rows += _rows_asked_for(results)
    counts = f"{results['n_target']} target, {results['n_nontarget']} nontarget"
    lines = [("trials", counts, "")]
    if "n_speakers" in results:
        lines.append(("speakers", str(results["n_speakers"]), "95 % interval"))
    return "\n".join(
        f"{name:<20} {value:<12} {limit}".rstrip()
        for name, value, limit in lines + rows
    )


def _rows_asked_for(results: dict) -> list[list[str]]:
    """Lay out what is there on request: areas, primary costs, thresholds."""
    rows = []
    for far, value in results.get("partial_auc", {}).items():
        rows.append(_row(f"AUC up to FAR {far}", value, None))
    for name, cost in results.get("cost", {}).items():
        for kind in ("min", "act"):
            limit = cost.get("ci", {}).get(kind)
            rows.append(_row(f"{name} {kind}", cost[kind], limit))
    for point in results.get("operating", []):
        rates = f"FAR {100 * point['far']:.4f} %, FRR {100 * point['frr']:.4f} %"
        rows.append([f"at {point['at']}", _exact(point["threshold"]), rates])
    return rows


def _row(
    name: str, value: float, limits: list | None, scale: float = 1.0, unit: str = ""
) -> list[str]:
    """Lay out one metric."""
    pair = (
        ""
        if limits is None
        else "{:.4f} to {:.4f}".format(*(scale * x for x in limits))
    )
    return [name, f"{scale * value:.4f}{unit}", pair]


def slices_table(name: str, found: dict) -> str:
    """Lay out the slices of a trial list and how far their errors are apart.

    Parameters
    ----------
    name : str
        What the slices are of.
    found : dict
        ``parts`` (metrics by slice), ``threshold`` and ``fairness``.
    """
    header = [name, "targets", "nontargets", "EER %", "95 %", "FRR %", "FAR %"]
    frr, far = found["fairness"]["frr"], found["fairness"]["far"]
    rows = []
    for label, part in found["parts"].items():
        limits = part.get("ci", {}).get("eer")
        rows.append(
            [
                label,
                str(part["n_target"]),
                str(part["n_nontarget"]),
                f"{100 * part['eer']:.2f}" if "eer" in part else "-",
                "{:.2f}-{:.2f}".format(*(100 * x for x in limits)) if limits else "-",
                _percent(frr["rates"].get(label)),
                _percent(far["rates"].get(label)),
            ]
        )
    notes = [
        f"worst {kind}: {of['worst']}, {_times(of['ratio'])} the lowest"
        for kind, of in (("FRR", frr), ("FAR", far))
        if of["worst"] is not None
    ]
    table = render_text_table(header, rows)
    return f"\n{table}\nFRR, FAR at {_exact(found['threshold'])}; " + "; ".join(notes)


def _exact(threshold: float) -> str:
    """Write a threshold so that it accepts, read again, what it accepted."""
    short = f"{threshold:.6g}"
    return short if float(short) == threshold else repr(threshold)


def comparison_table(results: dict[str, dict]) -> str:
    """Lay out what `utils.metrics.comparison.compare_systems` returned."""
    header = ["metric", "A", "B", "B - A", "95 % interval", "p"]
    rows = [
        [
            name,
            f"{found['a']:.4f}",
            f"{found['b']:.4f}",
            f"{found['difference']:+.4f}",
            "{:+.4f} to {:+.4f}".format(*found["ci"]),
            f"{found['p_value']:.3f}",
        ]
        for name, found in results.items()
    ]
    return render_text_table(header, rows)


def _percent(rate: float | None) -> str:
    return "-" if rate is None else f"{100 * rate:.2f}"


def _times(ratio: float | None) -> str:
    return "no finite multiple of" if ratio is None else f"{ratio:.2f} times"

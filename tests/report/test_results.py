import json

import numpy as np
import pandas as pd
import pytest

from utils.metrics.error_rates import error_rates
from utils.metrics.evaluation import evaluate
from utils.report.baseline import add_gains, tell_gains
from utils.report.results import (
    place_in_table,
    read_logs,
    results_notes,
    results_page,
    results_table,
)

PRIORS = ["0.01", "0.05"]


def result(backend, calibrated, rng):
    is_target = np.arange(200) < 50
    scores = rng.normal(is_target, 1.0)
    metrics = evaluate(scores, is_target, PRIORS)
    own = {"trials": "all", "sessions": "one", "backend": backend, "network": True}
    return own | {"calibrated": calibrated, "gain": None} | metrics, error_rates(
        scores, is_target
    )


def test_ratios_have_columns_where_there_are_any(rng):
    plain, ratios = result("cosine", False, rng)[0], result("x", True, rng)[0]
    header, (row,) = results_table([plain], PRIORS)
    assert header[-2:] == ["minDCF 0.01", "minDCF 0.05"] and len(row) == len(header)
    header, rows = results_table([plain, ratios], PRIORS)
    assert header[-3:] == ["actDCF 0.01", "actDCF 0.05", "Cllr"]
    assert rows[0][-3:] == ["-"] * 3
    expected = *(ratios["act_dcf"][prior] for prior in PRIORS), ratios["cllr"]
    assert rows[1][-3:] == [f"{value:.3f}" for value in expected]
    expected = [["all", "one", name, "50", "150"] for name in ("cosine", "x")]
    assert [row[:5] for row in rows] == expected


def test_the_page_warns_of_shared_speakers_and_shows_logs(rng, tmp_path):
    one, curve = result("cosine", False, rng)
    table = results_table([one], PRIORS)
    for name, lines in {"b": 2, "a": 1, "a.previous": 3}.items():
        (tmp_path / name).mkdir()
        record = {"epoch": 0, "train_loss": 1.0, "valid_eer": 0.1, "lr": 0.1}
        text = "".join(json.dumps(record | {"epoch": n}) + "\n" for n in range(lines))
        (tmp_path / name / "log.jsonl").write_text(text)
    logs = read_logs(tmp_path)
    assert {name: len(records) for name, records in logs.items()} == {"a": 1, "b": 2}
    facts = {"corpus": "<c>", "shared_speakers": ["anna"]}
    text = results_page(
        "c: x", table, ["a < b"], facts, {"all": {"cosine": curve}}, logs
    )
    assert "In train and in test: anna" in text and "&lt;c&gt;" in text
    assert text.count("<figure>") == 2 and "<h1>c: x</h1>" in text
    assert '<ul class="notes"><li>a &lt; b</li></ul>' in text
    facts["shared_speakers"] = []
    text = results_page("c", table, [], facts, {"x": {"y": curve}}, {})
    assert "In train and in test" not in text and text.count("<figure>") == 1


def of_list(backend, eer, sessions="one", trials="all", network=True):
    return {"trials": trials, "sessions": sessions, "backend": backend,
            "network": network, "eer": eer}  # fmt: skip


def test_gains_are_over_the_best_baseline_of_the_same_trials():
    baseline = {"network": False}
    results = [
        of_list("averages", 0.2, **baseline),
        of_list("averages+asnorm", 0.1, **baseline),
        of_list("lda", 0.05),
        of_list("cosine", 0.12),
        of_list("lda", 0.3, "across"),
        of_list("averages", 0.0, "same", **baseline),
        of_list("lda", 0.1, "same"),
    ]
    add_gains(results, [pd.DataFrame()] * len(results))
    gains = [result["gain"] for result in results]
    assert gains[:2] == [None, None] and gains[4:] == [None, None, None]
    assert gains[2] == {"over": "averages+asnorm", "eer": 0.5, "ci": []}
    assert gains[3]["eer"] == pytest.approx(-0.2)
    assert tell_gains(results)[1:] == [
        "cosine is not better than averages+asnorm (no network): all"
    ]


def test_a_gain_that_may_be_chance_is_told(rng):
    baseline = pd.DataFrame({"eer": rng.uniform(0.2, 0.3, 500)})
    results = [of_list("averages", 0.25, "across", network=False)]
    samples = [baseline]
    for name, factor in (("a", 0.5), ("b", rng.uniform(0.8, 1.1, 500))):
        results.append(of_list(name, 0.25 * np.mean(factor), "across"))
        samples.append(baseline * np.reshape(factor, (-1, 1)))
    add_gains(results, samples)
    assert results[1]["gain"]["ci"] == pytest.approx([0.5, 0.5])
    low, high = results[2]["gain"]["ci"]
    expected = np.quantile(1 - factor, [0.025, 0.975])
    assert [low, high] == pytest.approx(expected.tolist())
    told = "b is not surely better than averages (no network): all"
    assert tell_gains(results)[1:] == [told]


def test_lists_are_named_by_their_headline():
    gain = {"over": "averages", "eer": -9.0, "ci": []}
    within = of_list("lda", 0.1, "same", "x") | {"gain": gain}
    across = of_list("lda", 0.1, "across", "y") | {"gain": gain}
    assert tell_gains([within, across, across | {"trials": "z"}])[1:] == [
        "lda is not better than averages (no network): y, z"
    ]
    assert tell_gains([within])[1:] == [
        "lda is not better than averages (no network): x"
    ]
    numbers = {"n_target": 1, "n_nontarget": 1, "min_dcf": {}, "calibrated": False}
    assert results_table([across | numbers], [])[1][0][-1] == "< -100"
    gain |= {"eer": 0.5, "ci": [-9.0, 0.75]}
    assert results_table([across | numbers], [])[1][0][-1] == "50"
    assert results_table([across | numbers], [], True)[1][0][-1] == "50 (< -100 to 75)"


def test_what_is_about_voices_comes_first():
    kinds = ("all", "same", "across")
    results = [
        of_list(backend, 0.1, sessions, trials, backend != "averages")
        for trials in ("y", "x")
        for backend in ("a", "averages")
        for sessions in kinds
    ]
    found = sorted(results, key=place_in_table)
    names = [(r["sessions"], r["trials"], r["backend"]) for r in found]
    expected = [
        (sessions, trials, backend)
        for sessions in ("across", "same", "all")
        for trials in ("x", "y")
        for backend in ("averages", "a")
    ]
    assert names == expected


def test_notes_say_what_one_session_measures(rng):
    one = result("cosine", False, rng)[0] | {"trained_on": "X", "processor": "Y"}
    notes = results_notes([one])
    assert notes[0] == "one session a speaker: this also measures the recording"
    assert notes[1:] == [
        "no averages beside it: --backends averages, learnt on training speech",
        "trained on X; scored on Y",
    ]
    more = {"ci": {"eer": [0.1, 0.2]}, "bootstrap": 9, "n_speakers": 7}
    assert results_notes([one | {"network": False}, one])[1:] == notes[2:]
    notes = results_notes([one | more | {"sessions": "across"}])
    assert notes == [
        "intervals: 9 resamples of 7 speakers",
        "trained on X; scored on Y",
    ]

import json

import numpy as np

from utils.metrics.error_rates import error_rates
from utils.metrics.evaluation import evaluate
from utils.report.results import read_logs, results_page, results_table

PRIORS = ["0.01", "0.05"]


def result(backend, calibrated, rng):
    is_target = np.arange(200) < 50
    scores = rng.normal(is_target, 1.0)
    metrics = evaluate(scores, is_target, PRIORS)
    own = {"trials": "all", "backend": backend, "calibrated": calibrated}
    return own | metrics, error_rates(scores, is_target)


def test_ratios_have_columns_where_there_are_any(rng):
    plain, ratios = result("cosine", False, rng)[0], result("x", True, rng)[0]
    header, (row,) = results_table([plain], PRIORS)
    assert header[-2:] == ["minDCF 0.01", "minDCF 0.05"] and len(row) == len(header)
    header, rows = results_table([plain, ratios], PRIORS)
    assert header[-3:] == ["actDCF 0.01", "actDCF 0.05", "Cllr"]
    assert rows[0][-3:] == ["-"] * 3
    expected = *(ratios["act_dcf"][prior] for prior in PRIORS), ratios["cllr"]
    assert rows[1][-3:] == [f"{value:.3f}" for value in expected]
    expected = [["all", name, "50", "150"] for name in ("cosine", "x")]
    assert [row[:4] for row in rows] == expected


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
    text = results_page("c: x", table, facts, {"all, cosine": curve}, logs)
    assert "In train and in test: anna" in text and "&lt;c&gt;" in text
    assert text.count("<figure>") == 2 and "<h1>c: x</h1>" in text
    text = results_page("c", table, facts | {"shared_speakers": []}, {"x": curve}, {})
    assert "In train and in test" not in text and text.count("<figure>") == 1

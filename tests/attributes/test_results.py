"""Heads in files, and what is told as a table, a page and notes."""

import json

import numpy as np
import pytest

from tests.attributes.voices import draw_ages, draw_voices
from utils.attributes.files import (
    StoredHead,
    load_head,
    read_task,
    save_head,
    write_task,
)
from utils.attributes.fitting import fit_head, fit_trained
from utils.attributes.heads import Head, Layer
from utils.attributes.labels import CLASSES, NUMBER, Task
from utils.attributes.learning import Gaussian, Linear, NearestSpeaker
from utils.attributes.ordinal import Ordinal
from utils.attributes.pauses import pause_features
from utils.attributes.results import (
    best_head,
    detail_rows,
    results_notes,
    results_page,
    results_table,
)
from utils.attributes.told import APART, SHARED, Told, evaluate_told, pool_speakers
from utils.runtime.errors import UserError

GENDER = Task("gender", CLASSES, ("f", "m"), where=("age>=16",))
AGE = Task("age", NUMBER, cuts=(), renamed=(("x", "1"),))


@pytest.mark.parametrize(
    ("learner", "data", "task"),
    [
        (Linear([0.1]), draw_voices(0), GENDER),
        (NearestSpeaker(), draw_voices(0), GENDER),
        (Gaussian([0.5], n_levels=5), draw_ages(0), AGE),
        (Ordinal([0.1], n_levels=5), draw_ages(0), AGE),
    ],
)
def test_a_stored_head_tells_the_same(learner, data, task, tmp_path):
    fitted = fit_head(learner, data, 4, seed=0)
    save_head(tmp_path / "head", StoredHead(fitted, task, "a" * 64, {"name": "x"}))
    again = load_head(tmp_path / "head")
    assert np.array_equal(again.fitted(data.vectors), fitted(data.vectors))
    typical = again.fitted.typicality.is_typical(data.vectors)
    assert np.array_equal(typical, fitted.typicality.is_typical(data.vectors))
    assert (again.task, again.model_sha256) == (task, "a" * 64)
    assert np.array_equal(again.fitted.errors, fitted.errors)


def test_broken_heads_and_tasks_are_told(tmp_path):
    with pytest.raises(UserError, match=r"no head.json; name a folder"):
        load_head(tmp_path)
    fitted = fit_head(Linear([0.1]), draw_voices(0), 4, seed=0)
    save_head(tmp_path / "head", StoredHead(fitted, GENDER, "a", {}))
    (tmp_path / "head/head.npz").write_bytes(b"no arrays")
    with pytest.raises(UserError, match="a broken head"):
        load_head(tmp_path / "head")
    with pytest.raises(UserError, match=r"no such task; run local.prepare_task"):
        read_task(tmp_path)
    (tmp_path / "task.json").write_text("{")
    with pytest.raises(UserError, match="task.json: broken"):
        read_task(tmp_path)
    write_task(tmp_path / "task.json", AGE, {"seed": 3})
    assert read_task(tmp_path) == (AGE, {"seed": 3})


def test_a_trained_head_is_calibrated_on_validation_speakers_alone():
    data = draw_voices(1, gap=3.0)
    head = Head((Layer(np.eye(12)[:, :2] * 40, np.zeros(2)),), n_classes=2)
    is_valid = data.speakers >= "s030"
    fitted = fit_trained(head, data, is_valid)
    assert fitted.calibration.scale < 0.5  # 40 was far too sure
    spoilt = data.targets.copy()
    spoilt[~is_valid] = 1 - spoilt[~is_valid]
    other = fit_trained(head, data._replace(targets=spoilt), is_valid)
    assert other.calibration.scale == fitted.calibration.scale


def tell_classes(system, division, share, seed=0):
    """So many of 30 speakers are told right."""
    rng = np.random.default_rng(seed)
    targets = np.repeat(np.arange(30) % 2, 4)
    is_right = np.repeat(np.arange(30) < share * 30, 4)
    decided = np.where(is_right, targets, 1 - targets)
    values = 2 * np.eye(2)[decided] + 0.1 * rng.normal(size=(120, 2))
    names = np.repeat([f"s{n:02}" for n in range(30)], 4)
    return Told(system, division, values, targets, names)


def test_the_table_and_the_notes_tell_of_leaks():
    told = [
        tell_classes("averages", APART, 0.7),
        tell_classes("linear", APART, 0.6),
        tell_classes("mlp", APART, 0.8),
        tell_classes("linear", SHARED, 1.0),
    ]
    results = [evaluate_told(own, GENDER, 50, 0) for own in told]
    header, rows = results_table(results, GENDER)
    assert [row[:3] for row in rows[:2]] == [
        ["speakers apart", "averages", "recording alone"],
        ["speakers apart", "linear", "head"],
    ]
    assert rows[3][header.index("accuracy %")] == "100.0"
    notes = "\n".join(results_notes(results, GENDER))
    assert (
        "with splits that share speakers it would read a macro-F1 of 100.0 %" in notes
    )
    assert "not better than averages: linear" in notes and "mlp" not in notes
    assert results[1]["per_class"]["f"]["utterances"] == 60
    assert np.sum(results[1]["confusion"]) == 120
    json.dumps(results)


def test_the_head_is_chosen_by_the_training_not_by_the_test():
    told = [tell_classes("linear", APART, 0.9), tell_classes("mlp", APART, 0.6)]
    results = [evaluate_told(own, GENDER, 10, 0) for own in told]
    assert best_head(results, {"linear": 0.5, "mlp": 0.4})["system"] == "mlp"
    baseline = [evaluate_told(tell_classes("majority", APART, 0.5), GENDER, 10, 0)]
    losses = {"majority": 0.1, "linear": 0.5}
    assert best_head(baseline + results, losses)["system"] == "linear"
    # of two that are about as good it is the simpler, which comes first
    assert best_head(results, {"mlp": 0.400, "linear": 0.398})["system"] == "mlp"
    assert best_head(results, {"mlp": 0.400, "linear": 0.390})["system"] == "linear"


def test_speakers_are_told_by_all_of_their_utterances():
    """Two of three utterances wrong, but little; a speaker of two labels is none."""
    values = np.array([[2.0, 0], [0, 0.5], [0, 0.5], [0, 1], [0, 1], [0, 1]])
    names, targets = np.repeat(["a", "b"], 3), np.repeat([0, 1], 3)
    told = Told("linear", APART, values, targets, names)
    found = evaluate_told(told, GENDER, 10, 0)
    assert found["accuracy"] == pytest.approx(4 / 6)
    assert found["by_speaker"]["accuracy"] == 1
    header, rows = results_table([found], GENDER)
    assert rows[0][header.index("by speaker")] == "100.0"
    changing = told._replace(targets=np.array([0, 0, 1, 1, 1, 1]))
    assert pool_speakers(changing) is None
    found = evaluate_told(changing, GENDER, 10, 0)
    assert results_table([found], GENDER)[1][0][header.index("by speaker")] == "-"


def test_a_number_is_told_by_decade_and_drawn():
    targets = np.repeat([15.0, 25.0, 35.0], 8)
    names = np.repeat([f"s{n}" for n in range(6)], 4)
    told = [Told("linear", APART, targets + 2.0, targets, names)]
    results = [evaluate_told(told[0], AGE, 20, 0)]
    assert results[0]["mae"] == 2 and results[0]["ci"]["mae"] == [2, 2]
    assert detail_rows(results[0], AGE)[1] == [
        ["10 to 19", "2", "2.00"], ["20 to 29", "2", "2.00"], ["30 to 39", "2", "2.00"],
    ]  # fmt: skip
    page = results_page("age", results, told, AGE, {"losses": {"linear": 2.0}})
    assert page.count("<figure>") == 1 and "age of every test utterance" in page


def test_pauses_at_the_ends_and_within():
    level = np.repeat([0.0, 1.0, 0.0, 1.0, 0.0], [30, 100, 40, 100, 30])[:, None]
    found = pause_features(np.tile(level, (1, 5)) + 7, 400)
    length, left_out, share, rate, mean, longest, before, after = found
    assert length == pytest.approx(np.log(4)) and left_out == 0.25
    assert share == pytest.approx(1 / 3) and rate == pytest.approx(1.0)
    assert (mean, longest) == pytest.approx((1 / 3, 0.4))
    assert (before, after) == (0.3, 0.3)
    assert not pause_features(np.ones((50, 3)), 50)[2:].any()

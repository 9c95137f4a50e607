import numpy as np
import pytest
from sklearn.metrics import average_precision_score, top_k_accuracy_score

from utils.metrics.identification import (
    UNKNOWN,
    cmc,
    detection_and_identification,
    hundred_way_protocol,
    mean_average_precision,
    rank_k_rate,
    true_ranks,
)


@pytest.fixture
def table(rng):
    """Scores of 200 probes against 30 models, somewhat right."""
    true_model = rng.integers(30, size=200)
    scores = rng.standard_normal((200, 30))
    scores[np.arange(200), true_model] += 1.5
    return scores, true_model


def test_ranks_against_scikit_learn(table):
    scores, true_model = table
    curve = cmc(scores, true_model)
    assert curve.shape == (30,) and curve[-1] == 1 and (np.diff(curve) >= 0).all()
    for k in (1, 3, 10):
        oracle = top_k_accuracy_score(true_model, scores, k=k, labels=np.arange(30))
        assert rank_k_rate(scores, true_model, k) == pytest.approx(oracle)
        assert curve[k - 1] == pytest.approx(oracle)


def test_ranks_by_hand_with_ties():
    scores = np.array([[3.0, 2.0, 1.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    assert true_ranks(scores, np.array([0, 0, 2])).tolist() == [1, 2, 3]


def test_average_precision_against_scikit_learn(rng):
    is_relevant = rng.random((50, 40)) < 0.2
    is_relevant[:, 0] = True
    scores = rng.standard_normal((50, 40)) + is_relevant
    rows = zip(is_relevant, scores, strict=True)
    oracle = np.mean([average_precision_score(*row) for row in rows])
    assert mean_average_precision(scores, is_relevant) == pytest.approx(oracle)


def test_average_precision_counts_ties_against_the_system():
    is_relevant = np.array([[True, False]])
    assert mean_average_precision(np.zeros((1, 2)), is_relevant) == 0.5


@pytest.mark.parametrize("fpir", [0.0, 0.05, 0.29, 1.0])
def test_open_set_against_all_thresholds(table, fpir, rng):
    scores, true_model = table
    true_model = np.where(rng.random(200) < 0.5, UNKNOWN, true_model)
    is_unknown = true_model == UNKNOWN
    best = 0.0
    for threshold in [*np.unique(scores), np.inf]:
        alarms = (scores[is_unknown].max(axis=1) >= threshold).mean()
        if alarms <= fpir:
            known, own = scores[~is_unknown], true_model[~is_unknown]
            hit = (known.argmax(axis=1) == own) & (known.max(axis=1) >= threshold)
            best = max(best, hit.mean())
    rate, threshold = detection_and_identification(scores, true_model, fpir)
    assert rate == pytest.approx(best)
    assert (scores[is_unknown].max(axis=1) >= threshold).mean() <= fpir
    if fpir == 1.0:
        assert rate == rank_k_rate(scores[~is_unknown], true_model[~is_unknown])


def test_hundred_way_protocol(rng):
    speakers = np.repeat(np.arange(40), 5)
    centres = rng.standard_normal((40, 16))
    vectors = centres[speakers] + 0.5 * rng.standard_normal((200, 16))
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    found = hundred_way_protocol(units, speakers, np.random.default_rng(1))
    assert found["n_anchors"] == 200
    assert 0 < found["eer"] < 0.1 and 0.7 < found["accuracy"] <= 1
    chance = hundred_way_protocol(np.ones((200, 1)), speakers, rng)
    assert chance["eer"] == 0.5 and chance["accuracy"] == 0.0
    noise = rng.standard_normal((200, 16))
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    assert hundred_way_protocol(noise, speakers, rng)["accuracy"] < 0.06


@pytest.mark.parametrize(
    ("scores", "true_model", "message"),
    [
        (np.zeros(3), np.zeros(3, int), "must be"),
        (np.full((1, 2), np.nan), np.zeros(1, int), "NaN"),
        (np.zeros((1, 2)), np.array([2]), "columns"),
        (np.zeros((1, 2)), np.array([UNKNOWN]), "known speakers"),
    ],
)
def test_bad_input(scores, true_model, message):
    with pytest.raises(ValueError, match=message):
        true_ranks(scores, true_model)
    with pytest.raises(ValueError, match="unknown probes"):
        detection_and_identification(np.zeros((1, 2)), np.array([0]), 0.1)
    with pytest.raises(ValueError, match="two speakers"):
        hundred_way_protocol(np.eye(2), np.array([0, 1]), np.random.default_rng(0))

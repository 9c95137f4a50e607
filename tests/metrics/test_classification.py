"""Metrics of classes and numbers: scikit-learn, brute force and closed forms."""

import numpy as np
import pytest
import sklearn.metrics as sk

from utils.metrics.classification.calibration_error import (
    calibration_error,
    reliability,
)
from utils.metrics.classification.confusion import (
    accuracy,
    balanced_accuracy,
    confusion_matrix,
    macro_f1,
    per_class,
    top_k_accuracy,
)
from utils.metrics.classification.evaluation import (
    class_samples,
    evaluate_classes,
    evaluate_numbers,
    limits_of,
    number_samples,
)
from utils.metrics.classification.language_recognition import (
    average_cllr,
    average_cost,
    cross_entropy,
    detection_ratios,
)
from utils.metrics.likelihood_ratios import cllr


def draw(seed, n=120, n_classes=4):
    rng = np.random.default_rng(seed)
    labels = rng.choice(n_classes, n, p=[0.5, 0.3, 0.15, 0.05][:n_classes])
    scores = rng.normal(size=(n, n_classes))
    scores[np.arange(n), labels] += 1.0
    return scores, labels, rng.integers(0, 4, n).astype(float)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("is_weighted", [False, True])
def test_decisions_are_scored_as_by_scikit_learn(seed, is_weighted):
    scores, labels, weights = draw(seed)
    decided = scores.argmax(axis=1)
    how = {"sample_weight": weights if is_weighted else None}
    matrix = confusion_matrix(labels, decided, 4, how["sample_weight"])
    assert np.array_equal(matrix, sk.confusion_matrix(labels, decided, **how))
    assert accuracy(matrix) == pytest.approx(sk.accuracy_score(labels, decided, **how))
    assert balanced_accuracy(matrix) == pytest.approx(
        sk.balanced_accuracy_score(labels, decided, **how)
    )
    assert macro_f1(matrix) == pytest.approx(
        sk.f1_score(labels, decided, average="macro", **how)
    )
    theirs = sk.precision_recall_fscore_support(labels, decided, zero_division=0, **how)
    for own, other in zip(per_class(matrix), theirs, strict=True):
        assert own == pytest.approx(other)
    for k in (1, 2, 3):
        assert top_k_accuracy(scores, labels, k, how["sample_weight"]) == pytest.approx(
            sk.top_k_accuracy_score(labels, scores, k=k, **how)
        )


def test_a_class_that_nothing_is_taken_for_has_precision_0():
    matrix = confusion_matrix(np.array([0, 1, 2]), np.array([0, 0, 0]), 3)
    assert per_class(matrix).precision.tolist() == [1 / 3, 0, 0]
    assert macro_f1(matrix) == pytest.approx(0.5 / 3)


def test_equal_scores_share_the_places():
    scores = np.zeros((1, 4))
    shares = [top_k_accuracy(scores, np.array([2]), k) for k in (1, 2, 4)]
    assert shares == [0.25, 0.5, 1.0]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("p_target", [0.5, 0.1])
def test_cavg_is_the_plan_s_double_sum(seed, p_target):
    scores, labels, _ = draw(seed)
    threshold = np.log((1 - p_target) / p_target)
    total = 0.0
    for target in range(4):
        others = [n for n in range(4) if n != target]
        llr = np.array(
            [row[target] - np.log(np.mean(np.exp(row[others]))) for row in scores]
        )
        total += p_target * np.mean(llr[labels == target] < threshold)
        for other in others:
            p_fa = np.mean(llr[labels == other] >= threshold)
            total += (1 - p_target) / 3 * p_fa
    assert average_cost(scores, labels, p_target) == pytest.approx(total / 4)


def test_with_two_classes_cllr_is_that_of_detection():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 200)
    scores = rng.normal(size=(200, 2)) + 2 * np.eye(2)[labels]
    llrs = scores[:, 1] - scores[:, 0]
    assert average_cllr(scores, labels) == pytest.approx(cllr(llrs, labels == 1))


def test_scores_that_say_nothing_cost_as_much_as_no_scores():
    labels = np.array([0, 0, 1, 2])
    nothing = np.zeros((4, 3))
    assert average_cllr(nothing, labels) == pytest.approx(1)
    assert cross_entropy(nothing, labels) == pytest.approx(1)
    # all ratios are 0, at the threshold: everything is accepted
    assert average_cost(nothing, labels) == pytest.approx(0.5)


def test_a_constant_of_the_utterance_does_not_matter():
    scores, labels, _ = draw(3)
    shifted = scores + np.linspace(-50, 50, len(scores))[:, None]
    assert detection_ratios(shifted) == pytest.approx(detection_ratios(scores))
    own, other = evaluate_classes(scores, labels), evaluate_classes(shifted, labels)
    assert own == pytest.approx(other)


def test_weights_count_utterances():
    scores, labels, weights = draw(4)
    rows = np.repeat(np.arange(len(labels)), weights.astype(int))
    weighted = evaluate_classes(scores, labels, weights)
    assert weighted == pytest.approx(evaluate_classes(scores[rows], labels[rows]))


def test_the_cross_entropy_is_scikit_learn_s_with_balanced_classes():
    scores, labels, _ = draw(5)
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    weights = 1 / np.bincount(labels)[labels]
    theirs = sk.log_loss(labels, probabilities, sample_weight=weights)
    assert cross_entropy(scores, labels) == pytest.approx(theirs / np.log(4))


def test_the_calibration_error_is_the_papers_sum():
    rng = np.random.default_rng(1)
    probabilities = rng.dirichlet(np.ones(3), size=300)
    labels = rng.integers(0, 3, 300)
    confidence = probabilities.max(axis=1)
    is_right = probabilities.argmax(axis=1) == labels
    total = 0.0
    for low in np.arange(10) / 10:
        inside = (confidence > low) & (confidence <= low + 0.1)
        if inside.any():
            gap = abs(confidence[inside].mean() - is_right[inside].mean())
            total += inside.mean() * gap
    assert calibration_error(probabilities, labels) == pytest.approx(total)


def test_labels_drawn_from_the_probabilities_are_calibrated():
    rng = np.random.default_rng(2)
    probabilities = rng.dirichlet(np.ones(3), size=20_000)
    labels = (probabilities.cumsum(axis=1) > rng.random((20_000, 1))).argmax(axis=1)
    assert calibration_error(probabilities, labels) < 0.015
    assert np.isnan(reliability(probabilities, labels).accuracy[:3]).all()


@pytest.mark.parametrize("is_weighted", [False, True])
def test_numbers_are_scored_as_by_scikit_learn_and_numpy(is_weighted):
    rng = np.random.default_rng(3)
    true = rng.uniform(5, 80, 50)
    told, weights = true + rng.normal(0, 4, 50), rng.integers(0, 3, 50)
    how = {"sample_weight": weights if is_weighted else None}
    found = evaluate_numbers(told, true, how["sample_weight"])
    rows = np.repeat(np.arange(50), weights if is_weighted else 1)
    assert found["mae"] == pytest.approx(sk.mean_absolute_error(true, told, **how))
    assert found["rmse"] == pytest.approx(
        np.sqrt(sk.mean_squared_error(true, told, **how))
    )
    assert found["correlation"] == pytest.approx(
        np.corrcoef(true[rows], told[rows])[0, 1]
    )


def test_what_is_constant_does_not_correlate():
    assert evaluate_numbers(np.full(3, 7.0), np.arange(3.0))["correlation"] == 0


def test_intervals_are_those_of_speakers_not_of_utterances():
    """Speakers who are right or wrong as a whole: 40 draws, not 40 times 25."""
    rng = np.random.default_rng(4)
    speaker = np.repeat(np.arange(40), 25)
    labels = speaker % 2
    decided = np.where(rng.random(40) < 0.8, np.arange(40) % 2, 1 - np.arange(40) % 2)
    scores = np.eye(2)[decided[speaker]]
    found = limits_of(class_samples(scores, labels, speaker, 500, seed=0))
    share = np.mean(decided == np.arange(40) % 2)
    half_width = 1.96 * np.sqrt(share * (1 - share) / 40)
    low, high = found["accuracy"]
    assert (high - low) / 2 == pytest.approx(half_width, rel=0.15)


def test_a_resample_of_all_speakers_alike_is_the_metric():
    rng = np.random.default_rng(5)
    true = np.repeat(rng.uniform(5, 40, 3), 4)
    told = true + 2.0  # every speaker is as far off
    samples = number_samples(told, true, np.repeat(list("abc"), 4), 50, seed=1)
    assert samples["mae"].to_numpy() == pytest.approx(2.0)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="one class only"):
        average_cost(np.zeros((3, 2)), np.zeros(3, dtype=int))
    with pytest.raises(ValueError, match="one class only"):
        detection_ratios(np.zeros((3, 1)))
    with pytest.raises(ValueError, match="classes are 0 to 1, not 2"):
        confusion_matrix(np.array([0, 2]), np.array([0, 1]), 2)
    with pytest.raises(ValueError, match="no utterances"):
        confusion_matrix(np.array([], dtype=int), np.array([], dtype=int), 2)
    with pytest.raises(ValueError, match="2 labels for 1 decisions"):
        confusion_matrix(np.array([0, 1]), np.array([1]), 2)

"""Heads, against scikit-learn and closed forms, on drawn speakers."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import log_softmax
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression, Ridge

from tests.attributes.voices import draw_ages, draw_voices
from utils.attributes.fitting import fit_head, most_folds, speaker_folds
from utils.attributes.heads import balanced_weights, fit_calibration
from utils.attributes.learning import (
    Gaussian,
    Labelled,
    Linear,
    Majority,
    NearestSpeaker,
    number_levels,
)
from utils.attributes.perceptron import Perceptron
from utils.metrics.classification.language_recognition import cross_entropy

LINEAR, GAUSSIAN = Linear(settings=[0.1, 0.01]), Gaussian([0.5, 0.1], n_levels=6)
PERCEPTRON = Perceptron(
    settings=[0.1], n_hidden=16, n_steps=100, lr=0.01, dropout=0.1, seed=0
)


def test_linear_classes_are_those_of_scikit_learn():
    data = draw_voices(0, n_classes=3)
    vectors, _, _ = data.standardise()
    told = log_softmax(LINEAR.learn(data, 0.01)(data.vectors), axis=1)
    theirs = LogisticRegression(C=1 / 0.01, tol=1e-8, max_iter=5000)
    theirs.fit(vectors, data.targets, sample_weight=data.weights)
    assert told == pytest.approx(theirs.predict_log_proba(vectors), abs=2e-2)


def test_ridge_regression_is_that_of_scikit_learn():
    data = draw_ages(0)
    vectors, _, _ = data.standardise()
    told = LINEAR.learn(data, 0.1)(data.vectors)
    theirs = Ridge(alpha=0.1).fit(vectors, data.targets, sample_weight=data.weights)
    limits = data.targets.min(), data.targets.max()
    assert told == pytest.approx(np.clip(theirs.predict(vectors), *limits))


def test_gaussian_classes_are_linear_discriminants():
    data = draw_voices(1, n_classes=3)  # 8 utterances of each speaker: weights alike
    data = data.take(data.speakers < "s039")  # 13 speakers of each class
    told = log_softmax(GAUSSIAN.learn(data, 0.0)(data.vectors), axis=1)
    theirs = LinearDiscriminantAnalysis(solver="lsqr", priors=np.full(3, 1 / 3))
    theirs.fit(data.vectors, data.targets)
    assert told == pytest.approx(theirs.predict_log_proba(data.vectors), abs=1e-6)


@pytest.mark.parametrize(
    "learner",
    [LINEAR, GAUSSIAN, replace(PERCEPTRON, dropout=0.0), NearestSpeaker(), Majority()],
    ids=lambda one: type(one).__name__,
)
def test_the_order_of_the_utterances_does_not_matter(learner):
    data = draw_voices(2)
    order = np.random.default_rng(0).permutation(len(data.targets))
    one = learner.learn(data, learner.settings[0])
    other = learner.learn(data.take(order), learner.settings[0])
    assert one(data.vectors) == pytest.approx(other(data.vectors), abs=0.02)


def test_the_nearest_speaker_gives_the_label():
    vectors = np.array([[1.0, 0], [0.9, 0.1], [0, 1], [-1, 0]])
    classes = Labelled(vectors, np.array([0, 0, 1, 1]), np.array(list("aabc")), 2)
    told = NearestSpeaker().learn(classes, 0.0)(np.array([[0.6, 0.8], [1, 0]]))
    assert told.argmax(axis=1).tolist() == [1, 0]
    assert told[0, 1] == pytest.approx(0.8)  # the cosine
    numbers = Labelled(vectors, np.array([10.0, 12, 30, 50]), classes.speakers, 0)
    told = NearestSpeaker().learn(numbers, 0.0)(np.array([[1.0, 0], [-1, 0.1]]))
    assert told.tolist() == [11, 50]


def test_the_majority_is_of_speakers_not_of_utterances():
    targets = np.array([0, 0, 0, 0, 1, 1])
    data = Labelled(np.zeros((6, 1)), targets, np.array(list("aaaabc")), 2)
    assert Majority().learn(data, 0.0)(np.zeros((1, 1))).argmax() == 1
    ages = data._replace(targets=np.array([9.0, 9, 9, 9, 20, 30]), n_classes=0)
    assert Majority().learn(ages, 0.0)(np.zeros((1, 1))).tolist() == [20]


def test_weights_make_classes_and_speakers_count_alike():
    labels, speakers = np.array([0, 0, 0, 1]), np.array(list("aabc"))
    weights = balanced_weights(labels, speakers)
    assert np.bincount(labels, weights).tolist() == [0.5, 0.5]
    assert weights[:2].sum() == weights[2]


def test_levels_of_a_number_hold_as_many_speakers():
    data = draw_ages(3)
    levels, values = number_levels(data, 6)
    assert np.bincount(levels).tolist() == [60] * 6
    assert (np.diff(values) > 0).all()
    assert np.average(values) == pytest.approx(data.targets.mean())


@pytest.mark.parametrize("learner", [LINEAR, GAUSSIAN, PERCEPTRON])
def test_heads_tell_unseen_speakers(learner):
    fitted = fit_head(learner, draw_voices(4, gap=3.0), n_folds=5, seed=0)
    test = draw_voices(5, gap=3.0)
    assert np.mean(fitted(test.vectors).argmax(axis=1) == test.targets) > 0.9
    ages = draw_ages(4)
    told = fit_head(learner, ages, n_folds=5, seed=0)(draw_ages(5).vectors)
    error = np.abs(told - draw_ages(5).targets).mean()
    assert error < 0.55 * np.abs(ages.targets - np.median(ages.targets)).mean()


@pytest.mark.parametrize("learner", [LINEAR, GAUSSIAN, PERCEPTRON, NearestSpeaker()])
def test_probabilities_of_unseen_speakers_come_true(learner):
    """Calibrated where the best there is, on other speakers, is hardly better."""
    fitted = fit_head(learner, draw_voices(6, n_speakers=120), n_folds=5, seed=0)
    test = draw_voices(7, n_speakers=400)
    told = fitted(test.vectors)
    best = fit_calibration(told, test.targets, test.weights)(told)
    loss, least = (cross_entropy(x, test.targets) for x in (told, best))
    assert least < loss < least + 0.05 < 0.95


def test_folds_keep_speakers_whole_and_classes_alike():
    data = draw_voices(8)
    folds = speaker_folds(data, 5, seed=1)
    for speaker in np.unique(data.speakers):
        assert len(np.unique(folds[data.speakers == speaker])) == 1
    for fold in range(5):
        assert np.bincount(data.targets[folds == fold]).tolist() == [32, 32]


def test_the_interval_of_a_number_holds_as_often_as_it_says():
    fitted = fit_head(LINEAR, draw_ages(9, n_speakers=500), n_folds=5, seed=0)
    test = draw_ages(10, n_speakers=500)
    # the slope is the same in both draws
    off = np.abs(fitted(test.vectors) - test.targets)
    assert [np.mean(off <= width) for width in fitted.errors] == pytest.approx(
        [0.5, 0.9], abs=0.07
    )


def test_what_lies_elsewhere_is_not_typical():
    fitted = fit_head(LINEAR, draw_voices(11), n_folds=5, seed=0)
    like = draw_voices(12)
    assert fitted.typicality.is_typical(like.vectors).mean() > 0.95
    assert not fitted.typicality.is_typical(like.vectors + 10).any()


def test_a_class_of_one_speaker_cannot_be_learnt():
    data = draw_voices(13, n_speakers=3)
    with pytest.raises(ValueError, match="class of one speaker"):
        fit_head(LINEAR, data, n_folds=5, seed=0)
    assert most_folds(draw_voices(14, n_speakers=6), 5) == 3

"""Ordinal regression, against sums written out and another search."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from tests.attributes.voices import draw_ages
from utils.attributes.fitting import fit_head
from utils.attributes.heads import cumulative_to_classes
from utils.attributes.learning import Labelled
from utils.attributes.ordinal import Ordinal, ordinal_loss
from utils.training.ordinal import OrdinalOutputs, ordinal_cross_entropy

ORDINAL = Ordinal(settings=[0.1, 0.01], n_levels=6)


def draw_levels(seed, n_speakers=60, n_levels=4):
    """Speakers whose level rises along a direction, with 3 utterances each."""
    rng = np.random.default_rng(seed)
    speakers = np.repeat(np.arange(n_speakers), 3)
    heights = rng.normal(size=n_speakers)
    levels = np.searchsorted([-0.8, 0.1, 0.9], heights)
    vectors = rng.normal(size=(len(speakers), 3))
    vectors[:, 0] += 2 * heights[speakers]
    names = np.array([f"s{n:03}" for n in speakers])
    return Labelled(vectors, levels[speakers], names, n_levels)


def loss_written_out(logits, levels, weights):
    total = 0.0
    for row, level, weight in zip(logits, levels, weights, strict=True):
        for k, logit in enumerate(row):
            above = 1 / (1 + np.exp(-logit))
            total -= weight * np.log(above if level > k else 1 - above)
    return total


def test_the_loss_is_the_sum_of_the_paper_and_its_slopes_are_differences(rng):
    logits, levels = rng.normal(size=(7, 3)), rng.integers(0, 4, 7)
    weights = rng.random(7)
    loss, slopes = ordinal_loss(logits, levels, weights)
    assert loss == pytest.approx(loss_written_out(logits, levels, weights))
    for place in np.ndindex(*logits.shape):
        step = np.zeros_like(logits)
        step[place] = 1e-6
        ends = [ordinal_loss(logits + s * step, levels, weights)[0] for s in (1, -1)]
        assert slopes[place] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-7)


def test_the_loss_of_a_network_is_the_same(rng):
    logits, levels = rng.normal(size=(9, 4)), rng.integers(0, 5, 9)
    told = ordinal_cross_entropy(torch.from_numpy(logits), torch.from_numpy(levels))
    for place, own in enumerate(told.tolist()):
        row = slice(place, place + 1)
        assert own == pytest.approx(loss_written_out(logits[row], levels[row], [1.0]))


def test_classes_are_differences_of_what_is_above():
    logits = np.array([[2.0, 0.5, -3.0], [-1.0, -1.0, -2.0]])
    above = 1 / (1 + np.exp(-logits))
    bounds = np.hstack([np.ones((2, 1)), above, np.zeros((2, 1))])
    told = np.exp(cumulative_to_classes(logits))
    assert told[0] == pytest.approx(bounds[0, :-1] - bounds[0, 1:])
    assert told[1, 1] < 1e-9  # a level between two cuts at one place
    assert np.isfinite(cumulative_to_classes(np.array([[800.0, -800.0]]))).all()


def test_a_search_by_values_alone_finds_no_better_head():
    data = draw_levels(0)
    head = ORDINAL.learn(data, 0.05)
    vectors, mean, scale = data.standardise()

    def objective(parameters):
        logits = (vectors @ parameters[:3])[:, None] + parameters[3:]
        loss, _ = ordinal_loss(logits, data.targets, data.weights)
        return loss + 0.025 * parameters[:3] @ parameters[:3]

    layer = head.layers[0]
    direction = layer.weights[:, 0] * scale
    offsets = layer.offsets + mean @ layer.weights
    found = np.concatenate([direction, offsets])
    best = minimize(
        objective, np.zeros(6), method="Nelder-Mead",
        options={"maxiter": 20000, "maxfev": 20000, "xatol": 1e-7, "fatol": 1e-12},
    )  # fmt: skip
    assert objective(found) == pytest.approx(best.fun, abs=1e-6)
    assert found == pytest.approx(best.x, abs=2e-2)
    assert (np.diff(offsets) < 0).all()  # rank-consistent


def test_two_classes_are_a_logistic_regression():
    data = draw_levels(1)
    data = data._replace(targets=(data.targets > 1).astype(int), n_classes=2)
    logs = ORDINAL.learn(data, 0.1)(data.vectors)
    vectors, _, _ = data.standardise()
    truth = np.where(data.targets == 1, 1, -1)

    def objective(parameters):
        margins = truth * (vectors @ parameters[:3] + parameters[3])
        penalty = 0.05 * parameters[:3] @ parameters[:3]
        return data.weights @ np.logaddexp(0, -margins) + penalty

    best = minimize(objective, np.zeros(4), tol=1e-12).x
    assert logs[:, 1] - logs[:, 0] == pytest.approx(
        vectors @ best[:3] + best[3], abs=1e-3
    )


def test_unseen_speakers_are_told_their_level_and_their_age():
    fitted = fit_head(ORDINAL, draw_levels(2, 120), n_folds=5, seed=0)
    test = draw_levels(3, 120)
    off = np.abs(fitted(test.vectors).argmax(axis=1) - test.targets)
    assert off.mean() < 0.5 and (off <= 1).mean() > 0.95
    ages = draw_ages(4)
    told = fit_head(ORDINAL, ages, n_folds=5, seed=0)(draw_ages(5).vectors)
    error = np.abs(told - draw_ages(5).targets).mean()
    assert error < 0.55 * np.abs(ages.targets - np.median(ages.targets)).mean()


def test_the_outputs_of_a_network_share_a_direction():
    torch.manual_seed(0)
    outputs = OrdinalOutputs(8, 4)
    embeddings = torch.nn.functional.normalize(torch.randn(5, 8))
    told = outputs(embeddings).detach()
    assert told.shape == (5, 3)
    steps = told - told[:, :1]
    assert torch.allclose(steps, steps[:1].expand_as(steps), atol=1e-6)
    weights, offsets = outputs.layer()
    assert embeddings.numpy() @ weights + offsets == pytest.approx(
        told.numpy(), abs=1e-5
    )

import numpy as np
import pytest

from utils.metrics.costs import (
    PRESETS,
    OperatingPoint,
    equalising_weights,
    find_preset,
    parse_point,
)
from utils.metrics.detection import act_dcf, min_dcf
from utils.metrics.evaluation import evaluate, primary_cost


@pytest.fixture
def trials(rng):
    is_target = rng.random(3000) < 0.3
    return rng.normal(3 * is_target - 1, 1.5), is_target


def test_costs_are_means_over_the_points(trials):
    for name, priors in {
        "voxceleb": (0.01, 0.05),
        "voxsrc": (0.05,),
        "sre16": (0.01, 0.005),
        "sre18-cmn2": (0.01, 0.005),
        "sre19-cts": (0.01, 0.005),
        "sre21": (0.01, 0.05),
    }.items():
        found = primary_cost(*trials, PRESETS[name])
        assert found["min"] == pytest.approx(
            np.mean([min_dcf(*trials, p) for p in priors])
        )
        assert found["act"] == pytest.approx(
            np.mean([act_dcf(*trials, p) for p in priors])
        )


def test_equalised_cost_is_the_mean_of_the_partitions_rates(trials, rng):
    scores, is_target = trials
    partition = np.where(rng.random(3000) < 0.9, "big", "small")
    found = primary_cost(scores, is_target, PRESETS["voxsrc"], partition)
    point = OperatingPoint(0.05)

    def cost_at(threshold):
        misses, alarms = [], []
        for part in ("big", "small"):
            inside = partition == part
            misses.append(np.mean(scores[inside & is_target] < threshold))
            alarms.append(np.mean(scores[inside & ~is_target] >= threshold))
        return float(point.cost(np.mean(misses), np.mean(alarms)))

    levels = [*np.unique(scores), np.inf]
    assert found["min"] == pytest.approx(min(map(cost_at, levels)))
    assert found["act"] == pytest.approx(cost_at(point.bayes_threshold))


def test_equal_weights_change_nothing(trials):
    plain = evaluate(*trials, ["0.01"])
    weighted = evaluate(*trials, ["0.01"], np.full(3000, 0.7))
    assert weighted["eer"] == pytest.approx(plain["eer"])
    assert weighted["min_cllr"] == pytest.approx(plain["min_cllr"])


def test_weights_by_hand():
    weights = equalising_weights(
        np.array([True, True, True]), np.array(["a", "a", "b"])
    )
    assert weights.tolist() == [0.5, 0.5, 1.0]


@pytest.mark.parametrize("p_target", [0, 1, -1, 2])
def test_prior_out_of_range(p_target):
    with pytest.raises(ValueError, match="between 0 and 1"):
        OperatingPoint(p_target)


def test_costs_must_be_positive():
    with pytest.raises(ValueError, match="above 0"):
        OperatingPoint(0.5, c_miss=0)


@pytest.mark.parametrize(
    ("text", "c_miss", "c_fa", "p_target"),
    [("10,1,0.01", 10, 1, 0.01), ("1,100,0.5", 1, 100, 0.5), ("0.05", 1, 1, 0.05)],
)
def test_costs_as_text(rng, text, c_miss, c_fa, p_target):
    is_target = np.arange(300) < 100
    scores = rng.normal(is_target, 1)
    levels = np.append(np.unique(scores), np.inf)
    p_miss = np.array([np.mean(scores[is_target] < level) for level in levels])
    p_fa = np.array([np.mean(scores[~is_target] >= level) for level in levels])
    costs = c_miss * p_target * p_miss + c_fa * (1 - p_target) * p_fa
    least = costs.min() / min(c_miss * p_target, c_fa * (1 - p_target))
    found = evaluate(scores, is_target, [text])
    assert found["min_dcf"][text] == pytest.approx(least)
    assert find_preset(text).names == [text]
    preset = primary_cost(scores, is_target, find_preset(text))
    assert preset["min"] == pytest.approx(least)
    assert preset["act"] == pytest.approx(found["act_dcf"][text])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("10,1", "write C_miss,C_fa,P_target, such as 10,1,0.01"),
        ("a,1,0.01", "write C_miss,C_fa,P_target"),
        ("", "write C_miss,C_fa,P_target"),
        ("10,1,0", "p_target must lie between 0 and 1"),
        ("0,1,0.5", "costs must be above 0"),
        ("nan,1,0.5", "costs must be above 0"),
        ("inf,1,0.5", "costs must be above 0"),
    ],
)
def test_costs_that_are_none(text, message):
    with pytest.raises(ValueError, match=message):
        parse_point(text)

import numpy as np
import pytest

from utils.metrics.costs import PRESETS, OperatingPoint, equalising_weights
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

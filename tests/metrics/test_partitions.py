import numpy as np
import pytest
from sklearn.metrics import normalized_mutual_info_score

from utils.metrics.partitions import b_cubed, normalised_information, purity

RNG = np.random.default_rng(0)
PAIRS = [
    (RNG.integers(0, classes, n), RNG.integers(0, groups, n))
    for n, classes, groups in ((1, 1, 1), (7, 2, 3), (40, 5, 9), (90, 30, 4))
]


@pytest.mark.parametrize(("truth", "found"), PAIRS)
def test_measures_item_by_item(truth, found):
    of_group = [truth[found == own] for own in found]
    of_class = [found[truth == own] for own in truth]
    precision = np.mean(
        [np.mean(g == own) for g, own in zip(of_group, truth, strict=True)]
    )
    recall = np.mean(
        [np.mean(c == own) for c, own in zip(of_class, found, strict=True)]
    )
    assert b_cubed(truth, found) == pytest.approx((precision, recall))
    commonest = [np.bincount(truth[found == own]).max() for own in set(found.tolist())]
    assert purity(truth, found) == pytest.approx(sum(commonest) / len(truth))


@pytest.mark.parametrize(("truth", "found"), PAIRS)
def test_information_is_that_of_scikit_learn(truth, found):
    expected = normalized_mutual_info_score(truth, found)
    assert normalised_information(truth, found) == pytest.approx(expected, abs=1e-9)


def test_equal_groups_of_other_names_are_perfect():
    truth, found = np.array(["b", "a", "b"]), np.array([1, 2, 1])
    assert b_cubed(truth, found).f_measure == 1
    assert purity(truth, found) == normalised_information(truth, found) == 1


@pytest.mark.parametrize("n", [0, 3])
def test_sides_must_be_there_and_of_one_length(n):
    with pytest.raises(ValueError, match="one of each for every item"):
        purity(np.zeros(n), np.zeros(2 if n else 0))

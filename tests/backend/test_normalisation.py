import numpy as np
import pytest

from utils.backend.normalisation.cohort import UNUSABLE, CohortScores, moments
from utils.backend.normalisation.methods import (
    AdaptiveSNorm,
    CrossAdaptiveSNorm,
    Normaliser,
    SNorm,
    TNorm,
    ZNorm,
    ZTNorm,
)

METHODS = {
    "z": ZNorm, "t": TNorm, "s": SNorm, "as": AdaptiveSNorm,
    "as-cross": CrossAdaptiveSNorm, "zt": ZTNorm,
}  # fmt: skip


def normalise_scores(scores, enrol_cohort, test_cohort, method, top=10, square=None):
    """Normalise all at once, and check that blocks of models give the same."""
    options = [top] if method.startswith("as") else []
    cohort = CohortScores(
        enrol_cohort, test_cohort, None if square is None else lambda: square
    )
    normalise = Normaliser(METHODS[method](*options), cohort)
    whole = normalise(scores)
    for row in range(len(scores)):
        block = slice(row, row + 1)
        np.testing.assert_allclose(normalise(scores[block], block), whole[block])
    return whole


@pytest.fixture
def case(rng):
    """Scores of 5 models and 7 tests, and their cohort scores."""
    return (
        rng.standard_normal((5, 7)),
        rng.normal(1, 2, (5, 30)),
        rng.normal(-1, 0.5, (7, 30)),
    )


def by_hand(scores, enrol_cohort, test_cohort, method, top=10):
    """Follow the definitions trial by trial."""
    normalised = np.empty_like(scores)
    for i, j in np.ndindex(scores.shape):
        own, other = enrol_cohort[i], test_cohort[j]
        if method == "as":
            own, other = np.sort(own)[-top:], np.sort(other)[-top:]
        elif method == "as-cross":
            near_test, near_model = np.argsort(other)[-top:], np.argsort(own)[-top:]
            own, other = own[near_test], other[near_model]
        z = (scores[i, j] - own.mean()) / own.std()
        t = (scores[i, j] - other.mean()) / other.std()
        normalised[i, j] = {"z": z, "t": t}.get(method, (z + t) / 2)
    return normalised


@pytest.mark.parametrize("method", ["z", "t", "s", "as", "as-cross"])
def test_against_the_definition(case, method):
    found = normalise_scores(*case, method, top=10)
    np.testing.assert_allclose(found, by_hand(*case, method), atol=1e-10)


def test_zt_against_the_definition(case, rng):
    scores, enrol_cohort, test_cohort = case
    square = rng.standard_normal((30, 30))
    found = normalise_scores(*case, "zt", square=square)
    for i, j in np.ndindex(scores.shape):
        z = (scores[i, j] - enrol_cohort[i].mean()) / enrol_cohort[i].std()
        impostors = []
        for c in range(30):
            others = np.delete(square[c], c)
            impostors.append((test_cohort[j, c] - others.mean()) / others.std())
        oracle = (z - np.mean(impostors)) / np.std(impostors)
        assert found[i, j] == pytest.approx(oracle)


@pytest.mark.parametrize("method", [m for m in METHODS if m != "zt"])
def test_a_scale_and_an_offset_of_all_scores_make_no_difference(case, method):
    changed = [3 * part + 5 for part in case]
    np.testing.assert_allclose(
        normalise_scores(*changed, method, 10), normalise_scores(*case, method, 10)
    )


def test_unusable_entries_do_not_count(case):
    scores, enrol_cohort, test_cohort = case
    marked = enrol_cohort.copy()
    marked[0, 0] = UNUSABLE  # the first model is of the first cohort speaker
    found = normalise_scores(scores, marked, test_cohort, "z")
    oracle = (scores[0] - marked[0, 1:].mean()) / marked[0, 1:].std()
    np.testing.assert_allclose(found[0], oracle)
    for method in ("s", "as", "as-cross"):
        assert np.isfinite(
            normalise_scores(scores, marked, test_cohort, method, 29)
        ).all()


def test_equal_cohort_scores_do_no_harm(rng):
    cohort = rng.standard_normal((3, 20))
    cohort[1] = 0.5
    for method in ("z", "s", "as", "as-cross"):
        found = normalise_scores(np.ones((3, 3)), cohort, cohort, method, 5)
        assert np.isfinite(found).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s, e, t: (s[:2], e, t, "s"), "do not fit"),
        (lambda s, e, t: (s, e[:, :1], t[:, :1], "s"), "two cohort scores"),
        (lambda s, e, t: (s, e, t[:, 1:], "s"), "of one cohort"),
        (lambda s, e, t: (s, e, t, "as", 1), "a whole number of 2 or more, not 1"),
        (lambda s, e, t: (s, e, t, "as-cross", "9"), "2 or more, not '9'"),
        (lambda s, e, t: (s, e, t, "zt"), "against itself"),
    ],
)
def test_bad_input(case, change, message):
    with pytest.raises(ValueError, match=message):
        normalise_scores(*change(*case))


def test_moments_leave_out_unusable_scores():
    found = moments(np.array([[1.0, np.nan, 3.0, -50.0]]), top=3)
    assert found.mean[0] == pytest.approx(np.mean([1, 3, -50]))


def test_too_few_scores_and_a_top_of_one_are_told_apart():
    with pytest.raises(ValueError, match="every model and test: it needs a larger"):
        moments(np.array([[1.0, np.nan]]))
    with pytest.raises(ValueError, match="top must be 2 or more, not 1"):
        moments(np.array([[1.0, 2.0]]), top=1)

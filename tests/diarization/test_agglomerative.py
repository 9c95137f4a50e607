import numpy as np
import pytest
from sklearn.cluster import AgglomerativeClustering
from sklearn.mixture import GaussianMixture

from tests.diarization.voices import draw_voices, same_groups
from utils.diarization.agglomerative import (
    Agglomerative,
    calibrate_threshold,
    cosine_matrix,
    meeting_point,
)
from utils.diarization.counts import SpeakerCount, number_by_appearance

NOISE = np.random.default_rng(1).normal(size=(60, 5))


@pytest.mark.parametrize("threshold", [-0.5, 0.0, 0.3, 0.7, 0.99])
def test_groups_are_those_of_average_linkage(threshold):
    oracle = AgglomerativeClustering(
        n_clusters=None, metric="precomputed", linkage="average",
        distance_threshold=1 - threshold,
    )  # fmt: skip
    expected = oracle.fit_predict(1 - cosine_matrix(NOISE))
    assert same_groups(Agglomerative(threshold)(NOISE), expected)


@pytest.mark.parametrize("n", [1, 2, 17, 60])
def test_a_number_that_is_given_is_met(n):
    oracle = AgglomerativeClustering(n, metric="precomputed", linkage="average")
    labels = Agglomerative(0.5)(NOISE, SpeakerCount.exactly(n))
    assert same_groups(labels, oracle.fit_predict(1 - cosine_matrix(NOISE)))


def test_bounds_hold_and_there_are_never_more_groups_than_embeddings():
    assert Agglomerative(-1.0)(NOISE, SpeakerCount(fewest=4)).max() == 3
    assert Agglomerative(1.0)(NOISE, SpeakerCount(most=7)).max() == 6
    assert Agglomerative(0.5)(NOISE[:3], SpeakerCount.exactly(5)).tolist() == [0, 1, 2]
    assert Agglomerative(0.5)(NOISE[:1]).tolist() == [0]
    assert Agglomerative(0.5)(NOISE[:0]).tolist() == []


@pytest.mark.parametrize("counts", [(3, 9), (30, 20, 10), (8, 8, 8, 8, 8, 8)])
def test_a_threshold_is_found_between_the_pairs_of_one_and_of_two_speakers(counts):
    embeddings, speakers = draw_voices(counts)
    assert same_groups(Agglomerative(None)(embeddings), speakers)


def test_a_threshold_that_is_found_stays_within_its_bounds(rng):
    """One voice alone, whose pairs all look alike, is not torn apart."""
    one = 1.0 + 0.3 * rng.standard_normal((30, 8))
    assert Agglomerative(None)(one).max() > 0
    assert Agglomerative(None, most=0.45)(one).max() == 0
    apart = np.eye(8) + 0.01 * rng.standard_normal((8, 8))
    assert Agglomerative(None, least=0.25)(apart).tolist() == list(range(8))


def test_offsets_of_pairs_are_added_to_their_cosines():
    vectors = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
    offsets = np.zeros((3, 3))
    offsets[1, 2] = offsets[2, 1] = -0.5
    assert Agglomerative(0.55)(vectors).tolist() == [0, 1, 1]
    assert Agglomerative(0.55)(vectors, offsets=offsets).tolist() == [0, 0, 1]


def test_the_meeting_point_is_that_of_a_tied_mixture():
    rng = np.random.default_rng(3)
    values = np.concatenate([rng.normal(0.1, 0.1, 4000), rng.normal(0.6, 0.1, 1000)])
    mixture = GaussianMixture(2, covariance_type="tied", tol=1e-8, random_state=0)
    mixture.fit(values[:, None])
    grid = np.linspace(0.1, 0.6, 50001)
    is_upper = mixture.predict_proba(grid[:, None])[:, mixture.means_.argmax()] >= 0.5
    assert meeting_point(values, 200) == pytest.approx(
        grid[is_upper.argmax()], abs=1e-3
    )


@pytest.mark.parametrize("values", [[0.5] * 4, [1.0, 0.2, 0.2, 1.0], [0, 0, 0, 1e-9]])
def test_the_meeting_point_of_few_values_is_one_of_them_or_between(values):
    values = np.array(values)
    assert values.min() <= meeting_point(values) <= values.max()


def test_a_calibrated_threshold_lies_between_what_splits_and_what_joins():
    sets = [
        draw_voices((6, 6, 6), spread, seed=n) for n, spread in enumerate((0.2, 0.4))
    ]
    threshold, f_measure = calibrate_threshold(sets, np.linspace(-1, 1, 201))
    assert f_measure == 1
    for embeddings, speakers in sets:
        assert same_groups(Agglomerative(threshold)(embeddings), speakers)


def test_embeddings_without_direction_are_refused():
    with pytest.raises(ValueError, match="vector 1 is zero or not finite"):
        Agglomerative(0.5)(np.array([[1.0, 0.0], [0.0, 0.0]]))


@pytest.mark.parametrize("bounds", [(0, 3), (4, 3), (-1, None)])
def test_bounds_that_are_none_are_refused(bounds):
    with pytest.raises(ValueError, match="bounds must rise from 1"):
        SpeakerCount(*bounds)


def test_labels_are_numbered_as_they_appear():
    assert number_by_appearance(np.array(["c", "a", "c", "b"])).tolist() == [0, 1, 0, 2]


def test_small_groups_take_no_place_of_a_speaker_who_is_asked_for():
    speakers, (outlier,) = np.repeat(np.eye(4)[:2], 5, axis=0), np.eye(4)[2:3]
    embeddings = np.concatenate([speakers, [outlier]])
    two = SpeakerCount.exactly(2)
    embeddings[5:10] += 0.2 * np.eye(4)[0]  # nearer to each other than the outlier is
    assert Agglomerative(0.5)(embeddings, two).tolist() == [0] * 10 + [1]
    found = Agglomerative(0.5, most=0.5, least_size=2)(embeddings, two)
    assert found.tolist() == [0] * 5 + [1] * 5 + [2]


def test_nobody_is_parted_for_the_number_who_is_alike():
    embeddings = np.concatenate([np.tile(np.eye(3)[0], (6, 1)), np.eye(3)[1:2]])
    embeddings[:3] += 0.1 * np.eye(3)[2]
    found = Agglomerative(0.5, most=0.5, least_size=2)(
        embeddings, SpeakerCount.exactly(2)
    )
    assert found.tolist() == [0] * 6 + [1]

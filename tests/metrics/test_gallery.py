"""Identification with several templates a speaker and several targets a query."""

import numpy as np
import pytest

from utils.metrics.bootstrap import draw_counts
from utils.metrics.gallery import (
    Gallery,
    identification_intervals,
    identify,
    join_templates,
)
from utils.metrics.gallery import test_speakers as speakers_of_tests


def random_gallery(rng, n_templates=2, n_speakers=5, n_unknown=6):
    speakers = np.repeat(np.arange(n_speakers), n_templates)
    truth = np.concatenate([np.repeat(np.arange(n_speakers), 4), [-1] * n_unknown])
    is_target = truth[:, None] == speakers
    return Gallery(rng.normal(1.5 * is_target, 1), is_target), speakers, truth


@pytest.mark.parametrize("n_templates", [1, 2, 3])
def test_a_speaker_scores_as_the_best_template(rng, n_templates):
    gallery, speakers, truth = random_gallery(rng, n_templates)
    order = rng.permutation(len(speakers))
    mixed = Gallery(gallery.scores[:, order], gallery.is_target[:, order])
    found = identify(join_templates(mixed), [1, 2], [0.0, 0.5])
    best = np.stack(
        [gallery.scores[:, speakers == s].max(axis=1) for s in range(5)], axis=1
    )
    known = truth >= 0
    hits = best[known].argmax(axis=1) == truth[known]
    assert found["gallery_size"] == 5
    assert (found["n_known"], found["n_unknown"]) == (20, 6)
    assert found["rank"]["1"] == pytest.approx(hits.mean())
    threshold = best[~known].max()
    detected = hits & (best[known].max(axis=1) > threshold)
    assert found["dir_at_fpir"]["0"] == pytest.approx(detected.mean())


def test_models_of_different_speakers_stay_apart(rng):
    is_target = np.array([[1, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]], dtype=bool)
    gallery = Gallery(rng.normal(size=(3, 4)), is_target)
    joined = join_templates(gallery)
    np.testing.assert_array_equal(joined.scores, gallery.scores)
    # models without any test may be anybody's
    nobody = np.array([[1, 1, 0, 0, 0]], dtype=bool)
    assert join_templates(Gallery(np.ones((1, 5)), nobody)).scores.shape == (1, 4)


def test_the_best_of_several_right_models_counts():
    """Two speakers in one test: neither stands in the other's way."""
    is_target = np.array([[1, 1, 0], [1, 0, 0], [0, 1, 0]], dtype=bool)
    scores = np.array([[0.7, 0.9, 0.8], [0.5, 0.6, 0.1], [0.2, 0.9, 0.1]])
    found = identify(Gallery(scores, is_target), [1, 2], [])
    assert found["rank"] == {"1": pytest.approx(2 / 3), "2": 1.0}
    precisions = [(1 / 1 + 2 / 3) / 2, 1 / 2, 1]
    assert found["map"] == pytest.approx(np.mean(precisions))
    scores[0] = [0.9, 0.85, 0.8]
    assert identify(Gallery(scores, is_target), [1], [])["rank"]["1"] == pytest.approx(
        2 / 3
    )


def test_ties_count_against_the_system():
    found = identify(Gallery(np.ones((2, 3)), np.eye(3, dtype=bool)[:2]), [1, 3], [])
    assert found["rank"] == {"1": 0.0, "3": 1.0}


def test_tests_without_any_model_are_refused():
    with pytest.raises(ValueError, match="no probe has a model"):
        identify(Gallery(np.ones((2, 3)), np.zeros((2, 3), dtype=bool)), [1], [])


def test_intervals_hold_the_value(rng):
    gallery, _, _ = random_gallery(rng, 1, 12)
    speakers = speakers_of_tests(gallery)
    assert len(set(speakers)) == 12 + 6
    counts = draw_counts(speakers.max() + 1, 200, 0)
    whole = identify(gallery, [1], [0.5])
    found = identification_intervals(gallery, speakers, counts, [1], [0.5])
    for name, key in (("rank", "1"), ("dir_at_fpir", "0.5")):
        low, high = found[name][key]
        assert low < whole[name][key] < high
    assert set(found) == {"rank", "map", "dir_at_fpir"}

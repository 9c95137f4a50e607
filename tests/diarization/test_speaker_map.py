import numpy as np
import pytest

from tests.diarization.voices import draw_voices
from utils.diarization.speaker_map import draw_map, place_in_plane


def test_voices_of_a_speaker_lie_together():
    embeddings, speakers = draw_voices((15, 15, 15))
    places = place_in_plane(embeddings)
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    assert (speakers[apart.argmin(axis=1)] == speakers).all()


@pytest.mark.parametrize("n", [1, 2, 4, 5, 8])
def test_few_voices_have_places(n):
    places = place_in_plane(np.random.default_rng(0).normal(size=(n, 3)))
    assert places.shape == (n, 2)
    assert np.isfinite(places).all()


def test_the_picture_has_a_panel_and_the_names_of_each_labelling():
    labels = np.array([0, 0, 1])
    figure = draw_map(
        np.eye(3)[:, :2], {"found": labels, "true": np.array(list("aab"))}
    )
    assert [axes.get_title() for axes in figure.axes] == [
        "found: 2 groups", "true: 2 groups"
    ]  # fmt: skip
    names = figure.axes[1].texts
    assert [text.get_text() for text in names] == ["a", "b"]
    assert all(np.eye(3)[:, :2].tolist().count(list(text.xy)) for text in names)

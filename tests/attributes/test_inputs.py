"""What heads take, against measures that are known."""

import numpy as np
import pytest

from tests.audio.test_speech_features import pulses
from utils.attributes.inputs import BOTH, EMBEDDING, PITCH, join_inputs, split_name
from utils.audio.voice_measures import measure_voice


def test_the_pitch_is_the_median_in_semitones():
    voice = np.stack([measure_voice(pulses(hz), 8000) for hz in (110, 220)])
    found = join_inputs(PITCH, np.zeros((2, 5)), voice)
    assert found.shape == (2, 1)
    assert 2 ** (found[:, 0] / 12) == pytest.approx([110, 220], rel=0.02)


def test_embeddings_alone_and_with_measures():
    embeddings, voice = np.ones((2, 5)), np.full((2, 34), 2.0)
    assert join_inputs(EMBEDDING, embeddings, None) is embeddings
    both = join_inputs(BOTH, embeddings, voice)
    assert both[:, :5].tolist() == embeddings.tolist() and both[:, 5:].min() == 2


@pytest.mark.parametrize("name", ["gaussian", "mlp+voice", "linear@pitch"])
def test_a_name_has_one_learner(name):
    learner, inputs = split_name(name)
    assert name.startswith(learner) and learner in ("gaussian", "mlp", "linear")
    assert inputs in (EMBEDDING, BOTH, PITCH)

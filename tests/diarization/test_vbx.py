from itertools import pairwise, product

import h5py
import numpy as np
import pytest

from tests.diarization.voices import draw_voices, same_groups
from utils.backend.plda.kaldi_files import read_kaldi_plda
from utils.backend.plda.model import Plda
from utils.backend.vectors import length_normalise
from utils.diarization.agglomerative import Agglomerative
from utils.diarization.counts import SpeakerCount
from utils.diarization.joining import join_segments
from utils.diarization.turns import read_rttm
from utils.diarization.vbx import Vbx, VbxSettings, fit_speakers, run_chain
from utils.embeddings.kaldi_values import read_ark

SETTINGS = VbxSettings(
    acoustic_scale=0.3, speaker_scale=17.0, loop_probability=0.99, n_dims=128
)


def test_the_chain_is_the_sum_over_all_sequences():
    rng = np.random.default_rng(0)
    log_p, weights, loop = rng.normal(size=(5, 3)), np.array([0.5, 0.3, 0.2]), 0.7
    moves = loop * np.eye(3) + (1 - loop) * weights
    total, posteriors, drawn = 0.0, np.zeros((5, 3)), np.zeros(3)
    for path in product(range(3), repeat=5):
        p = weights[path[0]] * np.prod([moves[a, b] for a, b in pairwise(path)])
        p *= np.exp(sum(log_p[t, s] for t, s in enumerate(path)))
        total += p
        for t, s in enumerate(path):
            posteriors[t, s] += p
        drawn[path[0]] += p
        for a, b in pairwise(path):  # the share of a move that is a draw, not a stay
            drawn[b] += p * (1 - loop) * weights[b] / moves[a, b]
    found = run_chain(log_p, weights, loop)
    assert found.log_likelihood == pytest.approx(np.log(total))
    assert np.allclose(found.posteriors, posteriors / total)
    assert np.allclose(found.weights, drawn / drawn.sum())


def test_the_chain_bears_what_is_all_but_impossible():
    log_p = np.array([[0.0, -1e5], [-1e5, 0.0], [0.0, -1e5]])
    found = run_chain(log_p, np.array([1.0, 0.0]), 0.99)
    assert np.isfinite(found.posteriors).all()
    assert np.isfinite(found.log_likelihood)


def conversation(counts, n_dims=12, seed=0):
    """Draw embeddings of speakers in turns, and the model that they follow."""
    rng = np.random.default_rng(seed)
    psi = np.geomspace(20, 0.5, n_dims)
    speakers = np.repeat(np.arange(len(counts)), counts)
    centres = rng.normal(size=(len(counts), n_dims)) * np.sqrt(psi)
    embeddings = centres[speakers] + rng.normal(size=(len(speakers), n_dims))
    return embeddings, speakers, Plda(np.zeros(n_dims), np.eye(n_dims), psi)


def make(plda, threshold=0.9, **changes):
    values = {"acoustic_scale": 1.0, "speaker_scale": 4.0, "loop_probability": 0.9}
    return Vbx(
        plda, Agglomerative(threshold), VbxSettings(**values | changes, n_dims=None)
    )


@pytest.mark.parametrize("counts", [(20, 30), (15, 15, 15, 15), (40,)])
def test_too_many_groups_are_joined_to_the_speakers(counts):
    embeddings, speakers, plda = conversation(counts)
    vbx = make(plda)
    assert vbx.start(embeddings).max() >= len(counts) + 2
    assert same_groups(vbx(embeddings), speakers)


def test_the_lower_bound_never_falls():
    embeddings, _, plda = conversation((20, 25, 5))
    start = np.random.default_rng(5).dirichlet(np.ones(6), len(embeddings))
    bounds = fit_speakers(embeddings, plda.psi, start, make(plda).settings).bounds
    assert len(bounds) > 3
    assert (np.diff(bounds) > -1e-8).all()


def test_a_number_that_is_given_is_met():
    embeddings, _, plda = conversation((20, 20, 20))
    for n in (1, 2, 3, 5):
        assert make(plda)(embeddings, SpeakerCount.exactly(n)).max() == n - 1
    assert make(plda)(embeddings[:2], SpeakerCount.exactly(4)).max() == 1
    assert make(plda)(embeddings[:0]).tolist() == []


def test_embeddings_of_another_dimension_are_refused():
    embeddings, _ = draw_voices((4, 4))
    plda = conversation((4, 4))[2]
    with pytest.raises(ValueError, match="D=20, the back-end was trained on D=12"):
        make(plda)(embeddings)


def read_meeting(folder):
    """Read a meeting's spans (N, 2) and its x-vectors as VBx transforms them."""
    names, vectors = zip(*read_ark(folder / "ES2005a.ark"), strict=True)
    rows = [line.split() for line in (folder / "ES2005a.seg").read_text().splitlines()]
    assert [row[0] for row in rows] == list(names)
    with h5py.File(folder / "ResNet101_16kHz" / "transform.h5") as file:
        mean1, mean2, lda = (file[name][:] for name in ("mean1", "mean2", "lda"))
    x = length_normalise(np.array(vectors) - mean1) @ lda - mean2
    return np.array([row[2:] for row in rows], dtype=float), length_normalise(x)


def test_the_published_output_of_a_meeting(reference):
    folder = reference / "vbx"
    spans, embeddings = read_meeting(folder)
    plda = read_kaldi_plda(folder / "ResNet101_16kHz" / "plda")
    labels = Vbx(plda, Agglomerative(None, offset=-0.015), SETTINGS)(embeddings)
    found = join_segments("ES2005a", spans, labels.astype(str).tolist())
    expected = read_rttm(folder / "ES2005a.vbx_output.rttm")
    assert len(found) == len(expected)
    assert same_groups([t.speaker for t in found], [t.speaker for t in expected])
    for own, other in zip(found, expected, strict=True):
        assert own.start_s == pytest.approx(other.start_s, abs=1e-6)
        assert own.stop_s == pytest.approx(other.stop_s, abs=1e-6)

import numpy as np
import pytest
import torch

from local.setup.hyperparameters import load_hyperparameters
from utils.features.front_end import FrontEnd, normalise


@pytest.fixture
def front_end(root) -> FrontEnd:
    return load_hyperparameters(root / "hparams" / "features.yaml")["front_end"]


def test_filterbank_agrees_with_torchaudio(front_end, speech_like):
    from torchaudio.transforms import MelSpectrogram

    mel = MelSpectrogram(
        16000, n_fft=512, win_length=400, hop_length=160, n_mels=64, pad_mode="constant"
    )
    oracle = 10 * torch.log10(mel(torch.from_numpy(speech_like)).T.clamp(min=1e-10))
    ours = front_end.fbank(torch.from_numpy(speech_like)[None])[0]
    assert ours.shape == oracle.shape
    loud = ours > ours.max() - 60
    # the triangles of the two differ a little in width
    assert torch.corrcoef(torch.stack([ours[loud], oracle[loud]]))[0, 1] > 0.97


def test_speech_is_kept_and_silence_dropped(front_end, speech_like):
    frames = front_end(speech_like)
    assert frames.n_total == 201
    assert frames.features.dtype == np.float16
    assert 110 <= len(frames.features) <= 140  # 1.2 s of bursts
    assert len(frames.segments) == 2


def test_level_has_no_influence(front_end, speech_like):
    loud, quiet = front_end(speech_like), front_end(1e-3 * speech_like)
    np.testing.assert_array_equal(loud.segments, quiet.segments)
    np.testing.assert_allclose(loud.features, quiet.features, atol=0.05)


def test_any_length(front_end, rng):
    for n_samples in (1, 100, 399, 1601):
        frames = front_end(rng.standard_normal(n_samples).astype("f4"))
        assert np.isfinite(frames.features).all() and len(frames.features)


def test_normalisations(rng):
    features = rng.normal(3, 5, (50, 8))
    np.testing.assert_allclose(normalise(features, "mean").mean(0), 0, atol=1e-9)
    np.testing.assert_allclose(normalise(features, "mean_std").std(0), 1)
    np.testing.assert_allclose(normalise(features, "frame").std(1), 1)
    np.testing.assert_array_equal(normalise(features, "none"), features)
    with pytest.raises(ValueError, match="normalisation must be one of"):
        FrontEnd(None, None, 16000, "cmvn")

"""torchaudio's Kaldi compliance, another implementation, is the oracle."""

import numpy as np
import pytest
import torch
from torchaudio.compliance.kaldi import fbank

from local.setup.hyperparameters import load_hyperparameters
from utils.features.kaldi_fbank import KaldiFbank


def expected(samples, rate_hz, **options):
    return fbank(32768 * samples, sample_frequency=rate_hz, dither=0.0, **options)


@pytest.mark.parametrize("rate_hz", [8000, 16000, 22050])
@pytest.mark.parametrize("n_mels", [23, 80])
def test_filterbanks_are_those_of_kaldi(rate_hz, n_mels, speech_like):
    if n_mels == 80 and rate_hz == 8000:
        n_mels = 40  # more have bands without a bin
    samples = torch.from_numpy(speech_like)[None, :31999]
    theirs = expected(samples, rate_hz, num_mel_bins=n_mels)
    ours = KaldiFbank(rate_hz, n_mels)(samples)
    torch.testing.assert_close(ours[0], theirs, atol=1e-3, rtol=0)


def test_ranges_windows_and_silence(speech_like):
    samples = torch.from_numpy(speech_like)[None]
    samples[:, 8000:12000] = 0.0
    theirs = expected(
        samples, 16000, num_mel_bins=30, frame_length=20.0, frame_shift=5.0,
        low_freq=60.0, high_freq=-400.0,
    )  # fmt: skip
    ours = KaldiFbank(16000, 30, 20.0, 5.0, (60.0, -400.0))(samples)[0]
    torch.testing.assert_close(ours, theirs, atol=1e-3, rtol=0)
    assert (ours == ours.min()).all(dim=1).any()  # the floor


def test_samples_may_stay_within_one(speech_like):
    samples = torch.from_numpy(speech_like)[None]
    theirs = fbank(samples, num_mel_bins=80, dither=0.0)  # the floor is often met
    ours = KaldiFbank(16000, 80, scale=1.0)(samples)[0]
    torch.testing.assert_close(ours, theirs, atol=1e-3, rtol=0)


def test_a_batch_is_its_utterances(speech_like):
    batch = torch.from_numpy(speech_like).reshape(4, 8000)
    fbank_of = KaldiFbank(16000, 80)
    alone = torch.cat([fbank_of(utterance[None]) for utterance in batch])
    torch.testing.assert_close(fbank_of(batch), alone, atol=1e-4, rtol=0)


def test_less_than_a_window_is_one_frame():
    assert KaldiFbank(16000, 80)(torch.ones(1, 50)).shape == (1, 1, 80)
    assert KaldiFbank(16000, 80)(torch.ones(1, 559)).shape == (1, 1, 80)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"n_mels": 200}, "200 bands are too many"),
        (
            {"n_mels": 80, "range_hz": (20.0, 9000.0)},
            "do not lie below half of 16000 Hz",
        ),
    ],
)
def test_bands_that_cannot_be_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        KaldiFbank(16000, **values)


def test_the_front_end_keeps_the_scale_and_takes_the_mean_off(root, speech_like):
    front_end = load_hyperparameters(root / "hparams/features_kaldi.yaml")["front_end"]
    frames = front_end(0.01 * speech_like)
    theirs = expected(
        0.01 * torch.from_numpy(speech_like)[None], 16000, num_mel_bins=80
    )
    np.testing.assert_allclose(frames.features, theirs - theirs.mean(0), atol=0.01)
    assert frames.n_total == len(frames.features) == len(theirs)

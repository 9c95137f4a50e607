"""The median pitch against Praat's, on real speech."""

import numpy as np
import pytest

from utils.audio.decoding import decode_audio
from utils.audio.voice_measures import MEDIAN_PITCH, measure_voice


def test_the_median_pitch_is_that_of_praat(corpora):
    """40 speakers of speechocean762, children and adults; no octave is mistaken."""
    praat = pytest.importorskip("parselmouth")
    folders = sorted((corpora / "speechocean762/WAVE").iterdir())[::6][:40]
    off_st = []
    for folder in folders:
        samples, rate_hz, _ = decode_audio(min(folder.iterdir()))
        sound = praat.Sound(samples.astype(np.float64), rate_hz)
        pitch = sound.to_pitch(time_step=0.01, pitch_floor=65, pitch_ceiling=500)
        found_hz = pitch.selected_array["frequency"]
        expected_st = 12 * np.log2(np.median(found_hz[found_hz > 0]))
        off_st.append(measure_voice(samples, rate_hz)[MEDIAN_PITCH] - expected_st)
    assert np.mean(np.abs(off_st) < 1) > 0.9
    assert np.abs(off_st).max() < 4

import numpy as np
import pytest

from tests.systems.folders import write_system
from utils.systems.system import open_system
from utils.verification.decisions import AS_RECORDED
from utils.verification.enrolment import join, measure_enrolment
from utils.verification.measuring import calibrate_on
from utils.verification.rises import Rise
from utils.verification.voices import Voices, score_voices

SIZE, EACH = 32, 7


@pytest.fixture(scope="module")
def backend(tmp_path_factory):
    folder = write_system(tmp_path_factory.mktemp("systems") / "triplet")
    return open_system(folder, "cosine").backend


def draw(rng, n_speakers, common, each=EACH):
    """Draw voices of one channel: all have ``common`` in their first direction."""
    centres = rng.standard_normal((n_speakers, 1, SIZE))
    vectors = centres + 0.8 * rng.standard_normal((n_speakers, each, SIZE))
    vectors[..., 0] += common
    who = np.repeat(np.arange(n_speakers), each)
    flat = vectors.reshape(-1, SIZE)
    return Voices({AS_RECORDED: flat}, who, np.zeros(len(who), int))


def false_alarms(backend, voices, n, threshold, shift):
    """Compare everybody's first n recordings, joined, with others' recordings."""
    vectors = voices.embeddings[AS_RECORDED].reshape(-1, EACH, SIZE)
    unit = vectors / np.linalg.norm(vectors, axis=2, keepdims=True)
    models = np.stack([join(own[:n]) for own in unit])
    scores = models @ unit.reshape(-1, SIZE).T
    llrs = backend.calibration.fusion(scores.reshape(-1, 1)).reshape(scores.shape)
    is_other = np.arange(len(models))[:, None] != voices.speakers
    return np.mean(llrs[is_other] - shift >= threshold)


@pytest.mark.parametrize("far", [0.05, 0.01, 0.002])
def test_false_alarms_are_as_rare_with_several_recordings(backend, far):
    """Other voices than those measured; without the shift half as many more pass."""
    rng = np.random.default_rng(0)
    measured, others = draw(rng, 300, 4.0), draw(rng, 300, 4.0)
    calibrated = calibrate_on(backend, measured, 0.05)
    rise = measure_enrolment(calibrated, measured)
    trials = score_voices(calibrated, others, AS_RECORDED)
    threshold = np.quantile(trials.scores[~trials.is_target], 1 - far)
    for n in (1, 3, 5):
        found = false_alarms(calibrated, others, n, threshold, rise(n))
        assert 0.7 * far < found < 1.3 * far
    assert false_alarms(calibrated, others, 5, threshold, 0.0) > 1.4 * far


def test_shifts_rise_from_none_as_far_as_there_are_recordings(backend):
    voices = draw(np.random.default_rng(1), 100, 4.0)
    rise = measure_enrolment(calibrate_on(backend, voices, 0.05), voices)
    assert rise.at == tuple(range(1, EACH + 1)) and rise.llrs[0] == 0
    assert (np.diff(rise.llrs) >= 0).all() and rise(2) > 0.5 * rise(EACH) > 0
    assert rise == measure_enrolment(calibrate_on(backend, voices, 0.05), voices)


def test_voices_without_anything_in_common_are_shifted_less(backend):
    rng = np.random.default_rng(2)
    shifts = []
    for common in (0.0, 4.0):
        voices = draw(rng, 200, common)
        calibrated = calibrate_on(backend, voices, 0.05)
        slope = calibrated.calibration.fusion.weights[0]
        shifts.append(measure_enrolment(calibrated, voices)(EACH) / slope)
    assert shifts[0] < shifts[1] / 4


def test_one_recording_each_measures_nothing(backend):
    voices = draw(np.random.default_rng(3), 30, 0.0)
    calibrated = calibrate_on(backend, voices, 0.05)
    singles = Voices(
        {AS_RECORDED: voices.embeddings[AS_RECORDED][::EACH]},
        np.arange(30),
        np.zeros(30, int),
    )
    assert measure_enrolment(calibrated, singles) == Rise()

import numpy as np
import pandas as pd
import pytest
import soundfile

from tests.systems.folders import write_system
from utils.runtime.errors import UserError
from utils.systems.system import open_system
from utils.verification.decisions import AS_RECORDED
from utils.verification.lengths import (
    Joined,
    group_recordings,
    hear_joined,
    measure_lengths,
)
from utils.verification.measuring import calibrate_on
from utils.verification.recordings import hear
from utils.verification.voices import Voices

SIZE, N_SPEAKERS, EACH = 32, 200, 8


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    folder = write_system(tmp_path_factory.mktemp("systems") / "triplet")
    return open_system(folder, "cosine")


def speak(rng, length_s):
    """Draw voices, of few directions, and chance, of all, which shrinks with time."""
    centres = np.random.default_rng(9).standard_normal((N_SPEAKERS, 1, SIZE))
    centres[..., 8:] = 0
    chance = rng.standard_normal((N_SPEAKERS, EACH, SIZE)) * np.sqrt(2 / length_s)
    vectors = (centres + chance).reshape(-1, SIZE)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    who = np.repeat(np.arange(N_SPEAKERS), EACH)
    return Joined(vectors, who, np.full(len(who), length_s))


@pytest.mark.parametrize("far", [0.02, 0.005])
@pytest.mark.parametrize(("length_s", "within"), [(8, 0.3), (12, 0.3), (24, 0.7)])
def test_false_alarms_are_as_rare_among_longer_recordings(
    system, far, length_s, within
):
    """Lengths measured, between, and beyond, where the rise is underestimated."""
    rng = np.random.default_rng(0)
    singles = speak(rng, 4.0)
    voices = Voices(
        {AS_RECORDED: singles.embeddings}, singles.speakers, 0 * singles.speakers
    )
    backend = calibrate_on(system.backend, voices, 0.05)
    measured = [singles, *(speak(rng, own_s) for own_s in (8.0, 16.0))]
    rise = measure_lengths(backend, measured)
    assert rise.at == (4.0, 8.0, 16.0)
    is_other = singles.speakers[:, None] != singles.speakers

    def ratios(own):
        return backend.calibration.fusion(
            (own.embeddings @ own.embeddings.T)[is_other][:, None]
        )

    threshold = np.quantile(ratios(singles), 1 - far)
    found = ratios(speak(rng, length_s))
    false_alarms = np.mean(found - rise(length_s) >= threshold)
    assert false_alarms == pytest.approx(far, rel=within)
    assert np.mean(found >= threshold) > max(1.5 * far, 1.5 * false_alarms)


def test_speakers_without_longer_recordings_do_not_count(system):
    """Alike speakers that were joined never, and raise the first thresholds alone."""
    rng = np.random.default_rng(1)
    own = speak(rng, 4.0)
    alike = own.speakers < 20
    own.embeddings[alike] = own.embeddings[0]
    voices = Voices({AS_RECORDED: own.embeddings}, own.speakers, 0 * own.speakers)
    backend = calibrate_on(system.backend, voices, 0.05)
    longer = speak(rng, 8.0).take(~alike)
    without = measure_lengths(backend, [own.take(~alike), longer])
    assert measure_lengths(backend, [own, longer]).llrs == without.llrs
    assert without.llrs[1] > 0


def test_one_speaker_measures_nothing(system):
    own = speak(np.random.default_rng(2), 4.0)
    backend = calibrate_on(
        system.backend,
        Voices({AS_RECORDED: own.embeddings}, own.speakers, 0 * own.speakers),
        0.05,
    )
    alone = own.take(own.speakers == 0)
    assert measure_lengths(backend, [own, alone]).llrs == (0.0,)


def test_groups_are_of_one_speaker_and_session():
    table = pd.DataFrame({"spk_id": 7 * ["a"] + 4 * ["b"], "session": 0})
    table.loc[:2, "session"] = 1
    groups = group_recordings(table, 2, seed=0)
    assert len(groups) == 1 + 2 + 2
    for group in groups:
        assert len(table.iloc[group].drop_duplicates()) == 1
    places = np.concatenate(groups)
    assert len(set(places)) == len(places)


def test_most_speakers_need_a_group():
    table = pd.DataFrame({"spk_id": ["a", "a", "b", "c"]})
    assert group_recordings(table, 2, seed=0) == []


def test_files_are_heard_as_one(tmp_path, system, rng):
    samples = rng.standard_normal(24000).astype(np.float32) * 0.1
    samples[::4000] = 0.0
    paths = [tmp_path / "a.wav", tmp_path / "b.wav"]
    for path, part in zip(paths, np.split(samples, [9000]), strict=True):
        soundfile.write(path, part, 16000, subtype="FLOAT")
    found = hear_joined(paths, system.front_end)
    whole = hear(samples, 16000, system.front_end, "")
    np.testing.assert_allclose(found.features, whole.features)
    assert found.speech_s == whole.speech_s
    with pytest.raises(UserError, match="c.wav"):
        hear_joined([*paths, tmp_path / "c.wav"], system.front_end)

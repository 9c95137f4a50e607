from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.systems.folders import write_system
from tests.verification.voices import write_speakers
from utils.data.patterns import find_utterances
from utils.metrics.likelihood_ratios import cllr, min_cllr
from utils.metrics.thresholds import rates_at
from utils.runtime.errors import UserError
from utils.systems.system import open_system
from utils.verification.conditions import CONDITIONS
from utils.verification.decisions import AS_RECORDED
from utils.verification.lengths import not_joined
from utils.verification.measuring import (
    Aims,
    calibrate_on,
    measure_limits,
    measure_system,
)
from utils.verification.voices import (
    Voices,
    draw_voices,
    embed_versions,
    hear_versions,
    join_voices,
    score_voices,
)

AIMS = Aims(fars=(0.1, 0.001), n_resamples=100)


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    folder = write_system(tmp_path_factory.mktemp("systems") / "triplet")
    return open_system(folder, "cosine")


@pytest.fixture(scope="module")
def heard(system, tmp_path_factory):
    """Hear six speakers; returns the table and all versions."""
    folder = write_speakers(tmp_path_factory.mktemp("voices"), 6, 4)
    table = find_utterances(folder, "{speaker}/*")
    return table, [hear_versions(path, system.front_end) for path in table["wav"]]


def embed(system, versions, table):
    return join_voices([embed_versions(system, own)[1] for own in versions], table)


def test_features_are_not_kept(system, heard):
    versions = heard[1][0]
    bare, embeddings = embed_versions(system, versions)
    for name, own in versions.items():
        assert bare[name] == replace(own, features=bare[name].features)
        assert bare[name].features.size == 0
        expected = system.embed_features([""], [own.features])[0]
        np.testing.assert_allclose(embeddings[name], expected, atol=1e-6)


def test_every_condition_lowers_its_measure(heard):
    for versions in heard[1]:
        for condition in CONDITIONS:
            recorded, worsened = versions[AS_RECORDED], versions[condition.name]
            before, after = (
                getattr(own, condition.measure) for own in (recorded, worsened)
            )
            assert after < before or recorded.speech_s <= 2.0


def test_what_is_promised_is_measured(system, heard):
    table, versions = heard
    voices = embed(system, versions, table)
    joined = [not_joined(voices, versions)]
    measured = measure_system(system, voices, versions, joined, "voices", AIMS)
    (threshold,) = measured.decisions.thresholds
    trials = score_voices(measured.backend, voices, AS_RECORDED)
    frr, far = rates_at(trials.scores, trials.is_target, threshold.llr)
    assert far == threshold.rates[AS_RECORDED].far.value <= 0.1
    assert frr == threshold.rates[AS_RECORDED].frr.value
    assert set(threshold.rates) == set(versions[0])
    assert [text.split()[1] for text in measured.shortages] == ["0.001"]
    assert measured.decisions.measured_on["sessions"] == "one session each"
    assert measured.decisions.model_sha256 == system.model_sha256


def test_all_pairs_are_scored_once(system, heard):
    table, versions = heard
    voices = embed(system, versions, table)
    trials = score_voices(system.backend, voices, AS_RECORDED)
    assert len(trials.scores) == 24 * 23 // 2
    embeddings = voices.embeddings[AS_RECORDED].astype(np.float64)
    expected = (embeddings @ embeddings.T)[np.triu_indices(24, 1)]
    np.testing.assert_allclose(trials.scores, expected, atol=1e-6)
    worsened = score_voices(system.backend, voices, "in noise")
    assert len(worsened.scores) == 24 * 23


def test_targets_of_one_session_are_left_out(system, heard):
    table, versions = heard
    sessions = table.assign(session=["a", "b"] * 12)
    voices = embed(system, versions, sessions)
    trials = score_voices(system.backend, voices, AS_RECORDED)
    assert trials.is_target.sum() == 6 * 4  # 2 x 2 of each speaker, not 6
    assert (~trials.is_target).sum() == 24 * 23 // 2 - 6 * 6


def test_ratios_are_calibrated_on_other_voices(system):
    def draw(rng):
        who = np.repeat(np.arange(40), 5)
        embeddings = rng.standard_normal((40, 16))[who] + rng.standard_normal((200, 16))
        return Voices({AS_RECORDED: embeddings}, who, np.zeros(200, int))

    rng = np.random.default_rng(0)
    backend = calibrate_on(system.backend, draw(rng), 0.5)
    trials = score_voices(backend, draw(rng), AS_RECORDED)
    least = min_cllr(trials.scores, trials.is_target)
    assert least <= cllr(trials.scores, trials.is_target) < least + 0.03
    raw = score_voices(system.backend, draw(rng), AS_RECORDED)
    assert cllr(raw.scores, raw.is_target) > least + 0.1


def test_one_speaker_is_too_few(system, heard):
    table, versions = heard
    voices = embed(system, versions[:4], table[:4])
    joined = [not_joined(voices, versions[:4])]
    with pytest.raises(UserError, match="at least two speakers"):
        measure_system(system, voices, versions[:4], joined, "voices", AIMS)


def test_the_draw_depends_on_the_seed_alone():
    table = pd.DataFrame({"ID": range(60), "spk_id": ["a", "b", "c"] * 20})
    drawn = draw_voices(table, 5, seed=1)
    assert drawn["spk_id"].value_counts().tolist() == [5, 5, 5]
    assert drawn.equals(draw_voices(table, 5, seed=1))
    assert not drawn.equals(draw_voices(table, 5, seed=2))
    assert drawn["ID"].is_monotonic_increasing


def test_an_earlier_calibration_does_not_count(system, heard):
    table, versions = heard
    voices = embed(system, versions, table)
    joined = [not_joined(voices, versions)]
    first = measure_system(system, voices, versions, joined, "voices", AIMS)
    again = replace(system, backend=first.backend)
    second = measure_system(again, voices, versions, joined, "voices", AIMS)
    assert second.decisions == first.decisions


def test_limits_lie_between_what_was_recorded_and_worsened(heard):
    limits = measure_limits(heard[1])
    for condition in CONDITIONS:
        values = {
            name: sorted(getattr(own[name], condition.measure) for own in heard[1])
            for name in (AS_RECORDED, condition.name)
        }
        found = limits[condition.measure]
        middles = [(own[11] + own[12]) / 2 for own in values.values()]  # of 24
        assert found.nearer == pytest.approx(sum(middles) / 2)
        worst = values[condition.name]
        assert worst[0] <= found.least <= worst[1]

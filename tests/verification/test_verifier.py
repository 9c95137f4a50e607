import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from tests.systems.folders import write_system
from tests.verification.voices import RATE_HZ, write_speakers
from utils.runtime.errors import UserError
from utils.verification.decisions import Decisions, Limits, Tail, Threshold
from utils.verification.rates import Rate, Rates
from utils.verification.recordings import read_recording
from utils.verification.rises import Rise
from utils.verification.verifier import open_verifier


def rates(frr):
    return Rates(Rate(0.01, 0.0, 0.02), Rate(frr, 0.0, 1.0), 10, 100)


RATES = {"as recorded": rates(0.1), "in noise": rates(0.3), "cut short": rates(0.2)}
TAIL = Tail((0.1, 0.01), (0.0, 1.0))
LIMITS = {
    "speech_s": Limits(1.0, 0.6, "cut short"),
    "snr_db": Limits(20.0, 5.0, "in noise"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_system(tmp_path_factory.mktemp("systems") / "triplet")


@pytest.fixture
def verifier(folder):
    """Answer with calibrated ratios and the thresholds above."""
    found = open_verifier(folder, "cosine+cal")
    thresholds = tuple(
        Threshold(far, llr, RATES) for far, llr in ((0.1, -99), (0.01, 0))
    )
    sha256 = found.system.model_sha256
    measured_on = {"source": "x", "speakers": 2, "utterances": 9, "sessions": "one"}
    return replace(
        found, decisions=Decisions(sha256, thresholds, TAIL, LIMITS, measured_on)
    )


@pytest.fixture(scope="module")
def wavs(tmp_path_factory):
    folder = write_speakers(tmp_path_factory.mktemp("voices"), 2, 2, duration_s=3.0)
    return sorted(folder.rglob("*.wav"))


def write(path, samples, rate_hz=RATE_HZ):
    soundfile.write(path, samples, rate_hz)
    return path


def white(voice, rng):
    return 0.8 * rng.standard_normal(len(voice))


def test_the_answer_is_the_systems(verifier, wavs):
    answer = verifier(wavs[:2], wavs[2])
    system = verifier.system
    enrolled, test = system.embed(wavs[:2]), system.embed(wavs[2:3])
    expected = system.score(system.enrol([enrolled]), test)
    assert answer.score == pytest.approx(expected.scores[0, 0], abs=1e-6)
    assert answer.llr == pytest.approx(expected.llrs[0, 0], abs=1e-5)
    assert answer.decision == ("same" if answer.llr >= 0 else "different")
    assert answer.rates == RATES["as recorded"]
    assert verifier(wavs[:2], wavs[2]) == answer


def test_several_recordings_pay_for_being_nearer_to_everybody(verifier, wavs):
    decisions = replace(verifier.decisions, recordings=Rise((1, 2), (0.0, 0.5)))
    shifted = replace(verifier, decisions=decisions)
    one, two = wavs[:1], wavs[:2]
    assert shifted(one, wavs[2]) == verifier(one, wavs[2])
    before, after = verifier(two, wavs[2]), shifted(two, wavs[2])
    assert after.score == before.score
    assert after.llr == pytest.approx(before.llr - 0.5)


def test_longer_recordings_pay_for_being_nearer_to_everybody(verifier, wavs):
    recordings = [read_recording(own, verifier.system.front_end) for own in wavs[:2]]
    first_s, second_s = (own.speech_s for own in recordings)
    rise = Rise((first_s / 2, first_s + second_s), (0.0, 4.0))
    longer = replace(verifier, decisions=replace(verifier.decisions, speech_s=rise))
    before, after = (own(wavs[:1], wavs[1]) for own in (verifier, longer))
    assert after.score == before.score
    expected = (rise(first_s) + rise(second_s)) / 2
    assert before.llr - after.llr == pytest.approx(expected) and expected > 1


def test_the_threshold_is_that_of_the_rate(verifier, wavs):
    assert verifier(wavs[:1], wavs[3], far=0.1).decision == "same"
    with pytest.raises(UserError, match="--far 0.5: measured were 0.1, 0.01"):
        verifier(wavs[:1], wavs[3], far=0.5)


def test_too_few_voices_for_any_threshold(verifier, wavs):
    few = replace(verifier, decisions=replace(verifier.decisions, thresholds=()))
    too_few = r"the \d+ speakers of .* were too few for any threshold; local.calib"
    with pytest.raises(UserError, match=too_few):
        few(wavs[:1], wavs[3])
    with pytest.raises(UserError, match=too_few):
        few.measured  # noqa: B018


def test_without_decisions_there_is_a_score_alone(folder, wavs):
    answer = open_verifier(folder, "cosine")(wavs[:1], wavs[1])
    assert answer.score is not None
    assert (answer.llr, answer.decision, answer.rates) == (None, None, None)
    assert any("calibrate_system" in remark for remark in answer.remarks)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda voice, rng: np.sin(np.arange(48000)), "no speech"),
        (lambda voice, rng: 0.1 * rng.standard_normal(48000), "no speech"),
        (lambda voice, rng: voice[:4000], "s of speech; the system was measured on"),
        (lambda voice, rng: voice + voice.std() * white(voice, rng), "dB SNR"),
    ],
)
@pytest.mark.parametrize("side", ["enrol", "test"])
def test_what_gets_no_score(verifier, wavs, tmp_path, make, reason, side):
    voice, _ = soundfile.read(wavs[0])
    bad = write(tmp_path / "bad.wav", make(voice, np.random.default_rng(0)))
    enrol, test = ([wavs[1], bad], wavs[2]) if side == "enrol" else (wavs[1:2], bad)
    answer = verifier(enrol, test)
    assert answer.score is answer.llr is answer.decision is None
    assert reason in answer.refused
    assert "bad.wav" in answer.refused


def test_the_worst_condition_tells_the_rates(verifier, wavs, tmp_path):
    voice, _ = soundfile.read(wavs[0])
    noise = np.random.default_rng(0).standard_normal(len(voice))
    noisy = write(tmp_path / "noisy.wav", 0.5 * voice + 0.012 * noise)
    heard = read_recording(noisy, verifier.system.front_end)
    assert 5 < heard.snr_db < 20
    answer = verifier(wavs[1:2], noisy)
    assert (answer.condition, answer.rates) == ("in noise", RATES["in noise"])
    assert any(
        "dB SNR; expect the error rates of speech in noise" in remark
        for remark in answer.remarks
    )


def test_the_same_recording_is_told(verifier, wavs):
    assert any("the same recording" in r for r in verifier(wavs, wavs[0]).remarks)
    assert not any("the same" in r for r in verifier(wavs[1:], wavs[0]).remarks)


def test_clipping_and_lower_rates_are_told(verifier, wavs, tmp_path):
    voice, _ = soundfile.read(wavs[0])
    clipped = write(tmp_path / "clipped.wav", np.clip(4 * voice, -1, 1))
    narrow = write(tmp_path / "narrow.wav", voice[::2], RATE_HZ // 2)
    remarks = verifier([clipped], narrow).remarks
    assert any("clipped" in remark for remark in remarks)
    assert any("8000 Hz, the system hears 16000 Hz" in remark for remark in remarks)


def test_the_mean_of_channels_is_told_once(verifier, wavs, tmp_path):
    both = np.stack([soundfile.read(wav)[0][: 2 * RATE_HZ] for wav in wavs[:2]], 1)
    calls = [write(tmp_path / f"call{n}.wav", both) for n in range(2)]
    alike = write(tmp_path / "alike.wav", both[:, [0, 0]])
    told = "the mean of its 2 channels is heard"
    remarks = [r for r in verifier(calls[:1], calls[1]).remarks if told in r]
    assert len(remarks) == 1 and "call0.wav" in remarks[0] and "call1" in remarks[0]
    (remark,) = (r for r in verifier([alike], calls[1]).remarks if told in r)
    assert "call1.wav" in remark and "alike.wav" not in remark
    chosen = verifier([alike], calls[1], channel=0)
    assert not any(told in remark for remark in chosen.remarks)
    assert chosen.score == pytest.approx(1.0, abs=1e-5)  # one voice, twice


def test_the_answer_as_data_and_text(verifier, wavs, tmp_path):
    answer = verifier(wavs[:1], wavs[3])
    content = json.loads(json.dumps(answer.as_dict()))
    assert content["ci"] == {"far": [0.0, 0.02], "frr": [0.0, 1.0]}
    assert (content["far"], content["frr"]) == (0.01, 0.1)
    assert set(content) >= {
        "score",
        "llr",
        "decision",
        "threshold",
        "speech_s",
        "remarks",
    }
    text = "\n".join(answer.lines())
    assert "FAR 1.00 % (0.00 to 2.00), FRR 10.00 % (0.00 to 100.00)" in text
    assert "2 speakers, 9 utterances" in text

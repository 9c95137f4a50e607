"""Cases of drawn voices: ratios, refusals, and speakers who are in the population."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.forensic.populations import cosine, material, population
from utils.forensic.case import Case, as_json, figures
from utils.forensic.comparing import model_rows, score_population
from utils.forensic.examining import Aims, examine
from utils.forensic.limits import material_limits
from utils.forensic.material import common_condition, without_copies
from utils.forensic.page import case_page
from utils.forensic.words import Scale, read_scale
from utils.runtime.errors import UserError


def case_of(same, seed=0, known=2, spread=0.8, **made):
    """Draw a case of one or of two persons who are not in the population."""
    rng = np.random.default_rng(100 + seed)
    people, _ = population(spread=spread, **({"n_speakers": 20, "each": 4} | made))
    means = rng.normal(size=(2, people.known.shape[1]))
    noise = spread * rng.normal(size=(known + 1, means.shape[1]))
    of_known = (means[0] + noise[1:]).astype(np.float32)
    of_questioned = (means[0 if same else 1] + noise[:1]).astype(np.float32)
    return people, of_questioned, of_known


def run(people, questioned, known, at_question=None, aims=None):
    at_known = [material(f"k{place}.wav") for place in range(len(known))]
    sides = (at_question or material(), questioned), (at_known, known)
    return examine(cosine(), people, *sides, "voices", aims or Aims())


@pytest.mark.parametrize("same", [True, False])
def test_ratios_favour_what_is_true(same):
    ratios = [run(*case_of(same, seed)).ratio for seed in range(2)]
    assert sum((own.llr > 0) == same for own in ratios) == 2
    for own in ratios:
        assert own.low <= own.llr <= own.high
        assert own.bounded_low <= own.bounded <= own.bounded_high


def test_ratios_stay_within_the_bounds():
    found = run(*case_of(True, spread=0.2))
    assert found.ratio.is_bounded
    assert found.ratio.bounded == found.validation.bounds.upper < found.ratio.llr


def test_scores_are_cosines_of_means_and_sessions_are_kept_apart():
    people, _ = population(n_speakers=5, each=4)
    trials = score_population(cosine(), people, n_known=2)
    rows = model_rows(people, 2)
    expected, is_target = [], []
    for own in rows:
        unit = people.known[own] / np.linalg.norm(people.known[own], axis=1)[:, None]
        model = unit.mean(axis=0)
        for test in range(len(people.speakers)):
            same = people.speakers[own[0]] == people.speakers[test]
            if same and people.sessions[own[0]] == people.sessions[test]:
                continue
            vector = people.questioned[test]
            norms = np.linalg.norm(model) * np.linalg.norm(vector)
            expected.append(model @ vector / norms)
            is_target.append(same)
    assert all(len(set(people.sessions[own])) == 1 for own in rows)
    np.testing.assert_allclose(trials.scores, expected, atol=1e-5)
    assert trials.is_target.tolist() == is_target


def test_one_session_leaves_recordings_to_test():
    people, _ = population(n_speakers=3, each=4, n_sessions=1)
    assert [len(own) for own in model_rows(people, 3)] == [2] * 6
    trials = score_population(cosine(), people, n_known=3)
    assert trials.is_target.sum() == 3 * 2 * 2
    assert trials.n_known == 2


@pytest.mark.parametrize("side", ["known", "questioned"])
def test_a_speaker_of_the_case_in_the_population_is_left_out(side):
    people, questioned, known = case_of(False, n_speakers=25)
    own = people.questioned[people.speakers == 7]
    if side == "known":
        known = own[:2] + 0.05
    else:
        questioned = own[:1] + 0.05
    found = run(people, questioned, known)
    assert len(found.excluded) == 1
    assert found.excluded[0].startswith(f"s7: sounds like the {side} speaker")
    assert "s7" not in found.population.names
    assert found.validation.n_speakers == 24


def test_strangers_leave_nobody_out():
    excluded = [run(*case_of(True, seed)).excluded for seed in range(3)]
    assert sum(map(len, excluded)) <= 1


def test_a_wider_band_than_the_population_is_refused():
    wide = material("q.wav", bandwidth_hz=8000.0, rate_hz=16000)
    found = run(*case_of(True), at_question=wide)
    assert "q.wav: sound up to 8000 Hz, the population's ends at 4000" in str(
        found.refusals
    )


def test_more_noise_than_was_validated_is_refused():
    found = run(*case_of(True), at_question=material(snr_db=5.0))
    assert "5 dB SNR, the population could be brought to 30 dB alone" in str(
        found.refusals
    )


def test_a_system_that_knows_nothing_is_refused():
    found = run(*case_of(True, spread=30.0, n_speakers=12))
    assert found.refusals and "in the condition of the case" in found.refusals[0]


def test_one_session_is_refused_unless_it_is_that_of_the_case():
    people, *sides = case_of(True, n_sessions=1)
    (reason,) = run(people, *sides).refusals
    assert reason.startswith("0 speakers of the population are known from several")
    found = run(people, *sides, aims=Aims(is_one_session=True))
    assert not found.refusals
    assert "were said to be of one session" in " ".join(found.remarks)


def test_better_recordings_are_remarked():
    people, *sides = case_of(True)
    clean = material("q.wav", snr_db=50.0, speech_s=30.0)
    remarks = " ".join(run(people, *sides, at_question=clean).remarks)
    assert "50 dB SNR, cleaner than the population" in remarks
    assert "30.0 s of speech; the population has 8.0 s" in remarks


def test_few_speakers_are_told_and_fewer_refused():
    found = run(*case_of(True, n_speakers=12))
    assert "only 12 speakers: the interval" in " ".join(found.remarks)
    with pytest.raises(UserError, match="9 speakers .* at least 10 are needed"):
        run(*case_of(True, n_speakers=9))


def test_music_and_too_little_speech_are_refused():
    music, short = material("m.wav", speech_likelihood=0.1), material(speech_s=0.4)
    reasons = material_limits([material(), music, short])
    assert len(reasons) == 2
    assert reasons[0] == "m.wav: no speech in it: silence, music or noise"
    assert "0.4 s of speech; at least 1 s" in reasons[1]


def test_copies():
    one, other = (
        material(name, features=np.full((5, 2), value))
        for name, value in (("a.wav", 1.0), ("b.wav", 2.0))
    )
    again = material("c.wav", features=np.full((5, 2), 1.0))
    kept, told = without_copies(other, [one, again])
    assert kept == [one] and told == ["c.wav is the same as a.wav: left out"]
    with pytest.raises(UserError, match="c.wav: the same recording as a.wav"):
        without_copies(one, [other, again])


def test_the_worst_of_known_recordings_counts():
    two = [material(snr_db=10.0, speech_s=4.0), material(codec="gsm", speech_s=8.0)]
    worst = common_condition(two)
    assert (worst.snr_db, worst.speech_s, worst.codec) == (10.0, 6.0, "gsm")


def whole_case(finding, **more):
    usual = {
        "questioned": material("<q>.wav"), "known": (material("k.wav"),),
        "population": {"source": "voices"}, "method": {"system": "cosine"},
        "finding": finding,
    }  # fmt: skip
    return Case(**(usual | more))


def test_the_page_has_all_parts_and_the_numbers():
    finding = run(*case_of(True))
    case = whole_case(finding, scale=Scale("a book", ((1.0, "support"),)))
    page, content = case_page(case), json.loads(json.dumps(as_json(case)))
    for part in (
        "Propositions", "Material and its condition", "Relevant population", "Method",
        "Calibration", "Validation", "Limits", "Sources", "Cllr", "devPAV", "ELUB",
        "Tippett", "support for one person (a book)",
    ):  # fmt: skip
        assert part in page
    assert "&lt;q&gt;.wav" in page and "<q>" not in page
    assert "http" not in page.replace("http://www.w3.org", "").replace(
        "http://purl.org", ""
    ).replace("http://creativecommons.org", "").replace("https://matplotlib.org", "")
    own = content["log10_lr"]
    assert own["low"] <= own["value"] <= own["high"]
    assert own["value"] * np.log(10) == pytest.approx(finding.ratio.bounded)
    assert content["validation"]["cllr"] == finding.validation.cllr
    assert "identif" not in page.lower().replace("identity", "")


def test_beyond_the_bounds_the_interval_is_that_of_the_calibration():
    finding = run(*case_of(True))
    for shift, words in ((20.0, "or more: the calibration gives"), (-20.0, "or less")):
        own = finding.ratio
        llr, low, high = own.llr + shift, own.low + shift, own.high + shift
        bound = finding.validation.bounds[shift > 0]
        ratio = replace(
            own, llr=llr, low=low, high=high, bounded=bound, bounded_low=bound,
            bounded_high=bound,
        )  # fmt: skip
        page = case_page(whole_case(replace(finding, ratio=ratio)))
        ends = low / np.log(10), high / np.log(10)
        assert f"log10 LR = {bound / np.log(10):.2f} {words}" in page
        assert f"(95 % interval {ends[0]:.2f} to {ends[1]:.2f})" in page


def test_models_of_fewer_recordings_than_the_case_s_are_remarked():
    def is_told(finding):
        return any("are of fewer recordings" in remark for remark in finding.remarks)

    people, questioned, known = case_of(True, known=2)
    assert not is_told(run(people, questioned, known))
    people, questioned, known = case_of(True, known=6)
    assert is_told(run(people, questioned, known))


def test_channels_that_are_mixed_are_told():
    finding = run(*case_of(True))
    mixed = whole_case(finding, questioned=material("q.wav", n_mixed=2))
    assert "mean of 2 channels" in case_page(mixed)
    assert "mean of" not in case_page(whole_case(finding))


def test_a_refusal_gives_no_ratio():
    case = whole_case(None, refusals=("m.wav: music",))
    page, content = case_page(case), as_json(case)
    assert content["log10_lr"] is None and content["validation"] is None
    assert "No likelihood ratio is given: m.wav: music." in page
    assert "log10 LR =" not in page
    case = whole_case(run(*case_of(True)), refusals=("too noisy",))
    assert "log10 LR =" not in case_page(case)
    assert as_json(case)["log10_lr"] is None and as_json(case)["validation"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,weak", ":1: no source of the scale is named"),
        ("# source: x\n2,weak", ":2: '2,weak' is out of order"),
        ("# source: x\n1,weak\n1,more", ":3: '1,more' is out of order"),
        ("# source: x\nweak,1", ":2: 'weak,1' is no step"),
        ("# source: x", "no steps"),
    ],
)
def test_scales_of_another_form(tmp_path, text, message):
    path = tmp_path / "scale.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        read_scale(path)


@pytest.mark.parametrize(
    ("value", "text"), [(3.14159, "3.1"), (99.9, "100"), (123456.0, "120,000")]
)
def test_figures(value, text):
    assert figures(value) == text

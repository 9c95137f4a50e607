import math
from itertools import permutations

import numpy as np
import pytest

from tests.diarization.conversations import LENGTH_S, draw_conversation
from utils.diarization.collars import NO_COLLAR, Collar, parse_collar
from utils.diarization.score_sums import Score, add_scores
from utils.diarization.scoring import Protocol, score_channel, score_recordings
from utils.diarization.turns import Region, Turn, read_rttm

STEP_S = 0.01  # of the drawn times, and of the oracle's frames


def frames_of(turns, n_frames):
    names = sorted({turn.speaker for turn in turns if turn.duration_s})
    found = np.zeros((n_frames, len(names)), dtype=bool)
    for turn in turns:
        first, last = round(turn.start_s / STEP_S), round(turn.stop_s / STEP_S)
        if turn.duration_s:
            found[first:last, names.index(turn.speaker)] = True
    return found


def most(gains):
    """Return the greatest sum of one-to-one pairs, by trying all."""
    if gains.shape[0] > gains.shape[1]:
        gains = gains.T
    rows = range(gains.shape[0])
    return max(
        (sum(gains[r, c] for r, c in zip(rows, columns, strict=True))
         for columns in permutations(range(gains.shape[1]), len(rows))),
        default=0,
    )  # fmt: skip


def oracle(ref, hyp, regions, half_s, skip_overlap):
    """Score frame by frame; matching is on what is scored."""
    n = round(LENGTH_S / STEP_S)
    inside = np.zeros(n, dtype=bool)
    for region in regions:
        inside[round(region.start_s / STEP_S) : round(region.stop_s / STEP_S)] = True
    own, other = frames_of(ref, n), frames_of(hyp, n)
    scored = inside.copy()
    half = round(half_s / STEP_S)
    for turn in ref:
        for t in (turn.start_s, turn.stop_s) if turn.duration_s and half else ():
            frame = round(t / STEP_S)
            scored[max(frame - half, 0) : frame + half] = False
    if skip_overlap:
        scored &= own.sum(axis=1) < 2
    a, b = own[scored].astype(int), other[scored].astype(int)
    n_ref, n_hyp = a.sum(axis=1), b.sum(axis=1)
    whole_a, whole_b = own[inside].astype(int), other[inside].astype(int)
    common = whole_a.T @ whole_b
    together = whole_a.sum(axis=0)[:, None] + whole_b.sum(axis=0) - common
    speaks = whole_a.sum(axis=0) > 0
    return {
        "speech_s": n_ref.sum() * STEP_S,
        "missed_s": np.maximum(n_ref - n_hyp, 0).sum() * STEP_S,
        "false_alarm_s": np.maximum(n_hyp - n_ref, 0).sum() * STEP_S,
        "confusion_s": (np.minimum(n_ref, n_hyp).sum() - most(a.T @ b)) * STEP_S,
        "jaccard": speaks.sum() - most(common / np.maximum(together, 1)),
        "pure_s": (a.T @ b).max(axis=0, initial=0).sum() * STEP_S,
        "covered_s": (a.T @ b).max(axis=1, initial=0).sum() * STEP_S,
        "n_ref": speaks.sum(),
        "n_hyp": (whole_b.sum(axis=0) > 0).sum(),
    }


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize(
    ("collar", "skip_overlap"), [("0", False), ("0", True), ("total=0.5", True)]
)
def test_scores_are_those_of_frames_and_all_matches(seed, collar, skip_overlap):
    ref, hyp, regions = draw_conversation(seed, STEP_S)
    protocol = Protocol(parse_collar(collar), skip_overlap)
    for place, score in score_recordings(ref, hyp, regions, protocol).items():
        own = [[x for x in side if (x.file, x.channel) == place]
               for side in (ref, hyp, regions)]  # fmt: skip
        expected = oracle(*own, protocol.collar.half_s, skip_overlap)
        for name, value in expected.items():
            # ends on the border of two of the JER's frames may fall into either
            close = 0.01 if name == "jaccard" else 1e-4
            assert getattr(score, name) == pytest.approx(value, abs=close), name


def by_uri(turns):
    pyannote = pytest.importorskip("pyannote.core")
    found = {}
    for turn in turns:
        place = turn.file, turn.channel
        annotation = found.setdefault(place, pyannote.Annotation(uri=" ".join(place)))
        if turn.duration_s:
            segment = pyannote.Segment(turn.start_s, turn.stop_s)
            annotation[segment, annotation.new_track(segment)] = turn.speaker
    return found


@pytest.mark.parametrize(
    ("collar", "skip_overlap"),
    [("0", False), ("total=0.5", False), ("total=0.2", True), ("0", True)],
)
def test_error_rates_are_those_of_pyannote_on_drawn_references(collar, skip_overlap):
    diarization = pytest.importorskip("pyannote.metrics.diarization")
    from pyannote.core import Annotation, Segment, Timeline

    protocol = Protocol(parse_collar(collar), skip_overlap)
    for seed in range(200):
        ref, hyp, regions = draw_conversation(seed)
        scores = score_recordings(ref, hyp, regions, protocol)
        metric = diarization.DiarizationErrorRate(
            collar=2 * protocol.collar.half_s, skip_overlap=skip_overlap
        )
        of_ref, of_hyp = by_uri(ref), by_uri(hyp)
        for place, score in scores.items():
            own = [r for r in regions if (r.file, r.channel) == place]
            uem = Timeline([Segment(r.start_s, r.stop_s) for r in own])
            details = metric(
                of_ref[place], of_hyp.get(place, Annotation()), uem=uem, detailed=True
            )
            names = "total", "missed detection", "false alarm", "confusion"
            parts = (
                score.speech_s,
                score.missed_s,
                score.false_alarm_s,
                score.confusion_s,
            )
            for name, part in zip(names, parts, strict=True):
                assert part == pytest.approx(details[name], abs=1e-4), name
        total = add_scores(scores.values()).rates()["der"]
        assert total == pytest.approx(abs(metric), abs=1e-5)


def test_purity_and_coverage_are_those_of_pyannote():
    diarization = pytest.importorskip("pyannote.metrics.diarization")
    for seed in range(20):
        ref, hyp, _ = draw_conversation(seed)
        of_ref, of_hyp = by_uri(ref), by_uri(hyp)
        for place, score in score_recordings(ref, hyp).items():
            pair = of_ref[place], of_hyp[place]
            rates = score.rates()
            purity = diarization.DiarizationPurity()(*pair)
            coverage = diarization.DiarizationCoverage()(*pair)
            assert rates["purity"] == pytest.approx(purity, abs=1e-6)
            assert rates["coverage"] == pytest.approx(coverage, abs=1e-6)


def test_the_published_rates_of_a_meeting(reference):
    folder = reference / "vbx"
    ref = read_rttm(folder / "ES2005a.reference.rttm")
    hyp = read_rttm(folder / "ES2005a.vbx_output.rttm")
    protocol = Protocol(Collar("md-eval", 0.25), skip_overlap=True)
    (score,) = score_recordings(ref, hyp, None, protocol).values()
    assert round(100 * score.rates()["der"], 2) == 7.06
    assert round(100 * score.rates()["jer"], 2) == 29.99


def turn(start_s, stop_s, speaker, file="a"):
    return Turn(file, "1", start_s, stop_s - start_s, speaker)


def test_speakers_are_matched_before_or_after_the_collar():
    """The collar takes away what joins the hypothesis to one of the speakers."""
    ref = [turn(0, 1, "x"), turn(1.0, 1.6, "y")]
    hyp = [turn(0.5, 1.6, "1")]
    before = score_channel(ref, hyp, None, Protocol(Collar("md-eval", 0.29)))
    after = score_channel(ref, hyp, None, Protocol(Collar("total", 0.58)))
    assert before.speech_s == after.speech_s == pytest.approx(0.42 + 0.02)
    assert before.confusion_s == pytest.approx(0.21)
    assert after.confusion_s == pytest.approx(0.02)


def test_turns_of_one_speaker_that_touch_keep_their_border():
    ref = [turn(0, 1, "x"), turn(1, 3, "x"), turn(2, 3, "x")]
    score = score_channel(ref, [], None, Protocol(Collar("total", 0.2)))
    assert score.speech_s == pytest.approx(3 - 0.1 - 0.2 - 0.1)
    assert score_channel(ref, ref).speech_s == 3


def test_without_speech_rates_are_not_there():
    score = score_channel([], [turn(1, 2, "1")])
    assert math.isnan(score.rates()["der"])
    assert (score.false_alarm_s, score.n_wrong_by) == (1, 1)
    assert score_channel([], []).rates()["count_exact"] == 1
    assert score_channel([turn(1, 2, "x")], []).rates()["jer"] == 1


def test_regions_say_what_is_scored_and_may_reach_beyond_the_end():
    ref, regions = [turn(0, 4, "x")], [Region("a", "1", 1, 1e9), Region("b", "1", 0, 9)]
    scores = score_recordings(ref, [turn(2, 6, "1")], regions)
    assert list(scores) == [("a", "1"), ("b", "1")]
    assert scores["a", "1"].missed_s == 1
    assert scores["a", "1"].false_alarm_s == 2
    assert scores["b", "1"] == Score(n_channels=1, n_exact=1)


@pytest.mark.parametrize("text", ["md_eval=0.25", "wide", "total=", "total=-1", "=0.5"])
def test_what_is_no_collar_is_refused(text):
    with pytest.raises(ValueError, match="is not 0, total|no convention|no collar"):
        parse_collar(text)


def test_a_number_alone_is_no_collar():
    with pytest.raises(ValueError, match=r"write total=0\.25 or md-eval=0\.25"):
        parse_collar("0.25")
    assert parse_collar("0") == NO_COLLAR

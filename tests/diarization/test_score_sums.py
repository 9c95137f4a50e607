"""Scores of recordings are summed, and drawn anew by file."""

import math

import pytest

from utils.diarization.score_sums import Score, add_scores, resample_files


def test_long_recordings_weigh_more():
    total = add_scores(
        [
            Score(speech_s=9, missed_s=1, n_ref=2, n_channels=1),
            Score(speech_s=1, confusion_s=1, jaccard=1, n_ref=2, n_channels=1),
        ]
    )
    rates = total.rates()
    assert rates["der"] == pytest.approx(0.2)
    assert rates["jer"] == pytest.approx(0.25)
    assert math.isnan(add_scores([]).rates()["der"])


def test_files_are_resampled_with_all_their_channels():
    scores = {("a", "1"): Score(speech_s=1), ("a", "2"): Score(speech_s=1, missed_s=1)}
    assert resample_files(scores, 100, seed=0) == {}
    scores |= {("b", "1"): Score(speech_s=2, missed_s=2)}
    low, high = resample_files(scores, 200, seed=0)["der"]
    assert (low, high) == (0.5, 1.0)  # file a alone, file b alone

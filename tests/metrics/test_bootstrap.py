import numpy as np
import pytest

from utils.metrics.bootstrap import ScoredTrials, Speakers, bootstrap, draw_counts
from utils.metrics.detection import equal_error_rate, min_dcf
from utils.metrics.evaluation import evaluate

N_SPEAKERS, N_UTTERANCES = 12, 4


def speaker_scores(rng, offset_scale=1.0, gain=2.0):
    """Score all pairs of some speakers' utterances; speakers differ in difficulty."""
    speaker = np.repeat(np.arange(N_SPEAKERS), N_UTTERANCES)
    left, right = np.triu_indices(len(speaker), k=1)
    enrol, test = speaker[left], speaker[right]
    is_target = enrol == test
    ease = offset_scale * rng.standard_normal(N_SPEAKERS)
    scores = rng.normal(gain * is_target, 1) + is_target * ease[enrol]
    return scores, is_target, Speakers(enrol, test, N_SPEAKERS)


def copied_trials(scores, speakers, counts):
    """Write out the trials of a resample, every copy of a speaker on its own."""
    kept, labels = [], []
    for score, a, b in zip(scores, speakers.enrol, speakers.test, strict=True):
        times = counts[a] if a == b else counts[a] * counts[b]
        kept += [score] * int(times)
        labels += [a == b] * int(times)
    return np.array(kept), np.array(labels)


def test_a_resample_equals_the_trials_written_out(rng):
    scores, is_target, speakers = speaker_scores(rng)
    scores = np.round(scores, 1)  # with ties
    counts = draw_counts(N_SPEAKERS, 5, seed=1)
    trials = ScoredTrials(scores, is_target, speakers)
    (samples,) = bootstrap([trials], ["0.05"], counts)
    for row, count in zip(samples.to_dict("records"), counts, strict=True):
        written = copied_trials(scores, speakers, count)
        oracle = evaluate(*written, ["0.05"])
        for key in ("eer", "eer_rocch", "cllr", "min_cllr", "auc"):
            assert row[key] == pytest.approx(oracle[key])
        assert row["min_dcf 0.05"] == pytest.approx(oracle["min_dcf"]["0.05"])
        assert row["act_dcf 0.05"] == pytest.approx(oracle["act_dcf"]["0.05"])


def test_partitions_count_alike_in_every_resample(rng):
    scores, is_target, speakers = speaker_scores(rng)
    partition = rng.integers(3, size=len(scores))
    counts = draw_counts(N_SPEAKERS, 4, seed=2)
    trials = ScoredTrials(scores, is_target, speakers, partition)
    (samples,) = bootstrap([trials], ["0.1"], counts)
    for n, count in enumerate(counts):
        times = np.where(
            is_target,
            count[speakers.enrol],
            count[speakers.enrol] * count[speakers.test],
        )
        group = 2 * partition + is_target
        totals = np.bincount(group, times)[group]
        weights = times / np.where(totals > 0, totals, 1)
        oracle = evaluate(scores, is_target, ["0.1"], weights)
        assert samples["eer"][n] == pytest.approx(oracle["eer"])
        assert samples["min_dcf 0.1"][n] == pytest.approx(oracle["min_dcf"]["0.1"])


def test_counting_everyone_once_changes_nothing(rng):
    scores, is_target, speakers = speaker_scores(rng)
    trials = ScoredTrials(scores, is_target, speakers)
    once = np.ones((1, N_SPEAKERS), dtype=np.float32)
    (samples,) = bootstrap([trials], ["0.01"], once)
    assert samples["eer"][0] == pytest.approx(equal_error_rate(scores, is_target))
    cost = min_dcf(scores, is_target, 0.01)
    assert samples["min_dcf 0.01"][0] == pytest.approx(cost)


def test_threads_and_order_change_nothing(rng):
    scores, is_target, speakers = speaker_scores(rng)
    counts = draw_counts(N_SPEAKERS, 20, seed=3)
    (one,) = bootstrap([ScoredTrials(scores, is_target, speakers)], [], counts)
    order = rng.permutation(len(scores))
    moved = Speakers(speakers.enrol[order], speakers.test[order], N_SPEAKERS)
    other = ScoredTrials(scores[order], is_target[order], moved)
    (two,) = bootstrap([other], [], counts, nj=2)
    np.testing.assert_allclose(one.to_numpy(), two.to_numpy())


def test_speakers_make_wider_intervals_than_trials(rng):
    scores, is_target, speakers = speaker_scores(rng, offset_scale=2.0)
    counts = draw_counts(N_SPEAKERS, 300, seed=0)
    samples = bootstrap([ScoredTrials(scores, is_target, speakers)], [], counts)[0]
    naive = []
    for _ in range(300):
        drawn = rng.integers(len(scores), size=len(scores))
        naive.append(equal_error_rate(scores[drawn], is_target[drawn]))
    assert samples["eer"].std() > 1.2 * np.std(naive)


def test_resamples_without_a_kind_are_left_out():
    speakers = Speakers(np.array([0, 0]), np.array([0, 1]), 2)
    trials = ScoredTrials(np.array([1.0, 0.0]), np.array([True, False]), speakers)
    counts = np.array([[2, 0], [1, 1], [0, 2]], dtype=np.float32)
    assert len(bootstrap([trials], [], counts)[0]) == 1


def test_contradicting_speakers():
    speakers = Speakers(np.array([0, 0]), np.array([1, 1]), 2)
    with pytest.raises(ValueError, match="contradict"):
        ScoredTrials(np.array([1.0, 0.0]), np.array([True, False]), speakers)

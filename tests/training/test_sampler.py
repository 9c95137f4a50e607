from collections import Counter

import numpy as np
import pytest

from utils.features.store import FeatureStore, FeatureWriter
from utils.runtime.errors import UserError
from utils.training.crops import CropDataset, CropPicker
from utils.training.mining import History, hardest_negatives
from utils.training.sampler import (
    EpochDivision,
    GroupSampler,
    SpeakerSampler,
    evenly_spread,
    speaker_shares,
)
from utils.training.triplets import TripletSampler


@pytest.fixture
def labels():
    return np.repeat(np.arange(6), [2, 9, 3, 4, 1, 5])


@pytest.fixture
def picker(labels, rng):
    return CropPicker(labels, rng.integers(50, 400, len(labels)), crop_frames=160)


def speaker_sampler(picker, balance=1.0, **plan):
    plan = EpochDivision(**{"epoch_crops": 240, "seed": 1, **plan})
    return SpeakerSampler(picker, np.arange(6), plan, batch_size=12, balance=balance)


def test_speakers_are_balanced(picker, labels):
    count = Counter(
        labels[crop.row] for batch in speaker_sampler(picker) for crop in batch
    )
    assert set(count.values()) == {240 // 6}


def test_shares_by_utterances(picker, labels):
    sampler = speaker_sampler(picker, balance=0.0, epoch_crops=2400)
    count = Counter(labels[crop.row] for batch in sampler for crop in batch)
    for speaker, n_utterances in enumerate(np.bincount(labels)):
        assert abs(count[speaker] - 2400 * n_utterances / len(labels)) <= 1


def test_half_balance_against_its_formula():
    shares = speaker_shares(np.array([1, 4, 9]), balance=0.5)
    np.testing.assert_allclose(shares, np.array([1, 2, 3]) / 6)


def test_equal_shares_are_permutations(rng):
    drawn = evenly_spread(np.full(7, 1 / 7), 70, rng)
    assert (np.sort(drawn.reshape(10, 7)) == np.arange(7)).all()
    assert not (drawn[:7] == drawn[7:14]).all()


def test_crops_lie_within_their_utterance(picker):
    for batch in speaker_sampler(picker):
        assert all(crop.start < picker.n_starts[crop.row] for crop in batch)


def test_epochs_differ_and_repeat(picker):
    def epoch(number):
        sampler = speaker_sampler(picker)
        sampler.set_epoch(number)
        return list(sampler)

    assert epoch(3) == epoch(3)
    assert epoch(3) != epoch(4)


def make(kind, picker, **plan):
    origins = np.array([0, 1, 2, 0, 4, 5])  # speaker 3 is a copy of speaker 0
    plan = EpochDivision(**{"epoch_crops": 96, "seed": 1, **plan})
    shape = {
        SpeakerSampler: {"batch_size": 24, "balance": 1.0},
        GroupSampler: {"speakers_per_batch": 4, "crops_per_speaker": 6, "balance": 1.0},
        TripletSampler: {"n_triplets": 24},
    }
    return kind(picker, origins, plan, **shape[kind])


@pytest.mark.parametrize("kind", [SpeakerSampler, GroupSampler, TripletSampler])
def test_processes_share_the_batches_of_one(kind, picker):
    whole = list(make(kind, picker))
    parts = [make(kind, picker, rank=rank, n_processes=2) for rank in (0, 1)]
    assert [first + second for first, second in zip(*parts, strict=True)] == whole


@pytest.mark.parametrize("kind", [SpeakerSampler, GroupSampler, TripletSampler])
def test_an_epoch_goes_on_from_any_batch(kind, picker):
    whole, rest = make(kind, picker), make(kind, picker)
    rest.first = 2
    assert list(rest) == list(whole)[2:]


@pytest.mark.parametrize("kind", [SpeakerSampler, GroupSampler, TripletSampler])
def test_accumulation_divides_steps_not_epochs(kind, picker):
    whole, parts = make(kind, picker), make(kind, picker, accumulation=2)
    assert len(parts) == 2 * len(whole)
    assert 2 * parts.batch_crops == whole.batch_crops


def test_steps_that_cannot_be_shared(picker):
    with pytest.raises(UserError, match="cannot be shared by 1 batches and 5"):
        make(SpeakerSampler, picker, n_processes=5)


def test_groups_are_of_different_origins(picker, labels):
    origins = np.array([0, 1, 2, 0, 4, 5])
    drawn = Counter()
    for batch in make(GroupSampler, picker, epoch_crops=2400):
        speakers = labels[[crop.row for crop in batch]].reshape(4, 6)
        assert (speakers == speakers[:, :1]).all()
        assert len(set(origins[speakers[:, 0]])) == 4
        drawn.update(speakers[:, 0].tolist())
    assert set(drawn) == set(range(6))


def test_more_speakers_in_a_batch_than_there_are(picker):
    plan = EpochDivision(epoch_crops=60, seed=1)
    with pytest.raises(UserError, match="batches of 7 speakers out of 6"):
        GroupSampler(picker, np.arange(6), plan, 7, 2, 1.0)


def test_random_triplets(picker, labels):
    origins = np.array([0, 1, 2, 0, 4, 5])
    for batch in make(TripletSampler, picker):
        anchors, positives, negatives = (
            labels[[crop.row for crop in part]]
            for part in (batch[:24], batch[24:48], batch[48:])
        )
        assert (anchors == positives).all()
        assert (origins[anchors] != origins[negatives]).all()


def test_positives_are_other_utterances(picker):
    batch = make(TripletSampler, picker).batch(0)
    for anchor, positive in zip(batch[:24], batch[24:48], strict=True):
        assert anchor.row != positive.row or anchor.row == 18  # one of speaker 4 alone


def unit(rng, n, dim=8):
    x = rng.standard_normal((n, dim))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def test_hardest_negatives_against_brute_force(rng):
    embeddings, origins = unit(rng, 40), rng.integers(0, 5, 40)
    anchors = np.arange(40)
    found = hardest_negatives(embeddings, origins, anchors, 3)
    for anchor, hardest in zip(anchors, found, strict=True):
        others = [n for n in range(40) if origins[n] != origins[anchor]]
        others.sort(key=lambda n: -float(embeddings[anchor] @ embeddings[n]))
        assert hardest.tolist() == others[:3]


def test_a_history_of_one_speaker_has_no_negatives(rng):
    with pytest.raises(ValueError, match="one speaker"):
        hardest_negatives(unit(rng, 4), np.zeros(4), np.arange(4), 1)


def test_select_batch_masks_the_anchors_own_origin(rng):
    speakers = np.repeat(np.arange(10), 4)
    origins = speakers // 2
    crops = [(n, 0) for n in range(40)]
    history = History(crops, unit(rng, 40), speakers, origins, n_hardest=2)
    for _ in range(20):
        rows = np.array([crop[0] for crop in history.select_batch(16, rng)])
        anchors, positives, negatives = rows[:16], rows[16:32], rows[32:]
        assert (speakers[anchors] == speakers[positives]).all()
        assert (anchors != positives).all()
        assert (origins[anchors] != origins[negatives]).all()


def test_a_history_needs_two_crops_of_a_speaker(rng):
    with pytest.raises(ValueError, match="two crops"):
        History([(0, 0), (1, 0)], unit(rng, 2), np.arange(2), np.arange(2), 1)


def test_crops_are_slices_and_short_utterances_repeat(tmp_path):
    long, short = np.arange(40).reshape(20, 2), np.arange(6).reshape(3, 2)
    with FeatureWriter(tmp_path) as writer:
        writer.add({"ID": "long", "spk_id": "a"}, long.astype("f2"))
        writer.add({"ID": "short", "spk_id": "b"}, short.astype("f2"))
    dataset = CropDataset(FeatureStore(tmp_path), np.array([0, 1]), crop_frames=8)
    picker = CropPicker(np.array([0, 1]), np.array([20, 3]), 8)
    rng = np.random.default_rng(0)
    crop = picker.crop(0, rng)
    feats, label, row = dataset[crop]
    assert row == crop.row
    np.testing.assert_array_equal(feats, long[crop.start : crop.start + 8])
    assert label == 0
    feats, label, _ = dataset[picker.crop(1, rng)]
    np.testing.assert_array_equal(
        feats, [[0, 1], [2, 3], [4, 5]] * 2 + [[0, 1], [2, 3]]
    )
    batch = CropDataset.collate([dataset[crop], dataset[picker.crop(1, rng)]])
    assert batch.feats.shape == (2, 8, 2) and batch.labels.tolist() == [0, 1]

from collections import Counter

import numpy as np
import pytest

from utils.crops import CropDataset, CropPicker
from utils.features import FeatureStore, FeatureWriter
from utils.mining import History, hardest_negatives
from utils.sampler import SpeakerSampler, TripletSampler


@pytest.fixture
def labels():
    return np.repeat(np.arange(6), [2, 9, 3, 4, 1, 5])


@pytest.fixture
def picker(labels, rng):
    return CropPicker(labels, rng.integers(50, 400, len(labels)), crop_frames=160)


def test_speakers_are_balanced(picker, labels):
    sampler = SpeakerSampler(picker, 12, 20, seed=1)
    count = Counter(labels[crop.row] for batch in sampler for crop in batch)
    assert set(count.values()) == {12 * 20 // 6}


def test_crops_lie_within_their_utterance(picker):
    for batch in SpeakerSampler(picker, 12, 20, seed=1):
        assert all(crop.start < picker.n_starts[crop.row] for crop in batch)


def test_epochs_differ_and_repeat(picker):
    def epoch(number):
        sampler = SpeakerSampler(picker, 12, 5, seed=1)
        sampler.set_epoch(number)
        return list(sampler)

    assert epoch(3) == epoch(3)
    assert epoch(3) != epoch(4)


def test_random_triplets(picker, labels):
    origins = np.array([0, 1, 2, 0, 4, 5])  # speaker 3 is a copy of speaker 0
    sampler = TripletSampler(picker, origins, 50, 10, seed=1)
    for batch in sampler:
        anchors, positives, negatives = (
            labels[[crop.row for crop in part]]
            for part in (batch[:50], batch[50:100], batch[100:])
        )
        assert (anchors == positives).all()
        assert (origins[anchors] != origins[negatives]).all()


def test_positives_are_other_utterances(picker):
    batch = TripletSampler(picker, np.arange(6), 50, 1, seed=1).random_batch(
        np.random.default_rng(0)
    )
    for anchor, positive in zip(batch[:50], batch[50:100], strict=True):
        assert anchor.row != positive.row or anchor.row == 18  # one of speaker 4 alone


def unit(rng, n, dim=8):
    x = rng.standard_normal((n, dim))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def test_hardest_negatives_against_brute_force(rng):
    embeddings, people = unit(rng, 40), rng.integers(0, 5, 40)
    anchors = np.arange(40)
    found = hardest_negatives(embeddings, people, anchors, 3)
    for anchor, hardest in zip(anchors, found, strict=True):
        others = [n for n in range(40) if people[n] != people[anchor]]
        others.sort(key=lambda n: -float(embeddings[anchor] @ embeddings[n]))
        assert hardest.tolist() == others[:3]


def test_a_history_of_one_person_has_no_negatives(rng):
    with pytest.raises(ValueError, match="one person"):
        hardest_negatives(unit(rng, 4), np.zeros(4), np.arange(4), 1)


def test_select_batch_masks_the_anchors_own_person(rng):
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
    feats, label = dataset[crop]
    np.testing.assert_array_equal(feats, long[crop.start : crop.start + 8])
    assert label == 0
    feats, label = dataset[picker.crop(1, rng)]
    np.testing.assert_array_equal(
        feats, [[0, 1], [2, 3], [4, 5]] * 2 + [[0, 1], [2, 3]]
    )
    batch = CropDataset.collate([dataset[crop], dataset[picker.crop(1, rng)]])
    assert batch.feats.shape == (2, 8, 2) and batch.labels.tolist() == [0, 1]

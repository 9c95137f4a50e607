import numpy as np

from utils.features.lengths import length_batches


def test_each_place_is_in_one_batch_of_its_length(rng):
    lengths = rng.integers(1, 40, 300)
    batches = list(length_batches(lengths, 100))
    assert sorted(np.concatenate(batches)) == list(range(300))
    for places in batches:
        assert len(set(lengths[places])) == 1
        assert len(places) * lengths[places[0]] <= 100
    n_batches = [
        -(-int((lengths == length).sum()) // (100 // length)) for length in set(lengths)
    ]
    assert len(batches) == sum(n_batches)  # no more than are needed


def test_what_is_longer_is_alone():
    batches = list(length_batches(np.array([7, 3, 7]), 5))
    assert [places.tolist() for places in batches] == [[1], [0], [2]]


def test_nothing_makes_no_batch():
    assert not list(length_batches(np.zeros(0, dtype=int), 5))

"""Archives for Kaldi, read by kaldiio and by this repository."""

import kaldiio
import numpy as np
import pytest

from utils.embeddings.by_speaker import embed_speakers
from utils.embeddings.files import read_embeddings
from utils.embeddings.kaldi_archive import write_ark
from utils.runtime.errors import UserError


def test_kaldiio_reads_vectors_and_matrices(tmp_path, rng):
    made = {"b": rng.normal(size=5), "a": rng.normal(size=5), "ä": np.ones(1)}
    matrices = {"u1": rng.normal(size=(3, 4)), "u2": np.zeros((0, 4))}
    for prefix, entries in (("vectors", made), ("matrices", matrices)):
        assert write_ark(tmp_path / prefix, entries.items()) == len(entries)
        for found in (
            dict(kaldiio.load_ark(f"{tmp_path / prefix}.ark")),
            dict(kaldiio.load_scp(f"{tmp_path / prefix}.scp").items()),
        ):
            assert list(found) == sorted(entries)
            for name, values in entries.items():
                assert np.array_equal(found[name], values.astype(np.float32))


def test_this_repository_reads_it(tmp_path, rng):
    vectors = rng.normal(size=(3, 4))
    write_ark(tmp_path / "spk", zip("cab", vectors, strict=True))
    ids, found = read_embeddings(tmp_path / "spk.scp")
    assert ids == ["a", "b", "c"]
    assert found == pytest.approx(vectors[[1, 2, 0]])


def test_a_name_with_a_blank_leaves_nothing(tmp_path):
    with pytest.raises(UserError, match="'a b': Kaldi's names have no blanks"):
        write_ark(tmp_path / "x", [("a b", np.ones(2))])
    assert not list(tmp_path.iterdir())


def test_speakers_are_means_of_unit_length(rng):
    vectors = rng.normal(size=(6, 3))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    names, means = embed_speakers(vectors, list("abbaba"))
    assert names == ["a", "b"]
    expected = vectors[[0, 3, 5]].mean(axis=0)
    assert means[0] == pytest.approx(expected / np.linalg.norm(expected))
    assert np.linalg.norm(means, axis=1) == pytest.approx(1)

import numpy as np
import pytest
import torch

from utils.embeddings.files import write_embeddings
from utils.features.store import FeatureStore, FeatureWriter
from utils.runtime.errors import UserError
from utils.training.distillation import (
    TeacherCosine,
    TeacherRelations,
    heard_by_teacher,
    read_targets,
)


def unit_rows(seed, n_rows, n_dims):
    rows = torch.randn(n_rows, n_dims, generator=torch.Generator().manual_seed(seed))
    return rows / rows.norm(dim=1, keepdim=True)


@pytest.fixture
def store(tmp_path):
    """Two utterances: as they are, corrupted, and at another speed."""
    with FeatureWriter(tmp_path) as writer:
        for name in ("a", "b"):
            for suffix, speed in (
                ("", 1.0),
                ("-noisy1", 1.0),
                ("-sp0.9", 0.9),
                ("-sp0.9-noisy1", 0.9),
            ):
                voice = suffix.removesuffix("-noisy1")
                row = {"ID": name + suffix, "spk_id": name + voice, "origin": name}
                row |= {"utterance": name, "speed": speed}
                writer.add(row, np.ones((5, 2), np.float16))
    return FeatureStore(tmp_path)


def test_cosine_is_that_of_each_pair():
    student, teacher = unit_rows(0, 5, 4), unit_rows(1, 5, 4)
    expected = np.mean(
        [1 - float(s @ t) for s, t in zip(student, teacher, strict=True)]
    )
    assert float(TeacherCosine()(student, teacher)) == pytest.approx(expected, abs=1e-6)
    assert float(TeacherCosine()(teacher, teacher)) == pytest.approx(0, abs=1e-6)


def test_relations_are_those_of_all_pairs():
    student, teacher = unit_rows(0, 5, 4), unit_rows(1, 5, 7)
    expected = np.mean(
        [
            float(student[i] @ student[j] - teacher[i] @ teacher[j]) ** 2
            for i in range(5)
            for j in range(5)
            if i != j
        ]
    )
    found = float(TeacherRelations()(student, teacher))
    assert found == pytest.approx(expected, rel=1e-5)


def test_relations_do_not_ask_for_the_same_axes():
    teacher = unit_rows(2, 6, 4)
    rotation, _ = torch.linalg.qr(unit_rows(3, 4, 4))
    found = float(TeacherRelations()(teacher @ rotation, teacher))
    assert found == pytest.approx(0, abs=1e-10)


def test_other_dimensions_are_refused():
    with pytest.raises(UserError, match="have 7 dim.*encoder's 4; set --net.embedding"):
        TeacherCosine()(unit_rows(0, 5, 4), unit_rows(1, 5, 7))


def test_every_version_follows_the_clean_one(store, tmp_path):
    heard = ["a", "a", "a-sp0.9", "a-sp0.9", "b", "b", "b-sp0.9", "b-sp0.9"]
    assert heard_by_teacher(store).tolist() == heard
    ids = ["b", "a", "a-sp0.9", "b-sp0.9"]
    vectors = 3 * np.eye(4)
    write_embeddings(tmp_path / "teacher", ids, vectors)
    targets = read_targets(tmp_path / "teacher", store)
    for row, name in enumerate(heard):
        np.testing.assert_allclose(targets[row], vectors[ids.index(name)] / 3)


def test_an_utterance_without_a_target_is_named(store, tmp_path):
    write_embeddings(tmp_path / "teacher", ["a", "a-sp0.9", "b"], np.eye(3))
    with pytest.raises(UserError, match="no embedding of b-sp0.9; run local.embed_t"):
        read_targets(tmp_path / "teacher", store)

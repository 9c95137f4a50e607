"""Training on a label: outputs, weights of the loss, and what is read for it."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from local.setup.attribute_training import read_attribute_training
from tests.stages.experiments import write_experiment, write_features
from utils.attributes.files import write_task
from utils.attributes.labels import CLASSES, NUMBER, Task
from utils.data.manifest import read_manifest, write_manifest
from utils.features.store import FeatureStore
from utils.training.attributes import (
    AttributeBrain,
    AttributeOutputs,
    AttributeTargets,
)
from utils.training.ordinal import OrdinalOutputs, ordinal_cross_entropy


def test_the_layer_of_the_outputs_is_what_they_compute():
    torch.manual_seed(0)
    outputs = AttributeOutputs(8, 3)
    embeddings = torch.nn.functional.normalize(torch.randn(5, 8))
    weights, offsets = outputs.layer()
    expected = outputs(embeddings).detach().numpy()
    assert embeddings.numpy() @ weights + offsets == pytest.approx(expected, abs=1e-5)


@pytest.fixture
def write(tmp_path, rng):
    """A task on an experiment, whose test part holds what was in all splits."""
    write_experiment(tmp_path, rng)
    write_features(tmp_path, rng)
    splits = ("train", "valid", "test")
    rows = pd.concat(read_manifest(tmp_path / f"data/{s}.csv") for s in splits)

    def write_labels(task, label_of, part_of):
        (tmp_path / "exp/task").mkdir()
        write_task(tmp_path / "exp/task/task.json", task, {})
        made = rows.assign(
            label=rows["spk_id"].map(label_of), part=rows["spk_id"].map(part_of)
        )
        made["shared_part"] = made["part"]
        for part in splits:
            own = made[made["part"] == part]
            write_manifest(tmp_path / f"exp/task/{part}.csv", own)
        features = tmp_path / "data/features"
        return read_attribute_training(tmp_path / "exp", features, n_levels=3)

    return write_labels


SPEAKERS = [f"train{n}" for n in range(6)] + [f"valid{n}" for n in range(4)]
SPEAKERS += [f"test{n}" for n in range(5)]
# another division than the corpus's own: every third speaker is tested
PARTS = {
    s: ("train", "train", "test", "train", "valid")[n % 5]
    for n, s in enumerate(SPEAKERS)
}


def test_speakers_of_all_splits_are_read_with_weights_of_their_classes(write):
    labels = {s: "f" if n % 3 == 0 else "m" for n, s in enumerate(SPEAKERS)}
    told = write(Task("gender", CLASSES, ("f", "m")), labels, PARTS)
    trained = [s for s in SPEAKERS if PARTS[s] == "train"]
    assert told.data.speakers == sorted(trained)
    names = told.data.train.index["spk_id"]
    assert told.targets.train.tolist() == [int(labels[s] == "m") for s in names]
    n_women = sum(labels[s] == "f" for s in trained)
    weights = np.array([1 / n_women, 1 / (len(trained) - n_women)]) * len(trained) / 2
    assert told.targets.class_weights == pytest.approx(weights)
    women = told.targets.valid == 0
    assert told.targets.valid_weights[women].sum() == pytest.approx(0.5)


def test_numbers_are_standardised_by_the_training_speakers(write):
    ages = {s: str(20 + 3 * n) for n, s in enumerate(SPEAKERS)}
    told = write(Task("age", NUMBER), ages, PARTS)
    assert told.targets.make_outputs(4).affine.out_features == 1
    assert told.targets.train.mean() == pytest.approx(0, abs=1e-9)
    assert told.targets.train.std() == pytest.approx(1)
    names = told.data.valid.index["spk_id"]
    again = told.targets.valid * told.spread + told.centre
    assert again == pytest.approx([float(ages[s]) for s in names])


def test_levels_of_a_number_are_those_of_the_training_speakers(write):
    ages = {s: str(20 + 3 * n) for n, s in enumerate(SPEAKERS)}
    told = write(Task("age", NUMBER, is_ordinal=True), ages, PARTS)
    numbers, validated = (
        np.array([int(ages[s]) for s in one.index["spk_id"]])
        for one in (told.data.train, told.data.valid)
    )
    parts = [sorted(set(numbers[told.targets.train == level])) for level in range(3)]
    assert sum(parts, []) == sorted(set(numbers))  # in order
    assert [len(own) for own in parts] == pytest.approx([3, 3, 3], abs=1)
    assert told.values == pytest.approx([np.mean(own) for own in parts])
    expected = (validated >= parts[1][0]).astype(int) + (validated >= parts[2][0])
    assert told.targets.valid.tolist() == expected.tolist()
    assert isinstance(told.targets.make_outputs(4), OrdinalOutputs)


def test_a_network_learns_levels_by_the_ordinal_loss():
    """The objective is the mean of `ordinal_cross_entropy`, by the weights."""
    targets = AttributeTargets(
        np.array([2, 0, 1]), np.zeros(1, dtype=int), np.array([1.0, 2.0, 4.0]),
        np.ones(1), is_ordinal=True,
    )  # fmt: skip
    brain = AttributeBrain.__new__(AttributeBrain)
    brain.targets, brain.train_targets = targets, torch.from_numpy(targets.train)
    brain.modules = SimpleNamespace(outputs=torch.nn.Identity())
    brain.state = SimpleNamespace(note=lambda **own: noted.update(own))
    noted, outputs = {}, torch.tensor([[0.5, -0.2], [-1.0, -2.0], [0.3, 0.1]])
    told = brain.objective(outputs, torch.arange(3))
    losses = ordinal_cross_entropy(outputs, brain.train_targets)
    assert float(told) == pytest.approx(float(losses @ torch.tensor([4.0, 1, 2]) / 7))
    assert float(noted["train_accuracy"]) == pytest.approx(1 / 3)  # told 1, 0 and 2


def test_joined_stores_hold_the_features_of_each(tmp_path, rng):
    write_experiment(tmp_path, rng)
    write_features(tmp_path, rng)
    one, two = (
        FeatureStore(tmp_path / f"data/features/{s}") for s in ("train", "test")
    )
    joined = one.joined(two)
    assert list(joined.ids) == [*one.ids, *two.ids]
    name = two.ids[3]
    assert np.array_equal(joined.frames(name), two.frames(name))
    assert len(one) == 24  # as it was


def test_a_network_that_is_too_sure_is_validated_as_if_calibrated():
    """The order of two epochs follows what they tell, not how sure they are of it."""
    targets = AttributeTargets(
        np.zeros(1, dtype=int), np.array([0, 1, 0, 1]), np.ones(2), np.full(4, 0.25)
    )
    embeddings = np.array([[1.0, -1], [-1, 1], [1, -1], [1, -1]])  # one of four wrong
    brain = AttributeBrain.__new__(AttributeBrain)
    brain.targets, brain.device = targets, "cpu"
    brain.valid_embeddings = list(enumerate(embeddings.astype(np.float32)))
    losses = []
    for gain in (0.0, 0.5, 20.0):
        outputs = torch.nn.Linear(2, 2, bias=False)
        torch.nn.init.constant_(outputs.weight, 0)
        outputs.weight.data += gain * torch.eye(2)
        brain.parts = {"outputs": outputs}
        losses.append(brain.valid_error())
    assert losses[0] == pytest.approx(np.log(2))
    assert max(losses[1:]) < 0.68

"""A model in 16 bits says what the same one in 32 does, and so does its graph."""

import numpy as np
import pytest
import torch

from local import export, halve_model
from tests.systems.folders import write_calibrated
from utils.models.experiment import read_weights
from utils.runtime.errors import UserError
from utils.systems.exported import open_exported
from utils.systems.system import open_system


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return write_calibrated(tmp_path_factory.mktemp("systems") / "ours")


@pytest.fixture
def half(run_here, whole, tmp_path):
    run_here(halve_model, whole, "--out", tmp_path / "half")
    return tmp_path / "half"


def test_matrices_are_rounded_and_nothing_else(whole, half):
    before, after = (read_weights(folder / "encoder.pt") for folder in (whole, half))
    assert before.keys() == after.keys()
    for name, value in before.items():
        is_matrix = value.is_floating_point() and value.ndim > 1
        assert after[name].dtype == (torch.float16 if is_matrix else value.dtype)
        torch.testing.assert_close(
            after[name].to(value.dtype), value, rtol=5e-4, atol=1e-7
        )
    assert not (half / "decisions.json").exists()  # of another hash


def test_embeddings_are_as_before(whole, half):
    speech = np.random.default_rng(0).normal(0, 0.1, 32000).astype(np.float32)
    one, other = (open_system(folder).embed([speech]) for folder in (whole, half))
    assert float(one[0] @ other[0]) > 0.99999


def test_its_graph_has_16_bits_too(run_here, whole, half, tmp_path):
    pytest.importorskip("onnxruntime")
    speech = np.random.default_rng(1).normal(0, 0.1, 32000).astype(np.float32)
    sizes, embedded = [], []
    for folder in (whole, half):
        run_here(
            export, folder, "--keep-silence", "--out", tmp_path / "graph" / folder.name
        )
        graph = tmp_path / "graph" / folder.name
        sizes.append((graph / "model.onnx").stat().st_size)
        embedded.append(open_exported(graph).embed([speech])[0])
    weights = read_weights(half / "encoder.pt").values()
    n_rounded = sum(value.numel() for value in weights if value.dtype == torch.float16)
    assert sizes[0] - sizes[1] == pytest.approx(2 * n_rounded, rel=0.05)
    assert float(embedded[0] @ embedded[1]) > 0.9999


def test_once_is_enough(run_here, half, tmp_path):
    with pytest.raises(UserError, match="weights have 16 bits already"):
        run_here(halve_model, half, "--out", tmp_path / "quarter")

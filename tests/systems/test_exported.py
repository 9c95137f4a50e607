"""A system opened by its graph, against the same one opened by its weights."""

import json
import shutil

import numpy as np
import pytest

from local.setup.export_folder import add_graph
from tests.systems.folders import write_calibrated, write_voice
from utils.runtime.errors import UserError
from utils.systems import exported
from utils.systems.exported import answers_by_graph, open_exported
from utils.systems.system import open_system

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A trained folder with a graph beside the weights."""
    own = write_calibrated(tmp_path_factory.mktemp("systems") / "ours")
    add_graph(open_system(own))
    return own


@pytest.fixture
def broken(folder, tmp_path):
    return shutil.copytree(folder, tmp_path / "broken")


def test_embeddings_and_scores_are_those_of_the_weights(folder, tmp_path):
    wavs = [
        write_voice(tmp_path / f"{pitch_hz}.wav", pitch_hz, rate_hz)
        for pitch_hz, rate_hz in ((110, 16000), (190, 16000), (150, 8000))
    ]
    ours, theirs = open_exported(folder), open_system(folder)
    assert ours.model_sha256 == theirs.model_sha256
    found, expected = ours.embed(wavs), theirs.embed(wavs)
    assert (found * expected).sum(axis=1).min() > 1 - 1e-6
    sides = (found, ours), (expected, theirs)
    llrs = [own.score(own.enrol([e[:2]]), e[2:]).llrs for e, own in sides]
    np.testing.assert_allclose(*llrs, atol=3e-3)  # 30 times the score
    np.testing.assert_allclose(open_exported(folder, "cosine").embed(wavs), found)


def test_samples_are_no_whole_sound(folder):
    with pytest.raises(UserError, match="not all zero"):
        open_exported(folder).embed([np.zeros(16000, dtype=np.float32)])


def test_the_graph_answers_where_it_can_or_nothing_else_can(
    folder, broken, monkeypatch
):
    alone = broken
    (alone / "encoder.pt").unlink()
    assert answers_by_graph(folder, "cpu") and answers_by_graph(alone, "cpu")
    assert not answers_by_graph(folder, "cuda")
    monkeypatch.setattr(exported, "find_spec", lambda name: None)
    assert not answers_by_graph(folder, "cpu") and answers_by_graph(alone, "cpu")
    with pytest.raises(UserError, match=r"onnxruntime is not installed: pip install"):
        open_exported(alone)
    with pytest.raises(UserError, match="broken: a graph without its weights"):
        open_system(alone)


@pytest.mark.parametrize("name", ["encoder.pt", "model.onnx"])
def test_another_graph_or_other_weights_are_refused(broken, name):
    (broken / name).write_bytes(b"others")
    with pytest.raises(UserError, match=f"{name}: not what model.json was written"):
        open_exported(broken)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"sample_rate_hz": null}'])
def test_broken_facts_are_refused(broken, text):
    (broken / "model.json").write_text(text)
    with pytest.raises(UserError, match="model.json: missing or broken; export"):
        open_exported(broken)


def test_a_back_end_of_another_model_is_refused(broken):
    path = broken / "backend/backend.json"
    content = json.loads(path.read_text()) | {"model_sha256": "b" * 64}
    path.write_text(json.dumps(content))
    with pytest.raises(UserError, match="trained on embeddings of another model"):
        open_exported(broken)


@pytest.mark.parametrize(("said", "n_threads"), [("2", 2), ("", 0), ("4,2", 0)])
def test_threads_are_bounded(folder, monkeypatch, said, n_threads):
    monkeypatch.setenv("OMP_NUM_THREADS", said)
    options = open_exported(folder).session.get_session_options()
    assert options.intra_op_num_threads == n_threads

"""A teacher that answers by its graph."""

import pandas as pd
import pytest

from tests.systems.folders import write_calibrated
from tests.verification.voices import write_speakers
from utils.data.durations import measure
from utils.data.manifest import write_manifest
from utils.embeddings.files import read_embeddings

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


@pytest.fixture
def data(tmp_path):
    """Two voices as a corpus for training, and their features at five speeds."""
    voices = write_speakers(tmp_path / "voices", 2, 1)
    rows = [
        {"ID": name, "spk_id": name, "wav": str(voices / name / "0.wav")}
        for name in ("s0", "s1")
    ]
    write_manifest(tmp_path / "train.csv", measure(pd.DataFrame(rows), 1))
    return tmp_path


def test_a_graph_hears_the_audio_as_the_weights_do(run, data):
    teacher = write_calibrated(data / "teacher")
    copies = ["--augment", "hparams/augment_speed.yaml"]
    run("local.compute_features", data, "--out", data / "features", *copies)
    words = [teacher, "--features", data / "features", "--manifest", data / "train.csv"]
    run("local.embed_teacher", *words, "--out", data / "weights")
    run("local.export", teacher)
    (teacher / "encoder.pt").unlink()  # so that nothing else can have answered
    run("local.embed_teacher", *words, "--out", data / "graph")
    ids, by_weights = read_embeddings(data / "weights")
    ids_of_graph, by_graph = read_embeddings(data / "graph")
    assert ids == ids_of_graph and len(ids) == 10
    assert (by_weights * by_graph).sum(axis=1) == pytest.approx(1, abs=1e-5)

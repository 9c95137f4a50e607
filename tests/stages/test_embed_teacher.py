"""A teacher hears the same of stored features and of the audio they were made of."""

import pandas as pd
import pytest

from tests.systems.folders import write_calibrated
from tests.verification.voices import write_speakers
from utils.data.durations import measure
from utils.data.manifest import write_manifest
from utils.embeddings.files import read_embeddings


@pytest.fixture
def data(tmp_path):
    """Two voices as a corpus for training."""
    voices = write_speakers(tmp_path / "voices", 2, 1)
    rows = [
        {"ID": name, "spk_id": name, "wav": str(voices / name / "0.wav")}
        for name in ("s0", "s1")
    ]
    write_manifest(tmp_path / "train.csv", measure(pd.DataFrame(rows), 1))
    (tmp_path / "copies.yaml").write_text(
        "base: !include:augment.yaml\n"
        "    speeds: [1.0, 0.9]\n"
        "    n_voices: 2\n"
        "copies: !ref <base[copies]>\n",
        encoding="utf-8",
    )
    return tmp_path


def test_the_audio_is_heard_in_every_voice(run, root, data):
    teacher = write_calibrated(data / "teacher")
    (data / "augment.yaml").write_bytes(
        (root / "hparams" / "augment.yaml").read_bytes()
    )
    said = {}
    for front_end in (teacher / "front_end.yaml", "hparams/features_level.yaml"):
        own = data / f"features-{len(said)}"
        run("local.compute_features", data, "--out", own, "--hparams", front_end,
            "--augment", data / "copies.yaml")  # fmt: skip
        words = ["--features", own, "--manifest", data / "train.csv"]
        run("local.embed_teacher", teacher, *words, "--out", own / "said")
        ids, embeddings = read_embeddings(own / "said")
        said[front_end] = embeddings
        suffixes = ["", "-sp0.9", "-v1", "-v2"]
        assert ids == [f"s{n}{suffix}" for n in range(2) for suffix in suffixes]
    stored, heard = said.values()
    assert (stored * heard).sum(axis=1) == pytest.approx(1, abs=1e-3)
    assert (stored @ stored.T < 0.9999).sum() == stored.shape[0] ** 2 - 8

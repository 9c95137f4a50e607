import kaldiio
import numpy as np
import pandas as pd
import pytest

from local.extract_embeddings import main
from tests.systems.folders import write_system
from tests.trees import write_noise
from utils.data.manifest import write_manifest
from utils.embeddings.files import read_copies, read_embeddings
from utils.embeddings.labelled import read_labelled
from utils.features.store import FeatureWriter
from utils.runtime.program import run_program


@pytest.fixture
def extract(tmp_path, monkeypatch, capsys):
    """Embed a manifest of two sound files, and of three that are none."""
    rows = []
    for name in ("a", "b", "empty", "absent", "short"):
        path = tmp_path / f"{name}.wav"
        if name != "absent":
            write_noise(path, 16000, 0 if name == "empty" else 16000)
        stop = 19200 if name == "short" else 16000
        rows.append(
            {"ID": name, "duration": stop / 16000, "wav": str(path), "start": 0,
             "stop": stop, "spk_id": name}
        )  # fmt: skip
    write_manifest(tmp_path / "all.csv", pd.DataFrame(rows))
    write_manifest(tmp_path / "bad.csv", pd.DataFrame(rows[2:]))
    system = write_system(tmp_path / "model")

    def run(manifest, *options):
        words = [system, tmp_path / manifest, "--out", tmp_path / "emb", *options]
        monkeypatch.setattr("sys.argv", ["extract_embeddings", *map(str, words)])
        code = 0
        try:
            run_program(main)
        except SystemExit as end:
            code = end.code
        return code, capsys.readouterr()

    return run


def test_bad_audio_is_left_out(extract, tmp_path):
    code, told = extract("all.csv", "--skip-bad")
    assert code == 0, told.err
    assert "2 embeddings of" in told.out
    assert (tmp_path / "emb.ids").read_text().split() == ["a", "b"]
    assert len(np.load(tmp_path / "emb.npy")) == 2
    record = (tmp_path / "emb.skipped.txt").read_text().splitlines()
    assert [line.split("\t")[0] for line in record] == ["absent", "empty", "short"]
    assert "left out: 3 bad utterances in all" in told.err


def test_bad_audio_stops_the_program(extract, tmp_path):
    code, told = extract("all.csv")
    assert code == 1
    assert "(3 bad utterances in all; --skip-bad leaves them out)" in told.err
    assert not list(tmp_path.glob("emb*"))


def test_nothing_but_bad_audio(extract, tmp_path):
    code, told = extract("bad.csv", "--skip-bad")
    assert code == 1 and "no utterance can be read" in told.err
    assert not list(tmp_path.glob("emb*"))


def test_copies_are_embedded_and_known_by_their_utterance(extract, rng, tmp_path):
    """Corrupted versions are; another speed, which is another speaker, is not."""
    front_end = (tmp_path / "model" / "front_end.yaml").read_text()
    features = tmp_path / "features"
    (features / "good").mkdir(parents=True)
    (features / "front_end.yaml").write_text(front_end)
    versions = {"a": 1.0, "a-noisy1": 1.0, "a-sp0.9": 0.9, "b": 1.0, "b-noisy1": 1.0}
    with FeatureWriter(features / "good") as writer:
        for name, speed in versions.items():
            frames = rng.standard_normal((50, 64)).astype(np.float16)
            voice = name[0] + ("-sp0.9" if speed != 1 else "")
            row = {"ID": name, "spk_id": voice, "origin": name[0], "speed": speed}
            writer.add(row | {"utterance": name[0]}, frames)
    rows = (tmp_path / "all.csv").read_text().splitlines(keepends=True)
    good = [row for row in rows if row.startswith(("ID,", "a,", "b,"))]
    (tmp_path / "good.csv").write_text("".join(good))
    code, told = extract("good.csv", "--features", features)
    assert code == 0, told.err
    data = read_labelled(str(tmp_path / "emb"), tmp_path / "good.csv")
    assert data.ids == ["a", "b", "a-noisy1", "b-noisy1"]
    assert data.speakers.tolist() == data.utterances.tolist() == ["a", "b", "a", "b"]
    assert not np.allclose(data.vectors[0], data.vectors[2])
    assert read_copies(tmp_path / "emb") == {"a-noisy1": "a", "b-noisy1": "b"}


def test_recognisers_get_speakers_and_rows_of_the_past(extract, tmp_path):
    options = ["--skip-bad", "--per-speaker", "--kaldi", "--every", "25"]
    code, told = extract("all.csv", *options)
    assert code == 0, told.err
    speakers = dict(kaldiio.load_scp(f"{tmp_path}/emb-spk.scp").items())
    ids, vectors = read_embeddings(tmp_path / "emb.scp")
    assert ids == list(speakers) == ["a", "b"]  # one utterance each
    assert np.stack(list(speakers.values())) == pytest.approx(vectors, abs=1e-6)
    online = dict(kaldiio.load_scp(f"{tmp_path}/emb-online.scp").items())
    assert {name: rows.shape for name, rows in online.items()} == {
        "a": (4, 16), "b": (4, 16),
    }  # fmt: skip
    assert not online["a"][:2].any() and online["a"][2:].any(axis=1).all()
    assert (tmp_path / "emb-online.period").read_text() == "25\n"


def test_periods_that_mean_nothing_are_refused(extract):
    code, told = extract("all.csv", "--every", "-1")
    assert code == 2 and "--every: a number of frames" in told.err
    code, told = extract("all.csv", "--every", "10", "--least-s", "20")
    assert code == 2 and "--least-s is above 0" in told.err

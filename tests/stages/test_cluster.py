"""local.cluster, run for real."""

import json

import pandas as pd
import pytest

from tests.diarization.voices import draw_voices, same_groups
from tests.systems.folders import write_system
from utils.data.manifest import write_manifest
from utils.embeddings.files import write_embeddings


@pytest.fixture
def voices(tmp_path):
    """Embeddings of three speakers, and their manifest."""
    embeddings, speakers = draw_voices((8, 6, 4))
    names = [f"u{n:02d}" for n in range(len(speakers))]
    write_embeddings(tmp_path / "voices", names, embeddings, "")
    rows = pd.DataFrame({"ID": names, "spk_id": [f"s{own}" for own in speakers]})
    rows = rows.assign(duration=1.0, wav="x.wav", start=0, stop=16000)
    write_manifest(tmp_path / "voices.csv", rows)
    return tmp_path, speakers


def test_embeddings_are_grouped_and_compared_with_the_truth(run, voices):
    folder, speakers = voices
    result = run(
        "local.cluster", folder / "voices", "--manifest", folder / "voices.csv",
        "--out", folder / "out",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    found = json.loads((folder / "out/results.json").read_text())
    assert (found["groups"], found["speakers"], found["utterances"]) == (3, 3, 18)
    measures = "purity", "coverage", "nmi", "b_cubed_f"
    assert [found[name] for name in measures] == [1, 1, 1, 1]
    table = pd.read_csv(folder / "out/labels.csv")
    assert same_groups(table["label"], speakers)
    assert table[["x", "y"]].notna().all(axis=None)
    assert "found: 3 groups" in (folder / "out/map.svg").read_text()
    assert (folder / "out/map.png").stat().st_size > 1000


@pytest.mark.parametrize(
    ("options", "n_groups"),
    [
        (["--num-speakers", 5], 5),
        (["--max-speakers", 2, "--method", "spectral"], 2),
        (["--threshold", -1], 1),
    ],
)
def test_a_number_a_bound_a_threshold_and_another_method(
    run, voices, options, n_groups
):
    folder, _ = voices
    words = folder / "voices", "--out", folder / "out", "--map", "none", *options
    result = run("local.cluster", *words)
    assert result.returncode == 0, result.stderr
    found = json.loads((folder / "out/results.json").read_text())
    assert found["groups"] == n_groups
    assert "purity" not in found
    assert not (folder / "out/map.svg").exists()


def test_a_folder_of_audio_is_heard(run, tmp_path, write_wav, speech_like):
    for n in range(3):
        write_wav(f"voices/two words/{n}.wav", (1 + 0.1 * n) * speech_like)
    write_system(tmp_path / "triplet")
    words = tmp_path / "voices", "--system", tmp_path / "triplet"
    result = run("local.cluster", *words, "--out", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    table = pd.read_csv(tmp_path / "out/labels.csv")
    assert len(table) == 3 and table["label"].tolist()[0] == 0
    assert "purity" not in result.stdout


def test_mistakes_are_told_in_one_line(run, voices):
    folder, _ = voices
    out = "--out", folder / "out"
    for words, message in (
        (["voices", "--num-speakers", 0], "bounds must rise from 1"),
        (["voices", "--method", "magic"], "--method is one of agglomerative, spectral"),
        (["voices", "--method", "spectral", "--threshold", 0.5], "spectral has none"),
        (["nothing"], "nothing"),
    ):
        result = run("local.cluster", folder / words[0], *words[1:], *out)
        assert (result.returncode, result.stderr.count("\n")) == (1, 1)
        assert message in result.stderr
    (folder / "empty").mkdir()
    result = run("local.cluster", folder / "empty", "--system", folder, *out)
    assert result.returncode == 1

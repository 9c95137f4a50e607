import numpy as np
import pandas as pd
import pytest

from local.describe_data import main
from tests.trees import write_noise
from utils.data.card import label_tables, listen, overlap_table, size_table
from utils.data.manifest import write_manifest
from utils.report.data_plots import split_histograms
from utils.runtime.program import run_program


def test_level(write_wav):
    time_s = np.arange(16000) / 16000
    path = write_wav("sine.wav", 0.5 * np.sin(2 * np.pi * 100 * time_s))
    sound = listen({"wav": str(path), "start": 0, "stop": 16000})
    assert sound.level_db == pytest.approx(-9.03, abs=0.01)  # 0.5 / sqrt(2)
    assert sound.rate_hz == 16000
    assert np.isnan(listen({"wav": "absent.wav", "start": 0, "stop": 1}).level_db)


@pytest.fixture
def manifests(tmp_path):
    rows = []
    for number, speaker in enumerate("aabbbc"):
        path = tmp_path / f"{number}.wav"
        write_noise(path, 16000, 8000)
        rows.append(
            {"ID": f"u{number}", "duration": 0.5, "wav": str(path), "start": 0,
             "stop": 8000, "spk_id": speaker, "gender": "f" if speaker < "c" else "",
             "age": {"a": "9", "b": "30", "c": "39"}[speaker], "accent": speaker}
        )  # fmt: skip
    rows = pd.DataFrame(rows)
    return {"train": rows[rows["spk_id"] != "c"], "test": rows[rows["spk_id"] != "a"]}


def test_tables(manifests):
    sizes = size_table(manifests)
    assert sizes.loc["train", ["speakers", "utterances"]].tolist() == [2, 5]
    assert sizes.loc["train", "hours"] == pytest.approx(2.5 / 3600)
    tables = label_tables(manifests)
    assert tables["gender"].loc["f"].tolist() == [2, 1]
    assert tables["gender"].loc["unknown"].tolist() == [0, 1]
    assert tables["age"].loc["30-39"].tolist() == [1, 2]
    assert overlap_table(manifests).loc["train", "test"] == 1
    many = pd.DataFrame({"spk_id": range(30), "accent": [f"x{n}" for n in range(30)]})
    table = label_tables({"train": many.astype(str)})["accent"]
    assert table.loc["18 others", "train"] == 18


def test_histograms_of_anything():
    one, none = np.ones(5), np.full(5, np.nan)
    figure = split_histograms({"x": {"a": one}, "y": {"a": none}, "z": {"a": one[:1]}})
    assert [axes.get_visible() for axes in figure.axes] == [True, True, True, False]


def test_the_card(manifests, tmp_path, monkeypatch, capsys):
    data = tmp_path / "data"
    for split, rows in manifests.items():
        write_manifest(data / f"{split}.csv", rows)
    (tmp_path / "2.wav").unlink()  # what cannot be read is passed over
    monkeypatch.setattr("sys.argv", ["describe_data", str(data), "--examples", "2"])
    main()
    printed = capsys.readouterr().out
    page = (data / "card.html").read_text(encoding="utf-8")
    card = (data / "card.md").read_text(encoding="utf-8")
    assert page.count("<svg") == 2 and "Speakers by gender" in page
    assert "| train | 2 | 5 |" in card
    assert "train  2" in printed
    for name in ("histograms", "spectrograms"):
        assert (data / f"card/{name}.png").stat().st_size > 5000
        assert f"card/{name}.png" in card


def test_an_empty_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["describe_data", str(tmp_path)])
    with pytest.raises(SystemExit, match="1"):
        run_program(main)
    assert "no manifests; run the recipe" in capsys.readouterr().err


def test_a_split_that_cannot_be_heard(manifests, tmp_path, monkeypatch, capsys):
    data = tmp_path / "data"
    write_manifest(data / "test.csv", manifests["test"].assign(wav="absent.wav"))
    monkeypatch.setattr("sys.argv", ["describe_data", str(data)])
    main()
    assert "test  -" in capsys.readouterr().out
    assert not (data / "card/spectrograms.png").exists()

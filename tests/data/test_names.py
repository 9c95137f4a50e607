"""Names and labels that look the same are the same, in every reader."""

import unicodedata

import pandas as pd
import pytest

from recipes.own_data import with_known_parts
from tests.trees import lines, write_noise, write_tree
from utils.data.corpus import CorpusContents, CorpusDesign
from utils.data.corpus_folder import write_corpus
from utils.data.kaldi import find_kaldi
from utils.data.labels import tidy_labels
from utils.data.lhotse import find_lhotse
from utils.data.manifest import read_manifest
from utils.data.names import plain_name, safe_name
from utils.data.patterns import find_utterances
from utils.data.tables import find_tables
from utils.runtime.errors import UserError

NFC, NFD = (unicodedata.normalize(form, "Hà") for form in ("NFC", "NFD"))


@pytest.mark.parametrize(
    "form", [NFD, f" {NFC}", f"{NFC} ", f"{NFD}\t", f"\ufeff{NFC}", f"{NFC}\u200b",
             f"\u00a0{NFC}", f"{NFC}\r"],
)  # fmt: skip
def test_forms_of_one_name(form):
    assert plain_name(form) == NFC and safe_name(form) == safe_name(NFC)


def test_other_names_stay_apart():
    names = ["anna", "Anna", "an na", "an_na", "änna", "an.na", NFC, "Ha", "Hả"]
    assert len({safe_name(name) for name in names}) == len(names)
    assert safe_name("an \u00a0 na") == safe_name("an na")


def test_every_reader(tmp_path, caplog):
    entry = (
        '{"id": "%s", "start": 0, "recording": {"sources": [{"type": "file", "source":'
        ' "a.wav"}]}, "supervisions": [{"id": "%s", "speaker": "%s", "start": 0, '
        '"duration": 0.1}]}'
    )
    write_tree(
        tmp_path,
        {"list.csv": lines("ID,wav,speaker", f"u1,a.wav,{NFC}", f"u2,a.wav,{NFD} "),
         "cuts.jsonl": lines(entry % ("1", "1", NFC), entry % ("2", "2", f" {NFD}")),
         "wav.scp": lines("u1 a.wav", "u2 a.wav"), "a.wav": None,
         "utt2spk": lines(f"u1 {NFC}", f"u2 {NFD}")},
    )  # fmt: skip
    folder = tmp_path / "folder"
    write_tree(folder, {f"{NFC}/1.wav": None, f"{NFD}/2.wav": None})
    readers = (
        lambda: find_tables(tmp_path / "list.csv").utterances,
        lambda: find_lhotse(tmp_path).utterances,
        lambda: find_kaldi(tmp_path).utterances,
        lambda: find_utterances(folder, "{speaker}/*"),
    )
    for read in readers:
        caplog.clear()
        assert read()["spk_id"].tolist() == [safe_name(NFC)] * 2
        assert "1 speakers are written in several ways" in caplog.text


def test_names_that_become_one_are_refused(tmp_path):
    rows = [f"{NFC},a.wav,x", f"{NFD},b.wav,x"]
    write_tree(tmp_path, {"list.csv": lines("ID,wav,speaker", *rows), "a.wav": None})
    with pytest.raises(UserError, match="list.csv:3: a second row of"):
        find_tables(tmp_path / "list.csv")
    twice = pd.DataFrame({"ID": ["u", "u"], "wav": ["a", "b"], "spk_id": ["x", "y"]})
    with pytest.raises(UserError, match="'u' is the name of two utterances, of a and"):
        with_known_parts(CorpusContents(twice), {})


def test_two_files_of_one_name(tmp_path):
    write_tree(tmp_path, {"x/u0.wav": None, "x/u0.mp3": None, "x/u1.wav": None})
    message = r"u0.mp3 and .*u0.wav have one name \(2 such files\); .* --endings"
    with pytest.raises(UserError, match=message):
        find_utterances(tmp_path, "{speaker}/*")
    rows = find_utterances(tmp_path, "{speaker}/*", (".wav",))
    assert rows["ID"].tolist() == ["u0", "u1"]
    write_tree(tmp_path, {f"x/{NFC}.wav": None, f"x/{NFD}.wav": None})
    with pytest.raises(UserError, match="have one name"):
        find_utterances(tmp_path, "{speaker}/*", (".wav",))


GENDERS = ["m", "M", "male", " Male ", "MAN", "masculine"]
NONE = ["NA", "nan", "unknown", "Unknown", "", "N/A", "none", "-", "unk", "?"]


def test_labels_have_one_spelling(tmp_path):
    words = [*GENDERS, "f", "Female", *NONE, "nonbinary"]
    write_noise(tmp_path / "a.wav", 16000)
    rows = pd.DataFrame(
        {"ID": [f"u{n:02d}" for n in range(len(words))], "spk_id": "s",
         "wav": str(tmp_path / "a.wav"), "gender": words,
         "accent": ["Scots", "scots", "Scots "] + ["US"] * (len(words) - 3)}
    )  # fmt: skip
    plan = CorpusDesign(name="x", extract_only=True)
    write_corpus(CorpusContents(rows), plan, tmp_path / "out", 0)
    made = read_manifest(tmp_path / "out/test.csv")
    expected = ["m"] * len(GENDERS) + ["f", "f"] + [""] * len(NONE) + ["nonbinary"]
    assert made["gender"].tolist() == expected
    assert set(made["accent"]) == {"Scots", "US"}


def test_labels_of_a_manifest_that_was_made_elsewhere(tmp_path):
    header = "ID,duration,wav,start,stop,spk_id,gender"
    (tmp_path / "test.csv").write_text(
        lines(header, " u1,1,a.wav,0,9,anna,Male", "u2,1,a.wav,0,9,anna ,m")
    )
    rows = read_manifest(tmp_path / "test.csv")
    assert rows["ID"].tolist() == ["u1", "u2"] and set(rows["spk_id"]) == {"anna"}
    assert set(rows["gender"]) == {"m"}
    (tmp_path / "test.csv").write_text(
        lines(header, "u1,1,a.wav,0,9,a,m", "u1 ,1,a.wav,0,9,a,m")
    )
    with pytest.raises(UserError, match="test.csv:3: a second row of ID 'u1'"):
        read_manifest(tmp_path / "test.csv")


def test_what_is_no_label_is_left_alone():
    rows = pd.DataFrame({"ID": ["NA"], "spk_id": ["nan"], "wav": ["none"]})
    assert tidy_labels(rows).equals(rows)
    sessions = pd.DataFrame({"session": ["Aa", "aA", " NA"]})
    assert tidy_labels(sessions)["session"].tolist() == ["Aa", "aA", ""]


def test_parts_in_many_spellings():
    rows = pd.DataFrame(
        {"ID": list("abc"), "wav": "x", "spk_id": list("abc"),
         "part": ["Train ", "TEST", "Extra"]}
    )  # fmt: skip
    parts = with_known_parts(CorpusContents(rows), {}).utterances["part"]
    assert parts.tolist() == ["train", "test", "Extra"]

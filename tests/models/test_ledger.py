from utils.models.ledger import ledger_text, read_ledger, trained_on


def test_a_ledger_is_kept_from_start_to_start(tmp_path):
    for name, known, speakers in (
        ("first", tmp_path / "none", ["b", "a", "a"]),
        ("second", tmp_path / "first", ["c"]),
        ("third", tmp_path / "second" / "encoder.pt", ["a"]),
    ):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "encoder.pt").touch()
        text = ledger_text(read_ledger(known), speakers, f"data/{name}")
        (folder / "ledger.tsv").write_text(text)
    assert read_ledger(tmp_path / "third") == [
        ("a", "data/first"), ("a", "data/third"), ("b", "data/first"),
        ("c", "data/second"),
    ]  # fmt: skip
    assert trained_on(tmp_path / "third", ["c", "d", "a"]) == ["a", "c"]


def test_an_earlier_folder_has_the_classes_of_its_training(tmp_path):
    (tmp_path / "speakers.txt").write_text("b\na\n")
    assert read_ledger(tmp_path) == [("a", ""), ("b", "")]
    assert trained_on(tmp_path / "unknown", ["a"]) == []


def test_speakers_of_joined_corpora_are_known_by_their_own_names(tmp_path):
    (tmp_path / "speakers.txt").write_text("librispeech-103\nwuw-S004\n103-b\n")
    assert trained_on(tmp_path, ["103", "S004"], "librispeech") == ["103"]
    assert trained_on(tmp_path, ["103", "S004"], "") == []
    assert trained_on(tmp_path, ["103", "S004", "S005", "b"]) == ["103", "S004", "b"]

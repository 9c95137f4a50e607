import pytest

from tests.trees import lines, write_tree
from utils.data.files import corpus_root
from utils.data.kaldi import find_kaldi
from utils.data.lhotse import find_lhotse
from utils.data.roots import Roots, read_roots
from utils.data.tables import find_tables
from utils.runtime.errors import UserError

THEIRS = "/their/disk/corpus"  # an absolute path of another computer


@pytest.fixture
def source(tmp_path):
    """A list of one file, whose audio is beside it, under another beginning."""
    entry = (
        '{"id": "c", "start": 0, "recording": {"sources": [{"type": "file", '
        f'"source": "{THEIRS}/wav/a.wav"}}]}}, "supervisions": [{{"id": "u", '
        '"speaker": "a", "start": 0, "duration": 1}]}'
    )
    return write_tree(
        tmp_path / "lists",
        {"list.csv": lines("wav,speaker", f"{THEIRS}/wav/a.wav,a"),
         "cuts.jsonl": lines(entry), "wav.scp": f"u {THEIRS}/wav/a.wav\n",
         "utt2spk": "u a\n", "wav/a.wav": None},
    )  # fmt: skip


READERS = {
    "csv": lambda source, roots: find_tables(source / "list.csv", roots),
    "lhotse": lambda source, roots: find_lhotse(source, roots),
    "kaldi": lambda source, roots: find_kaldi(source, roots=roots),
}


@pytest.mark.parametrize("form", READERS)
def test_foreign_paths_are_told_with_the_option_that_finds_them(form, source):
    option = f"{THEIRS}={source}"
    with pytest.raises(UserError) as error:
        READERS[form](source, Roots())
    assert f'try: --prepare-options "--data-root {option}"' in str(error.value)
    rows = READERS[form](source, read_roots([option])).utterances
    assert rows["wav"].tolist() == [str(source / "wav/a.wav")]


@pytest.mark.parametrize("form", READERS)
def test_foreign_paths_that_are_nowhere(form, source):
    (source / "wav/a.wav").unlink()
    with pytest.raises(UserError, match="say where they lie now by --data-root OLD"):
        READERS[form](source, Roots())


def test_relative_paths_from_elsewhere(tmp_path):
    write_tree(
        tmp_path,
        {"lists/list.csv": lines("wav,speaker", "wav/a.wav,a"), "wav/a.wav": None},
    )
    with pytest.raises(UserError, match=f'--data-root {tmp_path}"$'):
        find_tables(tmp_path / "lists/list.csv")
    rows = find_tables(tmp_path / "lists/list.csv", read_roots([str(tmp_path)]))
    assert rows.utterances["wav"].tolist() == [str(tmp_path / "wav/a.wav")]


def test_paths_of_windows_and_several_disks(tmp_path):
    roots = read_roots([f"C:\\data={tmp_path}", f"/b/={tmp_path}", str(tmp_path)])
    assert roots.place("C:\\data\\x\\1.wav", tmp_path) == tmp_path / "x/1.wav"
    assert roots.place("/b/1.wav", tmp_path) == tmp_path / "1.wav"
    assert roots.place("/bb/1.wav", tmp_path).as_posix() == "/bb/1.wav"
    assert roots.place("/a/b/1.wav", tmp_path).as_posix() == "/a/b/1.wav"
    assert roots.renew("sph2pipe /b/1.sph |") == f"sph2pipe {tmp_path}/1.sph |"


@pytest.mark.parametrize(
    ("texts", "message"),
    [(["/a=absent"], "no folder absent"), (["absent"], "no folder absent"),
     ([".", ".."], "start from one folder")],
)  # fmt: skip
def test_roots_that_are_wrong(texts, message):
    with pytest.raises(UserError, match=f"--data-root.*{message}"):
        read_roots(texts)


@pytest.mark.parametrize("form", READERS)
def test_a_folder_above_is_told(form, source, tmp_path):
    if form == "csv":
        with pytest.raises(UserError, match=f"try --source {source}$"):
            find_tables(tmp_path)
        return
    (tmp_path / "far/further").mkdir(parents=True)
    source = source.rename(tmp_path / "far/further/lists")
    with pytest.raises(UserError, match=f"try --source {source}$"):
        READERS[form](tmp_path, Roots())


def test_a_folder_above_a_corpus_is_told(tmp_path):
    write_tree(tmp_path, {"disk/speech/an4/wav/x": "x"})
    with pytest.raises(UserError, match=f"try --source {tmp_path}/disk/speech/an4$"):
        corpus_root(tmp_path, "an4", "wav")

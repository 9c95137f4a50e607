"""Embeddings of other tools; kaldiio, h5py and pandas are the oracles."""

import gzip
import pickle
import re
import shlex
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from utils.embeddings.files import read_embeddings
from utils.embeddings.kaldi_values import read_ark
from utils.runtime.errors import UserError

kaldiio = pytest.importorskip("kaldiio")


@pytest.fixture
def named(rng):
    names = ["id1/x/0001", "b.c", "ü"]
    return {name: rng.standard_normal(5).astype("f4") for name in names}


def assert_same(path, named, **tolerance):
    ids, vectors = read_embeddings(path)
    assert ids == list(named)
    stacked = np.stack([np.ravel(x) for x in named.values()])
    np.testing.assert_allclose(vectors, stacked, **(tolerance or {"rtol": 1e-6}))


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("shape", [(5,), (1, 5)])
@pytest.mark.parametrize("text", [False, True])
def test_arks_and_scps(tmp_path, named, dtype, shape, text):
    named = {name: x.astype(dtype).reshape(shape) for name, x in named.items()}
    ark, scp = tmp_path / "x.ark", tmp_path / "x.scp"
    kaldiio.save_ark(str(ark), named, str(scp), text=text)
    assert_same(ark, named)
    assert_same(scp, named)
    if not text:
        assert read_embeddings(ark)[1].dtype == dtype
    backwards = dict(reversed(named.items()))
    scp.write_text("\n".join(reversed(scp.read_text().splitlines())))
    assert_same(scp, backwards)


@pytest.mark.parametrize("method", range(1, 8))
def test_compressed_matrices(tmp_path, named, method):
    path = str(tmp_path / "x.ark")
    whole = {name: x[None] for name, x in named.items()}
    kaldiio.save_ark(path, whole, compression_method=method)
    oracle = dict(kaldiio.load_ark(path))
    assert_same(path, oracle, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("method", range(2, 8))
def test_compressed_matrices_of_many_rows(tmp_path, rng, method):
    path = tmp_path / "x.ark"
    matrix = rng.standard_normal((40, 7)).astype("f4")
    kaldiio.save_ark(str(path), {"a": matrix}, compression_method=method)
    ((name, found),) = read_ark(path)
    oracle = dict(kaldiio.load_ark(str(path)))["a"]
    np.testing.assert_allclose(found, oracle, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("text", [False, True])
def test_arks_of_gzip(tmp_path, named, text):
    kaldiio.save_ark(str(tmp_path / "x.ark"), named, text=text)
    content = gzip.compress((tmp_path / "x.ark").read_bytes())
    (tmp_path / "x.ark.gz").write_bytes(content)
    assert_same(tmp_path / "x.ark.gz", named)
    (tmp_path / "cut.gz").write_bytes(content[:-9])
    with pytest.raises(UserError, match=r"cut.gz: cannot be read .*; copy it again"):
        read_embeddings(tmp_path / "cut.gz")


@pytest.mark.parametrize("separator", [" ", "\t", ",", "  "])
def test_lines_of_names_and_numbers(tmp_path, named, separator):
    rows = [separator.join([name, *map(repr, x.tolist())]) for name, x in named.items()]
    path = tmp_path / "x.txt"
    path.write_text("\n" + "\n\n".join(rows) + "\n", encoding="utf-8-sig")
    assert_same(path, named)
    path.write_text("\n".join([*rows, f"last{separator}1{separator}x"]))
    with pytest.raises(UserError, match=f"line {len(rows) + 1}: 'last' and no numbers"):
        read_embeddings(path)
    path.write_text("\n".join([*rows, f"last{separator}1{separator}2"]))
    with pytest.raises(UserError, match="'last': D=2, others D="):
        read_embeddings(path)


def test_a_scp_with_tabs_or_a_wrong_place(tmp_path, named):
    ark, scp = tmp_path / "x.ark", tmp_path / "x.scp"
    kaldiio.save_ark(str(ark), named, str(scp))
    scp.write_text(scp.read_text().replace(" ", "\t"))
    assert_same(scp, named)
    scp.write_text(f"a {ark}:4\n")
    with pytest.raises(UserError, match=r"x.scp:1: 'a': no vector or matrix of Kaldi"):
        read_embeddings(scp)


def test_a_scp_of_several_files_with_paths_from_its_folder(tmp_path, named):
    for number, x in enumerate(named.values()):
        kaldiio.save_mat(str(tmp_path / f"{number}.vec"), x)
    lines = [f"{name} {number}.vec\n" for number, name in enumerate(named)]
    (tmp_path / "x.scp").write_text("".join(lines), encoding="utf-8-sig")
    assert_same(tmp_path / "x.scp", named)


def test_archives_of_numpy(tmp_path, named):
    vectors = np.stack(list(named.values()))
    np.savez(tmp_path / "each.npz", **named)
    np.savez_compressed(tmp_path / "both.npz", x=vectors, names=list(named))
    assert_same(tmp_path / "each.npz", named)
    assert_same(tmp_path / "both.npz", named)


def test_hdf5(tmp_path, named):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "each.h5", "w") as file:
        for name, x in named.items():
            file[name] = x
    with h5py.File(tmp_path / "both", "w") as file:  # an ending does not matter
        file["embeddings"] = np.stack(list(named.values()))
        file["ids"] = [name.encode() for name in named]
    ids, vectors = read_embeddings(tmp_path / "each.h5")
    np.testing.assert_array_equal(vectors, [named[name] for name in ids])
    assert sorted(ids) == sorted(named)
    assert_same(tmp_path / "both", named)


def test_parquet(tmp_path, named):
    pytest.importorskip("pyarrow")
    lists = pd.DataFrame({"utt_id": list(named), "embedding": list(named.values())})
    lists.to_parquet(tmp_path / "lists.parquet")
    wide = pd.DataFrame(np.stack(list(named.values())))
    wide.columns = [f"e{column}" for column in wide]
    wide.insert(0, "ID", list(named))
    wide.to_parquet(tmp_path / "wide.parquet")
    assert_same(tmp_path / "lists.parquet", named)
    assert_same(tmp_path / "wide.parquet", named)
    wide.drop(columns="ID").to_parquet(tmp_path / "bare.parquet")
    with pytest.raises(UserError, match="no column of ids; name one of id, ids, utt"):
        read_embeddings(tmp_path / "bare.parquet")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("x.ark", b"", "x.ark: empty"),
        ("x.ark", b"a \0BFV \4\5\0\0\0\0\0", "x.ark: 'a': cut off"),
        ("x.ark", b"a \0B<Nnet3> ", "'a': b'<Nn' is neither a vector nor a matrix"),
        ("x.ark", b"a \0BFV \4\0\0\0\0b", "not .N, D.|shape|'b'"),
        ("x.ark", b"a  [ 1 2 ]\nb  [ 1 2 3 ]\n", "'b': D=3, others D=2"),
        ("x.ark", b"a  [ 1 2 ]\nb  [ 1 2", "'b': no . numbers . after it, or cut off"),
        ("x.ark", b"a  [ 1 x ]\n", "'a': could not convert string to float: 'x'"),
        ("x.ark", b"a  [\n 1 2\n 3 4 ]\n", "'a': a matrix of shape .2, 2., such as"),
        ("x.ark", b"a  [ 1 2 ]\na  [ 3 4 ]\n", "a second 'a'"),
        ("x.ark", b"a  [ 1 nan ]\n", "1 embeddings with NaN"),
        ("x.scp", b"a gone.ark:5\n", "x.scp:1: 'a': no file gone.ark, from here or"),
        ("x.scp", b"a touch X; cat y |\n", "x.scp:1: 'a': a command .*, which is not"),
        ("x.scp", b"a x.scp:0[0:3]\n", "x.scp:1: 'a': lines are: name path"),
        ("x.scp", b"a x.scp:0\n", "x.scp:1: 'a': no vector or matrix of Kaldi"),
        ("x.txt", b"just words\n", "x.txt:1: 'just': no file words"),
        ("x.dat", b"\xff\xfe\0\1\2" * 999, "x.dat: no UTF-8; a file of embeddings is"),
        ("x.npz", b"PK\3\4junk", "x.npz: broken"),
        ("x.h5", b"\x89HDF\r\n\x1a\njunk", "x.h5: broken HDF5"),
        ("x.parquet", b"PAR1junk", "x.parquet: broken Parquet"),
    ],
)
def test_broken_files_are_told_in_a_line(tmp_path, monkeypatch, name, content, told):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=told) as error:
        read_embeddings(name)
    assert "\n" not in str(error.value) and not (tmp_path / "X").exists()


def test_archives_that_hold_something_else(tmp_path):
    np.savez(tmp_path / "x.npz", np.eye(2))
    with pytest.raises(
        UserError, match=r"holds arr_0 float64 \(2, 2\); embeddings are"
    ):
        read_embeddings(tmp_path / "x.npz")
    np.savez(tmp_path / "x.npz", ids=np.array(["a", "b"], object), x=np.eye(2))
    with pytest.raises(UserError, match="holds Python objects, which are never opened"):
        read_embeddings(tmp_path / "x.npz")


def test_a_missing_file_of_another_tool_is_no_missing_stage(tmp_path):
    for name in ("x.ark", "x.scp", "x.npz", "x.npy"):
        with pytest.raises(UserError, match=f"{name}: no such file; correct the name"):
            read_embeddings(tmp_path / name)


def test_the_array_may_be_named_itself(tmp_path):
    np.save(tmp_path / "x.npy", np.eye(2))
    (tmp_path / "x.ids").write_text("a\nb\n")
    assert read_embeddings(tmp_path / "x.npy")[0] == ["a", "b"]


class Evil:
    def __reduce__(self):
        return (open, ("opened", "w"))


def test_a_pickle_is_never_opened(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch = pytest.importorskip("torch")
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        (tmp_path / "x.pkl").write_bytes(pickle.dumps(Evil(), protocol))
        (tmp_path / "x").write_bytes(pickle.dumps(Evil(), max(protocol, 2)))
        for name in ("x.pkl", "x"):
            with pytest.raises(UserError, match="a pickle, which can run code and is"):
                read_embeddings(name)
    torch.save({"a": Evil()}, "x.anything")
    with pytest.raises(UserError, match="a pickle, which can run code and is"):
        read_embeddings("x.anything")
    assert not (tmp_path / "opened").exists()


def speechbrain_statistics(named):
    from speechbrain.processing.PLDA_LDA import StatObject_SB

    ids = np.array(list(named), dtype="|O")
    n, vectors = len(named), np.stack(list(named.values()))
    ones, empty = np.ones((n, 1)), np.array([None] * n)
    return StatObject_SB(ids, ids, empty, empty, ones, vectors)


@pytest.mark.parametrize("kind", ["dict", "tensors", "speechbrain"])
def test_the_command_that_converts_a_pickle_works(tmp_path, named, kind):
    torch = pytest.importorskip("torch")
    path = tmp_path / "my x.pkl"
    if kind == "tensors":
        torch.save({n: torch.from_numpy(x)[None] for n, x in named.items()}, path)
    else:
        whole = named if kind == "dict" else speechbrain_statistics(named)
        path.write_bytes(pickle.dumps(whole))
    with pytest.raises(UserError) as error:
        read_embeddings(path)
    command = re.fullmatch(r".* convert it: (python -c .*)", str(error.value))[1]
    words = shlex.split(command)
    subprocess.run([sys.executable, *words[1:]], check=True)
    assert_same(tmp_path / "my x.npz", named)

"""Embeddings on disk: what is written comes back; what cannot be meant is refused."""

import io
import pickle
import subprocess
import sys

import numpy as np
import pytest

from tests.stages.experiments import write_experiment
from utils.backend.backend import Backend
from utils.backend.normalisation.cohort import Cohort
from utils.backend.normalisation.methods import ZNorm
from utils.backend.scorers import CosineScorer
from utils.embeddings.files import read_embeddings, read_model_hash, write_embeddings
from utils.embeddings.labelled import read_labelled, read_unlabelled
from utils.runtime.errors import UserError
from utils.systems.trial_sides import read_sides
from utils.trials.enrolment import read_enrolment


def test_what_is_written_comes_back(tmp_path, rng):
    embeddings = rng.standard_normal((3, 4)).astype("f4")
    prefix = tmp_path / "v1.0" / "test.clean"
    write_embeddings(prefix, ["a", "b.c", "ü"], embeddings)
    ids, found = read_embeddings(prefix)
    assert ids == ["a", "b.c", "ü"] and isinstance(found, np.memmap)
    np.testing.assert_array_equal(found, embeddings)
    with pytest.raises(UserError, match="absent.npy: no such file; extract the"):
        read_embeddings(tmp_path / "absent")
    write_embeddings(prefix, ["a", "b"], embeddings)
    with pytest.raises(UserError, match="3 embeddings for 2 ids"):
        read_embeddings(prefix)
    write_embeddings(prefix, ["a", "b", "c"], np.full((3, 4), np.nan))
    with pytest.raises(UserError, match="3 embeddings with NaN"):
        read_embeddings(prefix)


@pytest.fixture
def read_ids(tmp_path):
    """Return a reader of ids as a file holds them, with an embedding for each."""

    def read(text, n_embeddings):
        np.save(tmp_path / "x.npy", np.ones((n_embeddings, 2), dtype="f4"))
        (tmp_path / "x.ids").write_bytes(text.encode())
        return read_embeddings(tmp_path / "x")[0]

    return read


@pytest.mark.parametrize(
    ("text", "line", "name"),
    [
        ("a\na\n", 2, "a"),
        ("a\nb\nc\na\n", 4, "a"),
        ("a\nb\nb\nb", 3, "b"),
        ("a\nb\na \n", 3, "a"),
        ("a\n\ta\n", 2, "a"),
        ("a\r\nb\r\na\r\n", 3, "a"),
        ("caf\u00e9\ncafe\u0301\n", 2, "caf\u00e9"),  # one name, two encodings
        ("\ufeffa\nb\na\n", 3, "a"),
    ],
)
def test_an_id_twice_is_refused_by_name(read_ids, text, line, name):
    with pytest.raises(UserError, match=rf"x\.ids:{line}: a second '{name}'"):
        read_ids(text, len(text.split()))


def test_names_that_only_look_alike_are_kept(read_ids):
    names = ["a", "A", "01", "1", "1.0", "a-b", "a_b", "a/b"]
    assert read_ids("\n".join(names) + "\n\n", len(names)) == names


def test_a_line_without_id_is_told(read_ids):
    with pytest.raises(UserError, match=r"x\.ids:2: no id"):
        read_ids("a\n \nb\n", 3)


def test_an_utterance_twice_in_a_model_is_refused(tmp_path):
    path = tmp_path / "enrol.txt"
    path.write_text("m a b\nn a c\n")
    assert read_enrolment(path) == {"m": ["a", "b"], "n": ["a", "c"]}
    path.write_text("m a b\nn a c a\n")
    with pytest.raises(UserError, match=r"enrol\.txt:2: 'a' twice in model 'n'"):
        read_enrolment(path)


@pytest.fixture
def experiment(tmp_path, rng):
    return write_experiment(tmp_path, rng)


def repeat_first(prefix):
    """Give the second embedding the first one's name; return that."""
    path = prefix.with_suffix(".ids")
    ids = path.read_text().split()
    path.write_text("\n".join([ids[0], *ids[:1], *ids[2:]]) + "\n")
    return ids[0]


@pytest.mark.parametrize(
    "program",
    [
        "local.score --backend cosine --enrol {test} --test {test} "
        "--trials {data}/trials/all.txt --out {out}",
        "local.score --backend cosine --enrol {test} --test {test} "
        "--trials {data}/trials/all.txt --enrol-models {data}/models --out {out}",
        "local.score_all --backend cosine --enrol {test} --test {test} --out {out}.npy",
        "local.train_backend cosine --embeddings {test} --manifest {data}/test.csv "
        "--out {out}",
        "local.train_backend plda --embeddings {train} --manifest {data}/train.csv "
        "--adapt {test} --out {out}",
        "local.train_backend lda+cal --embeddings {train} --manifest {data}/train.csv "
        "--valid {test} --valid-manifest {data}/test.csv --out {out}",
        "local.score_lists --exp {exp} --data {data} --backends cosine",
        "local.evaluate_identification {data}/id.txt {data}/id.scores --embeddings "
        "{test} --metadata {data}/test.csv --json {out}",
    ],
)
def test_every_program_refuses_it(root, experiment, program):
    data, out = experiment / "data", experiment / "out"
    name = repeat_first(experiment / "exp/embeddings/test")
    (data / "models").write_text(f"m {name}\n")
    (data / "id.txt").write_text("m a target\nn a nontarget\n")
    (data / "id.scores").write_text("m a 1\nn a 0\n")
    places = {
        split: experiment / "exp/embeddings" / split for split in ("train", "test")
    }
    words = program.format(exp=experiment / "exp", data=data, out=out, **places)
    result = subprocess.run(
        [sys.executable, "-m", *words.split()],
        cwd=root, capture_output=True, text=True,
    )  # fmt: skip
    assert result.returncode == 1 and not out.exists()
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ") and f"test.ids:2: a second {name!r}" in line


def test_every_reader_of_the_library_refuses_it(experiment):
    prefix, manifest = (
        experiment / "exp/embeddings/train",
        experiment / "data/train.csv",
    )
    whole = read_labelled(str(prefix), manifest)
    repeat_first(prefix)
    for read in (
        lambda: read_labelled(str(prefix), manifest),
        lambda: read_sides(str(prefix), str(prefix)),
        lambda: read_unlabelled(str(prefix), whole),
    ):
        with pytest.raises(
            UserError, match="a second 'train0-0', after that of line 1"
        ):
            read()


def test_a_byte_order_mark_is_no_part_of_a_name(read_ids, tmp_path):
    assert read_ids("\ufeffa\r\nb\r\n", 2) == ["a", "b"]
    path = tmp_path / "enrol.txt"
    path.write_text("\ufeffm a b\r\nn c\r\n", encoding="utf-8")
    assert read_enrolment(path) == {"m": ["a", "b"], "n": ["c"]}


def test_other_encodings_are_told_with_their_line(tmp_path):
    np.save(tmp_path / "x.npy", np.eye(2))
    for name, read in (
        ("x.ids", lambda: read_embeddings(tmp_path / "x")),
        ("enrol", lambda: read_enrolment(tmp_path / "enrol")),
    ):
        (tmp_path / name).write_bytes("m a\nn garçon\n".encode("latin-1"))
        with pytest.raises(UserError, match=f"{name}:2: not UTF-8; save the file as"):
            read()


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f4", "i1", "i8"])
def test_numbers_of_any_kind_are_widened(tmp_path, dtype):
    stored = np.array([[100, 20, -3], [7, 8, 9]], dtype=dtype)
    np.save(tmp_path / "x.npy", stored)
    (tmp_path / "x.ids").write_text("a\nb\n")
    found = read_embeddings(tmp_path / "x")[1]
    assert found.dtype in ("f4", "f8") and found.dtype.itemsize >= stored.itemsize
    np.testing.assert_array_equal(found, stored)


def test_half_precision_embeddings_are_scored(tmp_path):
    """192 values of 20: their squares' sum is beyond float16."""
    vectors = np.full((2, 192), 20, dtype="f2")
    vectors[1, :96] *= -1
    np.save(tmp_path / "x.npy", vectors)
    (tmp_path / "x.ids").write_text("a\nb\n")
    side, _ = read_sides(str(tmp_path / "x"), str(tmp_path / "x"))
    units = CosineScorer().prepare(side.vectors)
    np.testing.assert_allclose(units @ units.T, np.eye(2), atol=1e-5)
    np.testing.assert_allclose(units, vectors / np.sqrt(192 * 400.0), rtol=1e-6)


def whole_file(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def archive():
    file = io.BytesIO()
    np.savez(file, x=np.eye(2))
    return file.getvalue()


WHOLE = whole_file(np.eye(2))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", ".*it is empty"),
        (b"\x93NUM", ".*it is of another format"),
        (b"a 0.1 0.2\nb 0.3 0.4\n", ".*it is of another format"),
        (pickle.dumps(np.eye(2)), ".*it is of another format"),
        (archive(), "an archive of arrays"),
        (WHOLE[:20], ".*it is cut off, or its header"),
        (WHOLE[:-1], ".*it is cut off, or its header"),
        (WHOLE[:128], ".*it is cut off, or its header"),
        (WHOLE.replace(b"'descr'", b"'d(scr("), ".*it is cut off, or its header"),
        (whole_file(np.array([None, "x"])), ".*it holds Python objects, which are not"),
        (whole_file(np.eye(2, dtype=bool)), "values of the type bool"),
        (whole_file(np.eye(2, dtype=complex)), "values of the type complex128"),
        (whole_file(np.array(["a", "b"])), "values of the type <U1"),
        (whole_file(np.ones(2)), r"shape \(2,\), not \(N, D\)"),
        (whole_file(np.ones((2, 1, 3))), r"shape \(2, 1, 3\), not \(N, D\)"),
        (whole_file(np.ones((2, 0))), r"shape \(2, 0\), not \(N, D\)"),
    ],
)
def test_what_is_no_array_of_embeddings_is_told_in_a_line(tmp_path, content, told):
    (tmp_path / "x.npy").write_bytes(content)
    (tmp_path / "x.ids").write_text("a\nb\n")
    with pytest.raises(UserError, match=rf"x\.npy: {told}") as error:
        read_embeddings(tmp_path / "x")
    assert "\n" not in str(error.value)


def test_files_that_are_not_there_are_told(tmp_path):
    np.save(tmp_path / "x.npy", np.eye(2))
    with pytest.raises(UserError, match=r"x\.ids: no such file; write the ids there"):
        read_embeddings(tmp_path / "x")
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(UserError, match=r"x\.json: no JSON with model_sha256"):
        read_model_hash(tmp_path / "x")


def test_a_cohort_of_another_dimension_is_told(rng):
    cohort = CosineScorer().prepare(rng.standard_normal((4, 8)))
    models = CosineScorer().enrol(cohort, [np.array([row]) for row in range(4)])
    names = np.array(list("abcd"))
    backend = Backend((), CosineScorer(), ZNorm(), Cohort(models, names))
    with pytest.raises(ValueError, match="have D=3, the back-end was trained on D=8"):
        backend.prepare(np.eye(3))

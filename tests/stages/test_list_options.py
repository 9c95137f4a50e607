"""Lists of other tools in every program that reads them."""

import json

import numpy as np
import pytest

from utils.embeddings.files import write_embeddings

PROGRAMS_OF_LISTS = ["score", "score_lists", "validate_data"]
PROGRAMS_OF_SCORES = ["calibrate", "compare", "evaluate", "evaluate_identification"]
PROGRAMS_OF_SCORES += ["report"]


@pytest.mark.parametrize("program", PROGRAMS_OF_LISTS + PROGRAMS_OF_SCORES)
def test_every_program_takes_a_form_or_columns(run, program):
    text = run(f"local.{program}", "--help").stdout
    options = ["--format", "--columns"]
    if program in PROGRAMS_OF_SCORES:
        options += ["--score-format", "--score-columns", "--allow-extra"]
    assert all(option in text for option in options)


def test_trials_and_scores_of_two_tools(run, tmp_path):
    trials, scores = tmp_path / "trials.csv", tmp_path / "s.txt"
    trials.write_text("key,a,b\n1,u,v\n0,u,w\n0,x,w\n1,x,y\n")
    scores.write_text("9 u v 1\n1 u w 0\n3 x w 0\n2 x y 1\n0 v w 0\n")
    options = "--columns", "enrol=a,test=b,label=key", "--allow-extra"
    own = "--score-columns", "enrol=2,test=3,score=1"
    result = run("local.evaluate", trials, scores, *options, *own,
        "--json", tmp_path / "r.json")  # fmt: skip
    assert result.returncode == 0, result.stderr
    found = json.loads((tmp_path / "r.json").read_text())
    assert (found["n_target"], found["n_nontarget"]) == (2, 2)
    assert (found["eer"], found["threshold_eer"]) == (0.5, 3)
    result = run("local.evaluate", trials, scores, "--columns", "enrol=a,label=b")
    assert (
        result.returncode == 2 and "write enrol=1,test=2 and label=3" in result.stderr
    )
    ids = "--columns", "enrol=a,test=b"
    result = run("local.evaluate", trials, scores, *ids, "--allow-extra", *own)
    assert result.returncode == 1 and "csv:1: no column of labels" in result.stderr
    both = "--columns", "enrol=1,test=2", "--format", "kaldi"
    assert "not allowed with" in run("local.evaluate", trials, scores, *both).stderr


@pytest.fixture
def embedded(tmp_path):
    """Embeddings of three models and their tests."""
    ids = ["q0", "q1", "q2", "u1", "u2"]
    write_embeddings(tmp_path / "e", ids, np.eye(5)[[0, 1, 2, 0, 1]])
    (tmp_path / "models.tsv").write_text(
        "modelid\tsegmentid\tside\nm0\tq0\ta\nm1\tq1\ta\nm1\tq2\ta\n"
    )
    return tmp_path


@pytest.mark.parametrize(
    "text",
    [
        "m0 u1\nm1 u1\nm1 u2\n",
        "modelid\tsegmentid\nm0\tu1\nm1\tu1\nm1\tu2\n",
        "m0 u1 tgt\nm1 u1 imp\nm1 u2 tgt\n",
        "1 m0 u1\n0 m1 u1\n1 m1 u2\n",
    ],
)
def test_scoring_a_list_without_labels_or_with_any(run, embedded, text):
    (embedded / "t.txt").write_text(text)
    result = run(
        "local.score", "--backend", "cosine", "--enrol", embedded / "e", "--test",
        embedded / "e", "--enrol-models", embedded / "models.tsv", "--trials",
        embedded / "t.txt", "--out", embedded / "s.txt",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    lines = [line.split() for line in (embedded / "s.txt").read_text().splitlines()]
    assert [line[:2] for line in lines] == [["m0", "u1"], ["m1", "u1"], ["m1", "u2"]]
    scores = [float(line[2]) for line in lines]
    assert scores == pytest.approx([1, 0, 0.5**0.5], abs=1e-6)


@pytest.mark.parametrize(
    ("trials", "models", "place"),
    [
        ("\nm0 u1\n  \n\nm0 u3\n", "", "t.txt:5: no embedding of 'u3'"),
        ("enrol,test\n\nm0,u1\nm0,u3\n", "", "t.txt:4: no embedding of 'u3'"),
        ("m0 u1\n", "\nm3 q0 q9\n", r"m.tsv:6: model 'm3': no embedding of 'q9'"),
        ("m0 u1\n", "m0\tq9\n", "m.tsv:5: model 'm0': no embedding of 'q9'"),
    ],
)
def test_what_has_no_embedding_is_named_by_its_line(
    run, embedded, trials, models, place
):
    (embedded / "t.txt").write_text(trials)
    table = (embedded / "models.tsv").read_text()
    if models.startswith("\n"):
        table = "m0 q0\n\n\nm1 q1 q2\n"
    (embedded / "m.tsv").write_text(table + models)
    result = run(
        "local.score", "--backend", "cosine", "--enrol", embedded / "e", "--test",
        embedded / "e", "--enrol-models", embedded / "m.tsv", "--trials",
        embedded / "t.txt", "--out", embedded / "s.txt",
    )  # fmt: skip
    assert result.returncode == 1 and place in result.stderr


def test_extra_scores_in_a_calibration(run, tmp_path, rng):
    pairs = [(f"a{n}", f"b{n}") for n in range(40)]
    for name, mark in (("train", "t"), ("test", "e")):
        rows = [(mark + a, mark + b, n % 2) for n, (a, b) in enumerate(pairs)]
        (tmp_path / f"{name}.lst").write_text(
            "".join(f"{a} {b} {x}\n" for a, b, x in rows)
        )
        (tmp_path / f"{name}.scores").write_text(
            "".join(f"{rng.normal(x):.5f} {a} {b}\n" for a, b, x in rows) + "0.5 x y\n"
        )
    files = (
        "--train-trials", tmp_path / "train.lst", "--train-scores",
        tmp_path / "train.scores", "--scores", tmp_path / "test.scores", "--out",
        tmp_path / "llr.txt", "--force",
    )  # fmt: skip
    result = run("local.calibrate", *files)
    assert result.returncode == 1 and "--allow-extra" in result.stderr
    result = run("local.calibrate", *files, "--allow-extra")
    assert result.returncode == 0, result.stderr

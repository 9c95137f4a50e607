import itertools

import numpy as np
import pandas as pd
import pytest

from utils.runtime.errors import UserError
from utils.trials.enrolment import read_enrolment, write_enrolment
from utils.trials.lists import (
    check_both_kinds,
    leave_out,
    pair_trials,
    read_trials,
    write_trials,
)
from utils.trials.scores import join_scores, read_scores, write_scores


@pytest.fixture
def manifest():
    return pd.DataFrame(
        {
            "ID": ["002", "010", "001", "x-1", "x.2"],
            "spk_id": ["s", "t", "s", "t", "u"],
            "gender": list("ffmmf"),
        }
    )


@pytest.fixture
def write(tmp_path):
    def write_text(text, name="list.txt"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return write_text


def as_tuples(trials):
    return list(trials.astype(object).itertuples(index=False, name=None))


def test_all_pairs_against_itertools(manifest):
    speaker_of = dict(zip(manifest["ID"], manifest["spk_id"], strict=True))
    oracle = [
        (a, b, speaker_of[a] == speaker_of[b])
        for a, b in itertools.combinations(sorted(speaker_of), 2)
    ]
    assert as_tuples(pair_trials(manifest)) == oracle


def test_pairs_are_filtered(manifest):
    def same_gender(left, right):
        return left["gender"].to_numpy() == right["gender"].to_numpy()

    gender_of = dict(zip(manifest["ID"], manifest["gender"], strict=True))
    kept = as_tuples(pair_trials(manifest, same_gender))
    everything = as_tuples(pair_trials(manifest))
    assert kept == [t for t in everything if gender_of[t[0]] == gender_of[t[1]]]


def test_trials_are_read_back_with_their_zeros(tmp_path, manifest):
    trials = pair_trials(manifest)
    write_trials(tmp_path / "t.txt", trials)
    assert as_tuples(read_trials(tmp_path / "t.txt")) == as_tuples(trials)


def test_both_forms_of_trials(write):
    kaldi = read_trials(write("a b target\na c nontarget\n"))
    voxceleb = read_trials(write("1 a b\n0 a c\n"))
    assert as_tuples(kaldi) == as_tuples(voxceleb)
    assert as_tuples(read_trials(write("a\tb\ttarget\n"))) == [("a", "b", True)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty; lines are: enrol test"),
        ("a b\n", ":1: no column of labels; add target"),
        ("a b target\na c\n", ":2: fewer than 3 columns"),
        ("a b target x y\n", ":1: 5 columns, not 3"),
        ("a b target\na c d e\n", "malformed"),
        ("a b target\na c maybe\n", ":2: label 'maybe'; write target or nontarget"),
        ("a b target\nc c nontarget\n", ":2: a trial against itself: 'c'; remove it"),
        ("a b target\na b nontarget\n", "a second label for 'b'"),
    ],
)
def test_malformed_trials(write, text, message):
    with pytest.raises(UserError, match=message):
        read_trials(write(text))


def test_missing_trials_and_one_kind(tmp_path, write):
    with pytest.raises(UserError, match="no such file"):
        read_trials(tmp_path / "absent")
    path = write("a b target\n")
    with pytest.raises(UserError, match="all trials are target"):
        check_both_kinds(path, read_trials(path))


def test_scores_of_both_forms(write):
    last = read_scores(write("a b 0.5\nc d -1e-3\n"))
    first = read_scores(write("0.5 a b\n-1e-3 c d\n"))
    assert as_tuples(last) == as_tuples(first) == [("a", "b", 0.5), ("c", "d", -0.001)]


def test_numeric_ids_stay_text(write):
    assert as_tuples(read_scores(write("001 002 0.5\n"))) == [("001", "002", 0.5)]


@pytest.mark.parametrize("bad", ["nan", "inf", "-inf", "x"])
def test_scores_that_are_no_number(write, bad):
    with pytest.raises(UserError, match=":2: no finite score"):
        read_scores(write(f"a b 0.5\nc d {bad}\n"))


def test_scores_keep_their_precision(tmp_path, rng):
    trials = pair_trials(
        pd.DataFrame(
            {"ID": [f"u{n:02d}" for n in range(60)], "spk_id": list("abc") * 20}
        )
    )
    scores = trials.assign(score=rng.uniform(-1, 1, len(trials)))
    write_scores(tmp_path / "s.txt", scores)
    shuffled = read_scores(tmp_path / "s.txt").sample(frac=1, random_state=0)
    joined = join_scores(trials, shuffled)
    np.testing.assert_allclose(joined, scores["score"], rtol=1e-6)


def test_joining_faults(write):
    trials = read_trials(write("a b target\na c nontarget\n"))

    def join(text, **options):
        return join_scores(trials, read_scores(write(text, "s.txt")), **options)

    assert join("a c 2\na b 1\n").tolist() == [1, 2]
    assert join("a c 2\na b 1\na b 1\n").tolist() == [1, 2]
    assert join("a c 2\na b 1\nx y 3\n", allow_extra=True).tolist() == [1, 2]
    with pytest.raises(UserError, match="1 pairs with no score: a c"):
        join("a b 1\n")
    with pytest.raises(UserError, match="no score: a c"):
        join("a b 1\nc a 1\n")  # the other way round is another pair
    with pytest.raises(UserError, match="two different scores: a b"):
        join("a b 1\na b 2\na c 3\n")
    with pytest.raises(UserError, match="a score but no trial: x y .*allow-extra"):
        join("a b 1\na c 1\nx y 3\n")


def test_skipped_utterances_leave_trials_and_models(write):
    trials = read_trials(write("m a target\nn b target\na b nontarget\n"))
    models = {"m": ["x"], "n": ["x", "y"]}
    kept, rest = leave_out(trials, models, {"x"})
    assert as_tuples(kept) == [("n", "b", True), ("a", "b", False)]
    assert rest == {"n": ["y"]}
    assert len(leave_out(trials, models, {"b"})[0]) == 1
    kept, rest = leave_out(trials, models, set())
    assert len(kept) == 3 and rest == models


def test_enrolment_lists(tmp_path, write):
    models = {"anna": ["a-1", "a-2"], "bo": ["b-1"]}
    write_enrolment(tmp_path / "e.txt", models)
    assert read_enrolment(tmp_path / "e.txt") == models
    with pytest.raises(UserError, match=":1: no utterance of 'anna'"):
        read_enrolment(write("anna\n"))
    with pytest.raises(UserError, match=":2: model 'anna' again"):
        read_enrolment(write("anna a\nanna b\n"))

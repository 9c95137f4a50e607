from dataclasses import replace

import pandas as pd
import pytest

from tests.trees import write_noise, write_tree
from utils.data.corpus import CorpusContents, CorpusDesign
from utils.data.corpus_folder import write_corpus
from utils.data.corpus_splits import assign_splits
from utils.data.durations import measure
from utils.data.manifest import read_manifest
from utils.data.trial_design import TrialList
from utils.runtime.errors import UserError
from utils.trials.enrolment import read_enrolment
from utils.trials.lists import read_trials

PLAN = CorpusDesign(name="x")


@pytest.fixture
def rows(tmp_path):
    """10 speakers with 3 utterances, five of them in part `a`, five in `b`."""
    names = [(s, n) for s in range(10) for n in range(3)]
    write_tree(tmp_path, {f"s{s}/{n}.wav": None for s, n in names})
    return pd.DataFrame(
        {"ID": f"s{s}-{n}", "wav": str(tmp_path / f"s{s}/{n}.wav"), "spk_id": f"s{s}",
         "part": "ab"[s % 2], "gender": "fm"[s // 5]}
        for s, n in names
    )  # fmt: skip


def speakers_of(rows):
    return {split: set(own["spk_id"]) for split, own in rows.groupby("split")}


def test_speakers_are_in_one_split(rows):
    divided = speakers_of(
        assign_splits(CorpusContents(rows.drop(columns="part")), PLAN, 0)
    )
    assert set(divided) == {"train", "valid", "test"}
    assert len(set.union(*divided.values())) == sum(map(len, divided.values())) == 10
    assert len(divided["valid"]) == 2 and len(divided["test"]) == 2


def test_the_releases_own_parts(rows):
    plan = replace(PLAN, split_of={"a": "train", "b": "test"}, valid_speakers=2)
    divided = speakers_of(assign_splits(CorpusContents(rows), plan, 0))
    assert divided["test"] == {f"s{n}" for n in (1, 3, 5, 7, 9)}
    assert len(divided["valid"]) == 2 and len(divided["train"]) == 3
    divided = speakers_of(
        assign_splits(CorpusContents(rows), replace(plan, extract_only=True), 0)
    )
    assert divided == {"test": {f"s{n}" for n in (1, 3, 5, 7, 9)}}


def test_a_cohort(rows):
    plain = CorpusContents(rows.drop(columns="part"))
    divided = speakers_of(assign_splits(plain, replace(PLAN, cohort_speakers=3), 0))
    assert len(divided["cohort"]) == 3
    assert not divided["cohort"] & (divided["train"] | divided["test"])
    plan = replace(PLAN, extract_only=True, cohort_speakers=3)
    divided = speakers_of(assign_splits(plain, plan, 0))
    assert {split: len(own) for split, own in divided.items()} == {
        "test": 7, "cohort": 3,
    }  # fmt: skip
    plan = replace(PLAN, split_of={"a": "train", "b": "test"}, cohort_part="a")
    divided = speakers_of(assign_splits(CorpusContents(rows), plan, 0))
    assert divided["cohort"] == divided["train"] | divided["valid"]


def test_speakers_of_given_trials_are_for_the_test(rows):
    trials = pd.DataFrame(
        {"enrol": ["m"], "test": ["s4-1"], "target": [True]}, dtype="object"
    )
    found = CorpusContents(
        rows.drop(columns="part"), {"own": TrialList(trials, {"m": ["s2-0"]})}
    )
    divided = speakers_of(assign_splits(found, PLAN, 0))
    assert divided["test"] == {"s2", "s4"}


def test_counts_are_compared(rows, tmp_path):
    plan = replace(
        PLAN, split_of={"a": "train", "b": "test"}, counts={"a": (5, 15), "b": (5, 16)}
    )
    with pytest.raises(UserError, match="b has 5 speakers and 15 .* the release 5 and"):
        write_corpus(CorpusContents(rows), plan, tmp_path / "out", 0)
    assert not (tmp_path / "out").exists()
    write_corpus(
        CorpusContents(rows), replace(plan, is_partial=True), tmp_path / "out", 0
    )
    write_corpus(
        CorpusContents(rows), replace(plan, counts={"a": (5, 15)}), tmp_path / "out", 0
    )
    left = replace(plan, split_of={"a": "train"})  # part b is not asked for
    write_corpus(CorpusContents(rows[rows["part"] == "a"]), left, tmp_path / "out", 0)


def test_what_is_written(rows, tmp_path, caplog):
    caplog.set_level("INFO")
    plan = replace(PLAN, n_enrol=1)
    write_corpus(
        CorpusContents(rows.drop(columns="part")), plan, tmp_path / "out", 0, nj=2
    )
    test = read_manifest(tmp_path / "out/test.csv")
    assert test["duration"].eq(0.1).all() and test["stop"].eq(1600).all()
    assert test["gender"].isin(["f", "m"]).all()
    names = {path.stem for path in (tmp_path / "out/trials").iterdir()}
    assert names == {"x-all", "x-same-gender", "x-1-utterances"} or names == {
        "x-all", "x-1-utterances",
    }  # fmt: skip
    models = read_enrolment(tmp_path / "out/enrol/x-1-utterances.txt")
    trials = read_trials(tmp_path / "out/trials/x-1-utterances.txt")
    assert set(trials["enrol"]) == set(models)
    assert "2 speakers, 6 utterances" in caplog.text
    # another preparation leaves nothing of the first
    plan = replace(PLAN, extract_only=True)
    write_corpus(CorpusContents(rows.drop(columns="part")), plan, tmp_path / "out", 0)
    assert not (tmp_path / "out/train.csv").exists()
    assert not (tmp_path / "out/enrol").exists()


def test_stretches_of_files(tmp_path):
    write_noise(tmp_path / "a.wav", 8000, 8000)
    wav = str(tmp_path / "a.wav")
    rows = pd.DataFrame(
        {"ID": ["x", "y"], "wav": wav, "spk_id": "s", "start_s": [0.0, 0.5],
         "stop_s": [0.25, 1.04]}
    )  # fmt: skip
    found = measure(rows, 1)
    assert found["start"].tolist() == [0, 4000] and found["stop"].tolist() == [
        2000,
        8000,
    ]
    assert found["duration"].tolist() == [0.25, 0.5]
    with pytest.raises(UserError, match="utterance y .* no part of the file's 8000"):
        measure(rows.assign(stop_s=[0.25, 1.5]), 1)
    rows = rows.drop(columns=["start_s", "stop_s"])
    assert measure(rows, 1)["stop"].tolist() == [8000, 8000]
    rows = rows.assign(start=[100.0, 0.0], stop=[200.0, float("nan")])
    assert measure(rows, 1)["stop"].tolist() == [200, 8000]


def test_unreadable_files(rows, caplog):
    caplog.set_level("INFO")
    path = rows.loc[4, "wav"]
    with open(path, "wb") as file:
        file.write(b"no audio")
    with pytest.raises(UserError, match="cannot be read as audio.* --skip-bad"):
        measure(rows, 1)
    assert len(measure(rows, 1, skip_bad=True)) == 29
    assert f"left out: {path}" in caplog.text
    with pytest.raises(UserError, match="no readable audio is left"):
        measure(rows[rows["wav"] == path], 1, skip_bad=True)


def test_too_few_speakers(rows):
    few = rows[rows["spk_id"].isin(["s0", "s1", "s2"])].drop(columns="part")
    with pytest.raises(UserError, match="cannot hold out .* --pretrained"):
        assign_splits(CorpusContents(few), PLAN, 0)
    with pytest.raises(UserError, match="no utterances in c"):
        assign_splits(CorpusContents(rows), replace(PLAN, split_of={"c": "test"}), 0)


@pytest.mark.parametrize(
    ("kept", "message"),
    [(["s0"], "they need two speakers in the test, which has 1; add some"),
     (["s0", "s1"], "they need a speaker with two utterances in the test")],
)  # fmt: skip
def test_why_there_are_no_trials(kept, message, rows, tmp_path, caplog):
    caplog.set_level("INFO")
    own = rows[rows["spk_id"].isin(kept)].drop(columns="part")
    if len(kept) > 1:
        own = own.drop_duplicates("spk_id")
    write_corpus(
        CorpusContents(own), replace(PLAN, extract_only=True), tmp_path / "out", 0
    )
    assert f"no trials: {message}" in caplog.text

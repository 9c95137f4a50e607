"""Which label is told, of whom, and how the speakers are divided."""

import logging

import numpy as np
import pandas as pd
import pytest

from utils.attributes.division import divide, hold_out_of_each, speaker_strata
from utils.attributes.labels import (
    NUMBER,
    Task,
    label_utterances,
    one_spelling,
)
from utils.runtime.errors import UserError


def make_rows(labels, n_each=4, column="accent", split="train"):
    """A row for each utterance of speakers s0, s1, ... with these labels."""
    rows = [
        {"ID": f"s{n:02}-{k}", "spk_id": f"s{n:02}", "wav": f"s{n}-{k}.wav",
         column: label, "split": split}
        for n, label in enumerate(labels)
        for k in range(n_each)
    ]  # fmt: skip
    return pd.DataFrame(rows)


ACCENTS = ["irish"] * 12 + ["scottish"] * 8 + ["welsh"] * 4


def test_speakers_are_apart_and_classes_in_every_part():
    rows, task = label_utterances(make_rows(ACCENTS), Task("accent"))
    for seed in range(20):
        made = divide(rows, task, seed, is_new=False)
        assert (made.groupby("spk_id")["part"].nunique() == 1).all()
        speakers = made.drop_duplicates("spk_id")
        counts = speakers.groupby(["part", "label"]).size().unstack()
        assert counts.loc["test"].tolist() == [3, 2, 1]
        assert (counts.loc["valid"] >= 1).all() and (counts.loc["train"] >= 1).all()


def test_the_shared_division_is_as_large_and_shares_speakers():
    rows, task = label_utterances(make_rows(ACCENTS), Task("accent"))
    made = divide(rows, task, 0, is_new=False)
    sizes = (made["part"] == "test").sum(), (made["shared_part"] == "test").sum()
    assert sizes[0] == pytest.approx(sizes[1], abs=3)
    tested = set(made.loc[made["shared_part"] == "test", "spk_id"])
    assert len(tested & set(made.loc[made["shared_part"] == "train", "spk_id"])) > 10


def test_speakers_of_one_recording_stay_together():
    rows = make_rows(["irish"] * 12 + ["scottish"] * 12)
    pairs = {f"s{n:02}": f"conversation-{n // 2}" for n in range(24)}
    rows["wav"] = rows["spk_id"].map(pairs)
    rows, task = label_utterances(rows, Task("accent"))
    for seed in range(10):
        made = divide(rows, task, seed, is_new=False)
        assert (made.groupby("wav")["part"].nunique() == 1).all()


def test_the_corpus_s_own_test_speakers_stay_those_of_the_test():
    rows = make_rows(["f", "m"] * 10, column="gender")
    rows.loc[rows["spk_id"] >= "s12", "split"] = "test"
    rows, task = label_utterances(rows, Task("gender"))
    made = divide(rows, task, 3, is_new=False)
    assert set(made.loc[made["part"] == "test", "spk_id"]) == {
        f"s{n}" for n in range(12, 20)
    }
    anew = divide(rows, task, 3, is_new=True)
    assert set(anew.loc[anew["part"] == "test", "spk_id"]) & {"s00", "s05", "s11"} or (
        anew.loc[anew["part"] == "test", "spk_id"].nunique() == 4
    )


def test_a_test_part_without_a_class_is_divided_anew(caplog):
    rows = make_rows(["f", "m"] * 10, column="gender")
    rows.loc[rows["spk_id"].isin(["s01", "s03"]), "split"] = "test"  # men alone
    rows, task = label_utterances(rows, Task("gender"))
    with caplog.at_level(logging.WARNING):
        made = divide(rows, task, 0, is_new=False)
    assert "divided anew: the corpus's own test part has no 'f'" in caplog.text
    assert set(made.loc[made["part"] == "test", "label"]) == {"f", "m"}


def test_a_speaker_of_several_classes_is_in_one_part():
    rows = make_rows(["landline"] * 9, column="channel")
    rows.loc[rows["ID"].str.endswith(("2", "3")), "channel"] = "cell"
    rows, task = label_utterances(rows, Task("channel"))
    made = divide(rows, task, 1, is_new=False)
    assert (made.groupby("spk_id")["part"].nunique() == 1).all()
    assert set(made.loc[made["part"] == "test", "label"]) == {"landline", "cell"}


def test_numbers_are_divided_over_their_range():
    rows = make_rows([str(age) for age in range(20, 60)], column="age")
    rows, task = label_utterances(rows, Task("age"))
    assert task.kind == NUMBER and task.targets(["20.5"]).tolist() == [20.5]
    made = divide(rows, task, 0, is_new=False)
    ages = made.loc[made["part"] == "test", "label"].astype(float)
    assert ages.min() < 30 and ages.max() > 50
    assert speaker_strata(rows, task)["stratum"].value_counts().tolist() == [4] * 10


def test_a_share_is_held_out_of_every_stratum():
    strata = pd.DataFrame(
        {"stratum": ["a"] * 8 + ["b"] * 4 + ["c"], "group": range(13)},
        index=[f"s{n}" for n in range(13)],
    )
    found = strata.loc[sorted(hold_out_of_each(strata, 0.25, 0)), "stratum"]
    assert found.value_counts().to_dict() == {"a": 2, "b": 1}  # c is all of its own


def test_a_number_is_told_as_classes_in_order():
    rows = make_rows(["6", "7", "8", "20", "30", "40", "70", "80", "81"], column="age")
    made, task = label_utterances(rows, Task("age", cuts=(60, 16)))
    assert task.classes == ("below 16", "16 to below 60", "60 or more")
    assert task.targets(made["label"]).tolist() == [0] * 12 + [1] * 12 + [2] * 12


def test_spellings_are_made_one(caplog):
    values = pd.Series(["en-US", "en_us", "EN US", "en-US", "US"])
    task = Task("accent", renamed=(("us", "en-US"),))
    with caplog.at_level(logging.INFO):
        assert set(one_spelling(values, task)) == {"en-US"}
    assert "3 spellings made one" not in caplog.text
    assert "2 spellings made one" in caplog.text  # the renamed one was asked for


def test_scripts_without_case_and_signs_of_numbers_are_kept_apart():
    values = pd.Series(["粤语", "普通话", "-1", "1", "+", "-"])
    assert one_spelling(values, Task("language")).tolist() == values.tolist()


MISTAKES = {
    "no such column; there are": (ACCENTS, Task("gender")),
    "one class only, the data is all 'irish'": (["irish"] * 5, Task("accent")),
    r"accent=manx: 1 speaker \(s05\), and a class needs 3": (
        ["irish"] * 5 + ["manx"], Task("accent"),
    ),
    "no utterance has that label": ([""] * 4, Task("accent")),
    "no utterance has that label and fulfils": (
        ACCENTS, Task("accent", where=("accent=manx",)),
    ),
    "write age>=16 or gender=f": (ACCENTS, Task("accent", where=("age",))),
    "--ordinal: values of accent are classes in no order": (
        ACCENTS, Task("accent", is_ordinal=True),
    ),
    "no column 'age'": (ACCENTS, Task("accent", where=("age>=16",))),
    "'x' is no number; compare by": (ACCENTS, Task("accent", where=("accent>x",))),
    "'irish' is no number": (ACCENTS, Task("accent", kind="number")),
    "1 cuts make 2 classes, not 3": (
        [str(n) for n in range(9)], Task("accent", cuts=(4,), names=("a", "b", "c")),
    ),
    "one value only": (["5"] * 9, Task("accent", kind="number")),
}  # fmt: skip


@pytest.mark.parametrize("message", MISTAKES)
def test_what_cannot_be_told_is_refused(message):
    labels, task = MISTAKES[message]
    with pytest.raises(UserError, match=message):
        label_utterances(make_rows(labels), task)


def test_rare_classes_are_left_out_where_asked_for(caplog):
    task = Task("accent", drops_rare=True)
    with caplog.at_level(logging.WARNING):
        rows, task = label_utterances(make_rows([*ACCENTS, "manx"]), task)
    assert "left out, of too few speakers: manx" in caplog.text
    assert "manx" not in task.classes and len(rows) == 4 * len(ACCENTS)


def test_a_class_whose_speakers_share_all_recordings_cannot_be_kept_apart():
    rows = make_rows(ACCENTS)
    is_welsh = rows["accent"] == "welsh"
    rows["wav"] = np.where(is_welsh, "pub", rows["wav"])
    rows, task = label_utterances(rows, Task("accent"))
    with pytest.raises(UserError, match="accent=welsh: no speaker is left for"):
        divide(rows, task, 0, is_new=False)

import itertools

import pandas as pd
import pytest

from utils.data.trial_design import design_trials, enrolled_trials, same, sample_trials


@pytest.fixture
def test_set():
    """5 speakers with 6 utterances in 2 sessions, and one with a single utterance."""
    rows = [
        {"ID": f"s{s}-{n}", "spk_id": f"s{s}", "gender": "fm"[s % 2],
         "session": str(n // 3), "wav": "x"}
        for s in range(5)
        for n in range(6)
    ]  # fmt: skip
    lone = {"ID": "z-0", "spk_id": "z", "gender": "f", "session": "0", "wav": "x"}
    return pd.DataFrame([*rows, lone]).sample(frac=1, random_state=1)


def pairs_of(trials):
    return {
        frozenset(pair) for pair in zip(trials["enrol"], trials["test"], strict=True)
    }


def test_all_lists_against_brute_force(test_set):
    lists = design_trials(test_set, "x", seed=0)
    assert set(lists) == {"x-all", "x-same-gender", "x-cross-session"}
    by_id = test_set.set_index("ID")
    rules = {
        "x-all": lambda a, b: True,
        "x-same-gender": lambda a, b: a["gender"] == b["gender"],
        "x-cross-session": lambda a, b: a["session"] != b["session"],
    }
    for name, rule in rules.items():
        expected = {
            frozenset((a, b))
            for a, b in itertools.combinations(by_id.index, 2)
            if rule(by_id.loc[a], by_id.loc[b])
        }
        trials = lists[name].trials
        assert pairs_of(trials) == expected and len(trials) == len(expected)
        for trial in trials.itertuples():
            is_same = by_id.at[trial.enrol, "spk_id"] == by_id.at[trial.test, "spk_id"]
            assert trial.target == is_same


@pytest.mark.parametrize("keep", [None, same("gender")])
def test_samples_are_a_part_of_all_pairs(test_set, keep):
    trials = sample_trials(test_set, 4, 1, keep)
    everything = sample_trials(test_set, 10_000, 1, keep)
    assert pairs_of(trials) <= pairs_of(everything)
    assert len(pairs_of(trials)) == len(trials)
    speaker_of = test_set.set_index("ID")["spk_id"]
    speakers = trials["enrol"].astype(str).map(speaker_of)
    is_target = trials["target"]
    assert speakers[is_target].value_counts().to_dict() == dict.fromkeys(
        ["s0", "s1", "s2", "s3", "s4"], 4
    )
    assert (~is_target).sum() == 6 * 4
    pd.testing.assert_frame_equal(trials, sample_trials(test_set, 4, 1, keep))
    assert not trials.equals(sample_trials(test_set, 4, 2, keep))


def test_a_sample_of_all_targets_is_all_targets(test_set):
    lists = design_trials(test_set, "x", seed=0, per_speaker=1000)
    whole = design_trials(test_set, "x", seed=0)
    for name, made in lists.items():
        expected = whole[name].trials
        targets = made.trials[made.trials["target"]]
        assert pairs_of(targets) == pairs_of(expected[expected["target"]])


def test_nontarget_speakers_are_met_alike():
    sizes = {"big": 500, "a": 5, "b": 5, "c": 5}
    rows = [
        {"ID": f"{speaker}-{n:03d}", "spk_id": speaker}
        for speaker, size in sizes.items()
        for n in range(size)
    ]
    trials = sample_trials(pd.DataFrame(rows), 20, 0)
    others = trials[~trials["target"]]
    has_big = others["enrol"].str.startswith("big") | others["test"].str.startswith(
        "big"
    )
    assert 0.3 < has_big.mean() < 0.7  # half in expectation, 0.97 by utterances


def test_models_do_not_meet_their_own_session(test_set):
    made = enrolled_trials(test_set, 2)
    by_id = test_set.set_index("ID")
    assert set(made.models) == {f"model-s{n}" for n in range(5)}
    assert all(len(names) == 2 for names in made.models.values())
    assert len(made.trials) == 5 * 15
    for trial in made.trials.itertuples():
        enrolled = by_id.loc[made.models[trial.enrol]]
        assert set(enrolled["session"]) == {"0"}
        assert by_id.at[trial.test, "session"] == "1"
        speaker = enrolled["spk_id"].iloc[0]
        assert trial.target == (by_id.at[trial.test, "spk_id"] == speaker)


def test_models_without_sessions(test_set):
    made = enrolled_trials(test_set.drop(columns="session"), 5)
    assert len(made.models) == 5 and len(made.trials) == 5 * 5
    enrolled = {name for names in made.models.values() for name in names}
    assert not enrolled & set(made.trials["test"])


def test_lists_of_one_kind_are_not_made(test_set):
    lone = test_set.drop_duplicates("spk_id")
    assert design_trials(lone, "x", seed=0) == {}
    one = test_set[test_set["spk_id"] == "s0"]
    assert design_trials(one, "x", seed=0) == {}


def test_unknown_labels_are_no_labels(test_set):
    test_set.loc[test_set["spk_id"].isin(["s0", "s1"]), ["gender", "session"]] = ""
    lists = design_trials(test_set, "x", seed=0)
    for name in ("x-same-gender", "x-cross-session"):
        sides = set(lists[name].trials["enrol"]) | set(lists[name].trials["test"])
        assert not {side for side in sides if side[:2] in ("s0", "s1")}
    assert "x-same-gender" not in design_trials(test_set.assign(gender=""), "x", 0)

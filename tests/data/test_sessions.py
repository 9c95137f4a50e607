import numpy as np
import pandas as pd
import pytest

from utils.data.sessions import divide_by_sessions

ENROLLED = {"m": ["a1", "a3"], "n": ["b1"], "o": ["a1", "a5"]}


@pytest.fixture
def manifest():
    """Two speakers with sessions; that of a5 is unknown."""
    sessions = {"a1": "x", "a2": "x", "a3": "y", "a4": "z", "a5": "", "b1": "x"}
    return pd.DataFrame(
        [{"ID": n, "spk_id": n[0], "session": s} for n, s in sessions.items()]
    )


def trials_of(*lines):
    columns = "enrol", "test", "target"
    rows = pd.DataFrame([line.split() for line in lines], columns=columns)
    rows["target"] = rows["target"] == "target"
    return rows.astype({"enrol": "category", "test": "category"})


def lines_of(parts):
    return {name: np.flatnonzero(own).tolist() for name, own in parts.items()}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            ["a1 a2 target", "a1 a3 target", "b1 a2 nontarget", "a1 a5 target"],
            {"across": [1, 2], "same": [0, 2], "all": [0, 1, 2, 3]},
        ),
        (["a3 a2 target", "a1 b1 nontarget"], {"across": [0, 1]}),
        (["a2 a1 target", "a1 b1 nontarget"], {"same": [0, 1]}),
        (["a5 a1 target", "a1 b1 nontarget"], {"all": [0, 1]}),
        (
            ["m a2 target", "m a4 target", "n a4 nontarget", "o a2 target",
             "o a4 target"],  # o's other session may be that of a4
            {"across": [1, 2], "same": [0, 2, 3], "all": [0, 1, 2, 3, 4]},
        ),
    ],
)  # fmt: skip
def test_targets_are_divided(manifest, lines, expected):
    parts = divide_by_sessions(trials_of(*lines), manifest, ENROLLED)
    assert lines_of(parts) == expected


def test_pairs_against_brute_force(rng):
    rows = pd.DataFrame({"ID": [f"u{n}" for n in range(40)]})
    rows["spk_id"] = rng.choice(["a", "b", "c"], 40)
    rows["session"] = rng.choice(["1", "2", "3", ""], 40)
    pairs = pd.DataFrame(rng.choice(rows["ID"], (300, 2)), columns=["enrol", "test"])
    of = {row["ID"]: row for row in rows.to_dict("records")}
    pairs["target"] = [
        of[a]["spk_id"] == of[b]["spk_id"] for a, b in pairs.itertuples(index=False)
    ]
    expected = {"across": [], "same": [], "all": [True] * len(pairs)}
    for trial in pairs.itertuples():
        first, second = (of[side]["session"] for side in (trial.enrol, trial.test))
        is_known = bool(first and second)
        is_same = first == second
        expected["across"].append(not trial.target or (is_known and not is_same))
        expected["same"].append(not trial.target or (is_known and is_same))
    trials = pairs.astype({"enrol": "category", "test": "category"})
    parts = divide_by_sessions(trials, rows, {})
    assert {name: own.tolist() for name, own in parts.items()} == expected


@pytest.mark.parametrize("session", [None, "1", ""])
def test_without_two_sessions_of_a_speaker_there_is_one_part(manifest, session):
    rows = manifest.drop(columns="session")
    rows = rows if session is None else rows.assign(session=session)
    trials = trials_of("a1 a2 target", "b1 a2 nontarget")
    assert lines_of(divide_by_sessions(trials, rows, {})) == {"one": [0, 1]}

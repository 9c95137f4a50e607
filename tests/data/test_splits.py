import numpy as np
import pandas as pd
import pytest

from utils.data.splits import TooFewSpeakers, hold_out, speaker_groups


def corpus(n_speakers, n_utterances=2, **labels):
    rows = [
        {"ID": f"{s}-{n}", "wav": f"{s}-{n}.wav", "spk_id": f"s{s:03d}"}
        | {name: values[s % len(values)] for name, values in labels.items()}
        for s in range(n_speakers)
        for n in range(n_utterances)
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize("seed", range(5))
def test_the_proportions_are_kept(seed):
    rows = corpus(200, gender="fffm", age=["9", "30", "71"])
    held = hold_out(rows, 20, seed)
    assert len(held) == 20
    drawn = rows[rows["spk_id"].isin(held)].drop_duplicates("spk_id")
    assert abs((drawn["gender"] == "f").sum() - 15) <= 1
    assert abs((drawn["age"] == "9").sum() - 20 / 3) <= 2


def test_the_seed_decides():
    rows = corpus(50)
    assert hold_out(rows, 5, 1) == hold_out(rows.sample(frac=1), 5, 1)
    assert hold_out(rows, 5, 1) != hold_out(rows, 5, 2)


def test_every_speaker_can_be_drawn():
    rows = corpus(12)
    drawn = set.union(*(hold_out(rows, 3, seed) for seed in range(40)))
    assert drawn == set(rows["spk_id"])


def test_those_with_sessions_are_in_proportion():
    rows = corpus(40, n_utterances=2)
    has_two = rows["spk_id"].str[1:].astype(int) % 4 == 0
    second = rows.groupby("spk_id").cumcount() == 1
    rows["session"] = np.where(has_two & second, "2", "1")
    held = hold_out(rows, 8, 0)
    assert sum(int(name[1:]) % 4 == 0 for name in held) in (2, 3)


def test_speakers_of_one_recording_stay_together():
    rows = corpus(20)
    rows.loc[rows["spk_id"].isin(["s003", "s004"]), "wav"] = "talk.wav"
    groups = speaker_groups(rows)
    assert groups["s003"] == groups["s004"] and groups.nunique() == 19
    for seed in range(20):
        held = hold_out(rows, 6, seed)
        assert ("s003" in held) == ("s004" in held)


def test_speakers_with_one_utterance_are_not_held_out():
    rows = pd.concat([corpus(5), corpus(9, n_utterances=1).tail(4)])
    held = set.union(*(hold_out(rows, 2, seed) for seed in range(20)))
    assert held <= {f"s{number:03d}" for number in range(5)}


def test_too_few():
    with pytest.raises(TooFewSpeakers, match="3 speakers .* 3 to hold out"):
        hold_out(corpus(3), 3, 0)

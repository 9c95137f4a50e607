import numpy as np
import pandas as pd
import pytest

from utils.metrics.slices import fairness, parse_slice, slice_trials
from utils.metrics.speakers import speakers_from_labels, speakers_from_metadata
from utils.runtime.errors import UserError
from utils.trials.lists import pair_trials


@pytest.fixture
def metadata():
    return pd.DataFrame(
        {
            "ID": ["a1", "a2", "b1", "b2", "c1"],
            "spk_id": ["a", "a", "b", "b", "c"],
            "gender": ["f", "f", "m", "m", "f"],
            "duration": [1.0, 2.0, 3.0, 4.0, 5.0],
            "day": ["1", "3", "1", "8", "2"],
        }
    )


@pytest.fixture
def trials(metadata):
    return pair_trials(metadata)


def slices(trials, metadata, text, models=None):
    return slice_trials(trials, metadata, parse_slice(text), models or {}).tolist()


def names(trials):
    pairs = zip(trials["enrol"], trials["test"], strict=True)
    return [f"{enrol} {test}" for enrol, test in pairs]


def test_slices_by_label(trials, metadata):
    found = dict(zip(names(trials), slices(trials, metadata, "gender"), strict=True))
    assert found["a1 a2"] == found["a1 c1"] == "f"
    assert found["b1 b2"] == "m"
    assert found["a1 b1"] == found["b2 c1"] == "different"


def test_slices_by_the_smaller_number(trials, metadata):
    found = slices(trials, metadata, "duration=2,3")
    by_name = dict(zip(names(trials), found, strict=True))
    assert by_name["a1 c1"] == "< 2"
    assert by_name["a2 c1"] == "2 to 3"
    assert by_name["b1 b2"] == by_name["b2 c1"] == ">= 3"


def test_slices_by_a_gap(trials, metadata):
    found = slices(trials, metadata, "gap:day=1,6")
    by_name = dict(zip(names(trials), found, strict=True))
    assert by_name["a1 b1"] == "< 1"
    assert by_name["a1 a2"] == "1 to 6"
    assert by_name["b1 b2"] == ">= 6"


def test_many_numbers_fall_into_quartiles(rng):
    metadata = pd.DataFrame(
        {
            "ID": [f"u{n:02d}" for n in range(40)],
            "spk_id": [f"s{n // 2}" for n in range(40)],
            "duration": rng.uniform(1, 9, 40),
        }
    )
    found = pd.Series(slices(pair_trials(metadata), metadata, "duration"))
    shares = found.value_counts(normalize=True)
    assert len(shares) == 4
    assert shares.min() > 0.15


def test_models_have_the_label_of_their_utterances(trials, metadata):
    trials = trials.assign(enrol=trials["enrol"].cat.rename_categories({"a1": "anna"}))
    with pytest.raises(UserError, match="no row of 'anna'"):
        slices(trials, metadata, "gender")
    found = slices(trials, metadata, "gender", {"anna": ["a1"]})
    assert found[0] == "f"


def test_bad_slices(trials, metadata):
    with pytest.raises(UserError, match="no column 'colour'; there are ID, spk_id"):
        slices(trials, metadata, "colour")
    with pytest.raises(UserError, match="not all values are numbers"):
        slices(trials, metadata, "gender=1,2")
    for text in ("duration=3,2", "=1", "duration=x"):
        with pytest.raises(ValueError):
            parse_slice(text)


def test_fairness_by_hand(trials, metadata):
    labels = slice_trials(trials, metadata, parse_slice("gender"), {})
    is_target = trials["target"].to_numpy()
    scores = np.where(is_target, 1.0, 0.0)
    by_name = names(trials)
    scores[by_name.index("b1 b2")] = -1.0  # the only target trial of men
    scores[by_name.index("a1 c1")] = 2.0  # one of two false alarms among women
    found = fairness(scores, is_target, labels, threshold=0.5)
    assert found["frr"] == {"rates": {"f": 0.0, "m": 1.0}, "worst": "m", "ratio": None}
    assert found["far"]["rates"] == {"different": 0.0, "f": 0.5}
    assert found["far"]["worst"] == "f"


def test_speakers_from_manifests_and_from_labels_agree(trials, metadata):
    exact = speakers_from_metadata(trials, metadata, {})
    guess = speakers_from_labels(trials)
    assert exact.n_speakers == guess.n_speakers == 3
    pairs = zip(exact.enrol, guess.enrol, strict=True)
    assert len(set(pairs)) == 2  # the same grouping: a and b enrol, c never does


def test_contradicting_labels(trials, metadata):
    wrong = trials.assign(target=trials["target"].to_numpy() ^ (np.arange(10) == 1))
    with pytest.raises(UserError, match="trial a1 b1 target: the manifest's speakers"):
        speakers_from_metadata(wrong, metadata, {})
    linked = trials.assign(target=[True, True, False] + [False] * 7)
    with pytest.raises(UserError, match="a2 b1 nontarget: the target trials"):
        speakers_from_labels(linked)

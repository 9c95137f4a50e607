from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.backend.settings import PLDA
from utils.backend.choice import Chooser, held_out_error
from utils.backend.transforms import LengthNorm, Mean, Wccn
from utils.embeddings.labelled import LabelledEmbeddings
from utils.training.diagnostics import all_pairs_eer

LENGTH, CENTRE = LengthNorm(), Mean()
CHAINS = {
    "cosine": [],
    "within": [LENGTH, CENTRE, Wccn(0.2)],
    "plda": [LENGTH, CENTRE, PLDA],
}


def labelled(vectors, speakers, sessions=None, n_copies=0):
    """Name the rows; the last ones of each speaker are copies of the first."""
    ids, utterances = [], []
    for row, speaker in enumerate(speakers):
        name = f"{speaker}-{row}"
        first = f"{speaker}-{list(speakers).index(speaker)}"
        is_copy = sum(s == speaker for s in speakers[row:]) <= n_copies
        ids.append(name)
        utterances.append(first if is_copy else name)
    manifest = pd.DataFrame({"ID": ids, "spk_id": speakers})
    if sessions is not None:
        manifest["session"] = sessions
    return LabelledEmbeddings(
        "x", ids, vectors, np.array(speakers), np.array(utterances), manifest, Path("m")
    )


def voices(rng, n_speakers, n_each, nuisance, n_dims=24):
    """Speakers who differ in all directions, and recordings that do in few of them."""
    speakers = np.repeat([f"s{n:02d}" for n in range(n_speakers)], n_each)
    means = np.repeat(rng.standard_normal((n_speakers, n_dims)), n_each, axis=0)
    channel = rng.standard_normal((len(means), 3)) @ np.eye(3, n_dims) * nuisance
    return means + 0.3 * rng.standard_normal(means.shape) + channel, speakers


def chooser(**changes):
    values = {"chains": CHAINS, "gain": 0.05, "n_folds": 5, "most_utterances": 10000}
    return Chooser(**values | changes)


def test_what_varies_within_speakers_is_learnt_where_there_is_much_of_it(rng):
    data = labelled(*voices(rng, 40, 6, nuisance=4.0))
    choice = chooser().choose(data)
    assert choice.name != "cosine" and choice.steps is CHAINS[choice.name]
    assert choice.errors[choice.name] < 0.7 * choice.errors["cosine"]
    assert f"chosen: {choice.name}; EER of held-out speakers: cosine" in choice.note


def test_the_cosine_stays_where_few_data_teach_nothing(rng):
    data = labelled(*voices(rng, 6, 3, nuisance=0.0))
    assert chooser().choose(data).name == "cosine"


def test_a_small_gain_is_no_reason(rng):
    data = labelled(*voices(rng, 40, 6, nuisance=4.0))
    assert chooser(gain=0.95).choose(data).name == "cosine"


@pytest.mark.parametrize("n_speakers", [1, 2, 3])
def test_too_few_speakers_leave_the_first_chain(n_speakers, rng):
    data = labelled(*voices(rng, n_speakers, 4, nuisance=4.0))
    assert chooser().choose(data).name == "cosine"


def test_the_error_of_the_cosine_is_that_of_each_folds_pairs(rng):
    vectors, speakers = voices(rng, 6, 4, nuisance=2.0)
    folds = np.repeat([0, 1], 12)
    both = [all_pairs_eer(vectors[f == folds], speakers[f == folds]) for f in (0, 1)]
    error = held_out_error([], labelled(vectors, speakers), np.zeros(24, dtype=int))
    assert error == pytest.approx(all_pairs_eer(vectors, speakers))
    error = held_out_error([], labelled(vectors, speakers), folds)
    assert min(both) - 0.1 <= error <= max(both) + 0.1


def test_target_trials_are_of_different_sessions_where_they_are_named():
    """Within a session all is equal, across sessions another speaker is nearer."""
    vectors = np.eye(2)[[0, 0, 1, 1, 1, 1, 0, 0]]
    speakers, sessions = list("aaaabbbb"), list("11223344")
    folds = np.zeros(8, dtype=int)
    # targets score 0, half of the nontargets 1: (p_fa, p_miss) is (1/2, 1), (1, 0)
    across = held_out_error([], labelled(vectors, speakers, sessions), folds)
    assert across == pytest.approx(2 / 3)
    assert held_out_error([], labelled(vectors, speakers), folds) < 0.6


def test_copies_are_never_compared_with_their_own_originals():
    """Copies equal their originals, and nothing else of the speaker."""
    vectors = np.array(
        [[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 1, 0], [0, 0, 1.0]]
    )
    data = labelled(vectors, list("aaabbb"), n_copies=1)
    assert data.utterances.tolist() == ["a-0", "a-1", "a-0", "b-3", "b-4", "b-3"]
    # originals: targets score 0, one of four nontargets 1; with copies all score 0
    error = held_out_error([], data, np.zeros(6, dtype=int))
    assert error == pytest.approx(np.sqrt(4 / 7 * 1 / 2))


def test_part_of_the_speakers_is_used(rng):
    data = labelled(*voices(rng, 30, 6, nuisance=4.0))
    chosen = chooser(most_utterances=60).choose(data)
    assert chosen.errors["cosine"] != chooser().choose(data).errors["cosine"]


@pytest.mark.parametrize("changes", [{"chains": {}}, {"n_folds": 1}, {"gain": 1.0}])
def test_senseless_settings_are_refused(changes):
    with pytest.raises(ValueError, match="a choice needs chains, 2 folds, and a gain"):
        chooser(**changes)

import numpy as np
import pandas as pd
import pytest

from utils.backend.quality import model_measures, trial_columns, utterance_measures


@pytest.fixture
def manifest():
    return pd.DataFrame(
        {"ID": ["a", "b", "c"], "duration": [1.0, 2.0, 4.0], "snr_db": ["5", "6", ""],
         "gender": ["f", "m", "f"]}
    )  # fmt: skip


def test_measures_of_utterances(manifest):
    embeddings = np.array([[3.0, 4.0], [0.0, 2.0]])
    names = ["magnitude", "duration", "snr_db", "cohort_mean"]
    found = utterance_measures(names, ["b", "a"], embeddings, manifest)
    assert list(found) == ["magnitude", "duration", "snr_db"]
    np.testing.assert_allclose(found["magnitude"], np.log([5, 2]))
    np.testing.assert_allclose(found["duration"], np.log([2, 1]))
    np.testing.assert_allclose(found["snr_db"], [6, 5])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("loudness", "'loudness' needs a manifest with that column"),
        ("gender", "'gender' is not a number"),
        ("snr_db", "'snr_db'.*"),
    ],
)
def test_what_is_no_measure_is_told(manifest, name, message):
    with pytest.raises(ValueError, match=message):
        utterance_measures([name], ["a", "c"], np.eye(2), manifest)
    with pytest.raises(ValueError, match="needs a manifest"):
        utterance_measures([name], ["a"], np.eye(2), None)


def test_an_utterance_without_a_row_is_told(manifest):
    with pytest.raises(ValueError, match="'duration' of 'z' is missing"):
        utterance_measures(["duration"], ["a", "z"], np.eye(2), manifest)


def test_both_sides_of_every_trial(rng):
    enrol, test = {"q": rng.standard_normal(9)}, {"q": rng.standard_normal(4)}
    models = model_measures(enrol, [np.array([0, 1, 2]), np.array([8])])
    rows, columns = np.array([0, 1, 1]), np.array([3, 0, 2])
    found = trial_columns(["q"], models, test, rows, columns)
    sides = [enrol["q"][:3].mean(), enrol["q"][8], enrol["q"][8]], test["q"][columns]
    np.testing.assert_allclose(found, np.sort(np.stack(sides, axis=1), axis=1))
    # swapped sides are the same trial
    swapped = trial_columns(["q"], test, models, columns, rows)
    np.testing.assert_array_equal(found, swapped)

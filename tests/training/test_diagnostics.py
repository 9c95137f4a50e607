import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from utils.training.diagnostics import advise_rate, confusion_table


def test_confusions_against_scikit_learn(rng):
    labels, predicted = rng.integers(0, 5, 300), rng.integers(0, 5, 300)
    names = list("abcde")
    table = confusion_table(labels, predicted, names)
    matrix = confusion_matrix(labels, predicted)
    assert len(table) == np.count_nonzero(matrix - np.diag(np.diag(matrix)))
    assert table["crops"].is_monotonic_decreasing
    for speaker, other, crops, share in table.itertuples(index=False):
        row = names.index(speaker)
        assert crops == matrix[row, names.index(other)]
        assert share == pytest.approx(crops / matrix[row].sum())


def test_nothing_is_confused():
    table = confusion_table(np.arange(3), np.arange(3), list("abc"))
    assert len(table) == 0 and "taken_for" in table


def test_advice_on_a_curve_with_known_shape():
    rates = np.geomspace(1e-6, 1, 400)
    log_rate = np.log10(rates)
    # falls fastest at 1e-3, lowest about 1e-1.5, then diverges
    losses = 3 - np.tanh(2 * (log_rate + 3)) + np.exp(8 * (log_rate + 0.8))
    advice = advise_rate(rates, losses)
    assert advice.steepest == pytest.approx(1e-3, rel=0.6)  # smoothing lags
    lowest = rates[np.argmin(losses)]
    assert lowest <= advice.lowest <= 3 * lowest
    assert advice.suggested == min(advice.steepest, advice.lowest / 10)


def test_advice_bears_noise(rng):
    rates = np.geomspace(1e-6, 1, 200)
    losses = 3 - np.tanh(2 * (np.log10(rates) + 3)) + 0.1 * rng.standard_normal(200)
    assert 3e-4 < advise_rate(rates, losses).steepest < 1e-2


def test_too_few_steps():
    with pytest.raises(ValueError, match="ten steps"):
        advise_rate(np.ones(9), np.ones(9))

"""Pictures of classes and numbers: what is drawn, read back."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from utils.metrics.classification.calibration_error import reliability
from utils.report.class_plots import (
    confusion_picture,
    number_picture,
    reliability_picture,
)


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def test_confusions_are_in_per_cent_of_the_true_class():
    axes = confusion_picture(np.array([[3.0, 1.0], [0.0, 2.0]]), ["en", "de"]).axes[0]
    assert [text.get_text() for text in axes.texts] == ["75", "25", "0", "100"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["en", "de"]
    assert np.array_equal(axes.images[0].get_array(), [[75, 25], [0, 100]])


def test_a_class_that_does_not_occur_is_a_row_of_zeros():
    axes = confusion_picture(np.array([[1.0, 0.0], [0.0, 0.0]]), ["a", "b"]).axes[0]
    assert np.array_equal(axes.images[0].get_array(), [[100, 0], [0, 0]])


def test_many_classes_have_no_numbers_in_their_cells():
    axes = confusion_picture(np.eye(20), [str(n) for n in range(20)]).axes[0]
    assert not axes.texts


def test_points_of_reliability_are_bins_with_decisions():
    found = reliability(np.array([[0.8, 0.2], [0.6, 0.4]]), np.array([0, 1]))
    points = reliability_picture(found).axes[0].collections[0].get_offsets()
    assert np.allclose(points, [[0.6, 0.0], [0.8, 1.0]])


def test_numbers_are_drawn_beside_the_true_ones():
    lines = number_picture(np.array([20.0, 30]), np.array([25.0, 28]), "age").axes[0]
    assert lines.lines[1].get_xydata().tolist() == [[20, 25], [30, 28]]

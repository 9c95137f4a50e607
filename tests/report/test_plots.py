import numpy as np
import pytest
from matplotlib import pyplot as plt
from scipy.stats import norm

from utils.metrics.detection import equal_error_rate, min_dcf
from utils.metrics.error_rates import error_rates
from utils.metrics.likelihood_ratios import cllr, min_cllr
from utils.report.page import render_figure
from utils.report.plots import save_figure, svg_text, training_curves
from utils.report.score_plots import (
    calibration_curves,
    cmc_curve,
    det_curve,
    score_histogram,
    write_plots,
)


@pytest.fixture
def trials(rng):
    is_target = rng.random(5000) < 0.2
    return rng.normal(2.0 * is_target, 1.0), is_target


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_the_det_curve_holds_what_the_metrics_say(trials):
    scores, is_target = trials
    perfect = error_rates(is_target * 1.0, is_target)
    figure = det_curve({"one": error_rates(*trials), "perfect": perfect}, ["0.01"])
    labels = figure.axes[0].get_legend_handles_labels()[1]
    assert labels[0] == f"one: EER {100 * equal_error_rate(*trials):.2f} %"
    assert labels[1] == f"minDCF 0.01: {min_dcf(scores, is_target, 0.01):.3f}"
    x, y = figure.axes[0].lines[0].get_data()
    place = np.interp(0.0, y - x, np.arange(len(x)))  # where both errors are equal
    eer = norm.cdf(np.interp(place, np.arange(len(x)), x))
    assert eer == pytest.approx(equal_error_rate(*trials), abs=0.005)
    html = render_figure(svg_text(figure), "all")
    assert html.startswith("<figure><svg") and "</svg><figcaption>all" in html
    assert len(html) < 300_000


def test_calibration_curves_at_equal_priors_are_the_cllr(trials):
    scores, is_target = trials
    figure = calibration_curves(scores, is_target)
    actual, least = (line.get_data() for line in figure.axes[1].lines)
    middle = len(actual[0]) // 2
    assert actual[0][middle] == 0.0
    assert actual[1][middle] == pytest.approx(cllr(scores, is_target))
    assert least[1][middle] == pytest.approx(min_cllr(scores, is_target))
    for axes in figure.axes[:2]:
        higher, lower = (line.get_ydata() for line in axes.lines)
        assert (higher >= lower - 1e-9).all()


def test_the_histogram_has_an_area_of_one_for_each_kind(trials):
    figure = score_histogram(*trials)
    areas = [
        sum(bar.get_height() * bar.get_width() for bar in bars)
        for bars in figure.axes[0].containers
    ]
    np.testing.assert_allclose(areas, 1.0)


def test_ranks_are_drawn():
    figure = cmc_curve({"one": np.array([0.5, 0.75, 1.0])})
    ranks, shares = figure.axes[0].lines[0].get_data()
    assert ranks.tolist() == [1, 2, 3] and shares.tolist() == [50.0, 75.0, 100.0]


def test_training_curves_mark_the_kept_epoch():
    records = [{"epoch": 0, "valid_eer": 0.3}]
    records += [{"epoch": 1, "valid_eer": 0.2, "train_loss": 3.0}]
    figure = training_curves({"pretrain": records, "triplet": records})
    assert figure.axes[0].get_legend_handles_labels()[1] == ["20.00 %"]
    assert svg_text(figure).count("<svg") == 1


def test_all_pictures_are_written(trials, tmp_path):
    scores, is_target = trials
    write_plots(tmp_path / "new", {"one": scores}, is_target, ["0.05"])
    names = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert names == [
        f"{stem}.{ending}"
        for stem in ("det", "one-calibration", "one-histogram")
        for ending in ("png", "svg")
    ]
    save_figure(plt.figure(), tmp_path / "v1.0")
    assert (tmp_path / "v1.0.png").is_file()

import math

import pytest
from torch import nn, optim
from torch.optim import lr_scheduler

from utils.training.schedule import SHAPES, LearningRate


@pytest.mark.parametrize("shape", SHAPES)
def test_warm_up_peak_and_final_rate(shape):
    schedule = LearningRate(shape, peak=0.1, final=0.001, warmup=0.25)
    assert schedule(0.0) == 0.0
    assert schedule(0.125) == pytest.approx(0.05)
    assert schedule(0.25) == pytest.approx(0.1)
    last = {"constant": 0.1, "cyclic": 0.1}.get(shape, 0.001)
    assert schedule(1.0) == pytest.approx(last)


def torch_rates(make, n_steps):
    """Rates that one of torch's schedulers gives."""
    optimizer = optim.SGD(nn.Linear(1, 1).parameters(), lr=0.1)
    scheduler, rates = make(optimizer), []
    for _ in range(n_steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize(
    ("shape", "cycles", "make"),
    [
        (
            "cosine",
            1,
            lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=40, eta_min=0.001),
        ),
        (
            "cosine",
            4,
            lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 10, eta_min=0.001),
        ),
        (
            "exponential",
            1,
            lambda o: lr_scheduler.ExponentialLR(o, gamma=0.01 ** (1 / 40)),
        ),
        (
            "linear",
            1,
            lambda o: lr_scheduler.LinearLR(o, 1.0, 0.01, total_iters=40),
        ),
    ],
)
def test_shapes_against_torch(shape, cycles, make):
    schedule = LearningRate(shape, peak=0.1, final=0.001, cycles=cycles)
    for step, rate in enumerate(torch_rates(make, 40)):
        assert schedule(step / 40) == pytest.approx(rate, rel=1e-6)


def test_triangles():
    schedule = LearningRate("cyclic", peak=1.0, final=0.0, cycles=2)
    rates = [schedule(n / 8) for n in range(9)]
    assert rates == pytest.approx([1, 0.5, 0, 0.5, 1, 0.5, 0, 0.5, 1])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"shape": "square"}, "no schedule 'square'; one of constant, linear"),
        ({"warmup": 1.0}, r"warmup must be in \[0, 1\)"),
        ({"cycles": 0}, "cycles 1 or more"),
        ({"shape": "exponential", "final": 0.0}, "rates above zero"),
    ],
)
def test_wrong_values(values, message):
    with pytest.raises(ValueError, match=message):
        LearningRate(**{"shape": "cosine", "peak": 0.1, "final": 0.01, **values})


def test_every_rate_is_finite_and_within_bounds():
    for shape in SHAPES:
        schedule = LearningRate(shape, peak=0.1, final=0.01, warmup=0.1, cycles=3)
        rates = [schedule(n / 1000) for n in range(1001)]
        assert all(math.isfinite(rate) and 0 <= rate <= 0.1 for rate in rates)

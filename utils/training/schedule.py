"""Learning rate as a function of progress: nothing to store, exact on resume.

Progress is the share of all crops of the training that have been seen, so that the
number of processes, of batches in a step or of epochs does not change the curve.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

# each falls from 1 to 0 with progress in [0, 1]
SHAPES: dict[str, Callable[[float], float]] = {
    "constant": lambda progress: 1.0,
    "linear": lambda progress: 1 - progress,
    "cosine": lambda progress: (1 + math.cos(math.pi * progress)) / 2,
    "cyclic": lambda progress: abs(1 - 2 * progress),
    "exponential": lambda progress: 1 - progress,  # of the rate's logarithm
}


@dataclass(frozen=True)
class LearningRate:
    """Linear warm-up from zero, then down to the final rate.

    Attributes
    ----------
    shape : str
        ``cosine`` (L. Loshchilov and F. Hutter, arXiv:1608.03983), ``exponential``
        (a straight line of the logarithm), ``linear``, ``constant``, or ``cyclic``
        (triangles from the peak down and up again, L. N. Smith, arXiv:1506.01186).
    peak, final : float
        Learning rates at the end of the warm-up, and the lowest.
    warmup : float
        Share of the training, in [0, 1), that the warm-up takes.
    cycles : int
        How many times the shape is repeated; more than 1 gives warm restarts.

    Raises
    ------
    ValueError
        An unknown shape, or values out of their range.

    Example
    -------
    >>> schedule = LearningRate("cosine", peak=0.1, final=0.0, warmup=0.2)
    >>> [round(schedule(progress), 3) for progress in (0.1, 0.2, 0.6, 1.0)]
    [0.05, 0.1, 0.05, 0.0]
    >>> schedule = LearningRate("exponential", peak=0.1, final=0.001)
    >>> [round(schedule(progress), 3) for progress in (0.0, 0.5, 1.0)]
    [0.1, 0.01, 0.001]
    """

    shape: str
    peak: float
    final: float
    warmup: float = 0.0
    cycles: int = 1

    def __post_init__(self) -> None:
        """Check the values."""
        if self.shape not in SHAPES:
            raise ValueError(f"no schedule {self.shape!r}; one of {', '.join(SHAPES)}")
        if not 0 <= self.warmup < 1 or self.cycles < 1:
            raise ValueError("warmup must be in [0, 1), and cycles 1 or more")
        if self.shape == "exponential" and min(self.peak, self.final) <= 0:
            raise ValueError("an exponential schedule needs rates above zero")

    def __call__(self, progress: float) -> float:
        """Return the learning rate at a progress in [0, 1]."""
        if progress < self.warmup:
            return self.peak * progress / self.warmup
        after = self.cycles * (progress - self.warmup) / (1 - self.warmup)
        cycle = min(math.floor(after), self.cycles - 1)
        height = SHAPES[self.shape](min(after - cycle, 1.0))
        if self.shape == "exponential":
            return self.final * (self.peak / self.final) ** height
        return self.final + (self.peak - self.final) * height


class MarginSchedule:
    """Let the margins of losses grow linearly from 0 to their own.

    Parameters
    ----------
    losses : dict
        By name; those with an attribute ``margin`` are followed.
    start, end : float
        Shares of the training, in [0, 1], between which it grows.

    Raises
    ------
    ValueError
        The shares are not in order.

    Example
    -------
    >>> from types import SimpleNamespace
    >>> loss = SimpleNamespace(margin=0.2)
    >>> follow = MarginSchedule({"am": loss}, start=0.25, end=0.75)
    >>> for progress in (0.0, 0.5, 1.0):
    ...     follow(progress)
    ...     print(loss.margin)
    0.0
    0.1
    0.2
    """

    def __init__(self, losses: dict[str, object], start: float, end: float) -> None:
        if not 0 <= start <= end <= 1:
            raise ValueError(
                "a margin grows between two shares of the training, 0 to 1"
            )
        self.losses = [loss for loss in losses.values() if hasattr(loss, "margin")]
        self.margins = [loss.margin for loss in self.losses]
        self.start, self.end = start, end

    def __call__(self, progress: float) -> None:
        """Set the margins at a progress in [0, 1]."""
        grown = 1.0
        if progress < self.end:
            grown = max(progress - self.start, 0.0) / (self.end - self.start)
        for loss, margin in zip(self.losses, self.margins, strict=True):
            loss.margin = margin * grown

"""Learning rate as a function of progress: nothing to store, exact on resume."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class WarmupCosine:
    """Linear warm-up, then half a cosine down to the final rate.

    Attributes
    ----------
    peak, final : float
        Learning rates at the end of the warm-up and of the training.
    warmup : float
        Share of the training, in [0, 1), that the warm-up takes.

    Example
    -------
    >>> schedule = WarmupCosine(peak=0.1, final=0.0, warmup=0.2)
    >>> [round(schedule(progress), 3) for progress in (0.1, 0.2, 0.6, 1.0)]
    [0.05, 0.1, 0.05, 0.0]
    """

    peak: float
    final: float
    warmup: float

    def __call__(self, progress: float) -> float:
        """Return the learning rate at a progress in [0, 1]."""
        if progress < self.warmup:
            return self.peak * progress / self.warmup
        angle = math.pi * (progress - self.warmup) / (1 - self.warmup)
        return self.final + (self.peak - self.final) * (1 + math.cos(angle)) / 2

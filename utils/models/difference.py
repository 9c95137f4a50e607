"""What a model was trained on to, as a small difference from the model before.

Of the change of every kernel or matrix, the best approximation of a low rank (C. Eckart
and G. Young, "The approximation of one matrix by another of lower rank", Psychometrika
1, 1936) is kept as two factors in 16 bits, U D as in `utils.training.trainable`; what
is as small as its factors would be, such as biases and the statistics of batch norms,
is kept as it became.
"""

import hashlib

import torch
from torch import Tensor

_UP, _DOWN = ".up", ".down"


def take_difference(
    base: dict[str, Tensor], tuned: dict[str, Tensor], rank: int
) -> dict[str, Tensor]:
    """Describe the change from one model's weights to another's.

    Parameters
    ----------
    base, tuned : dict of Tensor
        Both have the same names and shapes.
    rank : int
        1 or more.

    Returns
    -------
    dict of Tensor
        For a weight of n outputs and m inputs, ``NAME.up``, (n, rank), and
        ``NAME.down``, (rank, m), float16; or ``NAME``, as it became. What did not
        change is left out.

    Example
    -------
    >>> base = {"w": torch.zeros(4, 4), "bias": torch.ones(2)}
    >>> tuned = {"w": torch.ones(4, 4), "bias": torch.ones(2)}
    >>> found = take_difference(base, tuned, 1)
    >>> {name: tuple(value.shape) for name, value in found.items()}
    {'w.up': (4, 1), 'w.down': (1, 4)}
    """
    difference: dict[str, Tensor] = {}
    for name, value in tuned.items():
        if torch.equal(value, base[name]):
            continue
        change = (value.double() - base[name].double()).reshape(*value.shape[:1], -1)
        if change.ndim == 2 and rank * sum(change.shape) < change.numel():
            up, down = _factors(change, rank)
            difference |= {name + _UP: up, name + _DOWN: down}
        else:
            difference[name] = value
    return difference


def _factors(change: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """Return the (n, rank) and (rank, m) whose product is nearest to an (n, m)."""
    left, values, right = torch.linalg.svd(change, full_matrices=False)
    root = values[:rank].sqrt()
    return (left[:, :rank] * root).half(), (root[:, None] * right[:rank]).half()


def add_difference(
    base: dict[str, Tensor], difference: dict[str, Tensor]
) -> dict[str, Tensor]:
    """Return the weights that a model became.

    They are the same on every processor, in whatever order it adds: a product of two
    numbers of 16 bits is a multiple of 2^-48, so that sums below 2^5 of such products
    are exact in 64 bits.

    Example
    -------
    >>> base = {"w": torch.zeros(4, 4), "bias": torch.zeros(2)}
    >>> tuned = {"w": torch.ones(4, 4), "bias": torch.ones(2)}
    >>> found = add_difference(base, take_difference(base, tuned, 1))
    >>> float((found["w"] - 1).abs().max()) < 0.001, found["bias"]
    (True, tensor([1., 1.]))
    """
    tuned = {}
    for name, value in base.items():
        if name + _UP in difference:
            change = difference[name + _UP].double() @ difference[name + _DOWN].double()
            tuned[name] = (value.double() + change.view_as(value)).to(value.dtype)
        else:
            tuned[name] = difference.get(name, value)
    return tuned


def hash_weights(weights: dict[str, Tensor]) -> str:
    """Hash weights by their names and values, however they are stored.

    Example
    -------
    >>> one, other = {"w": torch.zeros(2)}, {"w": torch.ones(2)}
    >>> hash_weights(one) == hash_weights(other)
    False
    """
    digest = hashlib.sha256()
    for name in sorted(weights):
        value = weights[name].contiguous()
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        digest.update(value.numpy().tobytes())
    return digest.hexdigest()

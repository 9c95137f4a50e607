"""What of an encoder learns: all of it, some parts, its batch norms, or adapters.

Adapters are those of E. J. Hu et al., "LoRA: Low-Rank Adaptation of Large Language
Models", arXiv:2106.09685: to a weight of n outputs and m inputs is added U D, where D
is (r, m), and U is (n, r) and zero at first; the weight itself stays as it is.
"""

import copy

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from utils.models.experiment import count_weights
from utils.runtime.errors import UserError

ALL, NORMS, LORA = "all", "norms", "lora"
_ADAPTED = (nn.Linear, nn.Conv1d, nn.Conv2d)
_MARK = "parametrizations.weight."  # in the names of what makes up an adapted weight


class LowRank(nn.Module):
    """Add U D to a weight.

    Parameters
    ----------
    weight : Tensor of shape (n, ...)
    rank : int

    Example
    -------
    >>> adapter = LowRank(torch.ones(3, 2, 5), rank=1)
    >>> [tuple(x.shape) for x in adapter.parameters()]
    [(1, 10), (3, 1)]
    """

    def __init__(self, weight: Tensor, rank: int) -> None:
        super().__init__()
        n_outputs, n_inputs = len(weight), weight[0].numel()
        self.down = nn.Parameter(n_inputs**-0.5 * torch.randn(rank, n_inputs))
        self.up = nn.Parameter(torch.zeros(n_outputs, rank))

    def forward(self, weight: Tensor) -> Tensor:
        """Return the weight that is used, of the same shape."""
        return weight + (self.up @ self.down).view_as(weight)


def limit_training(
    encoder: nn.Module, trainable: str, adapter_share: float
) -> list[nn.Module]:
    """Freeze what is not to learn, and add adapters where these do.

    Parameters
    ----------
    encoder : Module
    trainable : str
        ``all``; ``norms``, the batch norms alone; ``lora``, adapters of all linear
        layers and convolutions; or parts by their names, such as ``blocks.2+dense``.
    adapter_share : float
        See `add_adapters`.

    Returns
    -------
    list of Module
        What is frozen. It has to stay in evaluation mode, as a batch norm would learn
        its means otherwise.

    Raises
    ------
    UserError
        There is no such part, or there are no adapters as small as that.
    """
    if trainable == ALL:
        return []
    holders = {
        name: module
        for name, module in encoder.named_modules()
        if [*module.parameters(recurse=False), *module.buffers(recurse=False)]
    }
    learning = find_learning(holders, trainable)
    frozen = [module for name, module in holders.items() if name not in learning]
    for module in frozen:
        for weights in module.parameters(recurse=False):
            weights.requires_grad_(False)
    if trainable == LORA:
        add_adapters(encoder, adapter_share)
    return frozen


def find_learning(modules: dict[str, nn.Module], trainable: str) -> set[str]:
    """Return the names of the modules that learn as they are; see `limit_training`.

    Example
    -------
    >>> modules = {"model.tdnn": nn.Linear(2, 2), "model.blocks.2.0": nn.Linear(2, 2)}
    >>> find_learning(modules, "blocks.2")
    {'model.blocks.2.0'}
    """
    if trainable == LORA:
        return set()
    if trainable == NORMS:
        learning = {n for n, m in modules.items() if hasattr(m, "running_mean")}
        return _checked(learning, trainable, modules)
    found = (
        _checked({n for n in modules if f".{part}." in f".{n}."}, part, modules)
        for part in trainable.split("+")
    )
    return set().union(*found)


def _checked(learning: set[str], part: str, modules: dict[str, nn.Module]) -> set[str]:
    if not learning:
        raise UserError(
            f"trainable: the encoder has no {part!r}; write {ALL}, {LORA}, {NORMS}, or "
            f"parts such as {next(reversed(modules))}"
        )
    return learning


def add_adapters(encoder: nn.Module, share: float) -> None:
    """Give every linear layer and convolution an adapter, all of one rank.

    Parameters
    ----------
    encoder : Module
    share : float
        The rank is the highest at which the adapters are at most this share of the
        encoder's parameters.

    Raises
    ------
    UserError
        Adapters of rank 1 are a larger share.
    """
    n_all = count_weights(encoder)
    layers = [module for module in encoder.modules() if isinstance(module, _ADAPTED)]
    n_of_rank_1 = sum(len(m.weight) + m.weight[0].numel() for m in layers)
    rank = int(share * n_all / n_of_rank_1) if layers else 0
    if rank < 1:
        raise UserError(
            f"adapter_share: no adapters are only {share:g} of this encoder's "
            "parameters; raise it, or choose parts that learn"
        )
    for layer in layers:
        parametrize.register_parametrization(
            layer, "weight", LowRank(layer.weight, rank)
        )


def without_adapters(encoder: nn.Module) -> nn.Module:
    """Return a copy of an encoder with its adapters added to its weights."""
    plain = copy.deepcopy(encoder)
    for module in plain.modules():
        if parametrize.is_parametrized(module):
            parametrize.remove_parametrizations(module, "weight")
    return plain


def merged_weights(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return an encoder's weights by name, with its adapters added to them.

    Example
    -------
    >>> layer = nn.Sequential(nn.Linear(4, 4))
    >>> add_adapters(layer, 0.5)
    >>> list(merged_weights(layer.state_dict()))
    ['0.bias', '0.weight']
    """
    merged = {name: value for name, value in weights.items() if _MARK not in name}
    for name, value in weights.items():
        if name.endswith(f"{_MARK}original"):
            start = name.removesuffix("original")
            added = weights[f"{start}0.up"] @ weights[f"{start}0.down"]
            merged[name.replace(f"{_MARK}original", "weight")] = value + added.view_as(
                value
            )
    return merged

"""One model of several that were trained on from the same one: their weights' mean.

M. Wortsman et al., "Model soups: averaging weights of multiple fine-tuned models
improves accuracy without increasing inference time", ICML 2022, section 2: the uniform
soup.
"""

import torch
from torch import Tensor


def average_weights(models: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Average weights by name; whole numbers, such as counts, are the first model's.

    Statistics of batch norms are averaged as the weights are.

    Parameters
    ----------
    models : list of dict of Tensor
        One or more, of the same names and shapes.

    Example
    -------
    >>> one, other = {"w": torch.tensor([1.0, 2.0])}, {"w": torch.tensor([3.0, 2.0])}
    >>> average_weights([one, other])
    {'w': tensor([2., 2.])}
    """
    first = models[0]
    averaged = {}
    for name, value in first.items():
        if value.is_floating_point():
            stacked = torch.stack([weights[name].double() for weights in models])
            averaged[name] = stacked.mean(dim=0).to(value.dtype)
        else:
            averaged[name] = value
    return averaged

"""What a training minimises: one loss, or a weighted sum, chosen by name."""

import re
from collections.abc import Callable
from typing import cast

from speechbrain.nnet.losses import LogSoftmaxWrapper
from torch import Tensor, nn

_TERM = re.compile(r"(?:(?P<weight>[\d.]+)\*)?(?P<name>[a-z]\w*)")


def parse_sum(text: str) -> dict[str, float]:
    """Read the names of losses and their weights.

    Raises
    ------
    ValueError
        The text is no such sum.

    Example
    -------
    >>> parse_sum("aam+0.5*ge2e")
    {'aam': 1.0, 'ge2e': 0.5}
    """
    weights = {}
    for term in text.replace(" ", "").split("+"):
        parts = _TERM.fullmatch(term)
        if parts is None:
            raise ValueError(
                f"cannot read the loss {text!r}; write aam or aam+0.5*ge2e"
            )
        weights[parts["name"]] = float(parts["weight"] or 1.0)
    return weights


class MarginSoftmax(nn.Module):
    """Softmax of the classifier's cosines with a margin that may grow in training.

    Parameters
    ----------
    penalty : callable
        SpeechBrain's `AngularMargin` (AM) or `AdditiveAngularMargin` (AAM), made for
        every batch, as the latter computes with its margin when it is made.
    margin : float
        Margin of the cosine in AM, of the angle in radians in AAM.
    scale : float

    Example
    -------
    >>> import torch
    >>> from speechbrain.nnet.losses import AngularMargin
    >>> loss = MarginSoftmax(AngularMargin, margin=0.2, scale=10.0)
    >>> loss(torch.tensor([[0.7, 0.5]]), torch.tensor([0]))  # ln 2
    tensor(0.6931)
    """

    def __init__(
        self, penalty: Callable[..., nn.Module], margin: float, scale: float
    ) -> None:
        super().__init__()
        self.penalty, self.margin, self.scale = penalty, margin, scale

    def forward(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Return the mean loss of cosines (B, N) and speakers (B,)."""
        loss = LogSoftmaxWrapper(self.penalty(margin=self.margin, scale=self.scale))
        # (B, 1, N) and (B, 1), as SpeechBrain has it
        return loss(outputs.float().unsqueeze(1), labels.unsqueeze(1))


class Objective(nn.Module):
    """A loss, or a weighted sum of losses, chosen by name.

    Parameters
    ----------
    loss : str
        A name or a sum, such as ``aam`` or ``aam+0.5*ge2e``.
    on_outputs : dict of str to Module
        Losses of a classifier's outputs (B, N) and labels (B,).
    on_embeddings : dict of str to Module
        Losses of embeddings (B, D) and labels (B,).
    on_teacher : dict of str to Module
        Losses of embeddings (B, D) and a teacher's (B, D).

    Attributes
    ----------
    weights : dict of str to float
        Weights of the losses that were chosen, by name.
    classifies : bool
        Whether one of them needs the classifier.
    compares : bool
        Whether one of them needs two crops or more of every speaker.
    follows : bool
        Whether one of them needs a teacher.

    Raises
    ------
    ValueError
        A name that is nowhere among them, or text that is no sum.
    """

    def __init__(
        self,
        loss: str,
        on_outputs: dict[str, nn.Module],
        on_embeddings: dict[str, nn.Module],
        on_teacher: dict[str, nn.Module],
    ) -> None:
        super().__init__()
        self.weights = parse_sum(loss)
        known = on_outputs | on_embeddings | on_teacher
        for name in self.weights:
            if name not in known:
                raise ValueError(f"no loss {name!r}; there are {', '.join(known)}")
        self.terms = nn.ModuleDict({name: known[name] for name in self.weights})
        self.on_outputs = [name for name in self.weights if name in on_outputs]
        self.on_teacher = [name for name in self.weights if name in on_teacher]
        self.classifies, self.follows = bool(self.on_outputs), bool(self.on_teacher)
        self.compares = any(name in on_embeddings for name in self.weights)

    def forward(
        self,
        embeddings: Tensor,
        labels: Tensor,
        outputs: Tensor | None = None,
        targets: Tensor | None = None,
        is_single: Tensor | None = None,
    ) -> tuple[Tensor, dict[str, float]]:
        """Return the loss, and the value of each of its terms before weighting.

        Parameters
        ----------
        embeddings : Tensor of shape (B, D)
            Vectors of unit length.
        labels : Tensor of int64, shape (B,)
        outputs : Tensor of shape (B, N), optional
            Cosines of the embeddings to the classifier's speakers.
        targets : Tensor of shape (B, D), optional
            The teacher's embeddings.
        is_single : Tensor of bool, shape (B,), optional
            Crops of one voice, from which alone losses of labels learn; None: all.
        """
        kept = slice(None) if is_single is None else is_single
        values = {}
        for name, term in self.terms.items():
            if name in self.on_teacher:
                values[name] = term(embeddings, targets)
            else:
                is_classified = name in self.on_outputs
                heard = cast(Tensor, outputs) if is_classified else embeddings
                values[name] = term(heard[kept], labels[kept])
        total = sum(self.weights[name] * value for name, value in values.items())
        return total, {name: float(value.detach()) for name, value in values.items()}

"""Training of an encoder to tell a label: classes by cross-entropy, or a number."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, smooth_l1_loss

from utils.training.brain import SpeakerBrain
from utils.training.data import TrainingData
from utils.training.ordinal import OrdinalOutputs, ordinal_cross_entropy

_SCALES = 0.05, 0.1, 0.2, 0.4, 0.7, 1.0  # of outputs, when validated


@dataclass(frozen=True)
class AttributeTargets:
    """What is learnt of every utterance, of training and validation.

    Attributes
    ----------
    train, valid : ndarray
        By the rows of both feature stores: classes (int), or numbers (float) of mean 0
        and deviation 1.
    class_weights : ndarray of shape (K,)
        Those of the cross-entropy; empty for a number. Speakers are drawn alike, so a
        class weighs the less the more speakers it has.
    valid_weights : ndarray
        How much each validation utterance counts; sums to 1.
    is_ordinal : bool
        Whether the classes are levels in an order.
    """

    train: np.ndarray
    valid: np.ndarray
    class_weights: np.ndarray
    valid_weights: np.ndarray

    is_ordinal: bool = False

    def make_outputs(self, embedding_dim: int) -> "AttributeOutputs | OrdinalOutputs":
        """Build the layer that tells classes, levels in order, or the number."""
        n_classes = len(self.class_weights)
        if self.is_ordinal:
            return OrdinalOutputs(embedding_dim, n_classes)
        return AttributeOutputs(embedding_dim, n_classes or 1)

    def losses(self, outputs: Tensor, wanted: Tensor) -> Tensor:
        """Return the loss (B,) of each utterance, not weighed."""
        if self.is_ordinal:
            return ordinal_cross_entropy(outputs, wanted)
        return cross_entropy(outputs, wanted, reduction="none")


class AttributeOutputs(nn.Module):
    """Map unit-length embeddings (B, D) to outputs (B, K).

    Example
    -------
    >>> AttributeOutputs(4, 2)(torch.eye(4)).shape
    torch.Size([4, 2])
    """

    def __init__(self, embedding_dim: int, n_outputs: int) -> None:
        super().__init__()
        self.gain = embedding_dim**0.5  # dimensions of deviation 1
        self.affine = nn.Linear(embedding_dim, n_outputs)

    def forward(self, embeddings: Tensor) -> Tensor:
        """Compute the outputs."""
        return self.affine(self.gain * embeddings)

    def layer(self) -> tuple[np.ndarray, np.ndarray]:
        """Return weights (D, K) and offsets (K,) of the embeddings as they are."""
        weights, offsets = self.affine.weight, self.affine.bias
        return (
            self.gain * weights.detach().cpu().numpy().astype(np.float64).T,
            offsets.detach().cpu().numpy().astype(np.float64),
        )


class AttributeBrain(SpeakerBrain):
    """Tell a label of every crop.

    ``modules`` also holds ``outputs``, that the targets made. Labels of crops are the
    rows of their utterances in the training features; the checkpoint that is kept is
    that of the lowest loss on the validation speakers.
    """

    measured = "valid_loss"

    def __init__(
        self, modules: dict, targets: AttributeTargets, **options: Any
    ) -> None:
        super().__init__(modules, **options)
        self.targets = targets
        self.outputs: AttributeOutputs | OrdinalOutputs = modules["outputs"]
        self.train_targets = torch.from_numpy(targets.train).to(self.device)

    def objective(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of embeddings (B, D) of the utterances in rows (B,)."""
        outputs, wanted = self.modules.outputs(embeddings), self.train_targets[labels]
        if not len(self.targets.class_weights):
            return smooth_l1_loss(outputs[:, 0], wanted.float())
        weights = torch.from_numpy(self.targets.class_weights).to(outputs)[wanted]
        told = decided(outputs, self.targets.is_ordinal)
        self.state.note(train_accuracy=(told == wanted).float().mean())
        return weights @ self.targets.losses(outputs, wanted) / weights.sum()

    def valid_error(self) -> float:
        """Return the loss on whole validation utterances, classes alike.

        That of classes at the best of a few scales: networks are surer of what they
        tell than they should be, which their calibration mends afterwards.
        """
        rows, embeddings = self.gather_validation()
        with torch.no_grad():
            inputs = torch.from_numpy(embeddings).to(self.device)
            outputs = self.parts["outputs"](inputs).cpu()
        wanted = torch.from_numpy(self.targets.valid[rows])
        weights = torch.from_numpy(self.targets.valid_weights[rows])
        if len(self.targets.class_weights):
            losses = [self.targets.losses(scale * outputs, wanted) for scale in _SCALES]
        else:
            losses = [(outputs[:, 0] - wanted).abs()]
        return min(float((weights * loss).sum() / weights.sum()) for loss in losses)


def decided(outputs: Tensor, is_ordinal: bool) -> Tensor:
    """Return the most likely class of outputs (B, K), or the median level: (B,)."""
    if is_ordinal:
        return (outputs > 0).sum(dim=1)
    return outputs.argmax(dim=1)


class AttributeData(TrainingData):
    """Features of labelled utterances; one utterance of a speaker is enough."""

    def __post_init__(self) -> None:
        """Check nothing: the task was checked when it was divided."""

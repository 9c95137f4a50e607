"""A head of one hidden layer, learnt by gradient descent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from utils.attributes.heads import Head, Layer, centre_and_spread
from utils.attributes.learning import Labelled, Learner


@dataclass(frozen=True)
class Perceptron(Learner):
    """One hidden layer: weighted cross-entropy, or the absolute error of a number.

    Attributes
    ----------
    settings : sequence of float
        Weight decays to choose from.
    n_hidden : int
    n_steps : int
        Steps on all of the training.
    lr : float
    dropout : float
        Share of the embeddings and of the hidden layer that is left out.
    seed : int
    """

    settings: Sequence[float]
    n_hidden: int
    n_steps: int
    lr: float
    dropout: float
    seed: int

    def learn(self, data: Labelled, setting: float) -> Head:
        """Learn a head."""
        import torch
        from torch.nn import Dropout, Linear, ReLU, Sequential

        vectors, mean, scale = data.standardise()
        centre, spread = 0.0, 1.0
        targets = data.targets
        if not data.n_classes:
            centre, spread = centre_and_spread(targets, data.weights)
            targets = (targets - centre) / spread
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            net = Sequential(
                Dropout(self.dropout),
                Linear(vectors.shape[1], self.n_hidden),
                ReLU(),
                Dropout(self.dropout),
                Linear(self.n_hidden, data.n_classes or 1),
            )
            self._train(net, vectors, targets, data, setting)
        arrays = [
            values.detach().numpy().astype(np.float64) for values in net.parameters()
        ]  # weights (n_out, n_in) and offsets (n_out,), of both layers in turn
        first, last = Layer(arrays[0].T, arrays[1]), Layer(arrays[2].T, arrays[3])
        if data.n_classes:
            head = Head((first, last), n_classes=data.n_classes)
            return head.of_standardised(mean, scale)
        head = Head((first, last.scaled(centre, spread)))
        return data.limited(head.of_standardised(mean, scale))

    def _train(
        self,
        net: object,
        vectors: np.ndarray,
        targets: np.ndarray,
        data: Labelled,
        decay: float,
    ) -> None:
        import torch
        from torch.nn.functional import cross_entropy

        assert isinstance(net, torch.nn.Module)
        inputs = torch.from_numpy(vectors).float()
        weights = torch.from_numpy(data.weights).float()
        wanted = torch.from_numpy(targets)
        optimizer = torch.optim.AdamW(net.parameters(), lr=self.lr, weight_decay=decay)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self.n_steps)
        net.train()
        for _ in range(self.n_steps):
            outputs = net(inputs)
            if data.n_classes:
                losses = cross_entropy(outputs, wanted, reduction="none")
            else:
                losses = (outputs[:, 0] - wanted.float()).abs()
            optimizer.zero_grad()
            (weights @ losses).backward()
            optimizer.step()
            schedule.step()

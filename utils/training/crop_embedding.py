"""Embeddings of training crops, while the encoder is being trained."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from utils.runtime.precision import DTYPES, embeddings_agree, warn_of_disagreement
from utils.training import distributed
from utils.training.crops import Crop, CropDataset


class CropEmbedder:
    """Embed crops in the training's precision, or in float32.

    The first batch of each shape is compared with float32, which is used for that shape
    from then on where they differ.

    Parameters
    ----------
    dataset : CropDataset
    device : str or torch.device
    precision : str
        A key of `DTYPES`.
    """

    def __init__(
        self, dataset: CropDataset, device: str | torch.device, precision: str
    ) -> None:
        self.dataset, self.device, self.precision = dataset, device, precision
        self.is_reduced: dict[tuple[int, ...], bool] = {}  # by shapes of batches

    def __call__(
        self, encoder: nn.Module, crops: list[Crop], batch_size: int = 64
    ) -> Tensor:
        """Embed crops (N, D) without augmentation, shared by all processes."""
        encoder.eval()
        mine = distributed.share_of(crops)
        batches = DataLoader(
            self.dataset,
            batch_sampler=[
                mine[first : first + batch_size]
                for first in range(0, len(mine), batch_size)
            ],
            collate_fn=CropDataset.collate,
        )
        embedded = [
            self._embed(encoder, batch.feats.to(self.device)).cpu().numpy()
            for batch in batches
        ]
        # batches of (n, D), of all processes in turn, to (N, D)
        return torch.from_numpy(np.concatenate(distributed.gather_lists(embedded)))

    def _embed(self, encoder: nn.Module, feats: Tensor) -> Tensor:
        """Embed crops (B, T, F): (B, D)."""
        shape, dtype = tuple(feats.shape), DTYPES[self.precision]
        if shape not in self.is_reduced:
            is_reduced = dtype != torch.float32
            if is_reduced and not embeddings_agree(encoder, feats, None, dtype):
                warn_of_disagreement(self.precision, shape)
                is_reduced = False
            self.is_reduced[shape] = is_reduced
        enabled = self.is_reduced[shape]
        autocast = torch.autocast(feats.device.type, dtype, enabled=enabled)
        with torch.inference_mode(), autocast:
            return encoder(feats).float()

"""Encoders that know nothing of padding, such as those of SpeechBrain."""

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

_NOISY = "speechbrain.nnet.pooling", "StatisticsPooling"  # slow to import for its name


class Unpadded(nn.Module):
    """Run an encoder on utterances cut to their lengths, those of one length at once.

    SpeechBrain's encoders are told relative lengths, yet their convolutions mirror
    the padding into the speech, and its ResNet pools over the padding; so a batch
    changes an embedding. Here it cannot, as no encoder sees padding.

    Parameters
    ----------
    model : Module
        Maps features (B, T, F) to embeddings (B, D) or (B, 1, D).
    min_frames : int
        Shorter utterances are repeated to this length: the convolutions need it.
    normalise_input : bool
        Give every channel of the input zero mean and unit variance over the training
        data, by batch norm without trainable parameters.
    n_mels : int
        Channels F of the input; needed to normalise them.
    n_normalised : int
        The two above as one number, ``n_mels`` or 0, as earlier folders have it.

    Example
    -------
    >>> from speechbrain.lobes.models.Xvector import Xvector
    >>> encoder = Unpadded(Xvector(in_channels=40, lin_neurons=16)).eval()
    >>> encoder(torch.randn(2, 100, 40), torch.tensor([100, 1])).shape
    torch.Size([2, 16])
    """

    def __init__(
        self,
        model: nn.Module,
        min_frames: int = 32,
        normalise_input: bool = False,
        n_mels: int = 0,
        n_normalised: int = 0,
    ) -> None:
        super().__init__()
        self.model, self.min_frames = model, min_frames
        n_channels = n_mels if normalise_input else n_normalised
        self.input_norm = (
            nn.BatchNorm1d(n_channels, affine=False) if n_channels else nn.Identity()
        )
        for module in model.modules():
            if (type(module).__module__, type(module).__name__) == _NOISY:
                vars(module)["eps"] = 0.0  # the size of the noise that it adds

    def forward(self, feats: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Embed a batch of utterances.

        Parameters
        ----------
        feats : Tensor of shape (B, T, F)
            Normalised filterbanks; any T of at least 1.
        lengths : Tensor of int, shape (B,), optional
            Valid frames of each utterance. None: all frames are valid.

        Returns
        -------
        Tensor of float32, shape (B, D)
            Embeddings of unit length.
        """
        if lengths is None:
            return self._embed(feats)
        lengths = lengths.to(feats.device)
        # for each length, the rows of the utterances that have it
        rows = [torch.nonzero(lengths == n).squeeze(1) for n in lengths.unique()]
        embeddings = [self._embed(feats[r, : lengths[r[0]]]) for r in rows]
        return torch.cat(embeddings)[torch.cat(rows).argsort()]  # (B, D), as they came

    def _embed(self, feats: Tensor) -> Tensor:
        """Embed utterances (B, T, F) of one length."""
        feats = self.input_norm(feats.transpose(1, 2)).transpose(1, 2)  # over (B, F, T)
        n_repeats = -(-self.min_frames // feats.shape[1])  # ceiling
        embeddings = self.model(feats.repeat(1, max(1, n_repeats), 1))
        embeddings = embeddings.flatten(1)  # (B, 1, D) or (B, D) to (B, D)
        return normalize(embeddings.float(), dim=1)

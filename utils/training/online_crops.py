"""Crops of training speech that is corrupted anew whenever it is seen."""

import numpy as np
import pandas as pd

from utils.features.augment import Corruption
from utils.features.extraction import read_version
from utils.features.front_end import FrontEnd
from utils.features.sources import AudioSources
from utils.training.crops import Crop, CropDataset, CroppedFeatures


class OnlineCropDataset(CropDataset):
    """Cut crops from features that are computed of corrupted audio.

    The frames with speech are those that were found in the clean utterance. What
    happens to a crop follows from its seed, so that neither the number of processes
    nor an interruption changes it.

    Parameters
    ----------
    clean : CropDataset
        The same crops from stored features.
    manifest : DataFrame
        The training audio.
    front_end : FrontEnd
        That of the stored features.
    corruption : Corruption
    sources : AudioSources
        What the corruption draws from.
    clean_share : float
        Share of the crops, in [0, 1], that are taken from the stored features.

    Raises
    ------
    UserError
        See `utils.features.store.FeatureStore.utterances_in`.
    """

    def __init__(  # noqa: PLR0913 - what it is made of
        self,
        clean: CropDataset,
        manifest: pd.DataFrame,
        front_end: FrontEnd,
        corruption: Corruption,
        sources: AudioSources,
        clean_share: float,
    ) -> None:
        super().__init__(clean.store, clean.labels, clean.crop_frames)
        self.clean, self.clean_share = clean, clean_share
        self.front_end, self.corruption, self.sources = front_end, corruption, sources
        self.utterances = clean.store.utterances_in(manifest)

    def __getitem__(self, crop: Crop) -> CroppedFeatures:
        """Cut a crop of audio that is corrupted for it alone."""
        rng = np.random.default_rng([crop.seed, crop.row])
        if rng.random() < self.clean_share:
            return self.clean[crop]
        stored = self.store.index.iloc[crop.row]
        rate_hz = self.front_end.sample_rate_hz
        samples = read_version(self.utterances[crop.row], stored, rate_hz)
        noisy = self.corruption(samples, rate_hz, rng, self.sources)
        bounds = [s.split("-") for s in stored["segments"].split()]
        segments = np.array(bounds, dtype=int).reshape(-1, 2)
        feats = self.front_end(noisy, segments).features
        feats = feats[crop.start : crop.start + self.crop_frames]
        return CroppedFeatures(self.fit(feats), self.labels[crop.row], crop.row)

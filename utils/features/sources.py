"""Lists of audio to draw from at random: noise, music, impulse responses, speech."""

from pathlib import Path

import numpy as np
import pandas as pd

from utils.audio.decoding import read_audio
from utils.data.channels import channel_of
from utils.data.manifest import read_manifest
from utils.runtime.errors import UserError

SPEECH = "speech"  # the training set


class AudioSources:
    """Recordings listed in manifests, by the name of the list.

    Parameters
    ----------
    rate_hz : int
        Rate that they are read at.
    manifests : dict of DataFrame
        Manifest of each list.

    Example
    -------
    >>> AudioSources(16000, {}).check(set())
    """

    def __init__(self, rate_hz: int, manifests: dict[str, pd.DataFrame]) -> None:
        self.rate_hz = rate_hz
        self.rows = {name: m.to_dict("records") for name, m in manifests.items()}

    def check(self, needed: set[str]) -> None:
        """Raise a `UserError` unless all lists that are needed are there."""
        for name in sorted(needed - set(self.rows)):
            raise UserError(
                f"no list of {name!r}; give --source {name}=MANIFEST.csv, or set its "
                "weight to 0 in the augmentation's YAML"
            )

    def draw(
        self, name: str, rng: np.random.Generator, n_samples: int | None = None
    ) -> np.ndarray:
        """Read a random recording of a list, passing over unreadable ones.

        Parameters
        ----------
        name : str
            Name of the list.
        rng : Generator
        n_samples : int, optional
            Length of the random part that is read of a longer recording.

        Returns
        -------
        ndarray of float32, shape (n,)
            Not constant.

        Raises
        ------
        UserError
            None of the list can be read.
        """
        rows = self.rows[name]
        for number in rng.permutation(len(rows)):
            row = rows[number]
            start, stop = self._part(row, rng, n_samples)
            try:
                samples = read_audio(
                    row["wav"], self.rate_hz, start, stop, channel_of(row)
                )
            except UserError:
                continue
            if samples.std() > 0:
                return samples
        raise UserError(f"no readable recording in the list of {name!r}")

    def _part(
        self, row: dict, rng: np.random.Generator, n_samples: int | None
    ) -> tuple[int, int]:
        """Choose samples of the file, at the file's rate."""
        length = row["stop"] - row["start"]
        if n_samples is None:
            return row["start"], row["stop"]
        needed = int(np.ceil(n_samples / self.rate_hz * length / row["duration"]))
        start = row["start"] + int(rng.integers(max(length - needed, 0) + 1))
        return start, min(start + needed, row["stop"])


def read_sources(
    words: list[str], rate_hz: int, speech: pd.DataFrame | None
) -> AudioSources:
    """Read lists of audio that the command line names.

    Parameters
    ----------
    words : list of str
        Each ``NAME=MANIFEST.csv``.
    rate_hz : int
    speech : DataFrame, optional
        Manifest of the training set.

    Raises
    ------
    UserError
        A word that is not of this form, or a manifest that cannot be read.
    """
    manifests = {} if speech is None else {SPEECH: speech}
    for word in words:
        name, _, path = word.partition("=")
        if not name or not path:
            raise UserError(f"--source {word}: write NAME=MANIFEST.csv")
        manifests[name] = read_manifest(Path(path))
    return AudioSources(rate_hz, manifests)

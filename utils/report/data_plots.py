"""Pictures of a data folder: histograms of the splits, and spectrograms."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.signal import stft

from utils.audio.decoding import decode_audio
from utils.data.channels import channel_of
from utils.runtime.errors import UserError

_MOST_COLUMNS = 600  # of a spectrogram
_RANGE_DB = 70.0  # of a spectrogram, below its loudest point


def distributions(
    manifests: dict[str, pd.DataFrame], sounds: dict[str, pd.DataFrame]
) -> dict[str, dict[str, np.ndarray]]:
    """Collect what the histograms of a data folder show, for `split_histograms`.

    Parameters
    ----------
    manifests : dict of DataFrame
        By split.
    sounds : dict of DataFrame
        By split; see `utils.data.card.listen_to_samples`.
    """
    counts = {split: m["spk_id"].value_counts() for split, m in manifests.items()}
    return {
        "duration (s)": {s: m["duration"].to_numpy() for s, m in manifests.items()},
        "utterances of a speaker": {s: c.to_numpy(float) for s, c in counts.items()},
        "level (dB)": {s: h["level_db"].to_numpy() for s, h in sounds.items()},
        "SNR (dB), estimate": {s: h["snr_db"].to_numpy() for s, h in sounds.items()},
    }


def split_histograms(panels: dict[str, dict[str, np.ndarray]]) -> Figure:
    """Draw how quantities are distributed in each split, as shares.

    Parameters
    ----------
    panels : dict of dict of ndarray
        By title, which is the axis label as well; then by split. NaN is left out.
    """
    n_columns = 2
    n_rows = -(-len(panels) // n_columns)
    figure, axes = plt.subplots(
        n_rows, n_columns, figsize=(9, 2.8 * n_rows), layout="constrained",
        squeeze=False,
    )  # fmt: skip
    for place in axes.flat[len(panels) :]:
        place.set_visible(False)
    for place, (title, splits) in zip(axes.flat, panels.items(), strict=False):
        known = {name: v[np.isfinite(v)] for name, v in splits.items()}
        known = {name: values for name, values in known.items() if len(values)}
        everything = np.concatenate(list(known.values()) or [np.zeros(1)])
        edges = _bin_edges(everything)
        for name, values in known.items():
            shares = np.histogram(np.clip(values, None, edges[-1]), edges)[0]
            share = 100 * shares / len(values)
            place.stairs(share, edges, label=name, fill=len(known) == 1)
        place.set(xlabel=title, ylabel="%")
        place.margins(x=0)
    axes.flat[0].legend(fontsize="small")
    return figure


def _bin_edges(values: np.ndarray) -> np.ndarray:
    """Return edges for so many bins as the values can fill; the last takes the rest."""
    low, high = np.quantile(values, [0, 0.995])
    if high - low < 1e-9:
        return np.array([low - 0.5, low + 0.5])
    return np.linspace(low, high, int(np.clip(np.sqrt(len(values)), 5, 40)) + 1)


def example_spectrograms(
    manifests: dict[str, pd.DataFrame], n_examples: int, seed: int
) -> Figure | None:
    """Draw one utterance each of some speakers, those that can be read.

    Parameters
    ----------
    manifests : dict of DataFrame
        By split.
    n_examples : int
    seed : int
        Seed of the choice.

    Returns
    -------
    Figure or None
        None where none of those tried can be read.
    """
    rows = pd.concat([m.assign(split=split) for split, m in manifests.items()])
    rows = rows.sample(frac=1, random_state=seed).drop_duplicates("spk_id")
    titles, signals, rates_hz = [], [], []
    for row in rows.head(3 * n_examples).to_dict("records"):
        try:
            samples, rate_hz, _ = decode_audio(
                row["wav"], row["start"], row["stop"], channel_of(row)
            )
        except UserError:
            continue
        titles.append(f"{row['split']}: {row['ID']} of {row['spk_id']}")
        signals.append(samples)
        rates_hz.append(rate_hz)
        if len(signals) == n_examples:
            break
    return spectrograms(titles, signals, rates_hz) if signals else None


def spectrograms(
    titles: Sequence[str], samples: Sequence[np.ndarray], rates_hz: Sequence[int]
) -> Figure:
    """Draw the spectrogram of some utterances, each on axes of its own.

    Parameters
    ----------
    titles : sequence of str
    samples : sequence of ndarray of shape (n_samples,)
    rates_hz : sequence of int
    """
    figure, axes = plt.subplots(
        len(samples), 1, figsize=(9, 2.2 * len(samples)), layout="constrained",
        squeeze=False,
    )  # fmt: skip
    utterances = zip(axes.flat, titles, samples, rates_hz, strict=True)
    for place, title, signal, rate_hz in utterances:
        size = min(512, len(signal))
        hop = min(max(size // 4, len(signal) // _MOST_COLUMNS), size // 2)
        frequency_hz, time_s, spectrum = stft(
            signal, rate_hz, nperseg=size, noverlap=size - hop
        )
        power_db = 20 * np.log10(np.abs(spectrum) + 1e-9)
        top = power_db.max()
        place.imshow(
            power_db, origin="lower", aspect="auto", cmap="magma",
            vmin=top - _RANGE_DB, vmax=top,
            extent=(0, time_s[-1], 0, frequency_hz[-1] / 1000),
        )  # fmt: skip
        place.set(title=title, ylabel="kHz")
        place.title.set_fontsize("small")
    axes.flat[-1].set_xlabel("seconds")
    return figure

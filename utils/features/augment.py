"""Versions of training utterances: other voices, noise, babble, rooms and codecs."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from utils.audio.acoustics import (
    add_noise,
    change_gain,
    coloured_noise,
    reverberate,
    room_response,
    transmit,
)
from utils.audio.codecs import CODECS
from utils.audio.voices import RandomVoices, Voice
from utils.features.sources import AudioSources

SIMULATED = "simulated"


@dataclass(frozen=True)
class AugmentedCopy:
    """One version of an utterance.

    Attributes
    ----------
    suffix : str
        Appended to the utterance's ID; empty for the original.
    voice : Voice
    samples : ndarray of float32, shape (n_samples,)
    is_noisy : bool
        A corrupted version of the copy before it, of the same length.
    """

    suffix: str
    voice: Voice
    samples: np.ndarray
    is_noisy: bool


@dataclass(frozen=True)
class Noise:
    """One kind of noise that may be added.

    Attributes
    ----------
    source : str
        ``coloured`` (synthetic, with a random spectral slope), or a list of audio:
        ``speech`` is the training set itself, others are named by the user.
    weight : float
        How often it is chosen, relative to the other kinds; 0 never.
    snr_db : pair of float
        Range of the signal-to-noise ratio.
    n_mixed : pair of int
        Range of the number of recordings that are mixed; several of speech are babble.
    """

    source: str
    weight: float
    snr_db: tuple[float, float]
    n_mixed: tuple[int, int] = (1, 1)


class Corruption:
    """A room, noise, gain and a codec, each perhaps, in the order of their happening.

    Parameters
    ----------
    noises : list of Noise
    noise_probability : float
        How often noise of one of the kinds is added.
    reverberation_probability : float
        How often there is a room.
    responses : str
        ``simulated``, or the name of a list of recorded impulse responses.
    rt60_s : pair of float
        Range of a simulated room's reverberation time.
    gain_db : pair of float
        Range of the peak's level in dB full scale, above 0 clipped. It matters to what
        follows: front-ends level their input themselves.
    codecs : list of str
        Names in `utils.audio.codecs.CODECS`.
    codec_probability : float
        How often one of the codecs is used.

    Raises
    ------
    ValueError
        There is no such codec, or nothing to choose from.
    """

    def __init__(  # noqa: PLR0913 - one argument per YAML value
        self,
        noises: list[Noise],
        noise_probability: float,
        reverberation_probability: float,
        responses: str,
        rt60_s: tuple[float, float],
        gain_db: tuple[float, float],
        codecs: list[str],
        codec_probability: float,
    ) -> None:
        self.noises = [noise for noise in noises if noise.weight > 0]
        self.noise_probability = noise_probability
        self.reverberation_probability = reverberation_probability
        self.responses, self.rt60_s, self.gain_db = responses, rt60_s, gain_db
        self.codecs, self.codec_probability = codecs, codec_probability
        unknown = set(self.codecs) - set(CODECS)
        if unknown:
            raise ValueError(f"no codec {unknown.pop()!r}; one of {', '.join(CODECS)}")
        if (noise_probability and not self.noises) or (
            codec_probability and not self.codecs
        ):
            raise ValueError("a probability above 0 without noises or codecs to choose")

    @property
    def sources(self) -> set[str]:
        """Names of the lists of audio that are drawn from."""
        names = (
            {noise.source for noise in self.noises} if self.noise_probability else set()
        )
        if self.reverberation_probability:
            names.add(self.responses)
        return names - {"coloured", SIMULATED}

    def __call__(
        self,
        samples: np.ndarray,
        rate_hz: int,
        rng: np.random.Generator,
        sources: AudioSources,
    ) -> np.ndarray:
        """Return a corrupted version of the same length, in step with the speech.

        Parameters
        ----------
        samples : ndarray of float32, shape (n_samples,)
        rate_hz : int
        rng : Generator
        sources : AudioSources
            Lists of all names in `sources`.

        Returns
        -------
        ndarray of float32, shape (n_samples,)
        """
        if rng.random() < self.reverberation_probability:
            samples = reverberate(samples, self._response(rate_hz, rng, sources))
        if rng.random() < self.noise_probability:
            weights = np.array([noise.weight for noise in self.noises])
            noise = self.noises[rng.choice(len(weights), p=weights / weights.sum())]
            added = _draw_noise(noise, len(samples), rng, sources)
            samples = add_noise(samples, added, rng.uniform(*noise.snr_db))
        if rng.random() < self.codec_probability:
            samples = change_gain(samples, rng.uniform(*self.gain_db))
            samples = transmit(samples, rate_hz, rng.choice(self.codecs))
        elif self.gain_db[1] > 0:
            samples = change_gain(samples, rng.uniform(*self.gain_db))
        return samples

    def _response(
        self, rate_hz: int, rng: np.random.Generator, sources: AudioSources
    ) -> np.ndarray:
        if self.responses == SIMULATED:
            return room_response(rng.uniform(*self.rt60_s), rate_hz, rng)
        return sources.draw(self.responses, rng)


def _draw_noise(
    noise: Noise, n_samples: int, rng: np.random.Generator, sources: AudioSources
) -> np.ndarray:
    """Make noise of a kind, shape (n_samples,)."""
    if noise.source == "coloured":
        return coloured_noise(n_samples, rng.uniform(0, 2), rng)
    n_mixed = rng.integers(noise.n_mixed[0], noise.n_mixed[1] + 1)
    recordings = [sources.draw(noise.source, rng, n_samples) for _ in range(n_mixed)]
    parts = [np.resize(part / part.std(), n_samples) for part in recordings]
    return np.sum(parts, axis=0)


def speed_suffix(speed: float) -> str:
    """Return what the names of a speed's copies, and of its speakers, end with.

    Example
    -------
    >>> speed_suffix(1.0), speed_suffix(0.9)
    ('', '-sp0.9')
    """
    return "" if speed == 1.0 else f"-sp{speed:g}"


class AugmentedCopies:
    """All the versions of a training utterance that are stored.

    Parameters
    ----------
    speeds : list of float
        Speeds to store; 1.0 is the original.
    n_noisy : int
        Corrupted versions of a voice.
    noisy_speeds : list of float
        The speeds that have them; random voices all have.
    voices : RandomVoices
        Further voices, which each speaker has of its own.
    corruption : Corruption
    """

    def __init__(
        self,
        speeds: list[float],
        n_noisy: int,
        noisy_speeds: list[float],
        voices: RandomVoices,
        corruption: Corruption,
    ) -> None:
        self.speeds, self.n_noisy, self.noisy_speeds = speeds, n_noisy, noisy_speeds
        self.voices, self.corruption = voices, corruption

    @property
    def sources(self) -> set[str]:
        """Names of the lists of audio that are drawn from."""
        return self.corruption.sources if self.n_noisy else set()

    def voices_of(self, rng: np.random.Generator) -> list[Voice]:
        """Return a speaker's voices: at the speeds, as everyone's, and random ones."""
        speeds = [Voice(speed_suffix(speed), speed) for speed in self.speeds]
        return speeds + self.voices(rng)

    def __call__(
        self,
        samples: np.ndarray,
        rate_hz: int,
        voices: list[Voice],
        rng: np.random.Generator,
        sources: AudioSources,
    ) -> Iterator[AugmentedCopy]:
        """Yield each voice's copy, followed by its corrupted versions."""
        for voice in voices:
            spoken = voice(samples, rate_hz)
            yield AugmentedCopy(voice.suffix, voice, spoken, is_noisy=False)
            has_noisy = voice.formants or voice.speed in self.noisy_speeds
            n_noisy = self.n_noisy if has_noisy else 0
            for number in range(1, n_noisy + 1):
                noisy = self.corruption(spoken, rate_hz, rng, sources)
                name = f"{voice.suffix}-noisy{number}"
                yield AugmentedCopy(name, voice, noisy, is_noisy=True)

"""Simulated recording sessions: a room, a device and background noise."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, fftconvolve, sosfilt

from utils.features.augment import add_noise, coloured_noise, room_response


@dataclass(frozen=True)
class Session:
    """Where and with what a speaker is recorded.

    Attributes
    ----------
    level_db : float
        Level of the recording, relative to full scale.
    band_hz : tuple of float
        Pass band of the device.
    snr_db : float
        Typical signal-to-noise ratio.
    noise_slope : float
        The noise's power falls as 1 / f**slope.
    response : ndarray of shape (n_samples,)
        Impulse response of the room.
    """

    level_db: float
    band_hz: tuple[float, float]
    snr_db: float
    noise_slope: float
    response: np.ndarray


def random_session(rate_hz: int, rng: np.random.Generator) -> Session:
    """Draw a session.

    Parameters
    ----------
    rate_hz : int
        Sampling rate of the recordings.
    rng : Generator
    """
    return Session(
        level_db=rng.uniform(-32, -14),
        band_hz=(rng.uniform(60, 300), rng.uniform(3000, 7600)),
        snr_db=rng.uniform(12, 28),
        noise_slope=rng.uniform(0, 2),
        response=room_response(rng.uniform(0.1, 0.45), rate_hz, rng),
    )


def record(
    samples: np.ndarray, session: Session, rate_hz: int, rng: np.random.Generator
) -> np.ndarray:
    """Record speech in a session.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,)
    session : Session
    rate_hz : int
    rng : Generator

    Returns
    -------
    ndarray of float32, shape (n_samples,), in [-1, 1]
        The ratio of speech to noise is the session's, give or take 2 dB.
    """
    heard = fftconvolve(samples, session.response)[: len(samples)]
    noise = coloured_noise(len(samples), session.noise_slope, rng)
    mixed = add_noise(heard, noise, session.snr_db + rng.uniform(-2, 2))
    device = butter(4, session.band_hz, "bandpass", fs=rate_hz, output="sos")
    recorded = sosfilt(device, mixed)
    gain = 10 ** (session.level_db / 20) / np.sqrt(np.mean(recorded**2))
    return np.clip(gain * recorded, -1, 1).astype(np.float32)

"""Sounds that are no speech, made at random: each a function of a generator and time.

Time is an ndarray of shape (n_samples,), in seconds at `RATE_HZ`. What comes out has
any level.
"""

from tests.bench.sounds import creatures, machines, music, noises, tones

RATE_HZ = 16000
SOUNDS = {
    sound.__name__: sound
    for module in (noises, tones, machines, creatures, music)
    for sound in module.SOUNDS
}

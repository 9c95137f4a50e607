"""Speech that is taken for speech: two voices of espeak-ng."""

import soundfile

from recipes.espeak.synthesizer import copy_data, open_synthesizer

TEXT = "The quick brown fox jumps over the lazy dog, and then it goes home to sleep."


def write_speech(folder):
    """Write a recording of each of two voices, about 5 s; returns the paths."""
    paths = []
    with open_synthesizer(copy_data(folder), seed=0) as synthesizer:
        for voice in ("en-us+f1", "en"):
            synthesizer.use_voice(voice, 150)
            paths.append(folder / f"{voice}.wav")
            soundfile.write(paths[-1], synthesizer.speak(TEXT), synthesizer.rate_hz)
    return paths

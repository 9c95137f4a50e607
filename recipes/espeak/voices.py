"""Random speakers: an accent and a voice definition of espeak-ng each."""

from dataclasses import dataclass

import numpy as np

# language of the sentences, and espeak-ng's names of its accents
ACCENTS = {
    "en": [
        "en-us", "en", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan",
        "en-gb-x-gbcwmd", "en-029",
    ],
    "de": ["de"],
    "es": ["es", "es-419"],
    "fr": ["fr", "fr-be", "fr-ch"],
    "it": ["it"],
    "nl": ["nl"],
    "pl": ["pl"],
    "pt": ["pt", "pt-br"],
}  # fmt: skip
_ENGLISH_SHARE = 0.6
_PITCH_HZ = {"m": (80.0, 140.0), "f": (140.0, 235.0)}
_TRACT_PERCENT = {"m": (90.0, 108.0), "f": (103.0, 122.0)}
_N_FORMANTS = 9


@dataclass(frozen=True)
class Speaker:
    """A synthetic speaker.

    Attributes
    ----------
    name : str
    gender : str
        ``f`` or ``m``.
    language, accent : str
        A key of `ACCENTS`, and one of its values.
    words_per_minute : int
    definition : str
        Lines of an espeak-ng voice file.
    """

    name: str
    gender: str
    language: str
    accent: str
    words_per_minute: int
    definition: str

    @property
    def voice(self) -> str:
        """What espeak-ng calls the voice."""
        return f"{self.accent}+{self.name}"


def random_speaker(name: str, gender: str, rng: np.random.Generator) -> Speaker:
    """Draw a speaker.

    Parameters
    ----------
    name : str
    gender : str
        ``f`` or ``m``: the ranges of pitch and vocal tract overlap a little.
    rng : Generator

    Returns
    -------
    Speaker
    """
    others = sorted(set(ACCENTS) - {"en"})
    is_english = rng.random() < _ENGLISH_SHARE
    language = "en" if is_english else str(rng.choice(others))
    return Speaker(
        name=name,
        gender=gender,
        language=language,
        accent=str(rng.choice(ACCENTS[language])),
        words_per_minute=int(rng.integers(135, 205)),
        definition=random_definition(gender, rng),
    )


def random_definition(gender: str, rng: np.random.Generator) -> str:
    """Draw the lines of a voice file: pitch, formants, roughness, breath."""
    low_hz = rng.uniform(*_PITCH_HZ[gender])
    lines = [
        f"gender {'female' if gender == 'f' else 'male'}",
        f"pitch {low_hz:.0f} {low_hz * rng.uniform(1.15, 1.7):.0f}",
        f"roughness {rng.integers(0, 7)}",
        f"flutter {rng.integers(0, 8)}",
        f"voicing {rng.integers(70, 120)}",
        f"consonants {rng.integers(70, 130)} {rng.integers(70, 130)}",
    ]
    tract = rng.uniform(*_TRACT_PERCENT[gender])
    for number in range(_N_FORMANTS):
        frequency = tract + rng.uniform(-5, 5)
        height, width = rng.uniform(65, 130), rng.uniform(75, 145)
        lines.append(f"formant {number} {frequency:.0f} {height:.0f} {width:.0f}")
    breathiness = rng.uniform(0, 5) if rng.random() < 0.6 else 0.0
    breath = " ".join(f"{breathiness * rng.random():.0f}" for _ in range(8))
    return "\n".join([*lines, f"breath {breath}"]) + "\n"

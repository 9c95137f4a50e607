"""What silence around speech does to its embedding, as it is and without long pauses.

    python -m tests.bench.silence SPEAKERS [--system campplus] [--silence-s 5]

SPEAKERS holds a folder of recordings for each speaker, the first two of which are
compared: the mean cosine as they are, and with silence 60 dB under the speech before
and after the second, which is embedded whole, or as `utils.verification.recordings`
does.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from local.setup.systems import find_system
from tests.bench.conversations import list_speakers
from utils.audio.decoding import read_audio
from utils.audio.long_pauses import shorten_pauses
from utils.systems.answering import open_answering

SILENCE_DB = -60.0
EMBEDDED_S = 10


def main() -> None:
    """Compare."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("speakers", type=Path)
    parser.add_argument("--system", default="campplus")
    parser.add_argument("--silence-s", type=float, default=5.0)
    args = parser.parse_args()
    system = open_answering(find_system(args.system))
    rate_hz, rng = system.front_end.sample_rate_hz, np.random.default_rng(0)

    def embed(samples: np.ndarray) -> np.ndarray:
        return system.embed([samples.astype(np.float32)])[0]

    def with_silence(samples: np.ndarray) -> np.ndarray:
        quiet = 10 ** (SILENCE_DB / 20) * np.std(samples)
        n = round(args.silence_s * rate_hz)
        return np.concatenate(
            [quiet * rng.standard_normal(n), samples, quiet * rng.standard_normal(n)]
        )

    ways: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "alone": lambda samples: samples,
        "in silence": with_silence,
        "in silence, without long pauses": lambda samples: shorten_pauses(
            with_silence(samples), rate_hz
        ),
    }
    pairs = [
        [read_audio(path, rate_hz) for path in paths[:2]]
        for paths in list_speakers(args.speakers).values()
    ]
    for name, change in ways.items():
        cosines = [
            float(embed(first) @ embed(change(second[: EMBEDDED_S * rate_hz])))
            for first, second in pairs
        ]
        print(f"{name}: mean cosine {np.mean(cosines):.2f} of {len(pairs)} speakers")


if __name__ == "__main__":
    main()

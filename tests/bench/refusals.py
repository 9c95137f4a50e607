"""What a system gives no score: clips without speech, and utterances of test speakers.

    python -m tests.bench.refusals SYSTEM CORPORA

200 clips: the sounds of `tests.audio.other_sounds`, of 1 to 10 s, and 0.3 s of speech;
then up to 300 utterances of the test speakers of each of librispeech, speechocean762
and wuw below CORPORA, as they are, with why some are refused; and 100 of them over a
telephone line.
"""

import argparse
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tests.audio.other_sounds import RATE_HZ, SOUNDS
from tests.bench.sounds.clips import test_files
from utils.audio.acoustics import transmit
from utils.audio.decoding import read_audio
from utils.verification.recordings import hear
from utils.verification.verifier import Verifier, open_verifier

N_CLIPS, N_CUT, N_UTTERANCES, N_TELEPHONE = 200, 40, 300, 100
CUT_S = 0.3


def spread(items: list, n: int) -> list:
    """Take n items evenly."""
    return items[:: -(-len(items) // n)]


def clips(files: list[Path]) -> Iterable[np.ndarray]:
    """Yield what holds no speech, or too little."""
    for number in range(N_CLIPS - N_CUT):
        rng = np.random.default_rng(number)
        n_samples = int(rng.uniform(1, 10) * RATE_HZ)
        yield SOUNDS[number % len(SOUNDS)](rng, n_samples)
    for path in files[:N_CUT]:
        samples = read_audio(path, RATE_HZ)
        yield samples[len(samples) // 2 :][: int(CUT_S * RATE_HZ)]


def tell(verifier: Verifier, what: str, recordings: Iterable[np.ndarray]) -> None:
    """Print how many are refused, and why."""
    front_end, n = verifier.system.front_end, 0
    reasons: Counter[str] = Counter()
    for samples in recordings:
        refused = verifier.refusal(hear(samples, RATE_HZ, front_end, "")) or ": scored"
        reasons[re.sub(r"^: (?:[\d.e+-]+ )?([^;:]*).*", r"\1", refused)] += 1
        n += 1
    scored = reasons.pop("scored", 0)
    print(f"{what}: {n}, {scored} scored, {n - scored} refused ({1 - scored / n:.2%})")
    for reason, count in reasons.most_common():
        print(f"    {count} {reason}", flush=True)


def main() -> None:
    """Count."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("system", type=Path)
    parser.add_argument("corpora", type=Path)
    args = parser.parse_args()
    verifier, corpora = open_verifier(args.system), test_files(args.corpora)
    everything = [path for files in corpora.values() for path in spread(files, 60)]
    tell(verifier, "clips", clips(everything))
    for name, files in corpora.items():
        heard = (read_audio(path, RATE_HZ) for path in spread(files, N_UTTERANCES))
        tell(verifier, name, heard)
    heard = (read_audio(path, RATE_HZ) for path in everything[:N_TELEPHONE])
    telephoned = (transmit(samples, RATE_HZ, "mulaw") for samples in heard)
    tell(verifier, "over a telephone", telephoned)


if __name__ == "__main__":
    main()

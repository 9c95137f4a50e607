"""Verification on real speech against what the stored calibration promised.

    python -m tests.bench.promises SYSTEM VOICES... [--per-speaker N] [--pattern P]

A speaker's recordings are played one after the other and cut into pieces of 10 s. Each
enrols its speaker, and each is compared with all others' starts of 2, 5 and 10 s, as
recorded and over a telephone (300 to 3400 Hz, 8 kHz). Beside the rates at the stored
thresholds stand those that an answer names, by the condition that it finds; what gets
no score is counted. Intervals, 95 %, resample speakers.
"""

import itertools

import numpy as np
import pandas as pd

from tests.bench.voices import llrs, parse_arguments, read_voices
from utils.audio.acoustics import transmit
from utils.audio.decoding import read_audio
from utils.metrics.bootstrap import Speakers, draw_counts
from utils.verification.decisions import Threshold
from utils.verification.rates import Rates, measure_rates
from utils.verification.recordings import Recording, hear
from utils.verification.verifier import Verifier, open_verifier

PIECE_S, MOST_PIECES, DURATIONS_S, N_RESAMPLES = 10, 3, (10, 5, 2), 1000
BANDS = {"as recorded": None, "over a telephone": "mulaw"}


def pieces(table: pd.DataFrame, rate_hz: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Cut everybody's recordings into pieces; returns them and whose they are."""
    found, who = [], []
    for place, (_, rows) in enumerate(table.groupby("spk_id")):
        whole = np.concatenate([read_audio(path, rate_hz) for path in rows["wav"]])
        size = PIECE_S * rate_hz
        n_pieces = min(MOST_PIECES, len(whole) // size)
        found += list(whole[: n_pieces * size].reshape(n_pieces, size))
        who += n_pieces * [place]
    return found, np.array(who)


def hear_all(
    verifier: Verifier, samples: list[np.ndarray], duration_s: int, codec: str | None
) -> list[Recording]:
    """Hear the starts of pieces, perhaps over a telephone."""
    front_end = verifier.system.front_end
    rate_hz = front_end.sample_rate_hz
    starts = [own[: duration_s * rate_hz] for own in samples]
    if codec:
        starts = [transmit(own, rate_hz, codec) for own in starts]
    return [hear(own, rate_hz, front_end, "") for own in starts]


def promised(verifier: Verifier, tests: list[Recording], at: Threshold) -> str:
    """Tell the mean of the rates that answers about the tests name."""
    named: list[Rates] = [at.rates[verifier.condition([own], at)] for own in tests]
    far, frr = (
        np.mean([getattr(own, rate).value for own in named]) for rate in ("far", "frr")
    )
    return f"promised {far:.2%} and {frr:.1%}"


def compare(
    verifier: Verifier, models: np.ndarray, tests: list[Recording], who: np.ndarray,
    duration_s: int,
) -> None:  # fmt: skip
    """Print the rates at each threshold of tests (M,) with models (M, D) of others."""
    kept = np.array([not verifier.refusal(own) for own in tests])
    heard = [own for own, is_kept in zip(tests, kept, strict=True) if is_kept]
    scores = llrs(
        verifier, models, verifier.embed(heard), len(models) * [[PIECE_S]], [duration_s]
    )
    numbers, tested = np.arange(len(who)), np.flatnonzero(kept)
    is_trial = numbers[:, None] != tested  # (N, M): no piece with itself
    enrol, test = np.nonzero(is_trial)
    speakers = Speakers(who[enrol], who[tested[test]], int(who.max()) + 1)
    counts = draw_counts(speakers.n_speakers, N_RESAMPLES, seed=0)
    print(f"  {(~kept).sum()} of {len(kept)} get no score")
    for at in verifier.measured.thresholds:
        rates = measure_rates(scores[is_trial], speakers, at.llr, counts)
        print(f"  FAR {at.far:g}: found FAR {rates.far.text}, FRR {rates.frr.text}; "
              + promised(verifier, heard, at), flush=True)  # fmt: skip


def main() -> None:
    """Measure."""
    args = parse_arguments(__doc__)
    verifier = open_verifier(args.system)
    table = read_voices(args.voices, args.pattern, args.per_speaker)
    samples, who = pieces(table, verifier.system.front_end.sample_rate_hz)
    print(f"{len(np.unique(who))} speakers, {len(who)} pieces of {PIECE_S} s")
    models = None
    for (band, codec), duration_s in itertools.product(BANDS.items(), DURATIONS_S):
        heard = hear_all(verifier, samples, duration_s, codec)
        if models is None:  # the whole pieces, as recorded
            models = verifier.embed(heard)
        print(f"{duration_s} s {band}:")
        compare(verifier, models, heard, who, duration_s)


if __name__ == "__main__":
    main()

"""Make conversations of real utterances, whose turns are known.

    python -m tests.bench.conversations FOLDER --out DIR [--n 40] [--seed 0]

FOLDER holds a folder of recordings for each speaker. Each conversation has its own
speakers, levels, pauses and share of overlap; with --rooms each voice is in a room of
its own and there is noise over all. No utterance is said twice in a conversation.
Writes NAME.wav, reference.rttm and all.uem. The first --skip-first recordings of a
speaker are left for enrolment.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

from local.setup.hyperparameters import load_hyperparameters
from utils.audio.acoustics import (
    add_noise,
    coloured_noise,
    reverberate,
    room_response,
)
from utils.audio.decoding import read_audio
from utils.data.files import audio_paths
from utils.diarization.turns import Region, Turn, write_rttm
from utils.features.front_end import FrontEnd
from utils.runtime.progress import progress

RATE_HZ = 16000
LONGEST_PAUSE_S = 0.25  # within a turn
SAME_AGAIN = 0.15  # how often a speaker goes on
PAUSE_S, OVERLAP_S = 1.2, (0.3, 2.0)  # pauses at most; overlaps
GAINS_DB, RT60_S, SNR_DB = (-5, 5), (0.15, 0.6), (15, 35)


class Kind(NamedTuple):
    """What conversations are like: length, speakers, how many turns begin early."""

    length_s: float = 180.0
    n_speakers: tuple[int, int] = (2, 8)
    most_overlap: float = 0.4
    has_rooms: bool = False


def list_speakers(folder: Path, skip_first: int = 0) -> dict[str, list[Path]]:
    """Return the recordings of each speaker's folder."""
    found = {
        own.name: sorted(audio_paths(own))[skip_first:]
        for own in sorted(folder.iterdir())
        if own.is_dir()
    }
    return {name: paths for name, paths in found.items() if paths}


def speech_spans(front_end: FrontEnd, samples: np.ndarray) -> np.ndarray:
    """Return where there is speech, in seconds: shape (n, 2)."""
    found = front_end(samples)
    spans = found.segments * (len(samples) / RATE_HZ / found.n_total)
    is_new = spans[1:, 0] - spans[:-1, 1] > LONGEST_PAUSE_S
    starts = spans[np.append(True, is_new), 0]
    stops = spans[np.append(is_new, True), 1]
    return np.stack([starts, stops], axis=1)


def compose(
    rng: np.random.Generator, front_end: FrontEnd, name: str,
    voices: dict[str, list[Path]], kind: Kind,
) -> tuple[np.ndarray, list[Turn]]:  # fmt: skip
    """Let speakers talk one after the other, and at times at once."""
    left = {
        own: list(rng.permutation(np.array(paths))) for own, paths in voices.items()
    }
    gains = {own: 10 ** (rng.uniform(*GAINS_DB) / 20) for own in voices}
    rooms = {own: room_response(rng.uniform(*RT60_S), RATE_HZ, rng) for own in voices}
    p_overlap = rng.uniform(0, kind.most_overlap)
    whole = np.zeros(round((kind.length_s + 60) * RATE_HZ), dtype=np.float32)
    turns: list[Turn] = []
    end_s, who = 0.0, ""
    while end_s < kind.length_s and any(left.values()):
        others = [own for own in left if left[own] and own != who]
        if others and not (who and left[who] and rng.random() < SAME_AGAIN):
            who = str(rng.choice(others))
        if not left[who]:
            break
        samples = read_audio(left[who].pop(), RATE_HZ)
        spans = speech_spans(front_end, samples)
        at_s = end_s + rng.uniform(0, PAUSE_S)
        if turns and turns[-1].speaker != who and rng.random() < p_overlap:
            longest_s = min(turns[-1].duration_s, spans[-1, 1] - spans[0, 0]) / 2
            at_s = end_s - min(rng.uniform(*OVERLAP_S), longest_s)
        first, last = np.rint(spans[[0, -1], [0, 1]] * RATE_HZ).astype(int)
        spoken = gains[who] * samples[first:last] / np.std(samples[first:last]) / 30
        if kind.has_rooms:
            spoken = reverberate(spoken, rooms[who])
        at = max(round(at_s * RATE_HZ), 0)
        if at + len(spoken) > len(whole):
            break
        whole[at : at + len(spoken)] += spoken
        offset_s = at / RATE_HZ - spans[0, 0]
        turns += [
            Turn(name, "1", float(offset_s + start), float(stop - start), who)
            for start, stop in spans
        ]
        end_s = max(end_s, turns[-1].stop_s)
    whole = whole[: round((end_s + 1) * RATE_HZ)]
    if kind.has_rooms:
        noise = coloured_noise(len(whole), rng.uniform(0, 2), rng)
        whole = add_noise(whole, noise, rng.uniform(*SNR_DB))
    return whole / max(1.0, float(np.abs(whole).max())), turns


def main() -> None:
    """Make them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--n", type=int, default=40)
    parser.add_argument("--length-s", type=float, default=180.0)
    parser.add_argument("--speakers", type=int, nargs=2, default=(2, 8))
    parser.add_argument("--rooms", action="store_true")
    parser.add_argument("--skip-first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    voices = list_speakers(args.folder, args.skip_first)
    front_end = load_hyperparameters(Path("hparams/features.yaml"))["front_end"]
    kind = Kind(args.length_s, tuple(args.speakers), has_rooms=args.rooms)
    args.out.mkdir(parents=True, exist_ok=True)
    turns: list[Turn] = []
    regions: list[Region] = []
    for number in progress(range(args.n), args.n, "joining"):
        rng = np.random.default_rng([args.seed, number])
        low, high = kind.n_speakers
        chosen = rng.choice(
            list(voices), rng.integers(low, min(high, len(voices)) + 1), replace=False
        )
        name = f"conversation{number:03}"
        own = {str(speaker): voices[str(speaker)] for speaker in chosen}
        samples, found = compose(rng, front_end, name, own, kind)
        soundfile.write(args.out / f"{name}.wav", samples, RATE_HZ)
        turns += found
        regions.append(Region(name, "1", 0.0, len(samples) / RATE_HZ))
    write_rttm(args.out / "reference.rttm", turns)
    lines = [f"{own.file} 1 0 {own.stop_s:.3f}\n" for own in regions]
    (args.out / "all.uem").write_text("".join(lines))
    ends = np.array([(own.start_s, own.stop_s) for own in turns])
    spoken_s, whole_s = np.diff(ends, axis=1).sum(), sum(own.stop_s for own in regions)
    print(f"{args.n} conversations, {whole_s / 60:.0f} min, {spoken_s / 60:.0f} spoken")


if __name__ == "__main__":
    main()

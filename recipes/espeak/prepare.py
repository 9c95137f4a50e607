"""The embedded default corpus: synthetic voices, made on the spot.

Every speaker has an espeak-ng voice and an accent of their own and is heard in two
simulated sessions. The voices are no human speech: results on them show that the
pipeline works, and nothing about people.
"""

import argparse
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
from scipy.signal import resample_poly

from recipes.espeak.sessions import random_session, record
from recipes.espeak.synthesizer import copy_data, open_synthesizer, write_voice
from recipes.espeak.voices import Speaker, random_speaker
from recipes.preparation import Recipe, run_recipe
from utils.data.corpus import CorpusContents, CorpusDesign
from utils.runtime.atomic import replacing_folder
from utils.runtime.errors import UserError
from utils.runtime.processes import map_in_processes

RATE_HZ = 16000
SESSIONS = ("1", "2")
TEST_SHARE, VALID_SHARE = 0.2, 0.1  # of the speakers
SENTENCES = Path(__file__).parent / "sentences"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the size of the corpus."""
    parser.add_argument("--speakers", type=int, default=100, help="12 or more")
    parser.add_argument("--utterances", type=int, default=20, help="of each; 4 or more")


def find(args: argparse.Namespace) -> CorpusContents:
    """Make the audio, and tell what was made."""
    if args.speakers < 12 or args.utterances < 4:
        raise UserError(
            f"--speakers {args.speakers}, --utterances {args.utterances}: make at "
            "least 12 speakers with 4 utterances each"
        )
    if args.seed < 0 or args.nj < 1:
        raise UserError("--seed must be 0 or more, --nj 1 or more")
    make_folder(args.out)
    speakers = draw_speakers(args.speakers, args.seed)
    rows = pd.DataFrame(synthesize(speakers, args))
    split_of = choose_splits(speakers, args.seed)
    return CorpusContents(rows.assign(part=rows["spk_id"].map(split_of)))


def make_folder(path: Path) -> None:
    """Make a folder, or tell in one line why that cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"{path}: cannot make this folder ({error.strerror}); choose another --out"
        ) from None


def draw_speakers(n_speakers: int, seed: int) -> list[Speaker]:
    """Draw as many women as men."""
    return [
        random_speaker(
            f"spk{number:03d}", "fm"[number % 2], np.random.default_rng([seed, number])
        )
        for number in range(n_speakers)
    ]


def choose_splits(speakers: list[Speaker], seed: int) -> dict[str, str]:
    """Give every speaker to one split, with both genders alike in each."""
    rng = np.random.default_rng([seed, len(speakers)])
    split_of = {}
    for gender in "fm":
        names = [speaker.name for speaker in speakers if speaker.gender == gender]
        names = rng.permutation(names).tolist()
        n_test = max(2, round(TEST_SHARE * len(names)))
        n_valid = max(1, round(VALID_SHARE * len(names)))
        for place, name in enumerate(names):
            is_valid = place < n_test + n_valid
            split_of[name] = (
                "test" if place < n_test else "valid" if is_valid else "train"
            )
    return split_of


def synthesize(speakers: list[Speaker], args: argparse.Namespace) -> list[dict]:
    """Write all audio to OUT/wav; returns the manifest rows."""
    final = (args.out / "wav").resolve()
    with tempfile.TemporaryDirectory() as folder, replacing_folder(final) as wav:
        data = copy_data(Path(folder))
        for speaker in speakers:
            write_voice(data, speaker.name, speaker.definition)
        record = partial(
            record_speaker, data=data, wav=wav,
            n_utterances=args.utterances, seed=args.seed,
        )  # fmt: skip
        label = "synthetic speakers"
        done = map_in_processes(record, speakers, args.nj, label, batch_size=1)
        rows = [row for rows_of_speaker in done for row in rows_of_speaker]
    return [row | {"wav": str(final / row["wav"])} for row in rows]


def record_speaker(
    speaker: Speaker, data: Path, wav: Path, n_utterances: int, seed: int
) -> list[dict]:
    """Write one speaker's utterances, half in each session."""
    place = int(speaker.name[3:])
    rng = np.random.default_rng([seed, place, 1])
    sentences = draw_sentences(speaker.language, n_utterances, rng)
    sessions = {
        name: random_session(RATE_HZ, generator(seed, place, int(name)))
        for name in SESSIONS
    }
    (wav / speaker.name).mkdir()
    rows = []
    with open_synthesizer(data, seed) as synthesizer:
        synthesizer.use_voice(speaker.voice, speaker.words_per_minute)
        for number, sentence in enumerate(sentences):
            session = SESSIONS[2 * number // n_utterances]
            spoken = synthesizer.speak(sentence)
            clean = resample_poly(spoken, RATE_HZ, synthesizer.rate_hz)
            rng = generator(seed, place, int(session), number)
            samples = record(clean, sessions[session], RATE_HZ, rng)
            name = f"{speaker.name}-s{session}-{number:02d}"
            path = Path(speaker.name) / f"{name}.flac"
            soundfile.write(wav / path, samples, RATE_HZ)
            rows.append(
                {
                    "ID": name,
                    "wav": str(path),
                    "spk_id": speaker.name,
                    "gender": speaker.gender,
                    "accent": speaker.accent,
                    "language": speaker.language,
                    "session": session,
                    "text": sentence,
                }
            )
    return rows


def generator(seed: int, *place: int) -> np.random.Generator:
    """Make the random numbers of one place: speaker, session, utterance.

    Parameters
    ----------
    seed : int
        Seed of the whole corpus.
    *place : int
        Different places, also of different lengths, are independent.
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=place))


def draw_sentences(
    language: str, n_sentences: int, rng: np.random.Generator
) -> list[str]:
    """Draw different sentences: one alternative from each line of the grammar."""
    path = SENTENCES / f"{language}.txt"
    lines = path.read_text(encoding="utf-8").splitlines()
    parts = [[part.strip() for part in line.split("|")] for line in lines]
    sizes = [len(part) for part in parts]
    n_different = int(np.prod(sizes))
    if n_sentences > n_different:
        raise UserError(f"{path}: only {n_different} sentences; ask for fewer")
    chosen = rng.choice(n_different, n_sentences, replace=False)
    places = np.column_stack(np.unravel_index(chosen, sizes))
    return [
        " ".join(part[place] for part, place in zip(parts, row, strict=True)) + "."
        for row in places
    ]


RECIPE = Recipe(
    plan=CorpusDesign(
        name="espeak",
        split_of={split: split for split in ("train", "valid", "test")},
        n_enrol=3,
    ),
    find=find,
    how_to_get="this corpus makes its own audio",
    add_options=add_options,
    needs_source=False,
)

if __name__ == "__main__":
    run_recipe(__doc__, RECIPE)

"""speechocean762: manifests and trials from the release or a re-coded copy.

250 speakers with 20 English utterances each, 125 for training and 125 for testing,
as Kaldi data folders ``train`` and ``test``. OpenSLR 101, CC BY 4.0.
J. Zhang et al., "speechocean762: An Open-Source Non-native English Speech Corpus
For Pronunciation Assessment", Interspeech 2021.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from utils.audio import audio_length
from utils.errors import UserError
from utils.manifest import write_manifest
from utils.program import run_program
from utils.trials import pair_trials, write_trials

N_VALID_SPEAKERS = 15  # of the 125 training speakers
AUDIO_ENDINGS = (".WAV", ".wav", ".flac", ".opus", ".ogg", ".mp3")


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, required=True, help="corpus folder")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--seed", type=int, default=1986)
    return parser.parse_args()


def main() -> None:
    """Write the manifests of the three splits and both trial lists."""
    args = parse_arguments()
    prepare_speechocean762(args.source, args.out, args.seed)


def prepare_speechocean762(source: Path, out: Path, seed: int) -> None:
    """Prepare the corpus.

    Parameters
    ----------
    source : Path
        Folder with ``WAVE``, ``train`` and ``test``.
    out : Path
        Folder for the manifests, and for ``trials`` within it.
    seed : int
        Chooses the training speakers that are held out for validation.

    Raises
    ------
    UserError
        A list or an audio file is missing.
    """
    training, test = read_split(source, "train"), read_split(source, "test")
    held_out = choose_valid_speakers(training, N_VALID_SPEAKERS, seed)
    is_valid = training["spk_id"].isin(held_out)
    write_manifest(out / "train.csv", training[~is_valid])
    write_manifest(out / "valid.csv", training[is_valid])
    write_manifest(out / "test.csv", test)
    test = test.sort_values("ID", ignore_index=True)
    write_trials(out / "trials" / "so762-all.txt", pair_trials(test))
    write_trials(
        out / "trials" / "so762-same-gender.txt", pair_trials(test, same_gender)
    )
    print(
        f"{len(training) - is_valid.sum()} training, {is_valid.sum()} validation and "
        f"{len(test)} test utterances; manifests are in {out}"
    )


def same_gender(left: pd.DataFrame, right: pd.DataFrame) -> np.ndarray:
    """Tell which pairs of manifest rows have speakers of the same gender."""
    return left["gender"].to_numpy() == right["gender"].to_numpy()


def read_split(source: Path, split: str) -> pd.DataFrame:
    """Read one Kaldi data folder into manifest rows."""
    folder = source / split
    speaker_of = read_map(folder / "utt2spk")
    gender_of = read_map(folder / "spk2gender")
    age_of = read_map(folder / "spk2age")
    rows = []
    for utterance, name in read_map(folder / "wav.scp").items():
        path = find_audio(source / name)
        n_samples, rate_hz = audio_length(path)
        speaker = speaker_of[utterance]
        rows.append(
            {
                "ID": utterance,
                "duration": round(n_samples / rate_hz, 3),
                "wav": str(path),
                "start": 0,
                "stop": n_samples,
                "spk_id": speaker,
                "gender": gender_of[speaker],
                "age": age_of[speaker],
            }
        )
    return pd.DataFrame(rows)


def read_map(path: Path) -> dict[str, str]:
    """Read a file of ``key value`` lines."""
    if not path.is_file():
        raise UserError(
            f"{path}: no such file; --source must name the speechocean762 folder "
            "that holds WAVE, train and test"
        )
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split(maxsplit=1) for line in lines if line.strip())


def find_audio(named: Path) -> Path:
    """Find the file of a wav.scp entry, whatever its ending in this copy."""
    for ending in (named.suffix, *AUDIO_ENDINGS):
        path = named.with_suffix(ending)
        if path.is_file():
            return path.resolve()
    raise UserError(f"{named}: no such audio with any of {AUDIO_ENDINGS}; copy it anew")


def choose_valid_speakers(rows: pd.DataFrame, n_speakers: int, seed: int) -> set[str]:
    """Choose speakers to hold out, in the genders' and ages' proportions.

    Speakers are put in order of gender and age, and one is drawn from each of
    ``n_speakers`` equal stretches of that order.
    """
    speakers = rows.drop_duplicates("spk_id").assign(age=lambda r: r["age"].astype(int))
    ordered = speakers.sort_values(["gender", "age", "spk_id"])["spk_id"].to_numpy()
    rng = np.random.default_rng(seed)
    return {str(rng.choice(stretch)) for stretch in np.array_split(ordered, n_speakers)}


if __name__ == "__main__":
    run_program(main)

"""Turn an RTTM and its audio into a Kaldi data directory, to train or enrol on.

OUT gets segments, utt2spk, spk2utt, wav.scp and reco2file_and_channel, which
recipes/kaldi reads. What is said while others speak is left out, and speakers of
different recordings are different people, unless asked otherwise.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from utils.runtime.errors import UserError
from utils.runtime.program import run_program

if TYPE_CHECKING:
    from utils.diarization.data_folder import Audio


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rttm", type=Path, help="who spoke when")
    parser.add_argument(
        "--audio",
        type=Path,
        required=True,
        help="folder with a file for each recording",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument(
        "--min-s", type=float, default=1.0, help="least seconds of an utterance"
    )
    parser.add_argument(
        "--with-overlap", action="store_true", help="keep what others talk into"
    )
    parser.add_argument(
        "--are-names", action="store_true",
        help="a name is one person in all recordings",
    )  # fmt: skip
    return parser.parse_args()


def main() -> None:
    """Find the audio, and write the data directory."""
    args = parse_arguments()

    from utils.diarization.data_folder import write_data_folder
    from utils.diarization.turns import read_rttm

    turns = read_rttm(args.rttm)
    audio = {
        file: find_recording(args.rttm, args.audio, file)
        for file in sorted({turn.file for turn in turns})
    }
    n_utterances = write_data_folder(
        args.out, turns, audio, args.min_s, args.with_overlap, args.are_names
    )
    print(f"{n_utterances} utterances of {len(audio)} recordings: {args.out}")


def find_recording(rttm: Path, folder: Path, file: str) -> Audio:
    """Find the audio of a recording, and measure it."""
    import soundfile

    from utils.data.files import find_audio
    from utils.diarization.data_folder import Audio

    path = find_audio(folder / file)
    if path is None:
        raise UserError(
            f"{rttm}: no audio of {file!r} in {folder}, with any ending; mend --audio"
        )
    try:
        facts = soundfile.info(path)
    except soundfile.SoundFileError as error:
        raise UserError(f"{path}: cannot be read ({error}); replace it") from None
    return Audio(path.resolve(), facts.frames / facts.samplerate, facts.channels)


if __name__ == "__main__":
    run_program(main)

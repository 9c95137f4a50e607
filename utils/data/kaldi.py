"""Read Kaldi data directories: wav.scp, segments, utt2spk, labels, trials."""

from collections import Counter
from pathlib import Path

import pandas as pd

from utils.audio.commands import made_by
from utils.data.channels import channel_number
from utils.data.corpus import CorpusContents
from utils.data.files import find_audio, found_below
from utils.data.left_out import tell_left_out
from utils.data.names import safe_name, safe_speakers
from utils.data.roots import HERE, Roots, remedy
from utils.data.segments import Segment, read_segments
from utils.data.trial_design import TrialList
from utils.runtime.errors import UserError
from utils.runtime.text import read_lines
from utils.trials.enrolment import read_enrolment
from utils.trials.lists import read_trials

LABELS = {
    "spk2gender": "gender", "spk2age": "age", "spk2accent": "accent",
    "utt2lang": "language", "utt2session": "session", "utt2sess": "session",
}  # fmt: skip
ENROLMENT = ("enrol", "enroll", "enrolment", "enrollment")


def find_kaldi(
    source: Path, allow_commands: bool = False, roots: Roots = HERE
) -> CorpusContents:
    """Read a data directory, or a folder of several, each then a part.

    Parameters
    ----------
    source : Path
    allow_commands : bool
        Let entries of ``wav.scp`` that end in ``|`` be run by the shell.
    roots : Roots
        Where the files lie.

    Returns
    -------
    CorpusContents
        Utterances; the lists ``trials*`` with the models of ``enrol*``, if any.

    Raises
    ------
    UserError
        A file is missing or malformed, or a command is not allowed.
    """
    if (source / "wav.scp").is_file():
        folders = [source]
    else:
        folders = sorted(path.parent for path in source.glob("*/wav.scp"))
    if not folders:
        raise UserError(
            f"{source}: no wav.scp here nor in the folders below; --source must name "
            f"a Kaldi data directory{found_below(source, ('wav.scp',))}"
        )
    parts = []
    lists: dict[str, TrialList] = {}
    commands: dict[str, str] = {}
    faults: dict[str, str] = {}
    for folder in folders:
        found = read_data_directory(folder, allow_commands, roots)
        is_part = len(folders) > 1
        rows = found.utterances
        parts.append(rows.assign(part=folder.name) if is_part else rows)
        lists |= found.lists
        commands |= found.commands
        faults |= found.faults
    return CorpusContents(pd.concat(parts, ignore_index=True), lists, commands, faults)


def read_data_directory(
    folder: Path, allow_commands: bool = False, roots: Roots = HERE
) -> CorpusContents:
    """Read one data directory; see `find_kaldi`."""
    speaker_of = read_map(folder / "utt2spk")
    entries = {
        recording: roots.renew(entry)
        for recording, entry in read_map(folder / "wav.scp").items()
    }
    segments = locate_segments(folder, list(speaker_of), entries)
    commands: dict[str, str] = {}
    faults: dict[str, str] = {}
    wav_of: dict[str, str] = {}
    for recording in dict.fromkeys(segment.recording for segment in segments):
        wav, command, fault = locate(
            folder, recording, entries[recording], allow_commands
        )
        wav_of[recording] = wav
        if command:
            commands[wav] = command
        if fault:
            faults[wav] = fault
    if len(faults) == len(wav_of) > 0:
        first = next(name for name, wav in wav_of.items() if wav in faults)
        raise UserError(f"{faults[wav_of[first]]}; {remedy(entries[first], folder)}")
    table = pd.DataFrame(segments).assign(
        ID=[safe_name(name) for name in speaker_of],
        spk_id=safe_speakers(list(speaker_of.values())),
        wav=[wav_of[segment.recording] for segment in segments],
    )
    tell_left_out(
        f"recordings of {folder / 'wav.scp'} of which no utterance is in utt2spk",
        set(entries) - set(wav_of),
    )
    keys = {"spk": list(speaker_of.values()), "utt": list(speaker_of)}
    for file, label in LABELS.items():
        if (folder / file).is_file():
            own = keys[file[:3]]
            values = read_map(folder / file)
            table[label] = [values.get(key, "") for key in own]
            tell_left_out(
                f"entries of {folder / file} of nobody in utt2spk",
                set(values) - set(own), sorted(set(own) - set(values)),
            )  # fmt: skip
    table = table.drop(columns="recording").loc[:, lambda t: (t != "").any()]
    return CorpusContents(table, read_lists(folder), commands, faults)


def locate_segments(
    folder: Path, utterances: list[str], entries: dict[str, str]
) -> list[Segment]:
    """Return the stretch that each utterance is; a whole recording without segments.

    Parameters
    ----------
    folder : Path
    utterances : list of str
        In the order of ``utt2spk``.
    entries : dict of str
        What ``wav.scp`` says of each recording.

    Raises
    ------
    UserError
        An utterance has no recording.
    """
    path = folder / "segments"
    segments = read_segments(path) if path.is_file() else {}
    tell_left_out(
        f"entries of {path} that are not in utt2spk", set(segments) - set(utterances)
    )
    channel_of = shared_channels(folder, entries)
    found = []
    for line, name in enumerate(utterances, start=1):
        segment = segments.get(name, Segment(name))
        if segment.recording not in entries:
            raise UserError(
                f"{folder / 'utt2spk'}:{line}: {name!r} has no entry in wav.scp or "
                "segments; run Kaldi's utils/fix_data_dir.sh"
            )
        channel = segment.channel or channel_of.get(segment.recording, "")
        found.append(segment._replace(channel=channel))
    return found


def shared_channels(folder: Path, entries: dict[str, str]) -> dict[str, str]:
    """Return the channels in reco2file_and_channel of recordings that share a file."""
    path = folder / "reco2file_and_channel"
    if not path.is_file():
        return {}
    count = Counter(entries.values())
    found = {}
    for recording, text in read_map(path).items():
        if count[entries.get(recording, "")] > 1:
            try:
                found[recording] = channel_number(text.split()[-1])
            except ValueError:
                raise UserError(
                    f"{path}: {recording!r}: {text!r} names no channel A or B; mend it"
                ) from None
    return found


def read_map(path: Path) -> dict[str, str]:
    """Read a file of ``key value`` lines.

    Raises
    ------
    UserError
        The file is missing, a line has no value, or a key comes twice.
    """
    found: dict[str, str] = {}
    lines = read_lines(path, "--source must name its folder")
    for line, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        key, *rest = text.split(maxsplit=1)
        if not rest or key in found:
            what = "a second entry" if rest else "no value"
            raise UserError(f"{path}:{line}: {what} of {key!r}; mend the line")
        found[key] = rest[0].strip()
    return found


def locate(
    folder: Path, name: str, entry: str, allow_commands: bool
) -> tuple[str, str, str]:
    """Return the file of an entry of wav.scp, its command, and what is wrong with it.

    Raises
    ------
    UserError
        Commands may not be run.
    """
    path = folder / "wav.scp"
    if entry.endswith("|"):
        if not allow_commands:
            raise UserError(
                f"{path}: {name!r} is a command ({entry}); commands are run only with "
                "--allow-commands: read them first"
            )
        command = entry.rstrip("| ")
        return made_by(command, safe_name(name)), command, ""
    for place in (Path(entry), folder / entry, folder.parent / entry):
        found = find_audio(place)
        if found is not None:
            return str(found), "", ""
    fault = (
        f"{path}: {name!r}: no file {entry}, from here, from {folder} or from "
        f"{folder.parent}, with any ending of audio; correct the path"
    )
    return str(folder / entry), "", fault


def read_lists(folder: Path) -> dict[str, TrialList]:
    """Read the trial lists of a data directory, with its enrolment list if any."""
    models = {}
    for name in ENROLMENT:
        if (folder / name).is_file():
            models = read_enrolment(folder / name)
    lists: dict[str, TrialList] = {}
    for path in sorted(folder.glob("trials*")):
        if path.is_file():
            name = safe_name(path.stem if path.suffix == ".txt" else path.name)
            lists[name] = safe_list(read_trials(path), models)
    return lists


def safe_list(trials: pd.DataFrame, models: dict[str, list[str]]) -> TrialList:
    """Give the names in a list the form that `safe_name` gives them elsewhere."""
    trials = trials.copy()
    for side in ("enrol", "test"):
        trials[side] = trials[side].cat.rename_categories(safe_name)
    used = set(trials["enrol"].cat.categories)
    safe_models = {
        safe_name(model): [safe_name(name) for name in names]
        for model, names in models.items()
        if safe_name(model) in used
    }
    return TrialList(trials, safe_models)

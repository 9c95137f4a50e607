"""Read Kaldi data directories: wav.scp, segments, utt2spk, labels, trials."""

from pathlib import Path

import pandas as pd

from utils.audio.commands import made_by
from utils.data.corpus import Found
from utils.data.files import find_audio, found_below
from utils.data.names import safe_name
from utils.data.roots import HERE, Roots, remedy
from utils.data.trial_design import TrialList
from utils.runtime.errors import UserError
from utils.trials.enrolment import read_enrolment
from utils.trials.lists import read_trials

LABELS = {
    "spk2gender": "gender", "spk2age": "age", "spk2accent": "accent",
    "utt2lang": "language", "utt2session": "session", "utt2sess": "session",
}  # fmt: skip
ENROLMENT = ("enrol", "enroll", "enrolment", "enrollment")


def find_kaldi(
    source: Path, allow_commands: bool = False, roots: Roots = HERE
) -> Found:
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
    Found
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
    for folder in folders:
        found = read_data_directory(folder, allow_commands, roots)
        is_part = len(folders) > 1
        rows = found.utterances
        parts.append(rows.assign(part=folder.name) if is_part else rows)
        lists |= found.lists
        commands |= found.commands
    return Found(pd.concat(parts, ignore_index=True), lists, commands)


def read_data_directory(
    folder: Path, allow_commands: bool = False, roots: Roots = HERE
) -> Found:
    """Read one data directory; see `find_kaldi`."""
    recordings = read_map(folder / "wav.scp")
    speaker_of = read_map(folder / "utt2spk")
    segments = folder / "segments"
    spans = read_map(segments) if segments.is_file() else {}
    rows = []
    commands: dict[str, str] = {}
    for line, (name, speaker) in enumerate(speaker_of.items(), start=1):
        recording, *times = spans[name].split() if name in spans else [name]
        if recording not in recordings:
            raise UserError(
                f"{folder / 'utt2spk'}:{line}: {name!r} has no entry in wav.scp or "
                "segments; run Kaldi's utils/fix_data_dir.sh"
            )
        where: dict[str, object] = {"ID": safe_name(name), "spk_id": safe_name(speaker)}
        entry = roots.renew(recordings[recording])
        if entry.endswith("|"):
            check_allowed(folder / "wav.scp", recording, entry, allow_commands)
            command = entry.rstrip("| ")
            made = made_by(command, safe_name(recording))
            commands[made] = command
            where["wav"] = made
        else:
            where["wav"] = locate(folder, recording, entry)
        if times:
            where |= {"start_s": float(times[0]), "stop_s": float(times[1])}
        rows.append(where)
    table = pd.DataFrame(rows)
    keys = {"spk": list(speaker_of.values()), "utt": list(speaker_of)}
    for file, label in LABELS.items():
        if (folder / file).is_file():
            values = read_map(folder / file)
            table[label] = [values.get(key, "") for key in keys[file[:3]]]
    return Found(table, read_lists(folder), commands)


def read_map(path: Path) -> dict[str, str]:
    """Read a file of ``key value`` lines.

    Raises
    ------
    UserError
        The file is missing, a line has no value, or a key comes twice.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file; --source must name its folder")
    found: dict[str, str] = {}
    lines = path.read_text(encoding="utf-8").splitlines()
    for line, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        key, *rest = text.split(maxsplit=1)
        if not rest or key in found:
            what = "a second entry" if rest else "no value"
            raise UserError(f"{path}:{line}: {what} of {key!r}; mend the line")
        found[key] = rest[0].strip()
    return found


def check_allowed(path: Path, name: str, entry: str, is_allowed: bool) -> None:
    """Raise a `UserError` unless commands may be run."""
    if not is_allowed:
        raise UserError(
            f"{path}: {name!r} is a command ({entry}); commands are run only with "
            "--allow-commands: read them first"
        )


def locate(folder: Path, name: str, entry: str) -> str:
    """Find the file that an entry of wav.scp names."""
    for place in (Path(entry), folder / entry, folder.parent / entry):
        path = find_audio(place)
        if path is not None:
            return str(path)
    raise UserError(
        f"{folder / 'wav.scp'}: {name!r}: no file {entry}, from here, from {folder} or "
        f"from {folder.parent}, with any ending of audio; {remedy(entry, folder)}"
    )


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

"""Turns with their audio as a Kaldi data directory, to train or enrol on."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from utils.data.names import safe_name
from utils.diarization.activity import spans_of_speakers
from utils.diarization.scoring import by_place
from utils.diarization.turns import Turn
from utils.runtime.atomic import replacing_folder
from utils.runtime.errors import UserError


class Audio(NamedTuple):
    """A recording's file.

    Attributes
    ----------
    path : Path
    length_s : float
    n_channels : int
    """

    path: Path
    length_s: float
    n_channels: int


class Stretch(NamedTuple):
    """What becomes an utterance; times in seconds."""

    speaker: str
    start_s: float
    stop_s: float


def find_stretches(turns: Iterable[Turn], with_overlap: bool) -> list[Stretch]:
    """Return what each speaker of one channel says, alone unless overlap is asked for.

    Example
    -------
    >>> x, y = Turn("a", "1", 0.0, 3.0, "x"), Turn("a", "1", 1.0, 1.0, "y")
    >>> [tuple(own) for own in find_stretches([x, y], with_overlap=False)]
    [('x', 0.0, 1.0), ('x', 2.0, 3.0)]
    """
    spans_of = spans_of_speakers(turns)
    if with_overlap:
        return [
            Stretch(who, *span) for who, spans in spans_of.items() for span in spans
        ]
    cuts = np.unique([t for spans in spans_of.values() for span in spans for t in span])
    n_speaking = np.zeros(max(len(cuts) - 1, 0), dtype=int)
    places = {who: np.searchsorted(cuts, spans) for who, spans in spans_of.items()}
    for own in places.values():
        for first, last in own:
            n_speaking[first:last] += 1
    found = []
    for who, own in places.items():
        for first, last in own:
            alone = np.concatenate([[0], n_speaking[first:last] == 1, [0]])
            borders = cuts[first + np.flatnonzero(np.diff(alone))]
            found += [Stretch(who, *pair) for pair in borders.reshape(-1, 2).tolist()]
    return found


def write_data_folder(
    out: Path,
    turns: Sequence[Turn],
    audio: Mapping[str, Audio],
    min_s: float,
    with_overlap: bool = False,
    are_names: bool = False,
) -> int:
    """Write wav.scp, segments, utt2spk, spk2utt and reco2file_and_channel.

    Parameters
    ----------
    out : Path
        Folder to write.
    turns : sequence of Turn
        In any order, of any recordings; what reaches beyond a recording's end is cut.
    audio : mapping of Audio
        By the turns' files.
    min_s : float
        Shorter stretches are left out.
    with_overlap : bool
        Keep what is said while others speak.
    are_names : bool
        A speaker's name is a person's in all recordings; else each recording has
        speakers of its own.

    Returns
    -------
    int
        The number of utterances.

    Raises
    ------
    UserError
        A turn is of a channel that its file does not have, or nothing is left.
    """
    segments: dict[str, str] = {}
    speaker_of: dict[str, str] = {}
    for (file, channel), own in by_place(turns).items():
        recording = recording_name(file, channel, audio[file])
        for who, start_s, stop_s in find_stretches(own, with_overlap):
            stop_s = min(stop_s, audio[file].length_s)
            if stop_s - start_s < max(min_s, 0.001):
                continue
            speaker = safe_name(who if are_names else f"{recording}-{who}")
            times = f"{1000 * start_s:08.0f}-{1000 * stop_s:08.0f}"
            name = (
                f"{speaker}-{recording}-{times}" if are_names else f"{speaker}-{times}"
            )
            segments[name] = f"{recording} {start_s:.3f} {stop_s:.3f}"
            speaker_of[name] = speaker
    if not segments:
        raise UserError(
            f"{out}: no speech of {min_s:g} s or more is left; lower the least length, "
            "or keep overlap"
        )
    with replacing_folder(out) as folder:
        _write(folder / "segments", segments)
        _write(folder / "utt2spk", speaker_of)
        _write(folder / "spk2utt", _by_speaker(speaker_of))
        wav_of, channel_of = _recordings(audio, {turn.file for turn in turns})
        _write(folder / "wav.scp", wav_of)
        _write(folder / "reco2file_and_channel", channel_of)
    return len(segments)


def recording_name(file: str, channel: str, audio: Audio) -> str:
    """Return a channel's name: the file's where it has one channel.

    Raises
    ------
    UserError
        The file has no such channel.
    """
    if not (channel.isdecimal() and 1 <= int(channel) <= audio.n_channels):
        raise UserError(
            f"{audio.path}: {audio.n_channels} channels, but a turn of {file!r} is on "
            f"channel {channel}; RTTM counts them from 1"
        )
    name = safe_name(file)
    return f"{name}-{channel}" if audio.n_channels > 1 else name


def _recordings(
    audio: Mapping[str, Audio], files: Iterable[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the file and the channel of each recording, silent channels too."""
    wav_of, channel_of = {}, {}
    for file in files:
        for channel in range(audio[file].n_channels):
            name = recording_name(file, str(channel + 1), audio[file])
            wav_of[name] = str(audio[file].path)
            word = "AB"[channel] if audio[file].n_channels <= 2 else str(channel)
            channel_of[name] = f"{safe_name(file)} {word}"
    return wav_of, channel_of


def _by_speaker(speaker_of: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for name in sorted(speaker_of):
        found.setdefault(speaker_of[name], []).append(name)
    return {speaker: " ".join(names) for speaker, names in found.items()}


def _write(path: Path, entries: Mapping[str, str]) -> None:
    lines = [f"{key} {value}\n" for key, value in sorted(entries.items())]
    path.write_text("".join(lines), encoding="utf-8")

"""Names and links of the speakers of conversations whose people are known.

    python -m tests.bench.meeting_names SYSTEM FOLDER CONVERSATIONS FOUND

CONVERSATIONS is what tests.bench.conversations made of FOLDER with --skip-first 5,
FOUND the output folder of local.diarize on it. Every second of the people who talk is
enrolled with the first three recordings, the others are strangers. A found speaker is
the person who talks most of its time. Rates are of found speakers with enough speech.
"""

import argparse
import json
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from local.setup.found_turns import DiarizedRecording, Label, diarized_recording
from local.setup.meeting_names import Namer
from tests.bench.conversations import list_speakers
from utils.diarization.activity import find_activity
from utils.diarization.scoring import common_times
from utils.diarization.turns import Turn, read_rttm
from utils.metrics.partitions import b_cubed
from utils.speakers.recogniser import Recogniser, open_recogniser

FPIRS, N_ENROLLED = (0.001, 0.01, 0.05), 3


def enrol(system: Path, folder: Path, names: set[str], store: Path) -> Recogniser:
    """Enrol people of a folder in a new store."""
    people = open_recogniser(system, store, is_new=True)
    recordings = list_speakers(folder)
    for name in sorted(names):
        people.enrol(name, recordings[name][:N_ENROLLED])
    return people


def true_names(ref: list[Turn], found: DiarizedRecording) -> dict[str, str]:
    """Return who talks most of each found speaker's time."""
    activity = find_activity(ref, found.turns)
    common = common_times(activity, activity.durations_s)  # (R, H)
    who, speakers = (
        sorted({own.speaker for own in side}) for side in (ref, found.turns)
    )
    return {
        own: who[int(common[:, column].argmax())]
        for column, own in enumerate(speakers)
        if common[:, column].any()
    }


def tell_names(
    found: list[DiarizedRecording],
    truth: list[dict[str, str]],
    labels: list[dict[str, Label]],
    known: set[str],
    least_s: float,
) -> str:
    """Count right names, wrong names and none, by speakers and by seconds."""
    counts: Counter[str] = Counter()
    seconds: defaultdict[str, float] = defaultdict(float)
    for own, people, named in zip(found, truth, labels, strict=True):
        for speaker, who in people.items():
            voice = own.voices[speaker]
            if voice.speech_s < least_s:
                continue
            person = named[speaker].facts["person"]
            kind = "known" if who in known else "stranger"
            answer = "none" if person is None else "right" if person == who else "wrong"
            counts[f"{kind} {answer}"] += 1
            seconds[f"{kind} {answer}"] += voice.speech_s
    parts = []
    for kind in ("known", "stranger"):
        n, all_s = (
            sum(count for key, count in table.items() if key.startswith(kind))
            for table in (counts, seconds)
        )
        shares = ", ".join(
            f"{answer} {counts[f'{kind} {answer}'] / n:.1%} "
            f"({seconds[f'{kind} {answer}'] / all_s:.1%} of the time)"
            for answer in ("right", "wrong", "none")
            if f"{kind} {answer}" in counts
        )
        parts.append(f"{kind}, {n} voices: {shares}")
    return "; ".join(parts)


def tell_links(
    truth: list[dict[str, str]],
    labels: list[dict[str, Label]],
    found: list[DiarizedRecording],
    least_s: float,
) -> str:
    """Compare labels over all conversations with the people."""
    who, label = [], []
    for own, people, named in zip(found, truth, labels, strict=True):
        for speaker, person in people.items():
            if own.voices[speaker].speech_s >= least_s:
                who.append(person)
                label.append(named[speaker].name)
    scores = b_cubed(np.array(who), np.array(label))
    return (
        f"{len(who)} voices of {len(set(who))} people, {len(set(label))} labels: "
        f"B-cubed precision {scores.precision:.3f}, recall {scores.recall:.3f}, "
        f"F {scores.f_measure:.3f}"
    )


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("system", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("conversations", type=Path)
    parser.add_argument("found", type=Path)
    args = parser.parse_args()
    ref = read_rttm(args.conversations / "reference.rttm")
    found = [
        diarized_recording(
            args.conversations / f"{path.stem}.wav", json.loads(path.read_text())
        )
        for path in sorted((args.found / "found").glob("*.json"))
    ]
    truth = [
        true_names([turn for turn in ref if turn.file == own.name], own)
        for own in found
    ]
    with tempfile.TemporaryDirectory() as folder:
        known = set(sorted({own for people in truth for own in people.values()})[::2])
        store = Path(folder) / "people.db"
        people = enrol(args.system, args.folder, known, store)
        least_s = people.verifier.least()["speech_s"]
        for fpir in FPIRS:
            gallery, threshold = people.gallery(fpir)
            named = Namer(people.verifier, gallery, threshold, fpir, False)(found)
            told = tell_names(found, truth, named, known, least_s)
            print(f"{len(known)} enrolled, FPIR {fpir:.1%}: {told}")
            linked = Namer(people.verifier, None, None, fpir, True)(found)
            print(f"linked, {fpir:.1%}: {tell_links(truth, linked, found, least_s)}")


if __name__ == "__main__":
    main()

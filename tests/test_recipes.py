import hashlib
import json
import subprocess
import sys
from pathlib import Path

import espeakng_loader
import numpy as np
import pandas as pd
import pytest
import soundfile

from recipes.speechocean762.prepare import prepare_speechocean762
from utils.enrolment import read_enrolment
from utils.errors import UserError
from utils.manifest import read_manifest
from utils.trials import read_trials

SPLITS = ("train", "valid", "test")


def make_espeak(root, out, *options):
    subprocess.run(
        [sys.executable, "-m", "recipes.espeak.prepare", "--out", out, "--speakers",
         "12", "--utterances", "6", "--nj", "1", *options],
        cwd=root, check=True, capture_output=True,
    )  # fmt: skip
    return pd.concat([read_manifest(out / f"{split}.csv") for split in SPLITS])


def hash_files(folder):
    paths = sorted(path for path in Path(folder).rglob("*") if path.is_file())
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]


@pytest.fixture(scope="module")
def espeak(tmp_path_factory):
    root = Path(__file__).resolve().parents[1]
    out = tmp_path_factory.mktemp("espeak")
    package = hash_files(espeakng_loader.get_data_path())
    manifest = make_espeak(root, out)
    assert hash_files(espeakng_loader.get_data_path()) == package
    return out, manifest


def test_espeak_speakers(espeak):
    out, manifest = espeak
    assert manifest.groupby("spk_id").size().eq(6).all()
    assert manifest.groupby("spk_id")["session"].nunique().eq(2).all()
    assert manifest.groupby("spk_id")["text"].nunique().eq(6).all()
    for label in ("gender", "accent", "language"):
        assert manifest.groupby("spk_id")[label].nunique().eq(1).all()
        assert manifest[label].nunique() > 1
    speakers = [set(read_manifest(out / f"{s}.csv")["spk_id"]) for s in SPLITS]
    assert len(set.union(*speakers)) == sum(map(len, speakers)) == 12
    assert all(len(names) >= 2 for names in speakers)


def test_espeak_audio(espeak):
    _, manifest = espeak
    for row in manifest.itertuples():
        samples, rate_hz = soundfile.read(row.wav)
        assert rate_hz == 16000 and len(samples) == row.stop
        assert row.duration == pytest.approx(len(samples) / rate_hz, abs=1e-3)
        level_db = 10 * np.log10(np.mean(samples**2))
        assert -35 < level_db < -12


def test_espeak_trials(espeak):
    out, manifest = espeak
    speaker_of = manifest.set_index("ID")["spk_id"]
    session_of = manifest.set_index("ID")["session"]
    everything = read_trials(out / "trials/espeak-all.txt")
    n_test = len(read_manifest(out / "test.csv"))
    assert len(everything) == n_test * (n_test - 1) // 2
    for trial in read_trials(out / "trials/espeak-cross-session.txt").itertuples():
        assert session_of[trial.enrol] != session_of[trial.test]
        assert trial.target == (speaker_of[trial.enrol] == speaker_of[trial.test])
    models = read_enrolment(out / "enrol/espeak-3-utterances.txt")
    for trial in read_trials(out / "trials/espeak-3-utterances.txt").itertuples():
        (speaker,) = {speaker_of[name] for name in models[trial.enrol]}
        assert trial.target == (speaker == speaker_of[trial.test])
        assert {session_of[name] for name in models[trial.enrol]} == {"1"}
        assert session_of[trial.test] == "2"


def test_espeak_follows_its_seed(espeak, root, tmp_path):
    out, _ = espeak
    make_espeak(root, tmp_path / "same")
    make_espeak(root, tmp_path / "other", "--seed", "7")
    assert hash_files(tmp_path / "same/wav") == hash_files(out / "wav")
    assert not set(hash_files(tmp_path / "other/wav")) & set(hash_files(out / "wav"))


@pytest.fixture(params=[".WAV", ".flac"])
def release(request, tmp_path, rng):
    """A tiny tree in the layout of the speechocean762 release."""
    for split, first in (("train", 0), ("test", 100)):
        lists = {name: [] for name in ("wav.scp", "utt2spk", "spk2gender", "spk2age")}
        for number in range(first, first + 32):
            speaker = f"{number:04d}"
            lists["spk2gender"].append(f"{speaker}\t{'fm'[number % 2]}")
            lists["spk2age"].append(f"{speaker} {6 + number % 30}")
            folder = tmp_path / "source" / "WAVE" / f"SPEAKER{speaker}"
            folder.mkdir(parents=True)
            for place in range(2):
                name = f"0{speaker}000{place}"
                samples = 0.1 * rng.standard_normal(1600)
                path = folder / f"{name}{request.param}"
                kind = {".WAV": "WAV", ".flac": "FLAC"}[request.param]
                soundfile.write(path, samples, 16000, format=kind)
                where = f"WAVE/SPEAKER{speaker}/{name}.WAV"
                lists["wav.scp"].append(f"{name}\t{where}")
                lists["utt2spk"].append(f"{name} {speaker}")
        (tmp_path / "source" / split).mkdir()
        for name, lines in lists.items():
            (tmp_path / "source" / split / name).write_text("\n".join(lines) + "\n")
    return tmp_path / "source"


def test_speechocean762_in_both_forms(release, tmp_path):
    prepare_speechocean762(release, tmp_path / "out", seed=1)
    train, valid, test = (read_manifest(tmp_path / "out" / f"{s}.csv") for s in SPLITS)
    assert len(train) == 2 * 17 and len(valid) == 2 * 15 and len(test) == 2 * 32
    assert not set(train["spk_id"]) & set(valid["spk_id"])
    share = valid.drop_duplicates("spk_id")["gender"].eq("f").mean()
    assert 0.4 <= share <= 0.6
    trials = read_trials(tmp_path / "out/trials/so762-all.txt")
    assert len(trials) == 64 * 63 // 2 and trials["target"].sum() == 32
    gender_of = test.set_index("ID")["gender"]
    same = read_trials(tmp_path / "out/trials/so762-same-gender.txt")
    assert (
        gender_of[same["enrol"]].to_numpy() == gender_of[same["test"]].to_numpy()
    ).all()
    assert len(same) == 2 * (32 * 31 // 2)


def test_speechocean762_faults(release, tmp_path):
    with pytest.raises(UserError, match="--source must name the speechocean762 folder"):
        prepare_speechocean762(tmp_path, tmp_path / "out", seed=1)
    for path in release.glob("WAVE/SPEAKER0003/*"):
        path.unlink()
    with pytest.raises(UserError, match="no such audio with any of"):
        prepare_speechocean762(release, tmp_path / "out", seed=1)


def test_speechocean762_as_it_is(corpora, tmp_path):
    prepare_speechocean762(corpora / "speechocean762", tmp_path, seed=1986)
    counts = {split: len(read_manifest(tmp_path / f"{split}.csv")) for split in SPLITS}
    assert json.dumps(counts) == '{"train": 2200, "valid": 300, "test": 2500}'
    trials = read_trials(tmp_path / "trials/so762-all.txt")
    assert len(trials) == 3_123_750 and trials["target"].sum() == 23_750

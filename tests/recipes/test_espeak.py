import hashlib
from pathlib import Path

import espeakng_loader
import numpy as np
import pandas as pd
import pytest
import soundfile

from tests.releases import run
from utils.data.manifest import read_manifest
from utils.runtime.errors import UserError
from utils.trials.enrolment import read_enrolment
from utils.trials.lists import read_trials


def hash_files(folder):
    paths = sorted(path for path in Path(folder).rglob("*") if path.is_file())
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]


def make_espeak(out, *options):
    size = ("--speakers", "12", "--utterances", "6")
    return pd.concat(run("espeak", None, out, *size, *options).values())


@pytest.fixture(scope="module")
def espeak(tmp_path_factory):
    out = tmp_path_factory.mktemp("espeak")
    package = hash_files(espeakng_loader.get_data_path())
    manifest = make_espeak(out)
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
    names = [set(read_manifest(path)["spk_id"]) for path in out.glob("*.csv")]
    assert len(set.union(*names)) == sum(map(len, names)) == 12
    assert all(len(own) >= 2 for own in names)


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
    by_id = manifest.set_index("ID")
    n_test = len(read_manifest(out / "test.csv"))
    everything = read_trials(out / "trials/espeak-all.txt")
    assert len(everything) == n_test * (n_test - 1) // 2
    models = read_enrolment(out / "enrol/espeak-3-utterances.txt")
    for trial in read_trials(out / "trials/espeak-3-utterances.txt").itertuples():
        enrolled = by_id.loc[models[trial.enrol]]
        (speaker,) = set(enrolled["spk_id"])
        assert trial.target == (speaker == by_id.at[trial.test, "spk_id"])
        assert set(enrolled["session"]) == {"1"} and len(enrolled) == 3
        assert by_id.at[trial.test, "session"] == "2"


def test_espeak_follows_its_seed(espeak, tmp_path):
    out, _ = espeak
    make_espeak(tmp_path / "same")
    make_espeak(tmp_path / "other", "--seed", "7")
    assert hash_files(tmp_path / "same/wav") == hash_files(out / "wav")
    assert not set(hash_files(tmp_path / "other/wav")) & set(hash_files(out / "wav"))


def test_espeak_refuses_what_it_cannot_make(tmp_path):
    with pytest.raises(UserError, match="at least 12 speakers with 4 utterances"):
        run("espeak", None, tmp_path / "out", "--speakers", "3")

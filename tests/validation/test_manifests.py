import json
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from local.validate_data import main
from utils.data.manifest import read_manifest, write_manifest
from utils.runtime.errors import UserError
from utils.runtime.program import run_program

HEADER = "ID,duration,wav,start,stop,spk_id\n"


@pytest.fixture
def data(tmp_path, write_wav, rng):
    """A sound data folder: 2 speakers x 2 utterances in every split."""
    for split in ("train", "valid", "test"):
        rows = []
        for speaker in "ab":
            for number in range(2):
                name = f"{split}{speaker}-{number}"
                path = write_wav(f"wav/{name}.wav", 0.1 * rng.standard_normal(4000))
                rows.append(
                    {"ID": name, "duration": 0.25, "wav": str(path), "start": 0,
                     "stop": 4000, "spk_id": split + speaker,
                     "session": f"{split}{number}"}
                )  # fmt: skip
        write_manifest(tmp_path / f"{split}.csv", pd.DataFrame(rows))
    trials = "testa-0 testa-1 target\ntesta-0 testb-1 nontarget\n"
    (tmp_path / "trials").mkdir()
    (tmp_path / "trials" / "all.txt").write_text(trials)
    return tmp_path


@pytest.fixture
def validate(data, monkeypatch, capsys):
    """Run local.validate_data in this process."""

    def run(*options):
        words = ["validate_data", str(data), *map(str, options)]
        monkeypatch.setattr("sys.argv", words)
        code = 0
        try:
            run_program(main)
        except SystemExit as end:
            code = end.code
        out, err = capsys.readouterr()
        return SimpleNamespace(returncode=code, stdout=out, stderr=err)

    return run


def edit(path, old, new):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def assert_fault(result, message):
    assert result.returncode == 1
    assert message in result.stdout
    assert "Traceback" not in result.stderr


def test_sound_data(validate):
    result = validate()
    assert result.returncode == 0, result.stdout
    assert "is sound: 12 utterances" in result.stdout


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("train.csv", "traina-1", "traina-0", "train.csv:3: ID 'traina-0' is also at"),
        ("train.csv", "traina-0,", "train a,", "train.csv:2: ID 'train a' has char"),
        ("train.csv", "traina-0,", "train.a,", "train.csv:2: ID 'train.a' has char"),
        ("train.csv", "traina-0,", "träin,", "train.csv:2: ID 'träin' has char"),
        ("train.csv", ",trainb", ",testa", "speaker 'testa' is also in"),
        ("train.csv", "spk_id", "speaker", "train.csv:1: no column spk_id"),
        ("test.csv", "0.25", "-1", "are no stretch of audio"),
        ("test.csv", "4000", "4x", "are no stretch of audio"),
        ("test.csv", "4000", "9000", "the file is truncated"),
        ("trials/all.txt", "testb-1", "nobody", "all.txt:2: unknown test id 'nobody'"),
        ("trials/all.txt", "\n", "\n\n\nx y target\n", "all.txt:4: unknown enrol id"),
        ("trials/all.txt", "get\n", "get\n\ntesta-0 testb-0 target\n", "all.txt:3: "),
        ("trials/all.txt", "nontarget", "maybe", "all.txt:2: label 'maybe'"),
        ("trials/all.txt", "nontarget", "target", "all trials are target"),
        ("trials/all.txt", "testb-1 non", "testa-0 non", "against itself: 'testa-0'"),
        ("trials/all.txt", " nontarget", " ", "all.txt:2: fewer than 3 columns"),
        ("trials/all.txt", "a-1 target", "b-1 target", "say otherwise"),
        ("trials/all.txt", "b-1 nontarget", "a-1 nontarget", "another label above"),
    ],
)
def test_each_fault_is_told_with_its_line(data, validate, file, old, new, message):
    edit(data / file, old, new)
    assert_fault(validate(), message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"", "is empty"),
        (b"noise", "cannot be read as audio"),
        (np.zeros(4000), "only zeros"),
        (np.full(4000, np.nan), "NaN or infinite"),
    ],
)
def test_bad_audio(data, validate, write_wav, content, message):
    path = data / "wav" / "testa-0.wav"
    path.unlink()
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        write_wav("wav/testa-0.wav", content, subtype="FLOAT")
    assert_fault(validate(), f"test.csv:2: {path}: {message}")
    result = validate("--skip-bad")
    assert result.returncode == 0
    assert "1 of them bad and left out" in result.stdout


def test_all_faults_at_once(data, validate):
    edit(data / "train.csv", "traina-0,", "train a,")
    edit(data / "trials" / "all.txt", "testb-1", "nobody")
    (data / "wav" / "valida-0.wav").unlink()
    result = validate()
    assert len(result.stdout.splitlines()) == 3
    assert "3 errors" in result.stderr


def test_empty_folder(tmp_path, root):
    result = subprocess.run(
        [sys.executable, "-m", "local.validate_data", tmp_path / "absent"],
        cwd=root, capture_output=True, text=True,
    )  # fmt: skip
    assert_fault(result, "train.csv: no such manifest; run the recipe's prepare")


def test_a_corpus_for_training_alone_needs_no_test(data, validate):
    (data / "test.csv").unlink()
    assert_fault(validate(), "test.csv: no such manifest; run the recipe's prepare")
    (data / "trials" / "all.txt").unlink()
    result = validate()
    assert result.returncode == 0, result.stdout
    assert "is sound: 8 utterances" in result.stdout


def test_manifests_are_sorted_and_read_back(tmp_path):
    rows = pd.DataFrame(
        {"ID": ["b", "a"], "duration": [1.5, 2.0], "wav": ["b.wav", "a b.wav"],
         "start": [0, 5], "stop": [100, 200], "spk_id": ["NA", "001"],
         "accent": ["", "scots"]}
    )  # fmt: skip
    write_manifest(tmp_path / "m.csv", rows)
    found = read_manifest(tmp_path / "m.csv")
    assert found["ID"].tolist() == ["a", "b"]
    assert found["spk_id"].tolist() == ["001", "NA"]  # text, as it was
    assert found["accent"].tolist() == ["scots", ""]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a CSV table"),
        ("\udce9", "no UTF-8 text; save it as UTF-8"),
        ("ID,duration\n", "columns missing: wav"),
        ("ID,duration,wav,start,stop,spk_id\n", "no utterances"),
        ("ID,duration,wav,start,stop,spk_id\na,x,a.wav,0,1,s\n", ":2: duration is not"),
        (
            "ID,duration,wav,start,stop,spk_id\n" + 2 * "a,1,a.wav,0,1,s\n",
            ":3: a second",
        ),
    ],
)
def test_malformed_manifests(tmp_path, text, message):
    (tmp_path / "m.csv").write_text(text, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(UserError, match=message):
        read_manifest(tmp_path / "m.csv")
    with pytest.raises(UserError, match="no such manifest"):
        read_manifest(tmp_path / "absent.csv")


def run_json(validate, tmp_path, *options):
    result = validate("--json", tmp_path / "found.json", *options)
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["counts"]["error"] == sum(
        item["level"] == "error" for item in found["findings"]
    )
    assert (result.returncode == 1) == (found["counts"]["error"] > 0)
    return {(item["level"], item["check"]) for item in found["findings"]}


def rewrite(data, split, **columns):
    rows = read_manifest(data / f"{split}.csv")
    write_manifest(data / f"{split}.csv", rows.assign(**columns))
    return rows


def test_sound_data_as_json(validate, tmp_path):
    assert run_json(validate, tmp_path) == set()


def test_warnings_are_no_failure(data, validate, tmp_path):
    edit(data / "train.csv", ",traina,", ",lone,")
    result = validate()
    assert result.returncode == 0
    assert "train.csv:2: warning: speaker 'lone' has one utterance" in result.stdout
    assert "is sound: 12 utterances; 2 warnings" in result.stdout
    assert run_json(validate, tmp_path) == {("warning", "lone-speaker")}


@pytest.mark.parametrize(
    ("wav", "expected"),
    [
        ("traina-1", {("warning", "same-samples")}),  # one speaker, one split
        ("trainb-0", {("error", "same-samples")}),
        ("testb-1", {("error", "same-samples")}),
    ],
)
def test_equal_audio_in_two_files(data, validate, tmp_path, wav, expected):
    content = (data / "wav/traina-0.wav").read_bytes()
    (data / f"wav/{wav}.wav").write_bytes(content)
    assert run_json(validate, tmp_path) == expected
    assert run_json(validate, tmp_path, "--no-audio") == set()


def test_one_recording_in_two_splits(data, validate, tmp_path):
    rows = rewrite(data, "test")
    rows.loc[0, ["wav", "start", "stop"]] = [
        str(data / "wav/traina-0.wav"), 1000, 3000,
    ]  # fmt: skip
    write_manifest(data / "test.csv", rows.assign(duration=rows["stop"] / 16000))
    found = run_json(validate, tmp_path)
    assert ("error", "recording") in found and ("error", "same-audio") not in found


def test_the_cohort_may_hold_training_speech_alone(data, validate, tmp_path):
    train, test = (read_manifest(data / f"{name}.csv") for name in ("train", "test"))
    write_manifest(data / "cohort.csv", train)
    assert run_json(validate, tmp_path) == set()
    write_manifest(data / "cohort.csv", pd.concat([train, test.head(1)]))
    found = run_json(validate, tmp_path, "--no-audio")
    assert {("error", "speaker"), ("error", "recording")} <= found


def test_sessions_in_two_splits(data, validate, tmp_path):
    for split in ("train", "valid", "test"):
        rewrite(data, split, session=[f"{split}{n}" for n in range(3)] + ["shared"])
    assert run_json(validate, tmp_path) == {("warning", "session")}
    for split in ("train", "valid", "test"):  # numbers within a speaker
        rewrite(data, split, session=["1", "2", "1", "2"])
    assert run_json(validate, tmp_path) == set()


@pytest.mark.parametrize("session", ["1", "", "NA"])
def test_one_session_a_speaker_is_told(data, validate, tmp_path, session):
    rewrite(data, "test", session=session)
    assert run_json(validate, tmp_path) == {("warning", "one-session")}
    for column in ([], ["session"]):
        write_manifest(data / "test.csv", rewrite(data, "test").drop(columns=column))
        told = "test.csv: warning: one session a speaker: this also measures the "
        assert told + "recording; name the sessions" in validate("--no-audio").stdout
    (data / "test.csv").rename(data / "noise.csv")
    (data / "trials/all.txt").unlink()
    assert "one session" not in validate("--no-audio").stdout


def test_unfit_audio(data, validate, write_wav, tmp_path, rng):
    loud = np.clip(3 * rng.standard_normal(4000), -1, 1)
    write_wav("wav/traina-0.wav", loud)
    write_wav("wav/traina-1.wav", 1e-4 * rng.standard_normal(4000), subtype="FLOAT")
    write_wav("wav/trainb-0.wav", 0.1 * rng.standard_normal(4000), rate_hz=8000)
    write_wav("wav/trainb-1.wav", 0.1 * rng.standard_normal(4001))
    found = run_json(validate, tmp_path, "--longest", "0.2", "--shortest", "0.24")
    assert found == {
        ("warning", "clipped"), ("warning", "silent"), ("warning", "rates"),
        ("error", "duration"), ("warning", "long"),
    }  # fmt: skip
    found = run_json(validate, tmp_path, "--shortest", "0.3")
    assert ("warning", "short") in found


def test_float_samples_beyond_1_are_not_called_clipped(
    data, validate, write_wav, tmp_path, rng
):
    noise = 3 * rng.standard_normal(4000)
    write_wav("wav/traina-0.wav", noise, subtype="FLOAT")
    assert run_json(validate, tmp_path) == {("warning", "scale")}
    assert f"samples up to {np.abs(noise).max():.3g}, beyond full" in validate().stdout


def test_a_header_that_tells_less(data, validate):
    path = data / "wav/testa-0.wav"
    content = bytearray(path.read_bytes())
    content[40:44] = (2000).to_bytes(4, "little")
    path.write_bytes(content)
    assert_fault(validate(), "test.csv:2: ")


def test_a_trained_models_test_set_is_enough(data, validate):
    for split in ("train", "valid"):
        (data / f"{split}.csv").unlink()
    result = validate()
    assert result.returncode == 0 and "is sound: 4 utterances" in result.stdout
    (data / "test.csv").rename(data / "noise.csv")
    assert validate("--no-audio").returncode == 1  # the trials name nobody
    (data / "trials/all.txt").unlink()
    assert "4 utterances" in validate().stdout


@pytest.mark.parametrize(
    ("trials", "models", "message"),
    [
        ("m testa-1 target", "m testa-0 testb-0", "utterances of 2 speakers"),
        ("m testa-0 target", "m testa-0", "enrolled with this utterance"),
        ("m testa-1 target", "m nobody", "unknown utterance 'nobody'"),
        ("m testa-1 target", "m testa-0\nm testa-1", "models.txt:2: model 'm' again"),
        ("m testa-1 target", "m testa-0\nn", "models.txt:2: model 'n' has no utt"),
        ("m testb-1 target", "m testa-0", "say otherwise"),
    ],
)
def test_models(data, validate, trials, models, message):
    (data / "enrol").mkdir()
    (data / "enrol/models.txt").write_text(models + "\n")
    lines = trials + "\nm testb-0 nontarget\n"
    (data / "trials/models.txt").write_text(lines)
    assert_fault(validate("--no-audio"), message)


def test_pairs_in_both_orders(data, validate, tmp_path):
    with (data / "trials/all.txt").open("a") as file:
        file.write("testa-1 testa-0 target\n")
    assert run_json(validate, tmp_path) == {("warning", "repeated-trial")}


@pytest.mark.parametrize(
    ("before", "separator", "labels"),
    [
        (False, " ", ("tgt", "imp")),
        (False, " ", ("1", "0")),
        (True, " ", ("1", "0")),
        (False, ",", ("target", "nontarget")),
        (False, "  ", ("TARGET", "imposter")),
    ],
)
def test_lists_of_other_tools_are_read(data, validate, before, separator, labels):
    path = data / "trials/all.txt"
    rows = [line.split() for line in path.read_text().splitlines()]
    lines = []
    for enrol, test, label in rows:
        word = labels[label == "nontarget"]
        cells = [word, enrol, test] if before else [enrol, test, word]
        lines.append(separator.join(cells))
    path.write_text("\ufeff" + "\n".join(lines) + "\n")
    result = validate()
    assert result.returncode == 0, result.stdout + result.stderr
    path.write_text(path.read_text() + separator.join(lines[0].split(separator)) + "\n")
    assert f"all.txt:{len(lines) + 1}: warning: " in validate().stdout


def test_a_list_without_labels_is_a_warning(data, validate):
    path = data / "trials/all.txt"
    rows = [line.split()[:2] for line in path.read_text().splitlines()]
    path.write_text("".join(" ".join(row) + "\n" for row in rows))
    result = validate()
    assert result.returncode == 0
    assert "all.txt: warning: no labels; scores of it cannot be evaluated" in (
        result.stdout
    )


def test_two_channels_of_one_file(data, validate, write_wav, rng, tmp_path):
    both = write_wav("wav/call.wav", 0.1 * rng.standard_normal((4000, 2)))
    rewrite(data, "test", wav=str(both), channel=["0", "1", "0", "1"])
    rows = read_manifest(data / "test.csv")
    write_manifest(data / "test.csv", rows[rows["ID"].isin(["testa-0", "testb-1"])])
    (data / "trials/all.txt").unlink()
    assert run_json(validate, tmp_path) == {
        ("warning", "lone-speaker"), ("warning", "one-session"),
    }  # fmt: skip
    edit(data / "test.csv", ",1\n", ",2\n")
    assert_fault(validate(), "no channel 2: it has 2, which count from 0")

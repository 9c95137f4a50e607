"""`./run.sh` for real, in a tiny configuration."""

import json
import shutil
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

TINY = [
    "--env", "none", "--nj", "1",
    "--prepare-options", "--speakers 12 --utterances 6",
    "--overrides",
    "--net.width 4 --net.n_blocks 1 --net.embedding_dim 16 --pretrain.epochs 2 "
    "--pretrain.epoch_crops 32 --pretrain.batch_size 8 --triplet.epochs 2 "
    "--triplet.epoch_crops 36 --triplet.n_triplets 4 --triplet.history_crops 2",
]  # fmt: skip
STUDENT = (
    "--net.width 4 --net.n_blocks 1 --net.embedding_dim 16 --distil.epochs 2 "
    "--distil.epoch_crops 32 --distil.batch_size 8"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("run")


@pytest.fixture
def run(root, folder):
    def run_sh(*options, program="run.sh"):
        return subprocess.run(
            [root / program, *TINY, "--data", folder / "data", "--exp", folder / "exp",
             *options],
            cwd=folder, capture_output=True, text=True,
        )  # fmt: skip

    return run_sh


def test_from_nothing_to_the_table(run, folder):
    result = run()
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    for stage in range(1, 8):
        assert f"stage {stage} done in" in result.stdout
    results = json.loads((folder / "exp/results.json").read_text())
    assert {entry["trials"] for entry in results} == {
        "espeak-all", "espeak-cross-session", "espeak-same-gender",
        "espeak-3-utterances",
    }  # fmt: skip
    for entry in results:
        assert f"{100 * entry['eer']:.2f}" in result.stdout
        assert entry["ci"]["eer"][0] <= entry["eer"] <= entry["ci"]["eer"][1]
        assert entry["trained_on"] == entry["processor"] in result.stdout
    assert {entry["backend"] for entry in results} == {"averages", "cosine", "lda"}
    assert {entry["sessions"] for entry in results} == {"across", "same", "all"}
    assert "gain: share of the errors of averages" in result.stdout
    assert "results.json" in result.stdout.splitlines()[-2]
    assert result.stdout.splitlines()[-1].startswith("next: ")
    assert "%|" not in result.stderr  # no progress bar: the output is no terminal


def test_a_repeated_run_is_done_at_once(run):
    start_s = time.monotonic()
    result = run()
    assert result.returncode == 0
    assert result.stdout.count("up to date") == 8
    assert time.monotonic() - start_s < 20


def test_a_stage_can_be_repeated_alone(run, folder):
    before = (folder / "exp/embeddings/test.npy").stat().st_mtime_ns
    result = run("--stage", "5", "--stop-stage", "5", "--force")
    assert result.returncode == 0, result.stderr
    assert "stage 4" not in result.stdout
    assert (folder / "exp/embeddings/test.npy").stat().st_mtime_ns > before


def test_embeddings_do_not_need_stored_features(run, root, folder):
    """The same utterances from audio, and read again: equal embeddings."""
    out = folder / "again"
    subprocess.run(
        [sys.executable, "-m", "local.extract_embeddings", folder / "exp/triplet",
         folder / "data/test.csv", "--out", out],
        cwd=root, check=True, capture_output=True,
    )  # fmt: skip
    stored = np.load(folder / "exp/embeddings/test.npy")
    np.testing.assert_allclose(np.load(f"{out}.npy"), stored, atol=1e-5)


def test_features_of_another_front_end_are_refused(root, folder):
    other = folder / "other"
    shutil.copytree(folder / "data/features", other)
    text = (other / "front_end.yaml").read_text()
    (other / "front_end.yaml").write_text(text.replace("n_mels: 64", "n_mels: 80"))
    result = subprocess.run(
        [sys.executable, "-m", "local.extract_embeddings", folder / "exp/triplet",
         folder / "data/test.csv", "--features", other, "--out", folder / "x"],
        cwd=root, capture_output=True, text=True,
    )  # fmt: skip
    assert result.returncode == 1
    assert "another front-end" in result.stderr and "Traceback" not in result.stderr


@pytest.mark.slow
def test_one_bad_file_stops_the_run_or_is_left_out(run, folder):
    first = (folder / "data/test.csv").read_text().splitlines()[1]
    name, _, path = first.split(",")[:3]
    with open(path, "wb") as file:
        file.write(b"no audio")
    result = run("--stage", "2", "--force")
    assert result.returncode == 1
    assert f"{path}: cannot be read as audio" in result.stderr
    assert "1 bad files in all" in result.stderr
    assert not list((folder / "data").glob(".features*"))
    result = run("--skip-bad", "--force", "--stage", "2")
    assert result.returncode == 0, result.stdout + result.stderr
    results = json.loads((folder / "exp/results.json").read_text())
    assert all(entry["skipped_utterances"] == [name] for entry in results)


@pytest.mark.slow
def test_a_trained_model_on_data_of_ones_own(root, folder):
    """A folder of speakers to a table without training, in one command."""
    source = folder / "data/wav"
    options = ["--source", source, "--pretrained", folder / "exp/triplet", "--env",
               "none", "--data", folder / "own", "--exp", folder / "own-exp",
               "--backends", "cosine cosine+asnorm lda plda", "--skip-bad",
               "--prepare-options", "--cohort-speakers 4"]  # fmt: skip
    result = subprocess.run(
        [root / "recipes/folder/run.sh", *options],
        cwd=folder, capture_output=True, text=True,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    assert "stage 3" not in result.stdout
    results = json.loads((folder / "own-exp/results.json").read_text())
    # the model's own back-end is used; it has none by the name of plda
    assert {entry["backend"] for entry in results} == {"cosine", "cosine+asnorm", "lda"}
    assert {entry["trials"] for entry in results} == {"own-all"}
    assert "back-end plda is left out" in result.stderr
    assert not (folder / "own/train.csv").exists()


def test_a_training_starts_from_a_trained_model(run, folder):
    result = run(
        "--exp", folder / "adapted", "--init", folder / "exp/pretrain",
        "--phases", "pretrain", "--stage", "3", "--stop-stage", "3",
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    facts = json.loads((folder / "adapted/pretrain/experiment.json").read_text())
    assert facts["init"] == str(folder / "exp/pretrain")
    ledger = (folder / "adapted/pretrain/ledger.tsv").read_text()
    assert ledger == (folder / "exp/pretrain/ledger.tsv").read_text()
    assert len(ledger.splitlines()) == facts["n_train_speakers"]


@pytest.mark.slow
def test_back_ends_adapt_a_trained_model_to_a_corpus(root, folder):
    options = ["--source", folder / "data/wav", "--env", "none", "--augment",
               "augment_telephone", "--data", folder / "own2", "--exp",
               folder / "own2-exp", "--backends", "cosine auto", "--adapt",
               "--skip-bad"]  # fmt: skip
    command = [root / "recipes/folder/run.sh", *options]
    refused = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert refused.returncode == 2 and "--adapt is for a --pretrained" in refused.stderr
    command += ["--pretrained", folder / "exp/triplet"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "chosen: " in result.stdout and "stage 3" not in result.stdout
    ids = (folder / "own2-exp/embeddings/train.ids").read_text().split()
    assert len([name for name in ids if name.endswith("-noisy2")]) == len(ids) // 3
    results = json.loads((folder / "own2-exp/results.json").read_text())
    assert {entry["backend"] for entry in results} == {"cosine", "auto"}
    # the corpus's speakers are those that the model has learnt from
    assert all(entry["test_speakers_known_to_the_model"] for entry in results)
    assert "speakers of names in" in result.stderr


def test_a_student_learns_from_a_trained_model(run, folder):
    options = ["--exp", folder / "student", "--stage", "3", "--stop-stage", "3"]
    options += ["--phases", "distil", "--overrides", STUDENT]
    teacher = ["--teacher", folder / "exp/pretrain"]
    without = run(*options)
    assert without.returncode == 2 and "name it by --teacher" in without.stderr
    result = run(*options, *teacher)
    assert result.returncode == 0, result.stdout + result.stderr
    ids = (folder / "student/teacher.ids").read_text().split()
    index = pd.read_csv(folder / "data/features/train/index.csv")
    assert ids == list(index["ID"])
    facts = json.loads((folder / "student/distil/experiment.json").read_text())
    assert facts["teacher"] == str(folder / "student/teacher")
    again = run(*options, *teacher)
    assert "local.embed_teacher" not in again.stdout + again.stderr  # is kept


@pytest.mark.parametrize("option", ["--pretrained", "--init", "--teacher"])
def test_a_wrong_model_is_one_line(option, root, folder):
    result = subprocess.run(
        [root / "run.sh", "--env", "none", option, folder / "absent"],
        cwd=folder, capture_output=True, text=True,
    )  # fmt: skip
    assert result.returncode == 2 and result.stderr.count("\n") == 1
    assert f"{option}: there is no" in result.stderr
    assert "local.get_model" in result.stderr


def test_a_wrong_source_is_one_line(root, folder):
    for options, message in (
        ([], "--source"),
        (["--source", folder / "absent"], "absent"),
        (["--source", folder], "speechocean762"),
    ):
        result = subprocess.run(
            [root / "recipes/speechocean762/run.sh", "--env", "none", "--data",
             folder / "so", "--exp", folder / "so-exp", *options],
            cwd=folder, capture_output=True, text=True,
        )  # fmt: skip
        assert result.returncode in (1, 2)
        assert message in result.stderr and "Traceback" not in result.stderr
        assert not (folder / "so" / "train.csv").exists()

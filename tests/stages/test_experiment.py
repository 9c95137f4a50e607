"""How run.sh puts its options, stages and programs together."""

import os
import shutil

import pytest

from tests.stages.scripts import ROOT, UTILS, bash

# stands for every program: notes its arguments and writes what --out or --exp names
PYTHON_STUB = """#!/usr/bin/env bash
[[ $1 != - ]] || exit 0
echo "$*" >> calls
case $2 in *.prepare)
  mkdir -p "$6/trials" "$6/enrol"
  touch "$6"/{train,valid,test}.csv "$6/summary.txt"
  touch "$6"/trials/{all,hard}.txt "$6/enrol/hard.txt"
esac
while (($#)); do
  case $1 in
    --exp) mkdir -p "$2/scores" && touch "$2/results.json" ;;
    --out) mkdir -p "$2" && touch "$2"/{experiment,backend}.json "$2.npy" ;;
  esac
  shift
done
"""


@pytest.fixture
def recipe(tmp_path):
    """Return a function that runs a copy of run.sh with a stub for python."""
    root = tmp_path / "a copy"
    shutil.copytree(ROOT / "hparams", root / "hparams")
    shutil.copytree(UTILS, root / "utils", ignore=shutil.ignore_patterns("*.py"))
    shutil.copy(ROOT / "run.sh", root)
    (root / "recipes" / "espeak").mkdir(parents=True)
    (root / "recipes" / "espeak" / "prepare.py").touch()
    (tmp_path / "bin").mkdir()
    stub = tmp_path / "bin" / "python"
    stub.write_text(PYTHON_STUB)
    stub.chmod(0o755)

    def run(*arguments, cwd=tmp_path):
        path = f"{stub.parent}:{os.environ['PATH']}"
        script = root / "run.sh"
        result = bash(script, "--env", "none", *arguments, cwd=cwd, PATH=path)
        calls = root / "calls"
        programs = calls.read_text().splitlines() if calls.exists() else []
        calls.unlink(missing_ok=True)
        return result, programs

    return run


def test_run_goes_through_all_stages_once(recipe):
    result, programs = recipe()
    assert result.returncode == 0, result.stderr
    assert [line.split()[1] for line in programs] == [
        "recipes.espeak.prepare",
        "local.validate_data",
        "local.compute_features",
        *["local.train"] * 2,
        *["local.extract_embeddings"] * 3,
        "local.score_lists",
        "local.report",
    ]
    (scoring,) = [line for line in programs if "local.score_lists" in line]
    assert (
        "--backends averages cosine lda --trials --features data/espeak/features"
        in scoring
    )
    assert "--force" not in scoring
    result, programs = recipe("--device", "cuda", "--nj", "4")
    assert result.returncode == 0, result.stderr
    assert programs == []
    assert result.stdout.count("up to date") == 8


def test_run_repeats_only_what_a_change_touches(recipe, tmp_path):
    recipe()
    _, programs = recipe("--backends", "cosine plda", "--trials", "all")
    assert len(programs) == 2 and "local.report" in programs[1]
    assert "local.score_lists" in programs[0]
    assert "--backends cosine plda --trials all --features" in programs[0]
    repeated = "--backends", "cosine plda", "--trials", "all", "--stage", "6", "--force"
    assert recipe(*repeated)[1][0].endswith("--force")
    assert recipe(*repeated[:-1])[1] == []  # --force is no change
    _, programs = recipe("--stage", "3", "--stop-stage", "4", "--seed", "1")
    assert [line.split()[2] for line in programs] == ["pretrain", "triplet"]
    for _ in range(2):
        options = ["--stage", "4", "--stop-stage", "4", "--force", "--seed", "1"]
        _, programs = recipe(*options)
        assert [line.split()[2] for line in programs] == ["triplet"]
    exp = tmp_path / "a copy/exp/espeak/rescnn_small"
    kept = {path.name for path in exp.glob("triplet*") if path.is_dir()}
    assert kept == {"triplet", "triplet.previous", "triplet.previous2"}


def test_run_passes_options_on_as_single_words(recipe, tmp_path):
    (tmp_path / "my speech").mkdir()
    for name in ("a.csv", "b.csv"):
        (tmp_path / "a copy" / name).touch()
    result, programs = recipe(
        *["--source", "my speech", "--overrides", "--pretrain.epochs 2"],
        *["--augment", "augment", "--skip-bad", "--stop-stage", "3"],
        *["--sources", "noise=a.csv music=b.csv"],
    )
    assert result.returncode == 0, result.stderr
    assert f"--source {tmp_path}/my speech --out data/espeak" in programs[0]
    assert programs[1].endswith("--skip-bad") and programs[2].endswith("--skip-bad")
    assert "--augment hparams/augment.yaml" in programs[2]
    assert "--source=noise=a.csv --source=music=b.csv --seed" in programs[2]
    assert "--skip-silent" not in programs[2]
    assert programs[3].endswith("--pretrain.epochs 2")


def test_run_takes_a_model_at_full_width_or_a_size_of_it(recipe, tmp_path):
    hparams = tmp_path / "a copy/hparams"
    train_alone = ["--stage", "3", "--stop-stage", "3"]
    recipe("--stop-stage", "2")
    for name, file in (("gru", "train_gru"), ("gru_small", "sizes/gru_small")):
        result, programs = recipe("--model", name, *train_alone)
        assert result.returncode == 0, result.stderr
        assert f"--hparams hparams/{file}.yaml " in programs[0]
        assert programs[0].endswith(f"--out exp/espeak/{name}/pretrain")
    for changed in ("sizes/gru_small", "train_gru", "models/gru", "losses"):
        assert recipe("--model", "gru_small", *train_alone)[1] == []
        with (hparams / f"{changed}.yaml").open("a") as file:
            file.write("# changed\n")
        assert len(recipe("--model", "gru_small", *train_alone)[1]) == 1


def test_run_trains_other_phases_in_several_processes(recipe):
    result, programs = recipe(
        *["--phases", "pretrain pretrain:large_margin", "--train-processes", "2"]
    )
    assert result.returncode == 0, result.stderr
    first, second = [line for line in programs if "local.train " in line]
    for line in (first, second):
        assert "torch.distributed.run --standalone --nproc-per-node 2" in line
        assert "-m local.train pretrain" in line
    assert "--changes" not in first and first.endswith(
        "--out exp/espeak/rescnn_small/pretrain"
    )
    assert (
        "--changes hparams/large_margin.yaml --init exp/espeak/rescnn_small/pretrain"
        in second
    )
    model = "exp/espeak/rescnn_small/large_margin"
    assert second.endswith(f"--out {model}") and f"--model {model} " in programs[-1]
    embedding = [line for line in programs if "local.extract_embeddings" in line]
    assert all(f"extract_embeddings {model} " in line for line in embedding)


@pytest.mark.parametrize(
    ("folder", "name"),
    [("models/ecapa", "ecapa"), ("exp/espeak/gru_small/triplet", "gru_small-triplet")],
)
def test_results_are_named_after_the_model_that_embeds(recipe, tmp_path, folder, name):
    model = tmp_path / folder
    model.mkdir(parents=True)
    files = ["encoder.pt", "front_end.yaml", "experiment.json"]
    for file in files + ["identity"] * folder.startswith("exp"):
        (model / file).touch()
    result, programs = recipe("--pretrained", folder + "/")
    assert result.returncode == 0, result.stderr
    assert not [line for line in programs if "local.train" in line]
    out = f"--exp exp/espeak/pretrained-{name} "
    assert out in programs[-1] and f"--model {model}/ " in programs[-1]
    assert f"--features exp/espeak/pretrained-{name}/features" in programs[-1]
    _, programs = recipe("--pretrained", folder, "--tag", "mine", "--stage", "2")
    assert "--exp exp/espeak/mine " in programs[-1]


def test_seeds_are_trained_in_folders_of_their_own(recipe):
    _, alone = recipe("--seeds", "1", "--seed", "5")
    result, programs = recipe("--seeds", "3", "--seed", "5")
    assert result.returncode == 0, result.stderr
    exp, first = "exp/espeak/rescnn_small", "--seed 5 "
    assert all(first in line for line in alone if "local.train" in line)
    assert not [
        line for line in programs if "prepare" in line or "compute_features" in line
    ]
    trained = [line for line in programs if "local.train " in line]
    assert [("--seed 7 " in line, "--seed 6 " in line) for line in trained] == [
        (True, False), (True, False), (False, True), (False, True)
    ]  # fmt: skip
    assert f"--out {exp}-seed7/pretrain" in trained[0]
    assert f"--init {exp}-seed6/pretrain --out {exp}-seed6/triplet" in trained[3]
    reports = [line for line in programs if "local.report" in line]
    assert [line.split("--exp ")[1].split()[0] for line in reports] == [
        f"{exp}-seed7", f"{exp}-seed6", exp
    ]  # fmt: skip
    assert reports[2].endswith(f"--other-seeds {exp}-seed6 {exp}-seed7 --nj 2")
    assert all("--other-seeds --nj" in line for line in reports[:2])
    assert f"results: {exp}/results.json" in result.stdout
    result, programs = recipe("--seeds", "3", "--seed", "5")
    assert programs == [] and result.stdout.count("up to date") == 3 + 3 * 5
    _, programs = recipe("--seeds", "4", "--seed", "5")
    assert sum("local.train " in line for line in programs) == 2


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--corpus", "nope"], 2, "there are: recipes/espeak/prepare.py"),
        (["--model", "nope"], 2, "there are: hparams/train_"),
        (["--source", "nope"], 2, "--source: there is no "),
        (["--seeds", "0"], 2, "--seeds is 1 or more"),
        (
            ["--seeds", "2", "--pretrained", "."],
            2,
            "--seeds: --pretrained trains nothing",
        ),
        (["--env", "nope"], 2, "--env is venv or none, not 'nope'"),
        (["--stage", "3"], 1, "data/espeak/features.done: not there"),
        (["--stage", "6"], 1, "embeddings/test.npy.done: not there"),
        (["--env", "venv", "--stage", "1"], 1, ".venv: not there or not finished"),
    ],
)
def test_run_tells_what_is_missing(recipe, arguments, code, told):
    result, programs = recipe(*arguments)
    assert result.returncode == code
    assert told in result.stderr
    assert programs == []

"""The shell side: options, skipped stages, and how run.sh puts them together."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UTILS = ROOT / "utils"

OPTIONS_SCRIPT = f"""#!/usr/bin/env bash
# What the script does.
#   script.sh --name x

set -euo pipefail
# options: each variable below is a flag
name=some        # a text
stop_stage=5     # a number
skip_bad=false   # a switch
empty=           # empty by default
# end of options
other=untouched
. "{UTILS}/parse_options.sh"
printf '%s|' "$name" "$stop_stage" "$skip_bad" "$empty" "$other" "$HOME"
"""

STAGES_SCRIPT = f"""#!/usr/bin/env bash
set -euo pipefail
stage=0 stop_stage=9 force=${{force:-false}} work=${{work:-cp}}
. "{UTILS}/stages.sh"
if stage 1 "first"; then
  step one settings.yaml input -- $work input one --nj "${{nj:-1}}"
fi
if stage 2 "second"; then
  step two one.done -- cp one two
fi
end_stages
"""

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


def bash(script, *arguments, cwd, **environment):
    return subprocess.run(
        ["bash", script, *arguments],
        cwd=cwd,
        env=os.environ | {"HOME": "/home-of-test"} | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def parse(tmp_path):
    script = tmp_path / "script.sh"
    script.write_text(OPTIONS_SCRIPT)

    def run(*arguments):
        return bash(script, *arguments, cwd=tmp_path)

    return run


def values(result):
    assert result.returncode == 0, result.stderr
    return result.stdout.split("|")[:-1]


def test_options_keep_their_defaults(parse):
    assert values(parse()) == ["some", "5", "false", "", "untouched", "/home-of-test"]


def test_options_are_set_in_any_order_and_the_last_wins(parse):
    result = parse("--stop-stage", "3", "--name", "a", "--skip-bad", "--name", "b")
    assert values(result)[:3] == ["b", "3", "true"]


@pytest.mark.parametrize(
    "text",
    [
        "two words",
        'say "hi"',
        "it's",
        "back\\slash",
        "$(touch executed)",
        "`touch executed`",
        "*",
        "",
        "--pretrain.epochs 2",
        "-1",
        "%s",
    ],
)
def test_values_arrive_as_they_were_given(parse, tmp_path, text):
    assert values(parse("--name", text, "--empty", text))[:4:3] == [text, text]
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--nmae", "x"], "unknown option '--nmae'"),
        (["--other", "x"], "unknown option '--other'"),  # set, but not in the block
        (["--HOME", "x"], "unknown option '--HOME'"),
        (["--home", "x"], "unknown option '--home'"),
        (["--na.e", "x"], "unknown option '--na.e'"),
        (["--name=x"], "unknown option '--name=x'"),
        (["--", "x"], "unknown option '--'"),
        (["name"], "unknown option 'name'"),
        ([""], "unknown option ''"),
        (["--skip-bad", "true"], "unknown option 'true'"),
        (["--name"], "--name needs a value"),
        (["--name", "--stop-stage", "3"], "--name needs a value"),
        (["--stop-stage", "two"], "--stop-stage needs a whole number, not 'two'"),
        (["--stop-stage", "x[$(touch executed)]"], "needs a whole number"),
    ],
)
def test_wrong_usage_is_one_clear_line_and_exit_code_2(
    parse, tmp_path, arguments, told
):
    result = parse(*arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("script.sh: ") and told in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "executed").exists()


def test_leading_zeros_are_no_octal_number(parse):
    assert values(parse("--stop-stage", "08"))[1] == "8"


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_prints_the_first_comment_and_the_option_block(parse, flag):
    result = parse("--name", "x", flag)
    assert result.returncode == 0
    assert result.stdout.startswith("What the script does.\n  script.sh --name x\n")
    assert "skip_bad=false   # a switch\n" in result.stdout
    assert "other" not in result.stdout


@pytest.fixture
def stages(tmp_path):
    script = tmp_path / "script.sh"
    script.write_text(STAGES_SCRIPT)
    (tmp_path / "input").write_text("a")
    (tmp_path / "settings.yaml").write_text("net: !include:net.yaml\n")
    (tmp_path / "net.yaml").write_text("width: 1\n")
    tool = tmp_path / "copy.sh"
    tool.write_text('echo ran; cp "$1" "$2"\n')

    def run(**environment):
        environment = {"work": "bash copy.sh"} | environment
        return bash(script, cwd=tmp_path, **environment)

    return run


def stages_run(result):
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    return [n for n in "12" if any(f"stage {n} done in" in line for line in lines)]


def test_finished_stages_are_skipped(stages):
    assert stages_run(stages()) == ["1", "2"]
    again = stages()
    assert stages_run(again) == []
    assert again.stdout.count("up to date") == 2
    assert "ran" not in again.stdout


@pytest.mark.parametrize("changed", ["input", "settings.yaml", "net.yaml"])
def test_a_changed_input_repeats_its_stage_and_those_after_it(
    stages, tmp_path, changed
):
    stages()
    with (tmp_path / changed).open("a") as file:
        file.write("# changed\n")
    assert stages_run(stages()) == ["1", "2"]


def test_a_changed_command_repeats_its_stage(stages):
    stages()
    assert stages_run(stages(work="bash ./copy.sh")) == ["1", "2"]


def test_the_number_of_processes_is_no_change(stages):
    stages()
    assert stages_run(stages(nj="4")) == []


def test_a_missing_output_repeats_its_stage(stages, tmp_path):
    stages()
    (tmp_path / "two").unlink()
    assert stages_run(stages()) == ["2"]


def test_force_repeats_every_stage(stages):
    stages()
    assert stages_run(stages(force="true")) == ["1", "2"]


def test_a_failing_command_ends_the_script_with_its_exit_code(stages, tmp_path):
    stages()
    (tmp_path / "copy.sh").write_text("echo told >&2; exit 7\n")
    (tmp_path / "input").write_text("b")
    result = stages()
    assert result.returncode == 7
    assert result.stderr.startswith("told\n")
    assert result.stderr.splitlines()[1].endswith("stage 1 stopped with exit code 7")
    assert not (tmp_path / "one.done").exists()
    assert "stage 2" not in result.stdout


def test_a_command_that_writes_nothing_is_an_error(stages, tmp_path):
    result = stages(work="true")
    assert result.returncode == 1
    assert "one was not written by: true input one" in result.stderr
    assert not (tmp_path / "one.done").exists()


def test_a_missing_input_is_named(stages, tmp_path):
    (tmp_path / "net.yaml").unlink()
    result = stages()
    assert result.returncode == 1
    assert result.stderr == "./net.yaml: not there; run the stage that makes it first\n"


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
    assert "--backends cosine lda --trials --features data/espeak/features" in scoring
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
    ("arguments", "code", "told"),
    [
        (["--corpus", "nope"], 2, "there are: recipes/espeak/prepare.py"),
        (["--model", "nope"], 2, "there are: hparams/train_"),
        (["--source", "nope"], 2, "--source: there is no "),
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

"""The shell side: options, and stages that are skipped."""

import pytest

from tests.stages.scripts import UTILS, bash

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


def test_names_of_models_become_paths_where_there_is_no_such_folder(tmp_path):
    script = tmp_path / "script.sh"
    script.write_text(
        "set -euo pipefail\n# options\none=a two=b three= four=c\n# end of options\n"
        f'. "{UTILS}/parse_options.sh"\nresolve_models "{tmp_path}/root" one two three '
        'four\nprintf "%s|" "$one" "$two" "$three" "$four"\n'
    )
    for folder in ("root/models/a", "root/models/b", "b"):
        (tmp_path / folder).mkdir(parents=True)
    found = values(bash(script, cwd=tmp_path))
    assert found == [f"{tmp_path}/root/models/a", "b", "", "c"]

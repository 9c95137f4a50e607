import time

import pytest

from utils.audio.bounded import Bounds, run_bounded


def outcome(command, **bounds):
    with run_bounded(command, Bounds(**bounds)) as result:
        return result.output.read(), result.fault


def test_the_output_is_whole():
    output, fault = outcome("seq 200000; echo done >&2")
    assert output.split() == [b"%d" % n for n in range(1, 200001)] and not fault


@pytest.mark.parametrize("command", ["yes", "yes >&2", "yes & wait", "cat /dev/zero"])
def test_output_is_bounded(command):
    output, fault = outcome(command, n_bytes=10**6)
    assert "printed more than 1000000 bytes and was stopped" in fault
    assert len(output) <= 10**6


@pytest.mark.parametrize(
    "command", ["sleep 60", "sleep 60 >&- 2>&-", "trap '' TERM; sleep 60"]
)
def test_time_is_bounded(command):
    start_s = time.monotonic()
    assert "ran longer than 0.5 s and was stopped" in outcome(command, time_s=0.5)[1]
    assert time.monotonic() - start_s < 10


def test_what_a_command_leaves_behind_is_killed(tmp_path):
    late = tmp_path / "late"
    start_s = time.monotonic()
    assert outcome(f"(sleep 2; touch {late}) & echo hello") == (b"hello\n", "")
    assert time.monotonic() - start_s < 1.5
    time.sleep(2)
    assert not late.exists()


def test_input_is_empty():
    assert outcome("cat") == (b"", "")


def test_the_last_line_of_an_error_is_told():
    fault = outcome("echo usage >&2; echo no such file >&2; exit 3")[1]
    assert fault == "ended with exit code 3 (no such file); mend the command"

import logging
import os
import subprocess
import sys

import pytest

from utils.runtime.atomic import replacing_file, replacing_folder
from utils.runtime.errors import UserError
from utils.runtime.program import log_on_terminal, log_to, run_program


def test_a_users_mistake_is_one_line(capsys):
    def main():
        raise UserError("a.csv:3: wrong; mend it")

    with pytest.raises(SystemExit) as stop:
        run_program(main)
    assert stop.value.code == 1
    assert capsys.readouterr().err == "error: a.csv:3: wrong; mend it\n"


@pytest.mark.parametrize("place", ["file/below", "folder"])
def test_a_place_that_cannot_be_written_is_one_line(tmp_path, capsys, place):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(SystemExit) as stop:
        run_program(lambda: (tmp_path / place).write_text("x"))
    message = capsys.readouterr().err
    assert stop.value.code == 1 and message.count("\n") == 1
    assert str(tmp_path / place) in message and "; name another" in message


def test_a_fault_of_the_program_keeps_its_traceback():
    def main():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_program(main)


def test_a_missing_package_is_one_line(capsys):
    def main():
        import nopackage.inside  # noqa: F401

    with pytest.raises(SystemExit) as stop:
        run_program(main)
    assert stop.value.code == 1
    assert capsys.readouterr().err.startswith("error: nopackage is not installed: ")


def test_a_missing_module_of_its_own_is_a_fault():
    def main():
        import utils.nomodule  # noqa: F401

    with pytest.raises(ModuleNotFoundError):
        run_program(main)


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), replacing_file(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_folder(tmp_path):
    path = tmp_path / "features"
    with replacing_folder(path) as temporary:
        (temporary / "a").write_text("old")
    with pytest.raises(RuntimeError), replacing_folder(path) as temporary:
        (temporary / "a").write_text("half")
        raise RuntimeError
    assert (path / "a").read_text() == "old"
    with replacing_folder(path) as temporary:
        (temporary / "b").write_text("new")
    assert [p.name for p in path.iterdir()] == ["b"]
    assert list(tmp_path.iterdir()) == [path]


def test_the_terminal_hears_the_repository_and_warnings(tmp_path, capsys):
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        with log_on_terminal():
            log_to(tmp_path / "log" / "train.log")
            logging.getLogger("utils.training.brain").info("epoch 1")
            logging.getLogger("utils.training.brain").warning("slow")
            logging.getLogger("speechbrain.core").info("chatter")
            logging.getLogger("speechbrain.core").warning("trouble")
        assert root.level == before[1]
    finally:
        for handler in set(root.handlers) - set(before[0]):
            handler.close()
        root.handlers = before[0]
    logging.getLogger("utils.training.brain").info("epoch 2")
    told = capsys.readouterr()
    assert (told.out, told.err) == ("epoch 1\n", "slow\ntrouble\n")
    kept = (tmp_path / "log" / "train.log").read_text()
    assert "chatter" in kept and "trouble" in kept


@pytest.mark.parametrize("n_lines", [1, 100_000])
def test_a_reader_that_has_enough_gets_no_traceback(n_lines, root):
    program = (
        "from utils.runtime.program import run_program\n"
        f"run_program(lambda: print('line\\n' * {n_lines}))"
    )
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as closed:
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=root, stdout=closed, stderr=subprocess.PIPE, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, b"")

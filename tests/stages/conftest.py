"""What the tests of programs share."""

import subprocess
import sys

import pytest


@pytest.fixture
def run(root):
    """Run a module as a program; returns the finished process."""

    def run_module(module, *arguments):
        command = [sys.executable, "-m", module, *map(str, arguments)]
        result = subprocess.run(command, cwd=root, capture_output=True, text=True)
        assert "Traceback" not in result.stderr, result.stderr
        return result

    return run_module


@pytest.fixture(scope="module")
def calibrated_on(tmp_path_factory):
    """Calibrate a tiny system on generated voices, which are taken for speech.

    Returns what does it; for the whole module all sounds stay speech.
    """
    from local import calibrate_system
    from tests.systems.folders import write_system
    from utils.verification import recordings

    def calibrate(voices, *fars):
        folder = tmp_path_factory.mktemp("systems")
        write_system(folder / "triplet")
        words = [folder / "triplet", voices, "--out", folder / "ours", "--far", *fars]
        with pytest.MonkeyPatch.context() as own:
            own.setattr(sys, "argv", ["", *map(str, words)])
            calibrate_system.main()
        return folder / "ours"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recordings, "speech_likelihood", lambda *_: 1.0)
        yield calibrate

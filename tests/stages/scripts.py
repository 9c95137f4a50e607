"""Shell scripts, run as a user would."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UTILS = ROOT / "utils"


def bash(script, *arguments, cwd, **environment):
    return subprocess.run(
        ["bash", script, *arguments],
        cwd=cwd,
        env=os.environ | {"HOME": "/home-of-test"} | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )

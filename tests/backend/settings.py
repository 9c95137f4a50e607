"""What hparams/backend.yaml says, for tests that vary it."""

from collections.abc import Sequence
from typing import cast

from local.setup.backends import read_settings
from local.setup.notation import SETTINGS
from tests.conftest import ROOT

_READ = read_settings(ROOT / SETTINGS)
PLDA = cast(Sequence, _READ.chains["plda"])[-1]
CALIBRATION = _READ.calibration

"""What hparams/backend.yaml says, for tests that vary it."""

from local.setup.backends import read_settings
from local.setup.notation import SETTINGS
from tests.conftest import ROOT

_READ = read_settings(ROOT / SETTINGS)
PLDA = _READ.chains["plda"][-1]
CALIBRATION = _READ.calibration

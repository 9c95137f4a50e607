"""One thin program per stage: parse, load, call utils, save."""

import utils  # noqa: F401 - before anything that imports torchaudio

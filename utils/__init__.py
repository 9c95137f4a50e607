"""The importable library: no command line, no YAML, no global state."""

from utils.torchaudio_cpu import skip_missing_extension

skip_missing_extension()

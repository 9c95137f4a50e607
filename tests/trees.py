"""Tiny corpora in the layout of a release: noise where speech would be."""

import zlib
from pathlib import Path

import numpy as np
import soundfile

FORMATS = {
    ".wav": "WAV", ".flac": "FLAC", ".sph": "NIST", ".mp3": "MP3", ".opus": "OGG",
}  # fmt: skip


def write_tree(root: Path, files: dict[str, str | None], rate_hz: int = 16000) -> Path:
    """Write files below a folder: text, or audio where the text is None."""
    for name, text in files.items():
        path = root / name
        if text is None:
            write_noise(path, rate_hz)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return root


def write_noise(path: Path, rate_hz: int, n_samples: int = 1600) -> None:
    """Write noise of its own to a file, in the format that its ending tells."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(zlib.crc32(path.as_posix().encode()))
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        path.write_bytes(rng.bytes(100))
        return
    subtype = "OPUS" if path.suffix == ".opus" else None
    samples = 0.1 * rng.standard_normal(n_samples)
    soundfile.write(path, samples, rate_hz, format=kind, subtype=subtype)


def lines(*rows: str) -> str:
    """Join lines to the text of a file."""
    return "".join(f"{row}\n" for row in rows)

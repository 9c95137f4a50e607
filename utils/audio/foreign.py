"""Name what is no audio that libsndfile reads, and what makes audio of it."""

from pathlib import Path

_FFMPEG = "convert it to WAV or FLAC, by ffmpeg for example"
_COPY = "copy or download the audio itself"
_KINDS = (  # first bytes, what they begin, remedy
    (b"ajkg", "compressed by shorten", "decode it, by shorten -x for example"),
    (b"wvpk", "compressed by WavPack", _FFMPEG),
    (b"#!AMR", "AMR", _FFMPEG),
    (b"\x1aE\xdf\xa3", "WebM or Matroska", _FFMPEG),
    (b"\x30\x26\xb2\x75", "WMA", _FFMPEG),
    (b"\x1f\x8b", "compressed by gzip", "unpack it by gunzip"),
    (b"PK\3\4", "a zip archive", "unpack it by unzip"),
    (b"\x93NUMPY", "a NumPy array", "write its samples as WAV"),
    (b"version https://git-lfs", "a pointer of Git LFS", "run git lfs pull"),
    (b"<", "HTML or XML", _COPY),
)
_MP4 = b"ftyp"  # from the fifth byte on
_N_LOOKED_AT = 64


def name_foreign(path: Path) -> str:
    """Return what a file that cannot be decoded is, and the remedy; perhaps nothing.

    Example
    -------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.wav"
    >>> _ = path.write_bytes(b"wvpk and more")
    >>> name_foreign(path)
    'it is compressed by WavPack; convert it to WAV or FLAC, by ffmpeg for example'
    """
    with path.open("rb") as file:
        start = file.read(_N_LOOKED_AT)
    if start[4:8] == _MP4:
        return f"it is MP4 or M4A; {_FFMPEG}"
    for first, kind, remedy in _KINDS:
        if start.startswith(first):
            return f"it is {kind}; {remedy}"
    if start and start.decode("latin-1").isprintable():
        return f"it is text; {_COPY}"
    return ""

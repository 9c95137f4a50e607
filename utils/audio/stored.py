"""What the readers of audio containers share."""

from mmap import mmap

Stored = mmap | bytes

CUT = "the file is truncated, copy it again"
JOINED = "files were joined byte by byte: split them, or decode and join them again"


class Fault(Exception):
    """What is wrong with a file, and its remedy."""

"""The true size of the samples in WAV, RF64, W64, AIFF, CAF, AU and NIST files.

Its size stands before it, and is a guess where a program could not go back to correct
it. What follows the block may be chunks of text, and a few bytes of tags.
"""

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

from utils.audio.stored import CUT, JOINED, Fault, Stored

# written by programs that do not know; a little less for what stands before the block
_UNKNOWN = (0x7F000000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1)
_NEAR = 8192
_SLACK = 8  # bytes that may be missing: a part of a sample
_MOST_TAGS = 4096  # bytes after the block that are no chunks
_STARTS = (b"RIFF", b"RF64", b"FORM", b"NIST", b".snd", b"riff", b"caff")
_WORD = struct.Struct("<4sI")
_BIG_WORD = struct.Struct(">4sI")
_GUID = struct.Struct("<16sQ")
_LONG_WORD = struct.Struct(">4sQ")


class Block(NamedTuple):
    """A block of samples and the size that a header tells.

    Attributes
    ----------
    start : int
        Its first byte.
    told : int
        Its size, as told.
    size_at : int
        Where the size stands; 0 for formats whose told size libsndfile ignores.
    size_format : str
        How it is written, for `struct`.
    extra : int
        Bytes before the samples that are part of the size as it is written.
    chunk : Struct or None
        Heads of the chunks that may follow.
    """

    start: int
    told: int
    size_at: int = 0
    size_format: str = "<I"
    extra: int = 0
    chunk: struct.Struct | None = None


def mend_sample_block(stored: Stored) -> bytes | None:
    """Return the file with the true size of its samples, or None if it tells that.

    Raises
    ------
    Fault
        The file ends before its samples do, or other audio follows them.
    """
    try:
        block = _READERS[bytes(stored[:4])](stored)
    except struct.error:
        raise Fault(f"ends within its header; {CUT}") from None
    if block is None:
        return None
    present = len(stored) - block.start
    if _is_unknown(stored, block):
        return _with_size(stored, block, present) if block.size_at else None
    if block.told > present + _SLACK:
        raise Fault(f"holds {present} of {block.told} bytes of audio; {CUT}")
    end = block.start + block.told
    n_rest = _check_rest(stored, block, end)
    return stored[:end] if n_rest and not block.size_at else None


def _is_unknown(stored: Stored, block: Block) -> bool:
    if block.told == 0:
        return _n_other(stored, block, block.start) > 0
    is_guess = any(0 <= value - block.told <= _NEAR for value in _UNKNOWN)
    return is_guess and block.told > len(stored) - block.start


def _with_size(stored: Stored, block: Block, size: int) -> bytes:
    content = bytearray(stored[:])
    struct.pack_into(block.size_format, content, block.size_at, size + block.extra)
    return bytes(content)


def _check_rest(stored: Stored, block: Block, end: int) -> int:
    """Return how many bytes follow the samples; refuse those that may be samples."""
    if any(stored[end + pad : end + pad + 4] in _STARTS for pad in (0, 1)):
        raise Fault(f"a second file follows; {JOINED}")
    n_other = _n_other(stored, block, end + (block.told % 2 if block.chunk else 0))
    if n_other > _MOST_TAGS:
        raise Fault(
            f"its header tells {block.told} bytes of audio, and {n_other} more follow; "
            "export it again"
        )
    return n_other


def _n_other(stored: Stored, block: Block, position: int) -> int:
    """Return how many bytes from a place on are not in chunks."""
    if block.chunk:
        for name, start, size in _chunks(stored, position, block.chunk):
            if not re.fullmatch(rb"[ -~]{4}", name) or start + size > len(stored) + 1:
                break
            position = start + size + size % 2
    return max(len(stored) - position, 0)


def _chunks(
    stored: Stored, position: int, head: struct.Struct, counted: int = 0, pad: int = 2
) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and size of the chunks from a place on.

    ``counted`` bytes of the head are part of the told size; sizes are padded to a
    multiple of ``pad``.
    """
    while position + head.size <= len(stored):
        name, told = head.unpack_from(stored, position)
        start, size = position + head.size, max(told - counted, 0)
        yield name, start, size
        position = start + size + -size % pad


def _riff(stored: Stored) -> Block | None:
    """Find the data of WAV, and of RF64, whose long size stands in a chunk of its own.

    EBU Tech 3306, "MBWF / RF64", section 4.
    """
    long_size_at = 0
    for name, start, size in _chunks(stored, 12, _WORD):
        if name == b"ds64":
            long_size_at = start + 8
        if name == b"data" and long_size_at and size == 0xFFFFFFFF:
            (told,) = struct.unpack_from("<Q", stored, long_size_at)
            return Block(start, told, long_size_at, "<Q", chunk=_WORD)
        if name == b"data":
            return Block(start, size, start - 4, "<I", chunk=_WORD)
    return None


def _w64(stored: Stored) -> Block | None:
    for name, start, size in _chunks(stored, 40, _GUID, _GUID.size, 8):
        if name[:4] == b"data":
            return Block(start, size)
    return None


def _aiff(stored: Stored) -> Block | None:
    for name, start, size in _chunks(stored, 12, _BIG_WORD):
        if name == b"SSND":  # eight bytes of alignment come before the samples
            told = max(size - 8, 0)
            return Block(start + 8, told, start - 4, ">I", 8, _BIG_WORD)
    return None


def _caf(stored: Stored) -> Block | None:
    for name, start, size in _chunks(stored, 8, _LONG_WORD, pad=1):
        if name == b"data":  # a count of edits comes before the samples
            return Block(start + 4, max(size - 4, 0), start - 8, ">Q", 4)
    return None


def _au(stored: Stored) -> Block:
    start, told = struct.unpack_from(">II", stored, 4)
    return Block(start, told, 8, ">I")


def _nist(stored: Stored) -> Block | None:
    """Find the samples of a NIST SPHERE file after its header of text."""
    lines = stored[:16].split(b"\n")
    if len(lines) < 2 or not lines[1].strip().isdigit():
        return None
    start = int(lines[1])
    text = stored[:start].decode("latin-1")
    fields = dict(re.findall(r"(?m)^(\w+) -\w+ (.*)$", text))
    coding = fields.get("sample_coding", "").partition(",embedded-")[2].split("-")[0]
    if coding:
        raise Fault(f"is compressed by {coding}; convert it, by sph2pipe -f wav IN OUT")
    names = ("sample_count", "channel_count", "sample_n_bytes")
    if not all(fields.get(name, "").strip().isdigit() for name in names):
        return None
    count, channels, width = (int(fields[name]) for name in names)
    return Block(start, count * channels * width)


_READERS = {
    b"RIFF": _riff, b"RF64": _riff, b"riff": _w64, b"FORM": _aiff, b".snd": _au,
    b"caff": _caf,
    b"NIST": _nist,
}  # fmt: skip

"""The true number of frames of an MP3 file.

A Xing header in the first frame tells it; without one libsndfile takes the first
frame's bit rate for that of the file. ISO/IEC 11172-3 and 13818-3 (frame headers);
the Xing header is LAME's.
"""

import struct
from typing import NamedTuple

from utils.audio.stored import CUT, JOINED, Fault, Stored

_KBIT_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBIT_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_RATES_HZ = (44100, 48000, 32000)
_HAS_FRAMES, _HAS_BYTES = 1, 2  # flags of a Xing header
_LAYER_3 = 1
_VBRI = 36  # place of the other such header


class Xing(NamedTuple):
    """What a Xing header tells.

    Attributes
    ----------
    n_frames, n_bytes : int
        Frames without that of the header, and bytes with it; 0 where it is silent.
    """

    n_frames: int
    n_bytes: int


def skip_id3(stored: Stored, position: int = 0) -> int:
    """Return where the tags end that may come before audio.

    Example
    -------
    >>> skip_id3(b"ID3" + bytes(6) + bytes([2]) + b"xxfLaC")
    12
    """
    while stored[position : position + 3] == b"ID3":
        head = stored[position : position + 10]
        if len(head) < 10:
            break
        size = 0
        for byte in head[6:]:
            size = size << 7 | byte & 0x7F
        position += 10 + size + (10 if head[5] & 0x10 else 0)
    return position


def mend_mpeg(stored: Stored) -> bytes | None:
    """Return the file with a Xing header, or None if it has one or is no MP3.

    Raises
    ------
    Fault
        The file ends before the frames that its header tells, or within a frame; or
        others follow.
    """
    start = skip_id3(stored)
    size = frame_size(stored[start : start + 4])
    if not size:
        return None
    xing = read_xing(stored, start)
    if xing and xing.n_bytes and _ends_at(stored, start + xing.n_bytes):
        return None
    n_frames, is_whole = count_frames(stored, start)
    if not is_whole:
        raise Fault(f"ends within a frame; {CUT}")
    if xing and xing.n_frames:
        _compare(n_frames - 1, xing.n_frames)
        return None
    if stored[start + _VBRI : start + _VBRI + 4] == b"VBRI":
        start, n_frames = start + size, n_frames - 1
    return xing_frame(stored[start : start + 4], n_frames) + stored[start:]


def _compare(n_frames: int, n_told: int) -> None:
    """Compare frames with what is told; some encoders are wrong by one."""
    if n_frames < n_told - 1:
        raise Fault(f"holds {n_frames} of {n_told} frames; {CUT}")
    if n_frames > n_told + 1:
        raise Fault(f"{n_frames} frames, where its header tells {n_told}; {JOINED}")


def _ends_at(stored: Stored, end: int) -> bool:
    """Whether the frames end there: tags may follow."""
    after = skip_id3(stored, end)
    return end <= len(stored) and not frame_size(stored[after : after + 4])


def frame_size(header: bytes) -> int:
    """Return the bytes of a layer III frame; 0 where there is none.

    Example
    -------
    >>> frame_size(bytes.fromhex("fffb9064"))
    417
    """
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return 0
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    bit_rate, rate = header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or layer != _LAYER_3 or bit_rate in (0, 15) or rate == 3:
        return 0
    is_first = version == 3
    bits = 1000 * (_KBIT_1 if is_first else _KBIT_2)[bit_rate]
    rate_hz = _RATES_HZ[rate] >> {3: 0, 2: 1, 0: 2}[version]
    return (144 if is_first else 72) * bits // rate_hz + (header[2] >> 1 & 1)


def count_frames(stored: Stored, position: int) -> tuple[int, bool]:
    """Count the frames from a place on; tell whether the last one is whole."""
    n_frames = 0
    sizes: dict[bytes, int] = {}
    while position < len(stored):
        header = stored[position : position + 4]
        size = sizes.get(header)
        if size is None:
            size = sizes[header] = frame_size(header)
        if not size:
            position = _next_frame(stored, position)
            continue
        position += size
        if position > len(stored):
            return n_frames, False
        n_frames += 1
    return n_frames, True


def _next_frame(stored: Stored, position: int) -> int:
    """Return where frames go on after other bytes, or the end."""
    while (position := stored.find(b"\xff", position + 1)) >= 0:
        size = frame_size(stored[position : position + 4])
        if size and frame_size(stored[position + size : position + size + 4]):
            return position
    return len(stored)


def read_xing(stored: Stored, start: int) -> Xing | None:
    """Read the Xing header of the frame at a place, if it has one."""
    header = stored[start : start + 4]
    place = start + _xing_place(header)
    if stored[place : place + 4] not in (b"Xing", b"Info"):
        return None
    flags, first, second = struct.unpack_from(">3I", stored[place + 4 : place + 16])
    n_frames = first if flags & _HAS_FRAMES else 0
    n_bytes = second if flags & _HAS_FRAMES else first
    return Xing(n_frames, n_bytes if flags & _HAS_BYTES else 0)


def _xing_place(header: bytes) -> int:
    """Return where a frame's Xing header begins: after what describes its channels."""
    is_first, is_mono = header[1] >> 3 & 3 == 3, header[3] >> 6 == 3
    return 4 + {(1, 0): 32, (1, 1): 17, (0, 0): 17, (0, 1): 9}[is_first, is_mono]


def xing_frame(header: bytes, n_frames: int) -> bytes:
    """Make a frame like another one that holds nothing but a Xing header."""
    plain = bytes(
        [0xFF, header[1] | 1, header[2] & ~2, header[3]]
    )  # no CRC, no padding
    told = struct.pack(">4sII", b"Xing", _HAS_FRAMES, n_frames)
    frame = plain + bytes(_xing_place(plain) - 4) + told
    return frame.ljust(frame_size(plain), b"\0")

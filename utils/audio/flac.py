"""The true number of samples of a FLAC file: that at which its last frame ends.

RFC 9639, "Free Lossless Audio Codec", sections 8.2 (STREAMINFO) and 9.1 (frame header).
"""

from collections.abc import Iterator

from utils.audio.mpeg import skip_id3
from utils.audio.stored import CUT, JOINED, Fault, Stored

_TOTAL = (1 << 36) - 1  # the last 36 bits of the eight bytes that hold it
_LARGEST_FRAME = 1 << 20  # bytes, where the header does not tell
_SHORTEST_HEADER = 6
_SYNCS = (b"\xff\xf8", b"\xff\xf9")  # numbered by frames, by samples


def mend_flac(stored: Stored) -> bytes | None:
    """Return the file with its true total, or None if the total is true.

    Raises
    ------
    Fault
        The file ends before its total, or within a frame; or a second one follows.
    """
    start = skip_id3(stored)
    place = slice(start + 18, start + 26)
    field = int.from_bytes(stored[place], "big")
    total = field & _TOTAL
    for position, n_samples in _last_frames(stored, start + 8):
        if n_samples == total:
            return None
        if crc16(stored[position:]) == 0:
            break
    else:
        raise Fault(f"ends within a frame; {CUT}")
    if stored.find(b"fLaC", start + 4) > 0:
        raise Fault(f"a second FLAC header inside; {JOINED}")
    if n_samples < total:
        raise Fault(f"holds {n_samples} of {total} samples; {CUT}")
    content = bytearray(stored[:])
    content[place] = (field - total + n_samples).to_bytes(8, "big")
    return bytes(content)


def _last_frames(stored: Stored, info: int) -> Iterator[tuple[int, int]]:
    """Yield places that look like frames, the last first, and where they end."""
    block_size = int.from_bytes(stored[info : info + 2], "big")
    largest = int.from_bytes(stored[info + 7 : info + 10], "big") or _LARGEST_FRAME
    lowest = max(len(stored) - 2 * largest, info)
    places = {sync: stored.rfind(sync, lowest) for sync in _SYNCS}
    while max(places.values()) >= 0:
        sync = max(places, key=lambda key: places[key])
        n_samples = _end_of_frame(stored[places[sync] : places[sync] + 16], block_size)
        if n_samples:
            yield places[sync], n_samples
        places[sync] = stored.rfind(sync, lowest, places[sync] + 1)


def _end_of_frame(header: bytes, block_size: int) -> int:
    """Return the number of samples up to a frame's end; 0 if it is no frame."""
    if len(header) < _SHORTEST_HEADER or header[3] & 1:
        return 0
    number, place = _coded_number(header)
    kind, rate = header[2] >> 4, header[2] & 15
    n_size = {6: 1, 7: 2}.get(kind, 0)
    size = int.from_bytes(header[place : place + n_size], "big") + 1
    if kind == 1:
        size = 192
    elif 2 <= kind <= 5:
        size = 576 << (kind - 2)
    elif kind >= 8:
        size = 256 << (kind - 8)
    place += n_size + {12: 1, 13: 2, 14: 2}.get(rate, 0)
    is_header = header[place : place + 1] == bytes([crc8(header[:place])])
    if kind == 0 or number < 0 or not is_header:
        return 0
    return (number if header[1] & 1 else number * block_size) + size


def _coded_number(header: bytes) -> tuple[int, int]:
    """Read the number after four bytes, coded as UTF-8 codes letters; -1 if none."""
    first, n_more = header[4], 0
    while n_more < 7 and first & (0x80 >> n_more):
        n_more += 1
    if n_more == 1 or n_more > 7:
        return -1, 5
    number = first & (0x7F >> n_more)
    n_more = max(n_more - 1, 0)
    for byte in header[5 : 5 + n_more]:
        number = number << 6 | byte & 0x3F
    return number, 5 + n_more


def _table(polynomial: int, n_bits: int) -> list[int]:
    """Tabulate the remainders of single bytes."""
    mask, table = (1 << n_bits) - 1, []
    for value in range(256):
        rest = value << (n_bits - 8)
        for _ in range(8):
            rest = rest << 1 ^ (polynomial if rest >> (n_bits - 1) & 1 else 0)
        table.append(rest & mask)
    return table


_CRC8, _CRC16 = _table(0x07, 8), _table(0x8005, 16)


def crc8(content: bytes) -> int:
    """Remainder by x^8 + x^2 + x + 1, of a frame's header.

    Example
    -------
    >>> hex(crc8(b"123456789"))
    '0xf4'
    """
    rest = 0
    for byte in content:
        rest = _CRC8[rest ^ byte]
    return rest


def crc16(content: bytes) -> int:
    """Remainder by x^16 + x^15 + x^2 + 1, of a frame; 0 where it ends with its own.

    Example
    -------
    >>> hex(crc16(b"123456789"))
    '0xfee8'
    """
    rest = 0
    for byte in content:
        rest = _CRC16[rest >> 8 ^ byte] ^ rest << 8 & 0xFF00
    return rest

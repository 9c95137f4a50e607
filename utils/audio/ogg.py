"""Whether an Ogg file (Vorbis, Opus, FLAC) is one whole stream.

RFC 3533, "The Ogg encapsulation format", section 6: pages.
"""

import struct
from collections.abc import Iterator

from utils.audio.stored import CUT, JOINED, Fault, Stored

_FIRST, _LAST = 2, 4  # flags of a page
_HEADER = struct.Struct("<4xxBqIIxxxxB")  # flags, position, stream, number, segments


def check_ogg(stored: Stored) -> None:
    """Go from page to page; what follows a stream's last page is no audio.

    Raises
    ------
    Fault
        Pages are missing, within or at the end, or a second stream follows.
    """
    expected: dict[int, int] = {}
    flags, has_begun = 0, False
    for flags, stream, number in _pages(stored):
        if flags & _FIRST and has_begun:
            raise Fault(f"a second Ogg stream follows; {JOINED}")
        if number != expected.get(stream, number):
            raise Fault(f"no page {expected[stream]} of its stream; copy it again")
        expected[stream] = number + 1
        has_begun = has_begun or not flags & _FIRST
    if not flags & _LAST:
        raise Fault(f"ends before the last page of its stream; {CUT}")


def _pages(stored: Stored) -> Iterator[tuple[int, int, int]]:
    """Yield flags, stream and number of each page that is whole."""
    position = 0
    while stored[position : position + 4] == b"OggS":
        segments = position + _HEADER.size
        if segments > len(stored):
            break
        flags, _, stream, number, n_segments = _HEADER.unpack_from(stored, position)
        position = segments + n_segments + sum(stored[segments : segments + n_segments])
        if position > len(stored):
            raise Fault(f"ends within a page; {CUT}")
        yield flags, stream, number

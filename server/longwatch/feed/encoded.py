"""A frame that has been encoded once, for however many it is sent to."""

from __future__ import annotations

import struct
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final

CACHED_FRAMES: Final = 256
CACHED_BYTES: Final = 16 * 2**20
"""Slow readers at many places must not pile frames up."""
_TEXT_AND_FINAL: Final = 0x81


class Encoded:
    """The text of a frame, and the same as it goes over the wire: a WebSocket frame of a server,
    which is not masked (RFC 6455, 5.2), so that all subscribers can be sent the same bytes.

    A text in parts is put together once, behind the header: a chunk of a snapshot has a megabyte.
    """

    __slots__ = ("_framed", "_length", "_parts")

    def __init__(self, *parts: bytes) -> None:
        self._parts = parts
        self._length = sum(map(len, parts))
        self._framed: bytes | None = None

    @property
    def size(self) -> int:
        """Bytes of the text."""
        return self._length

    @property
    def text(self) -> bytes:
        """What it says."""
        return b"".join(self._parts)

    @property
    def framed(self) -> bytes:
        """With the header before it."""
        if self._framed is None:
            self._framed = b"".join((_header(self._length), *self._parts))
        return self._framed

    def __len__(self) -> int:
        return self._length


class Cache:
    """The frames that were made last, by what is in them; bounded in number and bytes."""

    def __init__(self) -> None:
        self._frames: OrderedDict[Hashable, Encoded] = OrderedDict()
        self.size_bytes = 0

    def get(self, key: Hashable, make: Callable[[], bytes]) -> Encoded:
        """The frame with that key, made if it is not there."""
        frame = self._frames.get(key)
        if frame is None:
            frame = self._frames[key] = Encoded(make())
            self.size_bytes += len(frame)
            while len(self._frames) > CACHED_FRAMES or self.size_bytes > CACHED_BYTES:
                _, forgotten = self._frames.popitem(last=False)
                self.size_bytes -= len(forgotten)
        return frame

    def __len__(self) -> int:
        return len(self._frames)


def _header(length: int) -> bytes:
    if length < 126:
        return struct.pack(">BB", _TEXT_AND_FINAL, length)
    if length < 2**16:
        return struct.pack(">BBH", _TEXT_AND_FINAL, 126, length)
    return struct.pack(">BBQ", _TEXT_AND_FINAL, 127, length)

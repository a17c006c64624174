"""What carries the frames of one subscriber."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from longwatch.feed.encoded import Encoded


class Gone(Exception):
    """The other side has closed."""


class Wire(Protocol):
    """Takes frames without waiting, and says when they are through.

    `write` while it is not `clear` keeps the frames in memory: whoever sends more than a word waits
    until it is. `on_clear` is called when it has become so, and when the connection is lost.
    """

    on_clear: Callable[[], None]

    @property
    def clear(self) -> bool:
        """Whether everything written has been handed on; false for ever once the other side is
        gone."""

    def write(self, frames: Sequence[Encoded]) -> None:
        """Send text frames. Does nothing once the other side is gone."""

    async def through(self) -> None:
        """Return once it is `clear`. Raises `Gone`."""

    async def receive(self) -> str | bytes:
        """The next frame. Raises `Gone`."""

    async def close(self, code: int, reason: str) -> None:
        """Close with a WebSocket status `code`. Raises `Gone`."""

    def abort(self) -> None:
        """Drop the connection, and what has not been sent."""

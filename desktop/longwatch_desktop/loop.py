"""The event loop of the window: asyncio on Qt's, which stands still when it is not run."""

from __future__ import annotations

import asyncio
from collections import deque

from PySide6.QtWidgets import QApplication
from qasync import QEventLoop


def new_loop(app: QApplication) -> asyncio.AbstractEventLoop:
    """A loop for the one application."""
    loop: asyncio.AbstractEventLoop = WindowLoop(app)
    return loop


class WindowLoop(QEventLoop):  # type: ignore[misc]  # without annotations it is `Any`
    """qasync's loop, whose tasks wait while it is not run.

    qasync runs what is due whenever Qt handles events: also when `run_until_complete` has ended,
    which handles some itself. A task whose turn comes then finds no running loop, and fails in the
    first lock or timeout it comes to. Here it goes on when the loop is run again, as with asyncio's
    own loops.

    A task that makes Qt handle events, knowingly or not, would be lost as well as all whose turn
    comes meanwhile: asyncio cannot enter one task inside another, and forgets the turn. Here they
    go on as soon as the first one pauses.
    """

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._stands = True
        self._missed: deque[asyncio.Handle] = deque()

    def run_forever(self) -> None:
        self._stands = False
        if self._missed:
            self.call_soon(self._catch_up)
        try:
            super().run_forever()
        finally:
            self._stands = True

    def close(self) -> None:
        super().close()
        self._missed.clear()

    def _add_callback(self, handle: asyncio.Handle, delay: float = 0) -> asyncio.Handle:
        super()._add_callback(_Turn(self, handle), delay)
        return handle

    def _take_turn(self, handle: asyncio.Handle) -> None:
        if self._stands or asyncio.current_task(self) is not None:
            self._missed.append(handle)
            return
        self._catch_up()
        handle._run()
        self._catch_up()

    def _catch_up(self) -> None:
        """Everything in the order in which it was due."""
        while self._missed:
            handle = self._missed.popleft()
            if not handle.cancelled():
                handle._run()


class _Turn:
    """What qasync keeps in place of a handle until its time has come."""

    __slots__ = ("_handle", "_loop")

    def __init__(self, loop: WindowLoop, handle: asyncio.Handle) -> None:
        self._loop = loop
        self._handle = handle

    @property
    def _cancelled(self) -> bool:
        return self._handle.cancelled()

    def _run(self) -> None:
        self._loop._take_turn(self._handle)

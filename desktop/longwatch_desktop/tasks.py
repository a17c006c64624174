"""Background work: tasks that are kept, and whose failure is seen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

from longwatch.client.errors import LongwatchClientError
from longwatch_desktop.translation import tr

Failed = Callable[[Exception], None]
MISTAKES: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NameError,
    RuntimeError,
    TypeError,
)
"""What nothing but a mistake in the program raises out of a task."""


class Mistake(Exception):
    """Something went wrong in Longwatch itself."""

    def __init__(self) -> None:
        super().__init__(tr("Something went wrong in Longwatch itself."))


def foreseen(say: Callable[[str], object]) -> Failed:
    """For `Tasks`: `say` is told what a server answers with or why none does; anything else is a
    mistake of ours, and is raised."""

    def failed(error: Exception) -> None:
        if not isinstance(error, LongwatchClientError):
            raise error
        say(str(error))

    return failed


class Tasks:
    """The tasks of one owner. asyncio keeps only weak references: these are strong ones."""

    def __init__(self, failed: Failed) -> None:
        """`failed` is told what a task raised, unless the task names somebody else. In place of one
        of the `MISTAKES` it is told a `Mistake`, and the loop's exception handler the rest."""
        self._failed = failed
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    def start(
        self, work: Coroutine[Any, Any, object], *, name: str, failed: Failed | None = None
    ) -> asyncio.Task[Any] | None:
        """Run `work` in the running loop; `None` once closed, or when no loop runs: a window that
        goes still gets events of Qt's, and what they ask for is not wanted any more."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            loop = None
        if self._closed or loop is None:
            work.close()
            return None
        task = loop.create_task(work, name=name)
        self._tasks.add(task)

        def done(ended: asyncio.Task[Any]) -> None:
            self._tasks.discard(ended)
            if ended.cancelled():
                return
            error = ended.exception()
            if isinstance(error, MISTAKES):
                # It may have to tidy up, but has nothing to say of this: that is for the report,
                # which the loop hears of.
                with suppress(Mistake):
                    (failed or self._failed)(Mistake())
                raise error
            if isinstance(error, Exception):
                (failed or self._failed)(error)

        task.add_done_callback(done)
        return task

    def leave(self) -> None:
        """Start nothing more, and cancel what still runs without waiting for its end: what it would
        touch goes now."""
        self._closed = True
        for task in self._tasks:
            task.cancel()

    async def close(self) -> None:
        """Start nothing more, and stop."""
        self._closed = True
        await self.stop()

    async def stop(self) -> None:
        """Cancel what still runs, and wait for its end."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

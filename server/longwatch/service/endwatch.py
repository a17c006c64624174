"""Requests that wait for the end of a job, without asking for it again and again."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator


class EndWatch:
    """Wakes who waits for a job to be over, and everybody when the server stops."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._closed = False

    @contextlib.contextmanager
    def waiter(self, job_id: str) -> Iterator[asyncio.Event]:
        """An event that is set when the job is over, or at once when the server is stopping.

        Enter before looking at the job: what ends between the look and the wait is not missed.
        """
        event = asyncio.Event()
        if self._closed:
            event.set()
        waiting = self._waiting.setdefault(job_id, set())
        waiting.add(event)
        try:
            yield event
        finally:
            waiting.discard(event)
            if not waiting:
                self._waiting.pop(job_id, None)

    def ended(self, job_id: str) -> None:
        """The job is over."""
        for event in self._waiting.get(job_id, ()):
            event.set()

    def close(self) -> None:
        """The server is stopping: nobody waits any more."""
        self._closed = True
        for waiting in self._waiting.values():
            for event in waiting:
                event.set()

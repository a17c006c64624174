"""An event loop in a thread of its own, for callers that have none or may not wait on theirs."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


class LoopThread:
    """Runs coroutines for other threads. The thread is a daemon: a script that forgets to close
    its client still ends."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._closed = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` there and wait for what it returns or raises.

        An exception in the waiting thread, Ctrl+C above all, cancels the work. Raises
        `RuntimeError` once closed, and when called from the loop's own thread.
        """
        with self._lock:
            if self._closed or threading.current_thread() is self._thread:
                work.close()
                raise RuntimeError("The client is closed." if self._closed else "Would deadlock.")
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except concurrent.futures.CancelledError as error:
            raise RuntimeError("The client was closed meanwhile.") from error
        except BaseException:
            future.cancel()
            raise

    def close(self, timeout_s: float = 2.0) -> bool:
        """Cancel what runs, end the thread; `True` when it is gone. May be called again."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._loop.call_soon_threadsafe(self._loop.stop)
        if threading.current_thread() is self._thread:
            return False  # the garbage collector may call from anywhere; the loop ends after this
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            tasks = asyncio.all_tasks(self._loop)
            for task in tasks:
                task.cancel()
            with contextlib.suppress(Exception):
                self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
                self._loop.run_until_complete(self._loop.shutdown_asyncgens())
                self._loop.run_until_complete(self._loop.shutdown_default_executor())
            asyncio.set_event_loop(None)
            self._loop.close()

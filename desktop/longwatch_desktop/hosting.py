"""The embedded server: started in a thread of its own, stopped within a bound.

The only place of the window that knows `longwatch.host`; it is imported in a worker thread, as
the server's own packages are (0.7 s in all), so that the window is drawn first.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from longwatch.client.address import Address
from longwatch.client.discovery import find_local
from longwatch.client.errors import LongwatchClientError

IDLE_S: Final = 30
"""How long a server without a window waits for more to do, or for a window, before it ends."""

if TYPE_CHECKING:
    from longwatch.host import ServerThread


class EmbeddedServer:
    """The server over one data folder on this machine: ours, or one that runs there already."""

    def __init__(self, data_dir: Path, **settings: Any) -> None:
        self.data_dir = data_dir
        self.address: Address | None = None
        """Where it was when it was started last; `None` before."""
        self._settings = settings
        self._thread: ServerThread | None = None
        self._starting: asyncio.Future[Address] | None = None

    @property
    def is_ours(self) -> bool:
        """Whether it ends with this window; false when it attached to somebody else's."""
        return self._thread is not None

    async def start(self) -> Address:
        """Start it, or find the one that runs there.

        Raises `longwatch.host.HostError`, whose text is for the user.
        """
        # A start goes on when nobody waits for it any more: `stop` has to know of it.
        self._starting = asyncio.ensure_future(asyncio.to_thread(self._start))
        self.address = await asyncio.shield(self._starting)
        return self.address

    async def reach(self) -> Address:
        """The same for whoever wants it as any other server. Raises `LongwatchClientError`."""
        try:
            return await self.start()
        except Exception as error:
            from longwatch.host import HostError  # noqa: PLC0415 - loaded by now, in its thread

            if not isinstance(error, (HostError, OSError)):
                raise
            raise LongwatchClientError(str(error)) from error

    def _start(self) -> Address:
        from longwatch.host import AlreadyServing, ServerThread  # noqa: PLC0415 - in this thread

        if self._thread is not None:
            if self._thread.running and self.address is not None:
                return self.address  # another server was looked at meanwhile
            self._thread.stop(1.0)  # it ended by itself
            self._thread = None
        thread = ServerThread(self.data_dir, host="127.0.0.1", port=0, **self._settings)
        try:
            address = thread.start()
        except AlreadyServing as error:
            return error.address
        self._thread = thread
        return address

    async def is_alive(self) -> bool:
        """Whether the server runs: our own thread, or somebody else's server that answers."""
        if self._thread is not None:
            return self._thread.running
        return await asyncio.to_thread(find_local, self.data_dir) is not None

    async def stop(self, timeout_s: float, *, keep_jobs: bool = False) -> bool:
        """Stop it if it is ours; false when it was not gone after `timeout_s`.

        With `keep_jobs` its queries go on: a server without a window takes the data folder over,
        and ends once nothing is left to do. The next window attaches to it.
        """
        if self._starting is not None:  # a server that is being started is no less ours
            done, _ = await asyncio.wait({self._starting}, timeout=timeout_s)
            if not done:
                return False
            if not self._starting.cancelled():
                self._starting.exception()  # was told, or there is nobody left to tell
        thread, self._thread = self._thread, None
        if thread is None:
            return True
        stopped = await asyncio.to_thread(thread.stop, timeout_s, keep_jobs=keep_jobs)
        if stopped and keep_jobs:
            start_background_server(self.data_dir)
        return stopped


def start_background_server(data_dir: Path) -> None:
    """Start a server that outlives this program. Raises `OSError`."""
    command = [sys.executable, "-m", "longwatch", "serve", "--data-dir", str(data_dir)]
    apart: dict[str, Any] = (
        {"creationflags": getattr(subprocess, "DETACHED_PROCESS", 0)}
        if os.name == "nt"
        else {"start_new_session": True}
    )
    subprocess.Popen(
        [*command, "--until-idle", str(IDLE_S)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **apart,
    )

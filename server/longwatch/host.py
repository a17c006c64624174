"""Runs a server in a thread of this process: the desktop's embedded one, a notebook's, `serve`.

The server's own packages (FastAPI, SQLAlchemy, uvicorn: 0.7 s) are imported in the thread, so
that a window that starts one is on the screen first.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import ssl
import threading
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from filelock import FileLock, Timeout

from longwatch.client.address import Address
from longwatch.client.discovery import ServerFile, find_local, read_server_file, write_server_file
from longwatch.host_errors import (
    AlreadyServing,
    BindFailed,
    DataDirBusy,
    DataDirUnusable,
    HostError,
    Insecure,
    StartFailed,
    explained,
)
from longwatch.paths import default_data_dir
from longwatch.protocol.routes import SERVER_FILE

if TYPE_CHECKING:
    from fastapi import FastAPI

    from longwatch.security.certificates import Certificate
    from longwatch.security.keeping import Keeper
    from longwatch.serving import Server

__all__ = [
    "AlreadyServing",
    "BindFailed",
    "DataDirBusy",
    "DataDirUnusable",
    "HostError",
    "Insecure",
    "ServerThread",
    "StartFailed",
]

LOCK_FILE: Final = "server.lock"
WAITING: Final = 1024
"""Connections that wait to be accepted, at most."""
LOOK_AT_CERTIFICATE_S: Final = 3_600.0
OTHERS_START_S: Final = 5.0
"""How long another server may take from locking the folder to answering."""


class ServerThread:
    """One server over one data folder. Start it once; `stop` it, or it ends with the process.

    `settings` are fields of `longwatch.settings.Settings`, which come before the environment and
    the folder's `config.toml`. The token is made anew, unless `configured_token` asks for the one
    that the settings name, if they name one. With `until_idle_s` it ends by itself once nothing
    has run, waited or listened for that many seconds; `ended` is set when it has.
    """

    def __init__(
        self,
        data_dir: Path | None = None,
        *,
        configured_token: bool = False,
        until_idle_s: float | None = None,
        **settings: Any,
    ) -> None:
        self.data_dir = (data_dir or default_data_dir()).expanduser().absolute()
        self._given = settings
        self._configured_token = configured_token
        self._until_idle_s = until_idle_s
        self._keep_jobs = False
        self._wind_down = False
        self._drain_s = 0.0
        self._hurried = asyncio.Event()
        self.ended = threading.Event()
        self._token = ""
        self._certificate: Certificate | None = None
        # Not bound to a thread: whoever stops the server need not be who started it.
        self._lock = FileLock(self.data_dir / LOCK_FILE, timeout=0, thread_local=False)
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: Server | None = None
        self._leaving = asyncio.Event()
        self._thread: threading.Thread | None = None
        self._file: ServerFile | None = None
        self._keeping: asyncio.Task[None] | None = None

    def start(self, timeout_s: float = 20.0) -> Address:
        """Start, and return where it answers. Raises a `HostError`; nothing is left behind then,
        but for a start that takes too long: its thread keeps the folder until it gives up."""
        assert self._thread is None, "a ServerThread starts once"
        self._take_folder()
        try:
            sock, host = self._bind()
            port: int = sock.getsockname()[1]
            self._start_thread(sock, timeout_s)
            address = self._address(host, port)
            self._announce(address)
        except BaseException:
            if not self._thread_lives():
                self._lock.release()
            raise
        return address

    def _address(self, host: str, port: int) -> Address:
        if self._certificate is None:
            return Address(f"http://{host}:{port}", self._token)
        return Address(f"https://{host}:{port}", self._token, self._certificate.pem)

    @property
    def certificate(self) -> Certificate | None:
        """What the server proves with who it is; `None` where it speaks no TLS."""
        return self._certificate

    def _start_thread(self, sock: socket.socket, timeout_s: float) -> None:
        self._thread = threading.Thread(
            target=self._run, args=(sock,), name="longwatch-server", daemon=True
        )
        self._thread.start()
        if not self._ready.wait(timeout_s):
            self.stop(1.0)
            raise StartFailed(f"The server did not start within {timeout_s:g} seconds.")
        if self._failure is not None:
            self._thread.join()
            raise explained(self._failure) from self._failure

    def stop(
        self, timeout_s: float = 5.0, *, keep_jobs: bool = False, wind_down: bool = False
    ) -> bool:
        """Stop and wait; false when it was not gone after `timeout_s`. May be called again.

        With `keep_jobs` running queries go on: the next server over this folder adopts them. With
        `wind_down` they may come to their end first, for `drain_s` of the settings at most, which
        `timeout_s` then does not count; `hurry` cuts that short.
        """
        self._withdraw()
        self._wind_down = wind_down
        timeout_s += self._drain_s if wind_down else 0
        self._keep_jobs = keep_jobs
        self._stopping = True
        loop, server = self._loop, self._server
        if loop is not None and server is not None:
            server.should_exit = True
            with contextlib.suppress(RuntimeError):  # it ended at this moment
                loop.call_soon_threadsafe(self._leaving.set)
        if self._thread is not None:
            self._thread.join(timeout_s)
            if self._thread.is_alive():
                return False
        self._lock.release()
        return True

    def hurry(self) -> None:
        """Wait for no query any more, if `stop` does. Does nothing otherwise; for any thread, and
        for a signal's handler."""
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # it ended at this moment
                loop.call_soon_threadsafe(self._hurried.set)

    @property
    def running(self) -> bool:
        """Whether the thread is alive and the server answers."""
        return self._thread_lives() and self._ready.is_set() and self._failure is None

    def _thread_lives(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _take_folder(self) -> None:
        """Lock the data folder: the lock ends with the process that holds it, come what may."""
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._wait_for_lock()
        except OSError as error:
            raise DataDirUnusable(self.data_dir, error) from error

    def _wait_for_lock(self) -> None:
        """Take the lock. Who holds it either answers soon, or is about to end and lets it go."""
        deadline_s = time.monotonic() + OTHERS_START_S
        while True:
            with contextlib.suppress(Timeout):
                self._lock.acquire()
                return
            address = find_local(self.data_dir)
            if address is not None:
                raise AlreadyServing(self.data_dir, address)
            if time.monotonic() > deadline_s:
                raise DataDirBusy(self.data_dir)
            time.sleep(0.05)

    def _bind(self) -> tuple[socket.socket, str]:
        """A listening socket, and the host to reach it by. Here and not in the thread, so that a
        clash shows at once, and whoever connects early waits in the backlog."""
        host, port = self._given.get("host"), self._given.get("port")
        if host is None or port is None:
            from longwatch.settings import load_settings  # noqa: PLC0415 - 0.15 s, `serve` only

            try:
                settings = load_settings(self.data_dir, self._given)
            except ValueError as error:
                raise explained(error) from error
            host, port = settings.host, settings.port
        host = str(host).strip("[]")
        host = "127.0.0.1" if host == "localhost" else host
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # With IPPROTO_TCP named asyncio sets TCP_NODELAY; without it every call takes 44 ms.
        sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            if os.name == "posix":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((host, int(port)))
            sock.listen(WAITING)
        except (OSError, OverflowError) as error:
            sock.close()
            problem = error if isinstance(error, OSError) else OSError(str(error))
            raise BindFailed(host, int(port), problem) from error
        reach = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
        return sock, f"[{reach}]" if ":" in reach else reach

    def _announce(self, address: Address) -> None:
        self._file = ServerFile(
            url=address.url,
            token=address.token,
            pid=os.getpid(),
            certificate=address.certificate,
        )
        try:
            write_server_file(self.data_dir / SERVER_FILE, self._file)
        except OSError as error:
            self.stop()
            raise DataDirUnusable(self.data_dir, error) from error

    def _withdraw(self) -> None:
        """Nobody should find a server that is about to stop."""
        path, mine = self.data_dir / SERVER_FILE, self._file
        if mine is not None and read_server_file(path) == mine:
            with contextlib.suppress(OSError):
                path.unlink()
        self._file = None

    def _run(self, sock: socket.socket) -> None:
        try:
            asyncio.run(self._serve(sock))
        except BaseException as error:
            self._failure = self._failure or error
        else:
            if not self._ready.is_set() and self._failure is None:
                self._failure = StartFailed("The server ended before it was ready.")
        finally:
            sock.close()
            self._ready.set()
            self.ended.set()
            if self._stopping:  # nobody may be waiting for this any more
                self._lock.release()

    async def _serve(self, sock: socket.socket) -> None:
        # Here and below: in the thread, after the window.
        from longwatch.app import create_app  # noqa: PLC0415
        from longwatch.security import certificates  # noqa: PLC0415
        from longwatch.security.keeping import context_of, keeper_of  # noqa: PLC0415
        from longwatch.security.tokens import new_token  # noqa: PLC0415
        from longwatch.serving import Server, config_of, note_failure  # noqa: PLC0415
        from longwatch.settings import load_settings  # noqa: PLC0415

        settings = load_settings(self.data_dir, self._given)
        configured = settings.bearer_token() if self._configured_token else None
        self._token = configured or new_token()
        self._drain_s = settings.drain_s
        keeper = await asyncio.to_thread(
            keeper_of,
            settings.data_dir,
            certificates.names_of(settings.host, settings.allowed_hosts),
            own=settings.tls_self_signed,
            file=settings.tls_certificate,
            key=settings.tls_key,
        )
        context = None if keeper is None else context_of(keeper.certificate)
        self._certificate = None if keeper is None else keeper.certificate
        port: int = sock.getsockname()[1]

        def place() -> tuple[str, str]:
            shown = "" if self._certificate is None else self._certificate.pem
            return settings.own_url(port, encrypted=bool(shown)), shown

        app = create_app(settings, token=self._token, place=place)
        note_failure(app, self._failed)
        config = config_of(app, context, waiting=WAITING, behind_proxy=settings.behind_proxy)
        self._loop = asyncio.get_running_loop()
        self._server = Server(
            config,
            sock,
            waiting=WAITING,
            leaving=self._leaving,
            on_ready=self._ready.set,
            farewell=lambda: self._say_goodbye(app),
        )
        if self._stopping:
            return
        if keeper is not None and context is not None:
            self._keeping = asyncio.create_task(self._keep(keeper, context, app))
        if self._until_idle_s is not None:
            watch = asyncio.create_task(self._end_when_idle(app, self._until_idle_s))
            watch.add_done_callback(self._end)
        uvicorns = logging.getLogger("uvicorn.error")
        uvicorns.addFilter(self._is_news)
        try:
            await self._server.serve(sockets=[sock])
        finally:
            uvicorns.removeFilter(self._is_news)

    def _failed(self, error: BaseException) -> None:
        self._failure = error

    async def _say_goodbye(self, app: FastAPI) -> None:
        if app.state.parts is not None:
            if self._wind_down:
                await _first(app.state.parts.shutdown.wind_down(), self._hurried.wait())
            await app.state.parts.shutdown.drain(keep=self._keep_jobs)

    def _is_news(self, record: logging.LogRecord) -> bool:
        """Whether a line of uvicorn's says more than what `start` raises: with log_config=None it
        would print the traceback of a start that failed for a reason that users are told."""
        own = self._thread is not None and record.thread == self._thread.ident
        return not own or self._failure is None

    async def _keep(self, keeper: Keeper, context: ssl.SSLContext, app: FastAPI) -> None:
        from longwatch.security.keeping import keep  # noqa: PLC0415 - in the thread

        async for renewed in keep(keeper, context, app.state.log, every_s=LOOK_AT_CERTIFICATE_S):
            self._certificate = renewed
            await asyncio.to_thread(self._announce_anew)
            if app.state.parts is not None and app.state.parts.relay is not None:
                await app.state.parts.relay.moved()

    def _announce_anew(self) -> None:
        if self._file is not None and self._certificate is not None:
            found = self._file.address
            self._announce(Address(found.url, found.token, self._certificate.pem))

    def _end(self, _task: asyncio.Task[None]) -> None:
        assert self._server is not None
        self._server.should_exit = True
        self._leaving.set()

    async def _end_when_idle(self, app: FastAPI, patience_s: float) -> None:
        idle_since_s: float | None = None
        while True:
            await asyncio.sleep(min(1.0, patience_s / 4))
            parts = app.state.parts
            if parts is None or parts.hub.subscribers or not await parts.service.is_idle():
                idle_since_s = None
                continue
            now_s = time.monotonic()
            idle_since_s = now_s if idle_since_s is None else idle_since_s
            if now_s - idle_since_s >= patience_s:
                self._withdraw()
                return


async def _first(*ways: Coroutine[Any, Any, object]) -> None:
    """Return when one of these has; the others are given up. Raises what it raises."""
    tasks = [asyncio.create_task(way) for way in ways]
    done, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    for task in done:
        task.result()

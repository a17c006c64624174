"""What lives in each process of the pool: a loop on a thread, a runner in waiting, and a word to
the server each five seconds that the worker is there."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
from pathlib import Path
from typing import Final

import msgspec
import structlog

from longwatch.client._loop import LoopThread
from longwatch.client.errors import LongwatchClientError
from longwatch.client.worker import WorkerClient
from longwatch.logs import open_log
from longwatch.protocol.worker import Hint, Presence
from longwatch.version import version
from longwatch.worker.carrying import Carrier
from longwatch.worker.leftover import own_folder, report_leftovers
from longwatch.worker.options import WorkerOptions

PRESENCE_S: Final = 5.0
DRAINING_S: Final = 0.5
"""Looked for so often whether the worker drains: the server is to offer it nothing more."""


class Child:
    """Made before the pool's processes are, and started in each of them."""

    def __init__(self, options: WorkerOptions) -> None:
        self._options = options
        self._thread: LoopThread | None = None
        self._carrier: Carrier | None = None
        self._folder: Path | None = None
        self._log: structlog.stdlib.BoundLogger | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Get ready; in the process that is to carry attempts out."""
        self._log = open_log(self._options.work_dir / "worker.log", "info")
        self._thread = LoopThread("longwatch-worker")
        self._thread.call(self._start())

    def stop(self) -> None:
        """Let go of everything."""
        if self._thread is not None:
            with contextlib.suppress(RuntimeError):
                self._thread.call(self._stop())
            self._thread.close()

    def carry(self, job: object, attempt: object, task_id: str) -> None:
        """Carry out what a hint is about; returns when that is over. A hint that is none is left
        alone: anybody who reaches the broker may have made it up."""
        assert self._log is not None
        try:
            hint = msgspec.convert({"job": job, "attempt": attempt}, Hint)
        except msgspec.ValidationError as error:
            self._log.warning("no hint", error=str(error))
            return
        if self._thread is None or self._carrier is None:
            self._log.error("not ready", job=hint.job)
            return
        try:
            self._thread.call(self._carrier.carry(hint, task_id[:200]))
        except Exception:
            self._log.exception("attempt not carried out", job=hint.job, attempt=hint.attempt)

    async def _start(self) -> None:
        assert self._log is not None
        folder = self._folder = own_folder(self._options.work_dir)
        # `async with` for as long as the process lives: there is nobody to leave it.
        client = await WorkerClient(self._options.address).__aenter__()
        self._carrier = Carrier(self._options, client, folder, self._log)
        await self._carrier.start()
        leftovers = report_leftovers(self._options.work_dir, folder, client)
        self._tasks = [
            asyncio.create_task(leftovers, name="leftovers"),
            asyncio.create_task(self._be_present(client), name="presence"),
        ]

    async def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._carrier is not None and self._folder is not None:
            await self._carrier.stop()
            await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def _be_present(self, client: WorkerClient) -> None:
        assert self._log is not None
        trouble: str | None = None
        while True:
            draining = self._options.draining_file.exists()
            now: str | None = None
            try:
                await client.presence(presence(self._options, draining=draining))
            except LongwatchClientError as error:
                now = str(error)
            if now != trouble:
                trouble = now
                self._log.warning("server", trouble=trouble)
            for _ in range(round(PRESENCE_S / DRAINING_S)):
                await asyncio.sleep(DRAINING_S)
                if self._options.draining_file.exists() != draining:
                    break


def presence(options: WorkerOptions, *, draining: bool = False, leaving: bool = False) -> Presence:
    """What a worker says of itself."""
    return Presence(
        name=options.name,
        version=version(),
        host=socket.gethostname(),
        queues=list(options.queues),
        concurrency=options.concurrency,
        draining=draining,
        leaving=leaving,
    )

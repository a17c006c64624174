"""Celery's part of a worker: it takes hints from the broker and keeps the pool of processes."""

from __future__ import annotations

import asyncio
import contextlib
import time
import warnings
from typing import Any, Final

from filelock import FileLock, Timeout

from longwatch.client.errors import LongwatchClientError
from longwatch.client.worker import WorkerClient
from longwatch.execution.celery_broker import TASK, celery_app
from longwatch.execution.celery_hints import Hints
from longwatch.execution.contract import BrokerRefuses, BrokerUnreachable
from longwatch.worker.child import Child, presence
from longwatch.worker.options import WorkerOptions

_GOODBYE_S: Final = 3.0


class WorkerBusy(Exception):
    """Another worker of this name runs on this machine."""


def run_worker(options: WorkerOptions) -> int:
    """Run a worker until it is told to stop (SIGTERM, Ctrl+C): it then finishes what it runs. The
    exit code. Raises `WorkerBusy`, `BrokerRefuses` and `OSError`, and `LongwatchClientError` when
    the server wants no worker or is none."""
    options.work_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(options.work_dir / "worker.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise WorkerBusy(
            f"A worker called {options.name} runs here already. Give this one another --name."
        ) from None
    try:
        options.draining_file.unlink(missing_ok=True)
        asyncio.run(_say(options))
        asyncio.run(_knock(options))
        code = _serve(options)
        with contextlib.suppress(LongwatchClientError):
            asyncio.run(_say(options, leaving=True))
        return code
    finally:
        lock.release()


def make_app(options: WorkerOptions, child: Child) -> Any:
    """The Celery application, which knows one task and refuses any other."""
    app = celery_app(options.broker)

    @app.task(name=TASK, bind=True, ignore_result=True)  # type: ignore[untyped-decorator]
    def attempt(task: Any, job: object = None, attempt: object = None) -> None:
        child.carry(job, attempt, str(task.request.id))

    app.finalize()
    # Celery's own (`celery.map`, `celery.chord` …) would call others by name.
    for name in [name for name in app.tasks if name != TASK]:
        app.tasks.unregister(name)
    return app


def _serve(options: WorkerOptions) -> int:
    from celery import signals  # type: ignore[import-untyped]  # noqa: PLC0415 - 0.3 s

    child = Child(options)
    app = make_app(options, child)

    def started(**_: object) -> None:
        child.start()

    def ended(**_: object) -> None:
        child.stop()

    def stopping(**_: object) -> None:
        options.draining_file.write_text(repr(time.time()), encoding="ascii")

    signals.worker_process_init.connect(started, weak=False)
    signals.worker_process_shutdown.connect(ended, weak=False)
    signals.worker_shutting_down.connect(stopping, weak=False)
    # In a container everybody is root, and a worker reads nothing but JSON.
    warnings.filterwarnings("ignore", module=r"celery\.platforms")
    worker = app.Worker(
        hostname=f"{options.name}@longwatch",
        queues=list(options.queues),
        pool="prefork",
        concurrency=options.concurrency,
        loglevel="WARNING",
        optimization="fair",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    worker.start()
    return int(worker.exitcode or 0)


async def _knock(options: WorkerOptions) -> None:
    """Raises `BrokerRefuses` for a broker that lets us not in. Celery would try for ever; one that
    only is not there it may wait for."""
    hints = Hints(options.broker)
    try:
        await hints.waiting(options.queues[0])
    except BrokerRefuses:
        raise
    except BrokerUnreachable:
        return
    finally:
        await hints.close()


async def _say(options: WorkerOptions, *, leaving: bool = False) -> None:
    async with WorkerClient(options.address, timeout_s=_GOODBYE_S) as client:
        await client.presence(presence(options, leaving=leaving))

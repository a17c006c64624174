"""Runner processes: started here, or found again after the server that started them died."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Collection
from pathlib import Path
from typing import IO, Any, Final

import psutil

from longwatch.runner.spec import Identity, Order

ADOPTED_POLL_S: Final = 0.2
SAME_START_S: Final = 10.0
"""Start times are reckoned from the wall clock, which may have been set since. Pids come round
again after thousands of processes at the least."""


class RunnerProcess(ABC):
    """A process that carries out one attempt."""

    @abstractmethod
    async def news(self, timeout_s: float) -> None:
        """Return when it rang, when it ended, or after `timeout_s`."""

    @property
    @abstractmethod
    def is_gone(self) -> bool:
        """Whether the process table has it no more."""

    @property
    @abstractmethod
    def death(self) -> str:
        """How it ended, as a clause for a sentence about the runner."""

    @abstractmethod
    def kill(self) -> None:
        """End it and everything it started, at once."""

    @abstractmethod
    async def reap(self) -> None:
        """Once it has ended: let go of what belongs to it."""

    @abstractmethod
    def let_go(self) -> None:
        """Leave it running without us: whoever comes next finds it by its identity."""

    async def gone(self, timeout_s: float) -> bool:
        """Wait for its end; false when it is still there after `timeout_s`."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while not self.is_gone:
            left = deadline - loop.time()
            if left <= 0:
                return False
            await self.news(min(left, 0.05))
        return True


class OwnRunner(RunnerProcess):
    """A runner started by this server; an `order` hands it its attempt."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._exit = asyncio.create_task(process.wait())
        self._bell: asyncio.Task[bytes] | None = None

    @classmethod
    async def spawn(
        cls,
        engine: str,
        jobs_folder: Path,
        stderr: IO[bytes],
        withheld: Collection[str] = (),
    ) -> OwnRunner:
        """Start a runner for `engine` that waits for its attempt, without the environment variables
        `withheld`. Raises `OSError`."""
        group: dict[str, object] = (
            {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
            if os.name == "nt"
            else {"start_new_session": True}
        )
        process = await asyncio.create_subprocess_exec(
            *command(engine, jobs_folder),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            env={name: value for name, value in os.environ.items() if name not in withheld},
            **group,  # type: ignore[arg-type]
        )
        return cls(process)

    def identity(self) -> Identity:
        """Which process it is. Raises `OSError` when it is gone."""
        try:
            pid = self._process.pid
            return Identity(
                pid=pid, started_s=psutil.Process(pid).create_time(), since_boot=since_boot(pid)
            )
        except psutil.Error as error:
            raise ProcessLookupError("the waiting runner has ended") from error

    def order(self, order: Order) -> None:
        """Send an order. Raises `OSError` when the process is gone."""
        stdin = self._process.stdin
        assert stdin is not None
        if self.is_gone or stdin.is_closing():
            raise ProcessLookupError("the waiting runner has ended")
        stdin.write(order.line())

    async def everything(self) -> bytes:
        """All that it writes until it ends."""
        stdout = self._process.stdout
        assert stdout is not None
        return await stdout.read()

    async def news(self, timeout_s: float) -> None:
        stdout = self._process.stdout
        assert stdout is not None
        # Several may wait at once (whoever follows the attempt, and whoever ends it): all of them
        # hear one ring, and the first to wake makes room for the next.
        bell = self._bell
        if bell is None:
            bell = self._bell = asyncio.create_task(stdout.read(4096))
        awaited: set[asyncio.Task[Any]] = {self._exit}
        if not _is_dead(bell):
            awaited.add(bell)
        await asyncio.wait(awaited, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if self._bell is bell and bell.done() and not _is_dead(bell):
            self._bell = None

    @property
    def is_gone(self) -> bool:
        return self._exit.done()

    @property
    def death(self) -> str:
        code = self._process.returncode
        if code is None:
            return "disappeared"
        if code < 0:
            return f"was killed by signal {-code}{_signal_name(-code)}"
        return f"ended with exit code {code} and without a result"

    def kill(self) -> None:
        if not self.is_gone:  # its number may be another's by now
            kill_group(self._process.pid)

    def dismiss(self) -> None:
        """Let a waiting runner go: without an attempt, the end of its input ends it."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    def let_go(self) -> None:
        self._exit.cancel()
        if self._bell is not None:
            self._bell.cancel()
        # asyncio kills a child whose transport it closes, and at the loop's end it closes all: but
        # not one that it takes for ended.
        transport = self._process._transport  # type: ignore[attr-defined]  # has no public name
        popen: subprocess.Popen[bytes] = transport.get_extra_info("subprocess")
        if popen.returncode is None:
            popen.returncode = 0

    async def reap(self) -> None:
        await self._exit
        if self._bell is not None:
            self._bell.cancel()
            await asyncio.gather(self._bell, return_exceptions=True)
        if self._process.stdin is not None:
            self._process.stdin.close()


class AdoptedRunner(RunnerProcess):
    """A runner that an earlier server started: no child of ours, so the process table is asked."""

    def __init__(self, identity: Identity) -> None:
        self._process: psutil.Process | None = None
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(identity.pid)
            if _is_same(process, identity):
                self._process = process

    async def news(self, timeout_s: float) -> None:
        await asyncio.sleep(min(timeout_s, ADOPTED_POLL_S))

    @property
    def is_gone(self) -> bool:
        process = self._process
        if process is None:
            return True
        try:
            # A zombie has ended; whoever should reap it (init) may take its time.
            return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    @property
    def death(self) -> str:
        return "ended while no server watched"

    def kill(self) -> None:
        if self._process is not None and not self.is_gone:
            kill_group(self._process.pid)

    def let_go(self) -> None:
        return

    async def reap(self) -> None:
        return


def since_boot(pid: int) -> str | None:
    """Which boot of Linux this is and how many clock ticks after it the process started, as text;
    `None` on other systems, and for a process that is gone."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return None
    # Field 22 (proc(5)), counted from behind the name, which may hold spaces and brackets.
    return f"{boot} {stat.rpartition(')')[2].split()[19]}"


def _is_same(process: psutil.Process, identity: Identity) -> bool:
    if identity.since_boot is not None:
        return since_boot(process.pid) == identity.since_boot
    return abs(process.create_time() - identity.started_s) < SAME_START_S


def command(engine: str, jobs_folder: Path) -> list[str]:
    """The command line of a runner, which may write in `jobs_folder` only."""
    return [sys.executable, "-m", "longwatch.runner", engine, str(jobs_folder)]


def kill_group(pid: int) -> None:
    """Kill the process `pid` and its group, which is its own."""
    if os.name == "nt":
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            for child in process.children(recursive=True):
                child.kill()
            process.kill()
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _is_dead(bell: asyncio.Task[bytes]) -> bool:
    """Whether the pipe has come to its end: it will never ring again."""
    return bell.done() and (bell.exception() is not None or not bell.result())


def _signal_name(number: int) -> str:
    try:
        return f" ({signal.Signals(number).name})"
    except ValueError:
        return ""

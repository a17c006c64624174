"""The desktop program in a process of its own, as a person starts it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import psutil

from longwatch.client.discovery import read_server_file
from longwatch.protocol.routes import SERVER_FILE
from support.waiting import wait_until

_DRIVEN = Path(__file__).with_name("driven_window.py")


class Window:
    """A started program. `with` ends whatever is left of it."""

    def __init__(self, data_dir: Path, **environment: str) -> None:
        self.data_dir = data_dir
        self._errors = data_dir.parent / f"stderr-{time.monotonic_ns()}.txt"
        settings = {
            "LONGWATCH_THREADS": "1",
            "LONGWATCH_MEMORY_BYTES": str(2**30),
            "LONGWATCH_WARM_SPARE": "true",
        }
        with self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, str(_DRIVEN), str(data_dir)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, **settings, **environment},
            )
        self._seen: dict[int, psutil.Process] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.note_children()
        if self.process.poll() is None:
            self.process.kill()
        left = read_server_file(self.data_dir / SERVER_FILE)
        with contextlib.suppress(psutil.Error):
            # A server without a window, which this one has left behind.
            if left is not None and str(self.data_dir) in psutil.Process(left.pid).cmdline():
                psutil.Process(left.pid).kill()
        for one in self._seen.values():
            with contextlib.suppress(psutil.Error):
                one.kill()
        self.process.communicate()

    def ask(self, command: str, *arguments: object) -> Any:
        """Have the driver do something: its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([command, *arguments]).encode() + b"\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"{command}: no answer; stderr: {self.errors()}"
        return json.loads(line)

    def connected(self) -> Self:
        """Wait for the embedded server."""
        wait_until(lambda: self.ask("link") == "connected", patience_s=20)
        return self

    def jobs(self) -> dict[str, str]:
        """The state of each job, by id."""
        return {job_id: state for job_id, state, _, _ in self.ask("jobs")}

    def running(self, sql: str) -> str:
        """Run a query and wait until it does: its id."""
        job_id = str(self.ask("run", sql))
        wait_until(lambda: self.jobs().get(job_id) == "running", patience_s=20)
        self.note_children()
        return job_id

    def note_children(self) -> None:
        """Remember the processes that were started, to look for them afterwards."""
        with contextlib.suppress(psutil.Error):
            for one in psutil.Process(self.process.pid).children(recursive=True):
                self._seen[one.pid] = one

    def runner_of(self, job_id: str) -> psutil.Process:
        """The process that runs a job's query."""

        def find() -> psutil.Process | None:
            self.note_children()
            ours = (one for one in self._seen.values() if _lives(one) and job_id in one.cwd())
            return next(ours, None)

        found = wait_until(find)
        assert found is not None
        return found

    def orphans(self) -> list[psutil.Process]:
        """Processes that it started and that still run."""
        return [one for one in self._seen.values() if _lives(one)]

    def errors(self) -> str:
        """What it wrote on stderr; remarks of Qt's offscreen platform apart."""
        lines = self._errors.read_text("utf-8", "replace").splitlines()
        return "\n".join(line for line in lines if "This plugin does not support" not in line)

    def ends_within(
        self, seconds: float, act: Callable[[], object], *, keeps: psutil.Process | None = None
    ) -> None:
        """Do what ends it, and check that it ends: in time, in order, with nothing left but the
        runner that it `keeps`."""
        self.note_children()
        assert self._seen, "it had started no runner"
        begin_s = time.monotonic()
        act()
        code = self.process.wait(30)
        took_s = time.monotonic() - begin_s
        assert code == 0, self.errors()
        assert took_s < seconds, f"it took {took_s:.1f} s"
        assert self.errors() == ""
        if keeps is not None:
            self._seen.pop(keeps.pid)
        wait_until(lambda: not self.orphans(), patience_s=2)

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def tell(self, command: str, *arguments: object) -> None:
        """Have the driver do something that ends the program, maybe before it can answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([command, *arguments]).encode() + b"\n")
        self.process.stdin.flush()


def _lives(one: psutil.Process) -> bool:
    return one.is_running() and one.status() != psutil.STATUS_ZOMBIE


@contextmanager
def window(data_dir: Path, **environment: str) -> Iterator[Window]:
    """A started program, connected to its server."""
    with Window(data_dir, **environment) as given:
        yield given.connected()

"""Real processes: a server of its own, the command line, and who is left when they are gone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from longwatch.client.address import Address
from longwatch.protocol.jobs import Job
from longwatch.runner.mailbox import Mailbox
from support.waiting import wait_until

LONGWATCH = [sys.executable, "-W", "error", "-m", "longwatch"]
PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Done:
    """A command that has ended."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """Standard output as text."""
        return self.out.decode()


def environment(**changes: str) -> dict[str, str]:
    """This process's environment, without a display."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}
    }
    return {**kept, "PYTHONUNBUFFERED": "1", **changes}


def longwatch(
    *arguments: str | Path,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Done:
    """Run the command line to its end."""
    done = subprocess.run(
        [*LONGWATCH, *map(str, arguments)],
        input=None if stdin is None else stdin.encode(),
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        env=environment(**(env or {})),
        cwd=cwd,
        timeout=PATIENCE_S,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr.decode())


@contextmanager
def started(*arguments: str | Path, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """The command line, running; killed at the end if it still does."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    options["env"] = environment(**options.get("env", {}))
    process = subprocess.Popen([*LONGWATCH, *map(str, arguments)], **options)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()


@dataclass(frozen=True, slots=True)
class Served:
    """A server in a process of its own."""

    process: subprocess.Popen[bytes]
    address: Address
    data_dir: Path

    def kill(self) -> None:
        """SIGKILL, as a crash or the system's memory killer would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask it to end, and wait; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)


@contextmanager
def serve(data_dir: Path, *arguments: str, **env: str) -> Iterator[Served]:
    """`longwatch serve` in a process of its own, killed at the end if it still runs."""
    ready = data_dir.with_name(data_dir.name + ".ready")
    ready.unlink(missing_ok=True)
    command = ["serve", "--data-dir", str(data_dir), "--ready-file", str(ready), *arguments]
    log = data_dir.with_name(data_dir.name + ".out")
    with log.open("ab") as out, started(*command, stdout=out, stderr=out, env=env) as process:

        def answer() -> dict[str, Any] | None:
            assert process.poll() is None, log.read_text()
            return json.loads(ready.read_text()) if ready.exists() else None

        said = wait_until(answer, patience_s=PATIENCE_S)
        assert said is not None
        yield Served(process, Address.parse(said["url"], said["token"]), data_dir)


def runner_of(data_dir: Path, job: Job) -> psutil.Process:
    """The process that carries out the newest attempt of `job`."""
    identity = Mailbox(data_dir / "jobs" / job.id / str(job.attempt)).identity()
    assert identity is not None
    return psutil.Process(identity.pid)


def runners_in(data_dir: Path) -> list[psutil.Process]:
    """Every runner that works in this data folder, in waiting or busy, whoever started it."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            if "longwatch.runner" in words and words[-1] == str(data_dir / "jobs"):
                found.append(process)
        except psutil.Error:
            continue
    return [one for one in found if is_alive(one)]


def is_alive(process: psutil.Process) -> bool:
    """Whether it still runs; one that waits to be reaped does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False

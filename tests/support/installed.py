"""Longwatch as it is installed: started without this checkout on its path."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from longwatch.client.discovery import find_local
from longwatch.client.sync import Client
from support.waiting import wait_until

OURS = ("PYTHONPATH", "DISPLAY", "WAYLAND_DISPLAY", "VIRTUAL_ENV")
FLIGHTS = "SELECT count(*) AS n FROM flights"


def clean(**changes: str) -> dict[str, str]:
    """This environment without what leads to the checkout, or to a screen."""
    kept = {name: value for name, value in os.environ.items() if name not in OURS}
    return {**kept, **changes}


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    return subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=clean(**environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def check_window(program: Path, folder: Path) -> None:
    """Open the window offscreen, run a query of the sample on its server, and end it in order."""
    data_dir = folder / "data"
    with _opened(program, data_dir, folder) as process:

        def answers() -> bool:
            assert process.poll() is None, (folder / "window.out").read_text()
            return find_local(data_dir) is not None

        wait_until(answers, patience_s=60)
        address = find_local(data_dir)
        assert address is not None
        with Client(address) as client:
            assert client.submit(FLIGHTS).result(60).fetchall() == [(336_776,)]
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, (folder / "window.out").read_text()
    assert (data_dir / "window.ini").exists(), "a window keeps its place there"


@contextmanager
def _opened(program: Path, data_dir: Path, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = clean(QT_QPA_PLATFORM="offscreen", LONGWATCH_DATA_DIR=str(data_dir))
    with (folder / "window.out").open("wb") as out:
        process = subprocess.Popen(
            [str(program)], cwd=folder, env=environment, stdout=out, stderr=out
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()

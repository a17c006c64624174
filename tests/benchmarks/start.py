"""`make bench ARGS=start`: how long a start takes, beside what nobody could do without.

Every start is a process of its own; the contenders take turns, A B C A B C …. From the start of
the process to the first painted window, beside a bare window with a table of the same Qt; from the
moment the server's start begins until `/v1/health/ready` answers, beside the time of its imports
alone; and, in between, the longest time in which the window's loop did not come round. The data
folder is one that was used before, as it is at every start but the first.
"""

from __future__ import annotations

import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import psutil

from benchmarks.run import HISTORY, append, machine
from longwatch.client.discovery import read_server_file
from longwatch.protocol.routes import HEALTH_READY, SERVER_FILE

ROUNDS: Final = int(os.environ.get("ROUNDS", "15"))
PATIENCE_S: Final = 60.0
POLL_S: Final = 0.003
_SCRIPT: Final = Path(__file__).with_name("starting.py")


@dataclass(frozen=True, slots=True)
class Start:
    """One start of the program; seconds."""

    painted_s: float
    ready_s: float
    """Since the process was started."""
    server_s: float
    """Until it was ready, since the server's start began."""
    connected_s: float
    gap_s: float
    """The longest time in which the loop did not come round, from the first painting to the end."""
    busy_gap_s: float
    """The most that this process computed in one such time: on a machine that is busy with
    something else this says more."""


@dataclass(frozen=True, slots=True)
class Line:
    """What was measured of either side, medians, and how they compare."""

    name: str
    goal: str
    ours_s: float
    theirs_s: float | None
    ratio: float | None


class Child:
    """A process of `starting.py`, and what it told."""

    def __init__(self, *arguments: str) -> None:
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
        # Whoever starts a program does not compile it each time.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        self.began_s = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, str(_SCRIPT), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            text=True,
        )

    def told(self) -> dict[str, dict[str, Any]]:
        """Every line it told, by what it is about. Raises `RuntimeError` when it failed."""
        output, _ = self._process.communicate(timeout=PATIENCE_S)
        if self._process.returncode != 0:
            raise RuntimeError(f"{self._process.args!r} ended with {self._process.returncode}")
        lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
        return {line["what"]: line for line in lines}


class Watch:
    """Asks a data folder's server whether it is ready, from outside, until it is."""

    def __init__(self, folder: Path) -> None:
        self.ready_s = float("nan")
        self._file = folder / SERVER_FILE
        self._file.unlink(missing_ok=True)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def wait(self) -> float:
        """When it was, by the monotonic clock."""
        self._thread.join(PATIENCE_S)
        return self.ready_s

    def _run(self) -> None:
        until_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < until_s:
            if self._is_ready():
                self.ready_s = time.monotonic()
                return
            time.sleep(POLL_S)

    def _is_ready(self) -> bool:
        found = read_server_file(self._file) if self._file.exists() else None
        if found is None:
            return False
        connection = http.client.HTTPConnection(urlsplit(found.url).netloc, timeout=5)
        try:
            connection.request("GET", HEALTH_READY)
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


def start_program(folder: Path) -> Start:
    """One start of the real program."""
    watch = Watch(folder)
    child = Child("program", str(folder))
    told = child.told()
    ready_s = watch.wait()
    return Start(
        painted_s=told["painted"]["at_s"] - child.began_s,
        ready_s=ready_s - child.began_s,
        server_s=ready_s - told["serving"]["at_s"],
        connected_s=told["connected"]["at_s"] - child.began_s,
        gap_s=max((gap for _, gap, _, _ in told["settled"]["gaps"]), default=0.0),
        busy_gap_s=max((busy for _, _, busy, _ in told["settled"]["gaps"]), default=0.0),
    )


def start_bare() -> float:
    """Seconds until a bare window is painted."""
    child = Child("bare")
    return float(child.told()["painted"]["at_s"]) - child.began_s


def import_server() -> float:
    """Seconds of the server's imports alone."""
    return float(Child("imports").told()["imported"]["took_s"])


def compared(name: str, goal: str, ours: list[float], theirs: list[float]) -> Line:
    """Medians; the ratio is that of the pairs."""
    ratio = statistics.median(one / other for one, other in zip(ours, theirs, strict=True))
    return Line(name, goal, statistics.median(ours), statistics.median(theirs), ratio)


def measure(folder: Path) -> list[Line]:
    """Every line."""
    start_program(folder)  # makes the store, and compiles what has not been yet
    start_bare()
    import_server()
    starts: list[Start] = []
    bares: list[float] = []
    imports: list[float] = []
    for _ in range(ROUNDS):
        starts.append(start_program(folder))
        bares.append(start_bare())
        imports.append(import_server())
    painted = [one.painted_s for one in starts]
    busy = [one.busy_gap_s for one in starts]
    return [
        compared("window shown / a bare window", "≤ 1.5", painted, bares),
        compared(
            "server ready / its imports alone", "≤ 1.3", [one.server_s for one in starts], imports
        ),
        Line(
            "longest gap of the loop",
            "≤ 50 ms",
            statistics.median(one.gap_s for one in starts),
            None,
            None,
        ),
        Line("the longest of all gaps", "", max(one.gap_s for one in starts), None, None),
        Line("most computed in a gap", "", statistics.median(busy), None, None),
        Line("server ready, in all", "", statistics.median(s.ready_s for s in starts), None, None),
        Line("connected, in all", "", statistics.median(s.connected_s for s in starts), None, None),
    ]


def show(line: Line) -> str:
    """A line to print."""
    theirs = "" if line.theirs_s is None else f"{line.theirs_s * 1000:7.0f} ms"
    ratio = "" if line.ratio is None else f"{line.ratio:5.2f} ×"
    return f"{line.name:<34} {line.ours_s * 1000:7.0f} ms {theirs:>10} {ratio:>7}  {line.goal}"


def main() -> int:
    """Measure, print, append."""
    load = psutil.getloadavg()[0]
    print(f"{machine()}; load {load:.1f} at the start; {ROUNDS} rounds\n")
    HISTORY.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=HISTORY.parent, prefix="start-") as name:
        lines = measure(Path(name))
    for line in lines:
        print(show(line))
    append(load, [asdict(line) for line in lines])
    return 0


if __name__ == "__main__":
    sys.exit(main())

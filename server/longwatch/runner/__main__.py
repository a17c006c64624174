"""The runner process: gets ready, waits for one attempt, carries it out.

`python -m longwatch.runner ENGINE`. Standard input brings one line, the attempt's folder; its
end before that means that nobody needs this process any more. Standard output is the doorbell.
Importing DuckDB and Arrow takes 0.28 s: done before the line comes, by a process in waiting.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from longwatch.engines.registry import load_engine
from longwatch.runner.attempt import run_attempt
from longwatch.runner.limits import yield_to_the_window


def main() -> int:
    """Wait for an attempt and run it; does not return if one comes."""
    # Ctrl+C in a terminal goes to the whole group; the server decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield_to_the_window()
    engine = load_engine(sys.argv[1])
    engine.warm_up()
    line = sys.stdin.buffer.readline()
    if not line.endswith(b"\n"):
        return 0
    folder = Path(line.decode().rstrip("\n"))
    doorbell = os.dup(sys.stdout.fileno())
    log = os.open(folder / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)  # an engine that prints must not ring the bell
    os.dup2(log, 2)
    run_attempt(folder, engine, doorbell)


if __name__ == "__main__":
    sys.exit(main())

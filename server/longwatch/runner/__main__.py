"""The runner process: gets ready, waits for one attempt, carries it out.

`python -m longwatch.runner ENGINE JOBS_FOLDER`. Each line of standard input is an `Order` as
JSON; its end before one names a folder means that nobody needs this process any more. Standard
output is the doorbell. Imports and a first connection take 0.3-0.4 s: done before the order comes,
by a process in waiting.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

# Arrow would import NumPy where it is installed: 0.16 s and 11 MB, and nothing here uses it.
sys.modules["numpy"] = None  # type: ignore[assignment]
# Arrow's default allocator reserves address space by the gigabyte, which the limit on it counts:
# sorts failed for it. For batches on their way to a file malloc is as quick.
os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"

import msgspec  # noqa: E402

from longwatch.engines.registry import MissingEngine, load_engine  # noqa: E402
from longwatch.runner.attempt import run_attempt  # noqa: E402
from longwatch.runner.confine import confine  # noqa: E402
from longwatch.runner.inspect import answer  # noqa: E402
from longwatch.runner.limits import yield_to_others  # noqa: E402
from longwatch.runner.mailbox import Mailbox  # noqa: E402
from longwatch.runner.spec import Answer, read_order  # noqa: E402


def main() -> int:
    """Wait for an attempt and run it; returns only if none comes."""
    # Ctrl+C in a terminal goes to the whole group; the server decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield_to_others()
    try:
        engine = load_engine(sys.argv[1])
    except LookupError as error:
        engine = MissingEngine(str(error.args[0]))
    jobs_folder = Path(sys.argv[2])
    # DuckDB silently allows `./.tmp`: this must not be somebody's working directory.
    os.chdir(jobs_folder)
    # After the imports, which may leave compiled modules behind; before the engine has threads.
    confine(jobs_folder, network=engine.needs_network)
    engine.warm_up()
    while (line := sys.stdin.buffer.readline()).endswith(b"\n"):
        order = read_order(line)
        if order.folder is not None:
            mailbox = Mailbox(Path(order.folder))
            doorbell = _redirect_output(mailbox)
            run_attempt(mailbox, engine, doorbell, order.secrets or {}, bound=order.bound)
        if order.inspection is not None:
            # What an engine prints must not be taken for an answer.
            output = os.dup(1)
            os.dup2(2, 1)
            _tell(answer(order.inspection, engine), output)
        engine.warm_up(order.options)
    return 0


def _tell(found: Answer, output: int) -> None:
    """Write an answer, and end: what an engine still does is of no interest."""
    sys.stdout.flush()
    with os.fdopen(output, "wb") as file:
        file.write(msgspec.json.encode(found))
    os._exit(0)


def _redirect_output(mailbox: Mailbox) -> int:
    """Send what is printed to the attempt's log; returns the doorbell's file descriptor."""
    doorbell = os.dup(sys.stdout.fileno())
    log = os.open(mailbox.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)  # an engine that prints must not ring the bell
    os.dup2(log, 2)
    os.close(log)
    return doorbell


if __name__ == "__main__":
    sys.exit(main())

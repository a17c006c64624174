"""Bounds of a runner process that the system enforces."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Final

import psutil

NICENESS: Final = 5
_OOM_SCORE: Final = 500
_SLACK_BYTES: Final = 512 * 2**20


def limit_address_space(memory_bytes: int) -> None:
    """Let no allocation take the process past what it has now plus 3 × `memory_bytes` and a bit.

    Measured: DuckDB's own limit did not hold for `repeat('x', 4e9)` (7.7 GB under 500 MB); with
    this the allocation fails at once and cleanly. What is mapped already (libraries, thread
    stacks, about 1 GB that was never touched) is not the query's. Honest sorts map 150 MB to
    twice their limit beyond it; 1.2-2 × broke them, and so did Arrow's own allocator, which
    reserves a gigabyte at a time (see `__main__`).
    Linux only: macOS ignores the limit, Windows has none.
    """
    _set_address_space(psutil.Process().memory_info().vms + 3 * memory_bytes + _SLACK_BYTES)


def free_address_space() -> None:
    """Undo `limit_address_space`: whoever tells how it ended must not run out of memory too."""
    _set_address_space(None)


def _set_address_space(most: int | None) -> None:
    if not sys.platform.startswith("linux"):
        return
    import resource  # noqa: PLC0415 - POSIX only

    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    soft = hard if most is None or (hard != resource.RLIM_INFINITY and hard < most) else most
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def bind_to_starter() -> None:
    """End this process and its group once whoever started it is gone: its input ends then."""

    def wait() -> None:
        with contextlib.suppress(OSError):
            while os.read(0, 4096):
                pass
        if os.name == "posix":
            os.killpg(0, signal.SIGKILL)
        os._exit(1)

    threading.Thread(target=wait, name="bound", daemon=True).start()


def yield_to_others() -> None:
    """Run at a lower priority, and be the first to go when the machine is out of memory.

    On two busy cores the window's loop still gets its turn at once, and on an idle machine nothing
    changes. Where the kernel shares the processor out between sessions first (`autogroup`, the
    default of desktops), a session of its own makes a process's niceness count for nothing: the
    session's has to be set.
    """
    with contextlib.suppress(OSError, AttributeError):
        os.nice(NICENESS)
    if sys.platform.startswith("linux"):
        for name, value in (("autogroup", NICENESS), ("oom_score_adj", _OOM_SCORE)):
            with contextlib.suppress(OSError):
                Path("/proc/self", name).write_text(str(value), encoding="ascii")

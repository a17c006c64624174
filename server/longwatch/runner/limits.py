"""Bounds of a runner process that the system enforces."""

from __future__ import annotations

import contextlib
import os
import sys

import psutil


def limit_address_space(memory_bytes: int) -> None:
    """Let no allocation take the process past what it has now plus 3 × `memory_bytes`.

    Measured: DuckDB's own limit did not hold for `repeat('x', 4e9)` (7.7 GB under 500 MB); with
    this the allocation fails at once and cleanly. 1.2-2 × broke honest sorts. What is mapped
    already (libraries, thread stacks, about 1 GB that was never touched) is not the query's.
    Linux only: macOS ignores the limit, Windows has none.
    """
    if not sys.platform.startswith("linux"):
        return
    import resource  # noqa: PLC0415 - POSIX only

    most = psutil.Process().memory_info().vms + 3 * memory_bytes
    with contextlib.suppress(ValueError, OSError):  # a stricter limit is in force already
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def yield_to_the_window() -> None:
    """Run at a lower priority: on two busy cores the window's loop still gets its turn at once,
    and on an idle machine nothing changes."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(5)

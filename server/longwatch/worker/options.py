"""What a worker was told."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import psutil

from longwatch.client.address import Address
from longwatch.execution.celery_broker import Broker
from longwatch.protocol.attempts import AttemptSpec

_DRAINING: Final = "draining"
_LEAST_BYTES: Final = 512 * 2**20


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """`work_dir` is the worker's own folder, `results_dir` the server's `jobs` folder where both
    see it. A worker that is to stop gives what only reads back after `drain_s`, and with `None`
    finishes it."""

    address: Address
    broker: Broker
    name: str
    queues: tuple[str, ...]
    concurrency: int
    work_dir: Path
    results_dir: Path | None = None
    drain_s: float | None = None

    @property
    def draining_file(self) -> Path:
        """There while the worker takes nothing more; its processes look for it."""
        return self.work_dir / _DRAINING

    def hands_back(self) -> bool:
        """Whether what only reads is to be given back now: the worker has drained for long
        enough."""
        if self.drain_s is None:
            return False
        try:
            since_s = float(self.draining_file.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return False
        return time.time() - since_s >= self.drain_s

    def fitted(self, spec: AttemptSpec) -> AttemptSpec:
        """An attempt within what this machine has: no more threads than cores, and a fair share
        of 60 % of its memory."""
        share = int(psutil.virtual_memory().total * 0.6 / self.concurrency)
        return msgspec.structs.replace(
            spec,
            threads=min(spec.threads, cores()),
            memory_bytes=min(spec.memory_bytes, max(share, _LEAST_BYTES)),
        )


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

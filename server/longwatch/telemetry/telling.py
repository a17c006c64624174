"""Metrics and traces of one server, as one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from longwatch.protocol.jobs import JobSummary
from longwatch.telemetry.metrics import Metrics, Traffic
from longwatch.telemetry.tracing import Tracing

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider


class Telemetry:
    """Told what happens; counts it, and traces it where somebody asks for traces."""

    def __init__(
        self,
        version: str,
        engine_of: Callable[[str], str],
        traffic: Traffic,
        traces: TracerProvider | None,
    ) -> None:
        """`engine_of` is the engine of a source by name, and does not raise."""
        self.metrics = Metrics(version, engine_of, traffic)
        self._tracing = Tracing(traces, engine_of) if traces is not None else None

    def submitted(self, job: JobSummary) -> None:
        """A job was taken in, by the request that is being answered."""
        if self._tracing is not None:
            self._tracing.submitted(job)

    def changed(self, jobs: Collection[JobSummary], removed: Collection[str]) -> None:
        """Jobs have changed, in one commit."""
        self.metrics.changed(jobs, removed)
        if self._tracing is not None:
            self._tracing.changed(jobs, removed)

    async def close(self) -> None:
        """Send the traces that are left, for two seconds at most."""
        if self._tracing is not None:
            await asyncio.to_thread(self._tracing.close)

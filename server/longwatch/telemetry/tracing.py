"""Traces by OpenTelemetry: a request, the job it submitted, and each of its attempts.

Only where an address is named, by the setting or by OpenTelemetry's own variables, and the extra
`otel` is installed: otherwise nothing of it is imported but the API, which FastAPI needs itself.
What a job is about stays here: spans carry ids, the engine and the ending, and no SQL.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from longwatch.protocol.jobs import JobState, JobSummary

if TYPE_CHECKING:
    from fastapi.telemetry import TelemetryConfig
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

VARIABLES: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
UNTRACED: Final = ("/v1/health/", "/v1/metrics", "/v1/feed")
FLUSH_MS: Final = 2_000


class TracingUnavailable(Exception):
    """Traces are asked for, and the extra that makes them is not installed."""

    def __init__(self, lacking: ImportError) -> None:
        super().__init__(
            f"Traces are asked for, and {lacking.name} is not installed: pip install "
            "'longwatch[otel]', or take the address away."
        )


@dataclass(slots=True)
class _Open:
    """The spans of a job that is not over."""

    job: Span
    attempt: Span | None = None
    number: int = 0


class Tracing:
    """Makes the spans, and sends them from a thread of its own."""

    def __init__(self, provider: TracerProvider, engine_of: Callable[[str], str]) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("longwatch")
        self._engine_of = engine_of
        self._open: dict[str, _Open] = {}

    def submitted(self, job: JobSummary) -> None:
        """A job was taken in, by the request that is being answered."""
        if not job.state.is_final:
            self._begin(job)

    def changed(self, jobs: Iterable[JobSummary], removed: Iterable[str]) -> None:
        """Jobs have changed, in one commit."""
        for job in jobs:
            if job.state is JobState.RUNNING:
                self._attempt(job)
            elif job.id in self._open and (job.state.is_final or job.attempt):
                self._end(job)
        for job_id in removed:
            self._open.pop(job_id, None)

    def close(self) -> None:
        """Send what is left, for two seconds at most. Blocks: for a thread."""
        self._provider.force_flush(FLUSH_MS)
        self._provider.shutdown()

    def _begin(self, job: JobSummary) -> _Open:
        found = self._open.get(job.id)
        if found is None:
            span = self._tracer.start_span(
                "job",
                attributes={
                    "longwatch.job.id": job.id,
                    "longwatch.engine": self._engine_of(job.source),
                },
                start_time=_ns(job.submitted_at),
            )
            found = self._open[job.id] = _Open(span)
        return found

    def _attempt(self, job: JobSummary) -> None:
        found = self._begin(job)
        if found.number == job.attempt:
            return  # a cancel was asked for
        from opentelemetry.trace import set_span_in_context  # noqa: PLC0415

        found.number = job.attempt
        found.attempt = self._tracer.start_span(
            "attempt",
            context=set_span_in_context(found.job),
            attributes={"longwatch.job.id": job.id, "longwatch.attempt": job.attempt},
            start_time=_ns(job.started_at),
        )

    def _end(self, job: JobSummary) -> None:
        from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415

        found = self._open[job.id]
        ended = [
            span for span in (found.attempt, found.job if job.state.is_final else None) if span
        ]
        found.attempt = None
        for span in ended:
            span.set_attribute("longwatch.ending", job.state.value)
            if job.error is not None:
                span.set_attribute("error.type", job.error.code)
            if job.state in {JobState.FAILED, JobState.LOST}:
                span.set_status(Status(StatusCode.ERROR))
            span.end(_ns(job.finished_at))
        if job.state.is_final:
            del self._open[job.id]


def provider_to(endpoint: str | None, version: str) -> TracerProvider | None:
    """What sends spans to `endpoint`, or to where OpenTelemetry's own variables say; `None` where
    neither asks for traces. Raises `TracingUnavailable`."""
    if endpoint is None and not wanted(os.environ):
        return None
    try:
        from longwatch.telemetry.exporting import provider_for  # noqa: PLC0415
    except ImportError as error:
        raise TracingUnavailable(error) from error
    return provider_for(endpoint, version)


def of_requests(provider: TracerProvider | None) -> TelemetryConfig:
    """What FastAPI is told: a span for each request, but for those that come by the second, and
    nothing to anybody else's collector, should the server live in their process."""
    return {
        "tracer_provider": provider,
        "tracing": provider is not None,
        "metrics": False,
        "logs": False,
        "operation_spans": False,
        "auto_configure": False,
        "exclude": _untraced,
    }


def wanted(environment: Mapping[str, str]) -> bool:
    """Whether OpenTelemetry's own variables ask for traces."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    return any(environment.get(name) for name in VARIABLES)


def _untraced(scope: MutableMapping[str, Any]) -> bool:
    return str(scope["path"]).startswith(UNTRACED)


def _ns(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1e9)

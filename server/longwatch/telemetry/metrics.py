"""What a server counts and measures, as Prometheus reads it.

Labels are of few values: an engine, a state, an ending. No id, no name and no SQL is in any of
them, so that neither the number of series grows with the jobs nor does a secret leak.
"""

from __future__ import annotations

import asyncio
import contextlib
import platform
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from longwatch.background import Background
from longwatch.protocol.jobs import JobState, JobSummary

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""Of Prometheus' text format."""
LOOK_EVERY_S: Final = 1.0
_LONG: Final = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14400, 86400)
_SHORT: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)


class Traffic(Protocol):
    """What the feed has sent since the start."""

    @property
    def frames(self) -> int:
        """Frames, counted for each reader."""

    @property
    def bytes(self) -> int:
        """Their bytes."""

    @property
    def evicted(self) -> int:
        """Readers that were let go because they did not read."""


@dataclass(frozen=True, slots=True)
class Now:
    """What is looked up when somebody asks. `jobs` and `oldest_queued_s` are `None` while the
    store does not answer; the latter also while nothing waits."""

    jobs: Mapping[JobState, int] | None
    oldest_queued_s: float | None
    subscribers: int
    results_bytes: int
    disk_free_bytes: int
    disk_total_bytes: int


class Metrics:
    """Counts what happens: 8 µs a job, 1 µs a commit. In any thread but for `changed`, which is the
    loop's."""

    def __init__(self, version: str, engine_of: Callable[[str], str], traffic: Traffic) -> None:
        """`engine_of` is the engine of a source by name, and does not raise."""
        # Its own registry: two servers in one process, as in a notebook, count apart.
        self._registry = registry = CollectorRegistry()
        self._engine_of = engine_of
        self._attempts_seen: dict[str, int] = {}
        self._series_of_starts: dict[str, tuple[Counter, Histogram]] = {}
        self._series_of_ends: dict[tuple[str, str], tuple[Counter, Histogram]] = {}
        ProcessCollector(registry=registry)
        registry.register(_Feed(traffic))
        build = Gauge(
            "longwatch_build_info", "The version", ["version", "python"], registry=registry
        )
        build.labels(version, platform.python_version()).set(1)
        self._attempts = Counter(
            "longwatch_attempts", "Attempts started", ["engine"], registry=registry
        )
        self._ended = Counter(
            "longwatch_jobs_ended", "Jobs that are over", ["engine", "ending"], registry=registry
        )
        self._cancels = Counter(
            "longwatch_cancels",
            "Cancels of running jobs, by whether the process and the engine were seen to be done",
            ["confirmed"],
            registry=registry,
        )
        self._waits = Histogram(
            "longwatch_job_wait_seconds",
            "From submit to the first attempt",
            ["engine"],
            buckets=_LONG,
            registry=registry,
        )
        self._durations = Histogram(
            "longwatch_job_duration_seconds",
            "From the start of the last attempt to its end",
            ["engine", "ending"],
            buckets=_LONG,
            registry=registry,
        )
        self._commits = Histogram(
            "longwatch_store_commit_seconds",
            "Commits that changed something, the wait for the disk included",
            buckets=_SHORT,
            registry=registry,
        )
        self._lateness = Histogram(
            "longwatch_loop_lateness_seconds",
            "How late the event loop was, looked at once a second",
            buckets=_SHORT,
            registry=registry,
        )
        for confirmed in ("true", "false"):  # so that a rate has something to begin from
            self._cancels.labels(confirmed)

    def changed(self, jobs: Iterable[JobSummary], removed: Iterable[str]) -> None:
        """Jobs have changed, in one commit."""
        for job in jobs:
            if job.state is JobState.RUNNING:
                self._started(job)
            else:
                self._attempts_seen.pop(job.id, None)
            # Nothing happens to a job that is over: each of them comes by once.
            if job.state.is_final:
                self._over(job)
        for job_id in removed:
            self._attempts_seen.pop(job_id, None)

    def committed(self, seconds: float) -> None:
        """The store has committed; called in its thread."""
        self._commits.observe(seconds)

    @contextlib.asynccontextmanager
    async def watching_the_loop(self) -> AsyncIterator[None]:
        """Within the context the loop's lateness is measured."""
        watch = Background("loop-lateness")
        watch.start(self._watch_loop())
        try:
            yield
        finally:
            await watch.stop()

    def text(self, now: Now) -> bytes:
        """Everything in Prometheus' text format; 1 ms of the processor."""
        return generate_latest(_Both(self._registry, _Looked(now)))

    def _begun(self, engine: str) -> tuple[Counter, Histogram]:
        # To find a series by its labels takes twice as long as to count in it.
        found = self._series_of_starts.get(engine)
        if found is None:
            found = self._attempts.labels(engine), self._waits.labels(engine)
            self._series_of_starts[engine] = found
        return found

    def _done(self, engine: str, ending: str) -> tuple[Counter, Histogram]:
        found = self._series_of_ends.get((engine, ending))
        if found is None:
            found = self._ended.labels(engine, ending), self._durations.labels(engine, ending)
            self._series_of_ends[engine, ending] = found
        return found

    def _started(self, job: JobSummary) -> None:
        if self._attempts_seen.get(job.id) == job.attempt:
            return  # a cancel was asked for
        self._attempts_seen[job.id] = job.attempt
        attempts, waits = self._begun(self._engine_of(job.source))
        attempts.inc()
        if job.attempt == 1 and job.started_at is not None:
            waited = job.started_at - job.submitted_at
            waits.observe(max(0.0, waited.total_seconds()))

    def _over(self, job: JobSummary) -> None:
        ended, durations = self._done(self._engine_of(job.source), job.state.value)
        ended.inc()
        if job.started_at is not None and job.finished_at is not None:
            ran = job.finished_at - job.started_at
            durations.observe(max(0.0, ran.total_seconds()))
        if job.cancel_confirmed is not None:
            self._cancels.labels(str(job.cancel_confirmed).lower()).inc()

    async def _watch_loop(self) -> None:
        while True:
            began_s = time.monotonic()
            await asyncio.sleep(LOOK_EVERY_S)
            self._lateness.observe(max(0.0, time.monotonic() - began_s - LOOK_EVERY_S))


class _Feed(Collector):
    """The feed counts for itself, in plain numbers: it sends thousands of frames a second."""

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic

    def collect(self) -> Iterator[Metric]:
        sent = self._traffic
        yield CounterMetricFamily("longwatch_feed_frames", "Frames sent", sent.frames)
        yield CounterMetricFamily("longwatch_feed_bytes", "Bytes of frames sent", sent.bytes)
        yield CounterMetricFamily(
            "longwatch_feed_evicted", "Readers let go because they did not read", sent.evicted
        )


class _Looked(Collector):
    """What was looked up for one answer."""

    def __init__(self, now: Now) -> None:
        self._now = now

    def collect(self) -> Iterator[Metric]:
        now = self._now
        yield GaugeMetricFamily(
            "longwatch_store_up", "Whether the store answers", int(now.jobs is not None)
        )
        if now.jobs is not None:
            jobs = GaugeMetricFamily("longwatch_jobs", "Jobs by state", labels=["state"])
            for state in JobState:
                jobs.add_metric([state.value], now.jobs.get(state, 0))
            yield jobs
            yield GaugeMetricFamily(
                "longwatch_queue_oldest_seconds",
                "How long the oldest queued job has waited; 0 while none does",
                now.oldest_queued_s or 0.0,
            )
        for name, told, value in (
            ("feed_subscribers", "Readers of the feed", now.subscribers),
            ("results_bytes", "What results take up on disk, about", now.results_bytes),
            ("disk_free_bytes", "Free on the disk of the data folder", now.disk_free_bytes),
            ("disk_size_bytes", "Size of the disk of the data folder", now.disk_total_bytes),
        ):
            yield GaugeMetricFamily(f"longwatch_{name}", told, value)


class _Both(CollectorRegistry):
    """What is counted and what was looked up, as one."""

    def __init__(self, counted: CollectorRegistry, looked: _Looked) -> None:
        super().__init__()
        self._parts = (counted, looked)

    def collect(self) -> Iterator[Metric]:
        for part in self._parts:
            yield from part.collect()

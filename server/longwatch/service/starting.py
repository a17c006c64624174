"""What an attempt is given to run."""

from __future__ import annotations

from longwatch.protocol.jobs import Job
from longwatch.runner.spec import AttemptSpec
from longwatch.settings import Settings
from longwatch.sources.catalogue import SourceCatalogue


def attempt_spec(job: Job, sources: SourceCatalogue, settings: Settings) -> AttemptSpec:
    """The newest attempt of `job`, within its own limits and the server's. Raises `UnknownSource`
    or `InvalidSource`."""
    definition = sources.get(job.source)
    return AttemptSpec(
        job_id=job.id,
        attempt=job.attempt,
        sql=job.sql,
        engine=definition.source.engine,
        options=sources.options_of(definition),
        source=job.source,
        memory_bytes=min(job.limits.memory_bytes or settings.memory_bytes, settings.memory_bytes),
        spill_bytes=settings.spill_bytes,
        threads=settings.threads,
        run_s=job.limits.run_s or settings.max_run_s,
        result_rows=job.limits.result_rows or settings.max_result_rows or None,
        result_bytes=job.limits.result_bytes or settings.max_result_bytes or None,
        parameters=job.parameters,
    )

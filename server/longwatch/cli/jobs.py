"""`longwatch jobs`, `show` and `cancel`: what the server has, and ending it."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

import click

from longwatch.cli import tables
from longwatch.cli.connection import Where, reach, server_options
from longwatch.cli.exits import Exit, Failure
from longwatch.client import words

if TYPE_CHECKING:
    from longwatch.client.address import Address
    from longwatch.client.api import AsyncClient
    from longwatch.protocol.jobs import Job, JobPage, JobSummary

_STATES: Final = ("queued", "running", "succeeded", "failed", "cancelled", "lost")
_CANCEL_WITHIN_S: Final = 30.0


@click.command(name="jobs")
@click.option("--state", type=click.Choice(_STATES), help="Only jobs of this state.")
@click.option("--source", help="Only jobs of this source.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
@server_options
def list_jobs(
    state: str | None,
    source: str | None,
    limit: int,
    as_json: bool,
    where: Where,
) -> None:
    """List jobs, newest first."""
    with reach(where) as address:
        jobs, total = asyncio.run(_fetch(address, state, source, limit))
    if as_json:
        import msgspec

        for job in jobs:
            click.echo(msgspec.json.encode(job))
        return
    if not jobs:
        click.echo("No jobs. Start one with `longwatch run SQL`.", err=True)
        return
    header = ("ID", "STATE", "DONE", "ROWS", "TIME", "SUBMITTED", "SOURCE", "NAME")
    for line in tables.aligned(header, [_row(job) for job in jobs], right=frozenset({2, 3, 4})):
        click.echo(line)
    if total > len(jobs):
        click.echo(
            f"{words.count(len(jobs))} of {words.count(total)} jobs; --limit shows more.", err=True
        )


@click.command
@click.argument("job_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print the job as JSON.")
@click.option("--log", is_flag=True, help="Print what the job's runner wrote.")
@server_options
def show(
    job_id: str,
    as_json: bool,
    log: bool,
    where: Where,
) -> None:
    """Show one job. The start of its ID is enough where no other job's begins the same."""
    with reach(where) as address:
        job, text = asyncio.run(_show(address, job_id, log=log))
    if log:
        click.echo(text, nl=not text.endswith("\n"))
    elif as_json:
        import msgspec

        click.echo(msgspec.json.encode(job))
    else:
        for line in describe(job):
            click.echo(line)


@click.command
@click.argument("job_id", metavar="ID")
@server_options
def cancel(job_id: str, where: Where) -> int:
    """Cancel a job, and wait until it is gone. A job that is over already stays as it is."""
    with reach(where) as address:
        job, was_over = asyncio.run(_cancel(address, job_id))
    if was_over:
        click.echo(f"{job.id} was over already: {words.standing(job)}")
        return Exit.SUCCEEDED
    confirmed = "confirmed" if job.cancel_confirmed else "not confirmed"
    is_cancelled = job.state.value == "cancelled"
    click.echo(f"{job.id} {job.state.value}" + (f", {confirmed}" if is_cancelled else ""))
    return Exit.SUCCEEDED if job.cancel_confirmed or not is_cancelled else Exit.FAILED


def describe(job: Job) -> list[str]:
    """A job in full, as lines of `what  value`."""
    pairs = [
        ("id", job.id),
        ("name", job.name),
        ("state", words.standing(job)),
        ("source", job.source),
        ("owner", job.owner),
        ("attempt", str(job.attempt)),
        ("submitted", words.clock(job.submitted_at)),
        ("started", words.clock(job.started_at)),
        ("finished", words.clock(job.finished_at)),
        ("time", words.duration(words.elapsed_s(job))),
    ]
    if not job.state.is_final:
        pairs.append(("progress", words.percent(job.progress) or "unknown"))
        pairs.append(("left", words.eta(job.progress) or "unknown"))
        pairs.append(("memory", words.size(job.progress.memory_bytes)))
    if job.cancel_requested_at is not None:
        said = {True: "confirmed", False: "not confirmed", None: "asked for"}
        pairs.append(("cancel", said[job.cancel_confirmed]))
    if job.result is not None:
        whole = "" if job.result.complete else ", incomplete"
        pairs.append(("rows", words.count(job.result.rows) + whole))
        pairs.append(("size", words.size(job.result.bytes)))
        columns = ", ".join(f"{column.name} {column.type}" for column in job.result.columns)
        pairs.append(("columns", columns))
    if job.error is not None:
        pairs.append(("error", f"{job.error.code}: {job.error.message}"))
        if job.error.hint:
            pairs.append(("hint", job.error.hint))
    lines = [f"{what:<10} {words.clean(' '.join(text.split()))}" for what, text in pairs]
    return [*lines, "", *words.clean(job.sql).splitlines()]


def _row(job: JobSummary) -> tuple[str, ...]:
    rows = words.rows(job)
    done = "" if job.state.is_final else words.percent(job.progress)
    return (
        job.id,
        words.standing(job),
        done,
        words.count(rows) if rows or job.result is not None else "",
        words.duration(words.elapsed_s(job)) if job.started_at is not None else "",
        words.clock(job.submitted_at),
        words.clean(job.source),
        words.clean(words.one_line(job.name, 50)),
    )


async def _fetch(
    address: Address, state: str | None, source: str | None, limit: int
) -> tuple[list[JobSummary], int]:
    from longwatch.client.api import AsyncClient
    from longwatch.protocol.jobs import JobState

    wanted = JobState(state) if state is not None else None
    jobs: list[JobSummary] = []
    total = 0
    async with (
        AsyncClient(address) as api,
        aclosing(api.each_job(state=wanted, source=source)) as pages,
    ):
        async for page in pages:
            total = page.total
            jobs += page.jobs
            if len(jobs) >= limit:
                break
    return jobs[:limit], total


async def _show(address: Address, job_id: str, *, log: bool) -> tuple[Job, str]:
    from longwatch.client.api import AsyncClient

    async with AsyncClient(address) as api:
        job = await find(api, job_id)
        return job, await api.log(job.id) if log else ""


async def _cancel(address: Address, job_id: str) -> tuple[Job, bool]:
    from longwatch.client.api import AsyncClient
    from longwatch.client.errors import Conflict, WaitTimeout

    async with AsyncClient(address) as api:
        job = await find(api, job_id)
        try:
            await api.cancel(job.id)
        except Conflict:
            return await api.job(job.id), True
        try:
            return await api.wait(job.id, timeout_s=_CANCEL_WITHIN_S), False
        except WaitTimeout as error:
            raise Failure(
                f"The server has not confirmed the end of {job.id} within "
                f"{_CANCEL_WITHIN_S:g} seconds; it is still asked for.",
                Exit.FAILED,
            ) from error


async def find(api: AsyncClient, job_id: str) -> Job:
    """The job of this id, or the one whose id begins so. Raises `Failure` for none and several."""
    from longwatch.client.errors import BadRequest, NotFound

    try:
        return await api.job(job_id)
    except (NotFound, BadRequest):
        pass
    matches: list[str] = []
    page: JobPage
    async with aclosing(api.each_job()) as pages:
        async for page in pages:
            matches += [job.id for job in page.jobs if job.id.startswith(job_id)]
    if not matches:
        raise Failure(f"There is no job {job_id}; `longwatch jobs` lists them.", Exit.USAGE)
    if len(matches) > 1:
        some = ", ".join(matches[:3])
        raise Failure(
            f"{len(matches)} jobs begin with {job_id} ({some}, …); give more of the ID.",
            Exit.USAGE,
        )
    return await api.job(matches[0])

"""`longwatch jobs`, `show`, `cancel`, `retry`, `delete`: what the server has, and changing it."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Literal

import click

from longwatch.cli import tables
from longwatch.cli.connection import Where, reach, server_options
from longwatch.cli.exits import Exit, Failure
from longwatch.cli.moments import Moment
from longwatch.client import words

if TYPE_CHECKING:
    from longwatch.client.address import Address
    from longwatch.client.api import AsyncClient
    from longwatch.protocol.history import StoryLine
    from longwatch.protocol.jobs import Job, JobFilter, JobPage, JobSummary

_STATES: Final = ("queued", "running", "succeeded", "failed", "cancelled", "lost")
_CANCEL_WITHIN_S: Final = 30.0
_FORMS: Final[dict[str, Literal["csv", "jsonl"]]] = {".csv": "csv", ".jsonl": "jsonl"}


@click.command(name="jobs")
@click.option(
    "--state", multiple=True, type=click.Choice(_STATES), help="Only of this state; repeatable."
)
@click.option("--source", help="Only jobs of this source.")
@click.option("--owner", help="Only jobs of this person.")
@click.option("--text", help="Only jobs with this in their name or SQL.")
@click.option(
    "--since",
    type=Moment(),
    metavar="WHEN",
    help="Only jobs submitted at WHEN or later: 30m, 2h or 7d ago, or a date (and time).",
)
@click.option(
    "--before", type=Moment(), metavar="WHEN", help="Only jobs submitted earlier than WHEN."
)
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
@click.option(
    "--export",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE",
    help="Write every job that matches, with its SQL, to a .csv or .jsonl file.",
)
@server_options
def list_jobs(
    state: tuple[str, ...],
    source: str | None,
    owner: str | None,
    text: str | None,
    since: datetime | None,
    before: datetime | None,
    limit: int,
    as_json: bool,
    export: Path | None,
    where: Where,
) -> None:
    """List jobs, newest first."""
    from longwatch.protocol.jobs import JobFilter, JobState

    which = JobFilter(
        state=tuple(JobState(one) for one in state),
        source=source,
        owner=owner,
        text=text,
        submitted_after=since,
        submitted_before=before,
    )
    if export is not None:
        _export(where, which, export)
        return
    with reach(where) as address:
        jobs, total, at_least = asyncio.run(_fetch(address, which, limit))
    if as_json:
        import msgspec

        for job in jobs:
            click.echo(msgspec.json.encode(job))
        return
    if not jobs:
        nothing = "No such jobs." if which != JobFilter() else "No jobs."
        click.echo(f"{nothing} Start one with `longwatch run SQL`.", err=True)
        return
    header = ("ID", "STATE", "DONE", "ROWS", "TIME", "SUBMITTED", "SOURCE", "NAME")
    for line in tables.aligned(header, [_row(job) for job in jobs], right=frozenset({2, 3, 4})):
        click.echo(line)
    least = "at least " if at_least else ""
    if total > len(jobs):
        click.echo(
            f"{words.count(len(jobs))} of {least}{words.count(total)} jobs; --limit shows more.",
            err=True,
        )


@click.command
@click.argument("job_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print the job as JSON.")
@click.option("--log", is_flag=True, help="Print what the job's runner wrote.")
@click.option("--story", is_flag=True, help="Print what happened to the job, and when.")
@server_options
def show(
    job_id: str,
    as_json: bool,
    log: bool,
    story: bool,
    where: Where,
) -> None:
    """Show one job. The start of its ID is enough where no other job's begins the same."""
    with reach(where) as address:
        job, text, events = asyncio.run(_show(address, job_id, log=log, story=story))
    if log:
        click.echo(text, nl=not text.endswith("\n"))
    elif story:
        for line in tell(events, as_json=as_json):
            click.echo(line)
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


@click.command
@click.argument("job_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print the new job as JSON.")
@server_options
def retry(job_id: str, as_json: bool, where: Where) -> None:
    """Run a finished job's query again, as a new job, and print its ID."""
    with reach(where, may_start=False) as address:
        job = asyncio.run(_retry(address, job_id))
    if as_json:
        import msgspec

        click.echo(msgspec.json.encode(job))
    else:
        click.echo(job.id)


@click.command
@click.argument("job_ids", metavar="ID...", nargs=-1, required=True)
@server_options
def delete(job_ids: tuple[str, ...], where: Where) -> None:
    """Delete finished jobs, with their results. There is no way back."""
    with reach(where) as address:
        asyncio.run(_delete(address, job_ids))


def tell(events: list[StoryLine], *, as_json: bool) -> list[str]:
    """A job's story, a line for each thing that happened."""
    if as_json:
        import msgspec

        return [msgspec.json.encode(one).decode() for one in events]
    rows = [
        (
            words.clock(one.at),
            str(one.attempt) if one.attempt else "",
            one.event.replace("_", " "),
            words.clean(" ".join((one.detail or "").split())),
        )
        for one in events
    ]
    return tables.aligned(("WHEN", "TRY", "WHAT", "WHY"), rows, right=frozenset({1}))


def describe(job: Job) -> list[str]:
    """A job in full, as lines of `what  value`."""
    pairs = [
        ("id", job.id),
        ("name", job.name),
        ("state", words.standing(job)),
        ("source", job.source),
        ("owner", job.owner),
        ("attempt", str(job.attempt)),
        *([("worker", job.worker)] if job.worker else []),
        *([("task", job.task_id)] if job.task_id else []),
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
        whole = words.shortfall(job.result, job.state)
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
    address: Address, which: JobFilter, limit: int
) -> tuple[list[JobSummary], int, bool]:
    from longwatch.client.api import AsyncClient

    jobs: list[JobSummary] = []
    total, at_least = 0, False
    async with AsyncClient(address) as api, aclosing(api.each_job(which)) as pages:
        async for page in pages:
            total, at_least = page.total, page.at_least
            jobs += page.jobs
            if len(jobs) >= limit:
                break
    return jobs[:limit], total, at_least


def _export(where: Where, which: JobFilter, path: Path) -> None:
    form = _FORMS.get(path.suffix.lower())
    if form is None:
        raise click.BadParameter(
            f"{path.name}: the extension must be .csv or .jsonl.", param_hint="--export"
        )
    # Whole or not at all: half a history looks like a history.
    part = path.with_name(f".{path.name}.part")
    try:
        with reach(where) as address, part.open("wb") as file:
            asyncio.run(_write_export(address, which, form, file))
        part.replace(path)
    except OSError as error:
        raise Failure(f"The history cannot be written: {error}.", Exit.FAILED) from error
    finally:
        part.unlink(missing_ok=True)
    click.echo(f"written to {path}", err=True)


async def _write_export(
    address: Address, which: JobFilter, form: Literal["csv", "jsonl"], file: BinaryIO
) -> None:
    from longwatch.client.api import AsyncClient

    async with (
        AsyncClient(address) as api,
        aclosing(api.export_jobs(which, form=form)) as pieces,
    ):
        async for piece in pieces:
            file.write(piece)


async def _show(
    address: Address, job_id: str, *, log: bool, story: bool
) -> tuple[Job, str, list[StoryLine]]:
    from longwatch.client.api import AsyncClient

    async with AsyncClient(address) as api:
        job = await find(api, job_id)
        return (
            job,
            await api.log(job.id) if log else "",
            await api.events(job.id) if story else [],
        )


async def _retry(address: Address, job_id: str) -> Job:
    from longwatch.client.api import AsyncClient

    async with AsyncClient(address) as api:
        return await api.retry((await find(api, job_id)).id)


async def _delete(address: Address, job_ids: tuple[str, ...]) -> None:
    from longwatch.client.api import AsyncClient

    async with AsyncClient(address) as api:
        for job_id in job_ids:
            job = await find(api, job_id)
            await api.delete(job.id)
            click.echo(f"{job.id} deleted")


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

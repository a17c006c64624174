"""`longwatch run`: one query from the shell, progress on stderr, rows on stdout."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import sys
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from longwatch.cli import live
from longwatch.cli.connection import Where, reach, server_options
from longwatch.cli.exits import Exit, of_state
from longwatch.client import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from longwatch.client.address import Address
    from longwatch.client.api import AsyncClient
    from longwatch.protocol.jobs import Job, Submission
    from longwatch.protocol.parameters import Given

_COMMENT: Final = re.compile(r"--[^=]*\s")
"""`-- why` and `--why\nSELECT 1`, but not `--name=a b`."""
_REDRAW_S: Final = 0.1
_CANCEL_WITHIN_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Output:
    """Where the rows go: into a file, or to standard output, as JSON lines if asked for."""

    path: Path | None = None
    json: bool = False


class _SqlCommand(click.Command):
    """Takes SQL that begins with a comment for what it is, not for an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        comments = [arg for arg in args if _COMMENT.match(arg)]
        if comments and "--" not in args:
            args = [*(arg for arg in args if arg not in comments), "--", *comments]
        return super().parse_args(ctx, args)


@click.command(name="run", cls=_SqlCommand)
@click.argument("query", metavar="SQL|FILE|-")
@click.option("--source", help="The source to query. Default: the server's own default.")
@click.option(
    "--param",
    "-p",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="The value of a :name in the query; NAME:TYPE=VALUE says of which type. Repeatable.",
)
@click.option("--max-rows", type=click.IntRange(1), help="End the result after so many rows.")
@click.option("--name", help="What to call the job. Default: made from the file or the SQL.")
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write the rows to a .csv, .jsonl, .json, .parquet, .xlsx or .arrow file.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the rows as JSON lines.")
@click.option(
    "--notify",
    multiple=True,
    metavar="NAME",
    help="Tell NAME when it is over: one of the server's notify_targets. Repeatable.",
)
@click.option("--no-wait", is_flag=True, help="Print the job's id and leave it running.")
@server_options
def run(
    query: str,
    *,
    source: str | None,
    parameters: tuple[str, ...],
    max_rows: int | None,
    name: str | None,
    output: Path | None,
    as_json: bool,
    notify: tuple[str, ...],
    no_wait: bool,
    where: Where,
) -> int:
    """Run a query and print what it returns.

    The query is SQL, the name of a file that holds it, or - for standard input. Progress goes
    to standard error, rows to standard output: a table in a terminal, CSV otherwise.

    Ctrl+C cancels the query, waits until it is gone, and exits with 130; a second one leaves at
    once.
    """
    from longwatch.cli.export import chosen_form
    from longwatch.protocol.jobs import Limits, Submission

    if output is not None:
        chosen_form(output, None)
    if output is not None and not output.absolute().parent.is_dir():
        raise click.BadParameter(
            f"the folder {output.parent} does not exist.", param_hint="--output"
        )
    sql, made_name = read_query(query)
    submission = Submission(
        sql=sql,
        source=source,
        name=name or made_name,
        parameters=read_values(parameters),
        limits=Limits(result_rows=max_rows),
        notify=notify,
    )
    with reach(where, may_start=not no_wait, instead=", or leave out --no-wait") as address:
        if no_wait:
            return asyncio.run(_submit_only(address, submission, as_json=as_json))
        return run_and_print(address, submission, Output(output, as_json))


def read_query(text: str) -> tuple[str, str | None]:
    """The SQL and, when it came from a file, a name for the job. Raises `click.UsageError`."""
    if text == "-":
        return _not_empty(sys.stdin.read()), None
    path = Path(text)
    try:
        is_file = path.is_file()
    except (OSError, ValueError):  # SQL is longer than any file's name may be
        is_file = False
    if not is_file:
        if path.suffix.lower() == ".sql" and len(text.split()) == 1:
            raise click.UsageError(f"There is no file {text}.")
        return _not_empty(text), None
    try:
        return _not_empty(path.read_text(encoding="utf-8-sig")), path.stem
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{text} cannot be read: {error}.") from error


def read_values(assignments: tuple[str, ...]) -> dict[str, Given]:
    """The values of `--param`. Raises `click.UsageError`."""
    from longwatch.client.parameters import from_text

    try:
        return dict(from_text(one) for one in assignments)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--param") from error


def _not_empty(sql: str) -> str:
    if not sql.strip():
        raise click.UsageError("There is no SQL to run.")
    return sql


def run_and_print(address: Address, submission: Submission, output: Output) -> int:
    """Submit, show the progress, write the rows; the exit code for how it ended."""
    return asyncio.run(_run_and_print(address, submission, output))


async def _submit_only(address: Address, submission: Submission, *, as_json: bool) -> int:
    import msgspec

    from longwatch.client.api import AsyncClient

    async with AsyncClient(address) as api:
        job = await api.submit(submission)
    click.echo(msgspec.json.encode(job) if as_json else job.id)
    return Exit.SUCCEEDED


async def _run_and_print(address: Address, submission: Submission, output: Output) -> int:
    from longwatch.client.api import AsyncClient

    task = asyncio.current_task()
    assert task is not None
    async with AsyncClient(address) as api:
        with _terminated_like_interrupted(task):
            job = await api.submit(submission)
            with live.display() as display:
                try:
                    job = await _follow(api, job, display)
                except asyncio.CancelledError:
                    # asyncio turned the first Ctrl+C into this; the second one raises
                    # KeyboardInterrupt out of asyncio.run.
                    task.uncancel()
                    return await _cancel(api, job, display)
        _tell_end(job)
        if job.state.value == "succeeded" and job.result is not None:
            await _print_rows(api, job, output)
    return of_state(job.state)


async def _follow(api: AsyncClient, job: Job, display: live.Display) -> Job:
    display.show(job)
    async with aclosing(api.watch(job.id, poll_max_s=_REDRAW_S)) as forms:
        async for form in forms:
            job = form
            display.show(job)
    return job


async def _cancel(api: AsyncClient, job: Job, display: live.Display) -> int:
    from longwatch.client.errors import Conflict, WaitTimeout

    display.say("Cancelling; Ctrl+C again leaves at once.")
    try:
        with contextlib.suppress(Conflict):
            await api.cancel(job.id)
        job = await api.wait(job.id, timeout_s=_CANCEL_WITHIN_S)
    except WaitTimeout:
        display.say(f"The server has not confirmed the end of {job.id}; it is still asked for.")
        return Exit.INTERRUPTED
    display.say(_ending(job))
    return Exit.INTERRUPTED


@contextlib.contextmanager
def _terminated_like_interrupted(task: asyncio.Task[int]) -> Iterator[None]:
    """SIGTERM and a closed terminal end the query too, rather than leave it running unseen."""
    loop = asyncio.get_running_loop()
    signals = [signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    handled = []
    for number in signals:
        if signal.getsignal(number) is signal.SIG_IGN:
            continue  # under nohup a closed terminal is no reason
        # Windows has none of this, and a thread other than the main one may not.
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(number, task.cancel)
            handled.append(number)
    try:
        yield
    finally:
        for number in handled:
            loop.remove_signal_handler(number)


def _ending(job: Job) -> str:
    took = words.duration(words.elapsed_s(job))
    rows = ""
    if job.result is not None:
        cut = words.shortfall(job.result, job.state)
        rows = f", {words.counted(job.result.rows, 'row')}{cut}"
    confirmed = ", confirmed" if job.cancel_confirmed else ""
    return f"{words.standing(job)}{confirmed} after {took}{rows} · job {job.id}"


def _tell_end(job: Job) -> None:
    click.echo(_ending(job), err=True)
    if job.error is None:
        return
    click.echo(words.clean(f"{job.error.code}: {job.error.message}"), err=True)
    for line in _place(job):
        click.echo(words.clean(line), err=True)
    if job.error.hint:
        click.echo(words.clean(job.error.hint), err=True)


def _place(job: Job) -> list[str]:
    """The line of the SQL that is at fault, with a caret under its column."""
    error = job.error
    if error is None or error.line is None:
        return []
    lines = job.sql.splitlines()
    if not 1 <= error.line <= len(lines):
        return []
    head = f"line {error.line}: "
    text = lines[error.line - 1].replace("\t", " ")
    if error.column is None:
        return [head + text]
    # A caret far to the right of a line that wraps points nowhere: show the part around it.
    start = max(0, error.column - 60)
    shown = text[start : start + 100]
    return [head + shown, " " * (len(head) + error.column - 1 - start) + "^"]


async def _print_rows(api: AsyncClient, job: Job, output: Output) -> None:
    from longwatch.cli.export import Wanted, chosen_form, write

    assert job.result is not None
    if output.path is None and not output.json and sys.stdout.isatty():
        await _print_table(api, job, job.result.rows)
        return
    # Standard output is for programs, which take a text as it is; a file may be for people.
    form = chosen_form(output.path, "jsonl" if output.json else None)
    rows = await write(api, job.id, Wanted(output.path, form, keep_formulas=output.path is None))
    if output.path is not None:
        click.echo(f"{words.counted(rows, 'row')} written to {output.path}", err=True)


async def _print_table(api: AsyncClient, job: Job, rows: int) -> None:
    import pyarrow as pa

    from longwatch.cli.writers import TABLE_ROWS, TableWriter

    page = await api.result_page(job.id, offset=0, limit=TABLE_ROWS)
    with pa.ipc.open_stream(page.data) as reader:
        table = TableWriter(reader.schema, rows)
        for batch in reader:
            table.write(batch)
    table.close()

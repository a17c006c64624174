"""The commands, put together."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from longwatch.cli import (
    backup,
    config,
    doctor,
    export,
    jobs,
    people,
    run_query,
    runs,
    serve,
    shared_store,
    sources,
    trial,
    window,
    worker,
)
from longwatch.cli.exits import Exit, Failure, of_error

_EPILOG = """\b
Exit codes:
  0  succeeded             4  server unreachable, or could not start
  1  failed                5  lost: nobody knows how the job ended
  2  wrong usage         130  interrupted (Ctrl+C)
  3  cancelled

\b
Environment:
  LONGWATCH_URL            the server to use, as --server
  LONGWATCH_TOKEN(_FILE)   its token, or the file that holds it
  LONGWATCH_CERTIFICATE_FILE
                           the one certificate that it may show (PEM)
  LONGWATCH_DATA_DIR       the data folder of this machine's own server
"""


class _Commands(click.Group):
    """A group that takes `longwatch FILE.sql` as `longwatch open FILE.sql`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        first = args[0]
        if self.get_command(ctx, first) is None and _is_query_file(first):
            return "open", window.open_files, args
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            ended = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # Here, for click itself would end with 1, as if the query had failed.
            return _reader_left()
        return ended


def _is_query_file(text: str) -> bool:
    return text.lower().endswith(".sql") or (os.sep in text and Path(text).is_file())


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--version", is_flag=True, is_eager=True, help="Print the version and leave.")
@click.pass_context
def commands(ctx: click.Context, version: bool) -> None:
    """Launch long queries and watch them finish.

    Without a command the window opens; `longwatch FILE.sql` opens the file in it. Where there
    is no display, a sample query runs in the terminal.
    """
    if version:
        from longwatch.version import version as installed

        click.echo(f"longwatch {installed()}")
        ctx.exit()
    if ctx.invoked_subcommand is None:
        ctx.exit(window.open_window([]))


commands.add_command(window.open_files)
commands.add_command(run_query.run)
commands.add_command(sources.estimate)
commands.add_command(sources.sources)
commands.add_command(jobs.list_jobs)
commands.add_command(jobs.show)
commands.add_command(jobs.cancel)
commands.add_command(jobs.retry)
commands.add_command(jobs.delete)
commands.add_command(export.export)
commands.add_command(runs.list_runs)
commands.add_command(runs.accuracy)
commands.add_command(serve.serve)
commands.add_command(people.token)
commands.add_command(people.audit)
commands.add_command(worker.worker)
commands.add_command(worker.list_workers)
commands.add_command(trial.trial)
commands.add_command(backup.backup)
commands.add_command(shared_store.restored)
commands.add_command(doctor.doctor)
commands.add_command(config.config)


def run() -> NoReturn:
    """Run the command named by `sys.argv`, and end the process."""
    sys.exit(_run())


def _run() -> int:
    try:
        ended = commands.main(prog_name="longwatch", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return Exit.USAGE
    except (click.Abort, KeyboardInterrupt):
        return Exit.INTERRUPTED
    except Failure as failure:
        click.echo(f"longwatch: {failure}", err=True)
        return failure.code
    except Exception as error:
        code = _expected(error)
        if code is None:
            raise
        click.echo(f"longwatch: {error}", err=True)
        return code
    return ended if isinstance(ended, int) else Exit.SUCCEEDED


def _reader_left() -> int:
    """Whoever read our standard output (`| head`) has seen enough: end without a word."""
    # What is still buffered would raise again when the interpreter flushes at its end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return Exit.SUCCEEDED


def _expected(error: Exception) -> Exit | None:
    """The exit code for the environment's fault; `None` for a bug of ours, to be seen whole."""
    from longwatch.client.errors import LongwatchClientError

    if isinstance(error, LongwatchClientError):
        return of_error(error)
    host = sys.modules.get("longwatch.host")
    if host is not None and isinstance(error, host.HostError):
        return Exit.UNREACHABLE
    return None

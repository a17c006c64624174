"""Opening the window, and what happens where none can be opened."""

from __future__ import annotations

import importlib.metadata
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from longwatch.cli.exits import Exit, Failure
from longwatch.cli.qt_libraries import install_hint, missing, needs_xcb

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from longwatch.protocol.sources import SavedQuery

_GROUP: Final = "longwatch.frontends"
_NAME: Final = "window"


@click.command(name="open")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def open_files(files: tuple[Path, ...]) -> int:
    """Open the window, with SQL files in its editor."""
    return open_window(list(files))


def open_window(files: Sequence[Path]) -> int:
    """Open the window and stay until it is closed; its exit code.

    Without a display the sample query runs in the terminal instead, unless there are files to
    open. Raises `Failure` when the window is not installed or lacks system libraries.
    """
    if not has_display(os.environ):
        if files:
            raise Failure(
                "There is no display to open a window on; `longwatch run FILE` runs the query "
                "in the terminal.",
                Exit.USAGE,
            )
        click.echo(
            "There is no display to open a window on, so here is a sample query in the terminal.",
            err=True,
        )
        return run_sample()
    # First: without them the window's own import fails, and would take the blame.
    lacking = missing(with_display=needs_xcb())
    if lacking:
        raise Failure(f"The window needs system libraries. {install_hint(lacking)}", Exit.USAGE)
    main = find_frontend()
    # The window's own entry point reads its arguments as any program does.
    sys.argv[1:] = [str(file) for file in files]
    ended = main()
    return ended if isinstance(ended, int) else Exit.SUCCEEDED


def has_display(environment: Mapping[str, str]) -> bool:
    """Whether Qt has anything to draw on. macOS and Windows always have."""
    if not sys.platform.startswith(("linux", "freebsd")):
        return True
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return any(environment.get(name) for name in names)


def find_frontend() -> Callable[[], object]:
    """The window's entry point, by name: this package never imports the desktop's."""
    found = importlib.metadata.entry_points(group=_GROUP, name=_NAME)
    for entry in found:
        try:
            main: Callable[[], object] = entry.load()
        except ImportError as error:
            raise Failure(
                f"The window cannot be loaded ({error}). Install it with "
                "`pip install 'longwatch[desktop]'`.",
                Exit.USAGE,
            ) from error
        return main
    raise Failure(
        "The window is not installed. Install it with `pip install 'longwatch[desktop]'`, or use "
        "`longwatch run SQL` in the terminal.",
        Exit.USAGE,
    )


def run_sample() -> int:
    """Run the longest saved query, the one with something to watch, in the terminal."""
    from longwatch.cli.connection import Where, reach
    from longwatch.cli.run_query import Output, run_and_print
    from longwatch.client.sync import Client
    from longwatch.protocol.jobs import Submission

    with reach(Where(None, None, None)) as address:
        with Client(address) as client:
            query = _longest(client.saved_queries())
        took = f", about {query.expected_s:.0f} s" if query.expected_s else ""
        click.echo(f"{query.title}{took}: {query.description}", err=True)
        submission = Submission(sql=query.sql, source=query.source, name=query.title)
        return run_and_print(address, submission, Output())


def _longest(queries: list[SavedQuery]) -> SavedQuery:
    timed = [query for query in queries if query.expected_s is not None]
    if not timed:
        raise Failure("The server has no saved query to show; try `longwatch run SQL`.", Exit.USAGE)
    return max(timed, key=lambda query: query.expected_s or 0.0)

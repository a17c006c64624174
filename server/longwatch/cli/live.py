"""Showing a job's progress on standard error: a live bar in a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Final, Protocol, Self

import click

from longwatch.client import words

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from longwatch.protocol.jobs import Job


class Display(Protocol):
    """Shows each form of a job it is given, until it is left."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def show(self, job: Job) -> None:
        """The job as it stands now."""

    def say(self, text: str) -> None:
        """A line of its own."""


def display() -> Display:
    """The display that suits standard error."""
    return LiveBar() if sys.stderr.isatty() else PlainLines()


class PlainLines:
    """A line when the phase changes, and otherwise ever more rarely: after 2 s, 4 s, 8 s …, and
    at least once a minute, so that a log of a long query stays short."""

    LONGEST_SILENCE_S: Final = 60.0

    def __init__(self) -> None:
        self._standing = ""
        self._next_s = 0.0
        self._pause_s = 2.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def show(self, job: Job) -> None:
        """Print the job's standing if it changed or enough time went by."""
        if job.state.is_final:
            return
        standing = words.standing(job)
        now = time.monotonic()
        if standing == self._standing and now < self._next_s:
            return
        if standing == self._standing:
            self._pause_s = min(self._pause_s * 2, self.LONGEST_SILENCE_S)
        self._standing = standing
        self._next_s = now + self._pause_s
        left = words.eta(job.progress)
        parts = [
            standing,
            words.percent(job.progress),
            f"{words.count(words.rows(job))} rows" if words.rows(job) else "",
            words.duration(words.elapsed_s(job)),
            f"{left} left" if left else "",
        ]
        self.say(" · ".join(part for part in parts if part))

    def say(self, text: str) -> None:
        """Print a line."""
        click.echo(words.clean(text), err=True)


class LiveBar:
    """One line that moves: name, phase, bar, percent, rows, elapsed and the range of the ETA. The
    bar pulses while nothing supports a fraction."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

        self._bar: Bar = Progress(
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.description}", markup=False),
            TextColumn("{task.fields[phase]:<10}", style="cyan", markup=False),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[percent]:>5}", markup=False),
            TextColumn("{task.fields[rows]}", style="dim", markup=False),
            TextColumn("{task.fields[elapsed]}", markup=False),
            TextColumn("{task.fields[eta]}", style="dim", markup=False),
            console=Console(stderr=True),
            transient=True,
            expand=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def show(self, job: Job) -> None:
        """Move the bar."""
        fraction = job.progress.fraction
        if self._task is None:
            name = words.clean(words.one_line(job.name, 30))
            self._task = self._bar.add_task(
                name, total=None, phase="", percent="", rows="", elapsed="", eta=""
            )
        rows = words.rows(job)
        left = words.eta(job.progress)
        self._bar.update(
            self._task,
            total=None if fraction is None else 1.0,
            completed=fraction or 0.0,
            phase=words.standing(job),
            percent=words.percent(job.progress),
            rows=f"{words.count(rows)} rows" if rows else "",
            elapsed=words.duration(words.elapsed_s(job)),
            eta=f"{left} left" if left else "",
        )

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self._bar.console.print(words.clean(text), markup=False, highlight=False)

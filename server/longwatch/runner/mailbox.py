"""An attempt's folder: the mailbox between a server and a runner that may outlive it.

In: `spec.json`, `runner.json` (which process it was given to), `cancel`, `leave`. Out:
`progress.json` (replaced at most 10 times a second), `log.txt`, `result/`, `outcome.json` (last,
fsynced). The folder is the truth; a byte on a pipe is only a doorbell.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TypeVar

import msgspec

from longwatch.durable import replace
from longwatch.protocol.wire import UNREADABLE
from longwatch.runner.spec import AttemptSpec, Identity, Outcome, Report

T = TypeVar("T")


class Mailbox:
    """The files of one attempt, read and written whole. Every method raises `OSError` when the disk
    or the process (its open files) has no room; a file that is not there is no error."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.result = folder / "result"
        self.log = folder / "log.txt"
        self.spill = folder / "spill"
        self._cancel = folder / "cancel"
        self._leave = folder / "leave"

    def create(self, spec: AttemptSpec) -> None:
        """Make the folder and put `spec` in."""
        self.folder.mkdir(parents=True, mode=0o700)
        self.result.mkdir()
        replace(self.folder / "spec.json", msgspec.json.encode(spec))

    def spec(self) -> AttemptSpec:
        """What to run. Raises one of `UNREADABLE` where that cannot be told."""
        return msgspec.json.decode((self.folder / "spec.json").read_bytes(), type=AttemptSpec)

    def request_cancel(self) -> None:
        """Ask the runner to stop."""
        self._cancel.touch()

    def cancel_requested(self) -> bool:
        """Whether the runner was asked to stop; 2 µs."""
        return os.path.exists(self._cancel)  # noqa: PTH110 - twice as quick as Path.exists

    def give_leave(self) -> None:
        """Let a statement that writes begin, where it waits for that."""
        self._leave.touch()

    def may_write(self) -> bool:
        """Whether it may."""
        return os.path.exists(self._leave)  # noqa: PTH110 - as above

    def write_identity(self, identity: Identity) -> None:
        """Say which process is given the attempt. Before it is: a server that finds the attempt
        later must not take it for one that nobody runs."""
        replace(self.folder / "runner.json", msgspec.json.encode(identity))

    def identity(self) -> Identity | None:
        """Which process was given the attempt; `None` while none was."""
        return _read(self.folder / "runner.json", Identity)

    def write_report(self, report: Report) -> None:
        """Replace the progress report."""
        replace(self.folder / "progress.json", msgspec.json.encode(report))

    def report(self) -> Report | None:
        """The newest progress report; `None` before the first."""
        return _read(self.folder / "progress.json", Report)

    def write_outcome(self, outcome: Outcome) -> None:
        """Say how it ended; on disk when this returns."""
        replace(self.folder / "outcome.json", msgspec.json.encode(outcome), durable=True)

    def outcome(self) -> Outcome | None:
        """How it ended; `None` while it has not."""
        return _read(self.folder / "outcome.json", Outcome)

    def remove_spill(self) -> None:
        """Give back the disk that the attempt spilled to; never raises."""
        shutil.rmtree(self.spill, ignore_errors=True)


def _read(path: Path, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (FileNotFoundError, *UNREADABLE):
        # Torn files cannot happen by `replace`; a disk that lies is treated as silence.
        return None

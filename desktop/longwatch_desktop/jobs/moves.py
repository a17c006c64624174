"""Moves of jobs to other servers that are under way, kept from before one begins until it is
over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from PySide6.QtCore import QSettings

_KEY: Final = "jobs/moves"
GOOD_FOR: Final = timedelta(hours=20)
"""How long one can be gone on with: a server remembers for a day what it was given."""


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """A job and where it goes. Servers are the ids of profiles, empty for this computer's own; `to`
    is what the job's story calls the other one, `source` what it is to run against there."""

    job_id: str
    name: str
    origin: str
    target: str
    to: str
    source: str
    begun_at: datetime = msgspec.field(default_factory=lambda: datetime.now(UTC))

    @property
    def is_stale(self) -> bool:
        """Whether it was begun so long ago that going on might make a second job."""
        return datetime.now(UTC) - self.begun_at > GOOD_FOR


class Moves:
    """Those that were begun and are not known to be over. A crash must not cost a job: each is on
    the disk before anything is asked of a server."""

    def __init__(self, settings: QSettings) -> None:
        self._settings = settings

    def all(self) -> list[Move]:
        """Every one, the oldest first. What cannot be read is none."""
        try:
            return msgspec.json.decode(str(self._settings.value(_KEY, "[]")), type=list[Move])
        except msgspec.MsgspecError:
            return []

    def keep(self, move: Move) -> None:
        """Remember one."""
        self._write([*(one for one in self.all() if one.job_id != move.job_id), move])

    def forget(self, move: Move) -> None:
        """It is over."""
        self._write([one for one in self.all() if one.job_id != move.job_id])

    def _write(self, moves: list[Move]) -> None:
        self._settings.setValue(_KEY, msgspec.json.encode(moves).decode())
        self._settings.sync()

"""What went wrong unexpectedly: each error once, counted, as a text that says all there is to say.

An error of ours (a mistake in the program) comes here; one of the environment's (no server, a full
disk) is told where it happens, with what to do about it.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Qt, Signal

from longwatch_desktop.reports.redacting import redacted

MOST: Final = 50
"""Different errors that are kept; of more it is only said how many."""
MOST_CHARS: Final = 20_000
"""Of one error's text: what is longer has something endless in it, and is cut in its middle."""
_FRAMES: Final = 12
"""Innermost frames by which errors are the same: their messages may name another job each time."""
_HERE: Final = str(Path(__file__).parent)

Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """One error and its repeats. `text` is the traceback, without secrets."""

    title: str
    """Type and message, on one line."""
    where: str
    text: str
    first_at: datetime
    last_at: datetime
    count: int = 1


class Reports(QObject):
    """Keeps reports. `tell` may be called from any thread; `changed` comes to this object's own,
    and never from within the call that went wrong."""

    changed = Signal()
    _told = Signal()

    def __init__(
        self,
        write: Callable[[str], None] | None = None,
        secrets: Callable[[], Iterable[str]] | None = None,
    ) -> None:
        """`write` is told every new report's text, for a log; `secrets` says what is left out of
        texts."""
        super().__init__()
        self._write = write
        self.secrets = secrets
        self._lock = threading.Lock()
        self._reports: dict[Key, Report] = {}
        self._last: Key | None = None
        self._telling = threading.local()
        self.more = 0
        """Errors of which no more is known than that they were."""
        self._pending = False
        # Queued even in the same thread: who is told opens windows, and the error may come out of
        # the painting of one.
        self._told.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    @property
    def all(self) -> list[Report]:
        """Every report, in the order in which they came first."""
        with self._lock:
            return list(self._reports.values())

    @property
    def last(self) -> Report | None:
        """The one that came last, again or for the first time."""
        with self._lock:
            return self._reports[self._last] if self._last is not None else None

    def tell(self, error: BaseException, where: str) -> None:
        """Something unexpected was raised, `where` in plain words. Never raises."""
        if getattr(self._telling, "now", False):
            return
        self._telling.now = True
        try:
            self._tell(error, where)
        except Exception:  # noqa: S110 - there is nobody left to tell
            pass
        finally:
            self._telling.now = False

    def _tell(self, error: BaseException, where: str) -> None:
        now = datetime.now(UTC)
        key = _key(error)
        with self._lock:
            known = self._reports.get(key)
            if known is not None:
                self._reports[key] = replace(known, last_at=now, count=known.count + 1)
                self._last = key
        if known is None and not self._is_new(key, error, where, now):
            return
        with self._lock:
            pending, self._pending = self._pending, True
        if not pending:  # else a thousand errors a second would be as many events
            self._told.emit()

    def _deliver(self) -> None:
        with self._lock:
            self._pending = False
        self.changed.emit()

    def _is_new(self, key: Key, error: BaseException, where: str, now: datetime) -> bool:
        """Keep an error that was not met before; whether anybody should hear of it."""
        secrets = tuple(self.secrets()) if self.secrets is not None else ()
        text = redacted(_as_text(error), secrets)
        if self._write is not None:
            self._write(f"{where}\n{text}")
        if _is_of_reports(error):  # to tell of it would bring it about again
            return False
        title = redacted(_as_title(error), secrets)
        with self._lock:
            if len(self._reports) >= MOST:
                self.more += 1
            else:
                self._reports[key] = Report(title, where, text, now, now)
                self._last = key
        return True


def _key(error: BaseException) -> Key:
    places = [
        (frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    return (type(error), *places[-_FRAMES:])


def _is_of_reports(error: BaseException) -> bool:
    frames = traceback.walk_tb(error.__traceback__)
    return any(frame.f_code.co_filename.startswith(_HERE) for frame, _ in frames)


def _as_title(error: BaseException) -> str:
    message = " ".join(_message(error).split())
    title = f"{type(error).__name__}: {message}" if message else type(error).__name__
    return title if len(title) <= 200 else title[:199] + "…"


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return "(without a message that can be read)"


def _as_text(error: BaseException) -> str:
    text = "".join(traceback.format_exception(error)).rstrip()
    if len(text) <= MOST_CHARS:
        return text
    half = MOST_CHARS // 2
    return f"{text[:half]}\n… {len(text) - MOST_CHARS:,} characters left out …\n{text[-half:]}"

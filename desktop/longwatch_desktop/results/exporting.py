"""Exports under way: each in a thread of its own, so that no write to a disk holds the window up.

The server makes the file while it is sent; it appears under its name only once it is whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import errno
import secrets
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal

from longwatch.client.address import Address
from longwatch.client.api import AsyncClient
from longwatch.client.errors import LongwatchClientError, ServerUnreachable
from longwatch.client.results import save
from longwatch.protocol.results import Condition, ExportFormat, Formulas, SortKey
from longwatch_desktop.session import Session
from longwatch_desktop.tasks import Tasks
from longwatch_desktop.translation import tr

LOOK_S: Final = 0.2
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FORBIDDEN: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


class Stand(enum.Enum):
    """Where an export stands; the last three are final."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be written, and where to. Columns as the server takes them; none means all."""

    job_id: str
    path: Path
    form: ExportFormat
    sort: tuple[SortKey, ...] = ()
    where: tuple[Condition, ...] = ()
    columns: tuple[str, ...] = ()
    formulas: Formulas = Formulas.ESCAPE


class Export(QObject):
    """One of them. `total_rows` is `None` while a filter still looks for them."""

    changed = Signal()

    def __init__(self, order: Order, parent: QObject) -> None:
        super().__init__(parent)
        self.order = order
        self.id = secrets.token_urlsafe(12)
        self.stand = Stand.RUNNING
        self.rows = 0
        self.total_rows: int | None = None
        self.bytes = 0
        self.failure = ""
        """Why it failed: a sentence."""
        self.copy: _Copy | None = None

    def cancel(self) -> None:
        """End it; nothing is left."""
        if self.copy is not None and self.stand is Stand.RUNNING:
            self.copy.cancel()


class Exports(QObject):
    """`begun` carries an `Export`; `refused` a sentence about why none was begun."""

    begun = Signal(object)
    refused = Signal(str)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.running: list[Export] = []
        self._tasks = Tasks(lambda error: self.refused.emit(str(error)))

    def start(self, order: Order) -> None:
        """Begin one, beside those that run."""
        address = self._session.address
        if address is None or not self._session.connected:
            self.refused.emit(tr("Nothing was exported: there is no connection to the server."))
        elif any(one.order.path == order.path for one in self.running):
            said = tr("Nothing was exported: {name} is being written already.")
            self.refused.emit(said.format(name=order.path.name))
        else:
            export = Export(order, self)
            export.copy = _Copy(address, order, export.id)
            self.running.append(export)
            self.begun.emit(export)
            self._tasks.start(self._carry_out(export, export.copy), name=f"export-{export.id}")

    async def stop(self) -> None:
        """End those that run; what they have written is gone then."""
        for export in self.running:
            export.cancel()
        threads = [one.copy.ended.wait for one in self.running if one.copy is not None]
        await asyncio.gather(*(asyncio.to_thread(wait, 2.0) for wait in threads))
        await self._tasks.close()

    async def _carry_out(self, export: Export, copy: _Copy) -> None:
        copying = asyncio.ensure_future(asyncio.to_thread(copy.run))
        try:
            while not copying.done():
                await asyncio.wait({copying}, timeout=LOOK_S)
                await self._look(export)
            written = copying.result()
            if written is None:
                export.stand = Stand.CANCELLED
            else:
                export.bytes = written
                export.stand = Stand.DONE
        except (OSError, LongwatchClientError) as error:
            export.stand = Stand.FAILED
            export.failure = await self._why(export, error)
        finally:
            self.running.remove(export)
            export.changed.emit()

    async def _look(self, export: Export) -> None:
        with contextlib.suppress(LongwatchClientError):  # not begun yet, or out of reach
            status = await self._session.client().export_status(export.id)
            export.rows, export.total_rows = status.rows, status.total_rows
            export.bytes = status.bytes
            export.changed.emit()

    async def _why(self, export: Export, error: Exception) -> str:
        """What went wrong, and what to try."""
        if isinstance(error, ServerUnreachable):
            with contextlib.suppress(LongwatchClientError):
                status = await self._session.client().export_status(export.id)
                if status.error:
                    return status.error
            return tr(
                "The server went away before the file was whole. Export again when it is back."
            )
        if isinstance(error, OSError):
            return in_words(error, export.order.path)
        return str(error)


class _Copy:
    """One export's transfer, in a thread with a loop of its own."""

    def __init__(self, address: Address, order: Order, export_id: str) -> None:
        self._address = address
        self._order = order
        self._id = export_id
        self._lock = threading.Lock()
        self._task: asyncio.Task[int] | None = None
        self._given_up = False
        self.ended = threading.Event()

    def run(self) -> int | None:
        """Write the file; its bytes, `None` when that was cancelled. Raises `OSError` and
        `LongwatchClientError`."""
        try:
            return asyncio.run(self._main())
        except asyncio.CancelledError:
            return None
        finally:
            self.ended.set()

    def cancel(self) -> None:
        """End it, from another thread."""
        with self._lock:
            self._given_up = True
            task = self._task
        if task is not None:
            with contextlib.suppress(RuntimeError):  # its loop has ended meanwhile
                task.get_loop().call_soon_threadsafe(task.cancel)

    async def _main(self) -> int:
        with self._lock:
            self._task = asyncio.current_task()
            if self._given_up:
                raise asyncio.CancelledError
        order = self._order
        async with AsyncClient(self._address) as api:
            pieces = api.export_result(
                order.job_id,
                order.form,
                sort=order.sort,
                where=order.where,
                columns=order.columns,
                formulas=order.formulas,
                export_id=self._id,
            )
            return await save(pieces, order.path)


def in_words(error: OSError, path: Path) -> str:
    """Why a file could not be written, and what to try."""
    if error.errno in _NO_ROOM:
        text = tr("There is no room for {name} in {folder}. Choose another folder.")
    elif error.errno in _FORBIDDEN:
        text = tr("You may not write to {folder}. Choose another folder.")
    elif error.errno == errno.ENOENT:
        text = tr("There is no folder {folder}. Choose another one.")
    elif error.errno == errno.EISDIR:
        text = tr("{path} is a folder. Choose another name.")
    else:
        text = tr("{name} cannot be written: {reason}.")
    return text.format(
        name=path.name, folder=path.parent, path=path, reason=error.strerror or error
    )

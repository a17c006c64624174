"""Exports under way: what each has written, and how to end one."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Final

from longwatch.protocol.results import ExportFormat, ExportState, ExportStatus
from longwatch.results.criteria import Criteria
from longwatch.results.errors import Refused, ResultError
from longwatch.results.index import Index
from longwatch.results.orders import Export
from longwatch.results.viewer import Viewer

MOST_RUNNING: Final = 4
MOST_REMEMBERED: Final = 1_000
STALLED_S: Final = 600.0
"""After which an export whose pieces nobody takes is given up: it holds a process."""
_PIECES: Final = 4
"""That wait in the server for whoever reads them, 128 KiB each."""


class UnknownExport(ResultError):
    """There is no export of this id, or no more."""

    def __init__(self, export_id: str) -> None:
        super().__init__(f"There is no export {export_id}. The newest {MOST_REMEMBERED} are known.")


class TooManyExports(ResultError):
    """No more of them at once."""

    retry_after_s = 10

    def __init__(self) -> None:
        super().__init__(
            f"{MOST_RUNNING} exports run already. Wait until one is finished, or cancel one."
        )


class ExportCut(ResultError):
    """An export that has begun cannot be finished: the connection is cut, so that nobody takes
    what came for the whole."""


class RunningExport:
    """One export: a task that has it made, and the pieces that wait to be sent."""

    def __init__(
        self,
        viewer: Viewer,
        job_id: str,
        export_id: str,
        order: Export,
        index: Index,
        owner: str,
    ) -> None:
        self.id = export_id
        self.owner = owner
        """Who began it."""
        self._viewer = viewer
        self._job_id = job_id
        self._order = order
        self._index = index
        self._state = ExportState.RUNNING
        self._error: str | None = None
        self._rows = self._bytes = 0
        self._total: int | None = None
        self._pieces: asyncio.Queue[bytes] = asyncio.Queue(_PIECES)
        self._ready = asyncio.Event()
        self._failure: ResultError | None = None
        self._task = asyncio.create_task(self._run(), name=f"export {export_id}")

    @property
    def is_over(self) -> bool:
        """Whether its process is done with it."""
        return self._task.done()

    def status(self) -> ExportStatus:
        """Where it stands."""
        return ExportStatus(
            id=self.id,
            job_id=self._job_id,
            format=self._order.format,
            state=self._state,
            rows=self._rows,
            total_rows=self._total,
            bytes=self._bytes,
            error=self._error,
        )

    async def ready(self) -> None:
        """Return once nothing is known that forbids it. Raises what forbids it."""
        try:
            await self._ready.wait()
        except asyncio.CancelledError:
            await self.cancel()
            raise
        if self._failure is not None:
            raise self._failure

    async def pieces(self, touch: Callable[[], None]) -> AsyncGenerator[bytes]:
        """The file. Raises `ExportCut` when it does not come to its end; to close this early
        cancels the export. `touch` is called with each piece."""
        try:
            while not (self._task.done() and self._pieces.empty()):
                taking = asyncio.ensure_future(self._pieces.get())
                await asyncio.wait({taking, self._task}, return_when=asyncio.FIRST_COMPLETED)
                if not taking.done():
                    taking.cancel()
                    continue
                touch()
                yield taking.result()
                self._bytes += len(taking.result())
            if self._failure is not None:
                raise ExportCut(str(self._failure))
            if self._state is ExportState.RUNNING:
                self._state = ExportState.FINISHED
        finally:
            await self.cancel()

    async def cancel(self) -> None:
        """End it, if it is not over, and wait until its process is."""
        if not self._task.done():
            self._end(Refused("export_cancelled", "The export was cancelled."))
            self._state = ExportState.CANCELLED
            self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(asyncio.wait({self._task}))
        if self._state is ExportState.RUNNING:  # all was made, and not all was taken
            self._state = ExportState.CANCELLED

    def _end(self, failure: ResultError) -> None:
        if self._failure is None:
            self._failure = failure
            self._error = str(failure)
            self._state = ExportState.FAILED
        self._ready.set()

    async def _run(self) -> None:
        order = self._order
        try:
            folder = Path(order.folder)
            self._total = await self._viewer.matched(folder, self._index, order.criteria)
            async with contextlib.aclosing(self._viewer.helpers.stream(order)) as answers:
                async for answer, data in answers:
                    self._ready.set()
                    self._rows = max(self._rows, answer.rows)
                    if data:
                        async with asyncio.timeout(STALLED_S):
                            await self._pieces.put(data)
        except ResultError as error:
            self._end(error)
        except TimeoutError:
            self._end(Refused("export_stalled", "Nobody took what was exported for ten minutes."))


class Exports:
    """All exports of one server. Used from its event loop."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self._known: OrderedDict[str, RunningExport] = OrderedDict()

    def begin(
        self,
        job_id: str,
        folder: Path,
        index: Index,
        criteria: Criteria,
        *,
        columns: list[int] | None,
        form: ExportFormat,
        escape: bool,
        export_id: str | None,
        owner: str,
    ) -> RunningExport:
        """Begin one for `owner`. Raises `Refused` (`export_id_taken`) and `TooManyExports`."""
        if export_id is not None and export_id in self._known:
            raise Refused(
                "export_id_taken", f"An export is called {export_id} already. Choose another id."
            )
        if sum(not one.is_over for one in self._known.values()) >= MOST_RUNNING:
            raise TooManyExports
        order = Export(
            folder=str(folder), criteria=criteria, format=form, columns=columns, escape=escape
        )
        made = RunningExport(
            self.viewer, job_id, export_id or secrets.token_urlsafe(12), order, index, owner
        )
        self._known[made.id] = made
        while len(self._known) > MOST_REMEMBERED:
            old = next((one for one in self._known.values() if one.is_over), None)
            if old is None:
                break
            del self._known[old.id]
        return made

    def get(self, export_id: str) -> RunningExport:
        """Raises `UnknownExport`."""
        try:
            return self._known[export_id]
        except KeyError:
            raise UnknownExport(export_id) from None

    async def close(self) -> None:
        """Cancel them all, and end the viewer's helpers."""
        for one in list(self._known.values()):
            await one.cancel()
        await self.viewer.close()

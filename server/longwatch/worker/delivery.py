"""Brings a result to the server: piece by piece while it is being written, its index last."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from longwatch.client.errors import Conflict
from longwatch.client.worker import Claimed, WorkerClient
from longwatch.protocol.jobs import ResultInfo
from longwatch.protocol.routes import MAX_BODY_BYTES
from longwatch.results.index import Index, read_index
from longwatch.worker.reaching import insist

SEEN_TRIES: Final = 30
SEEN_S: Final = 1.0


class Delivery:
    """One result. What was brought once is not brought again."""

    def __init__(
        self, client: WorkerClient, of: Claimed, result: Path, results_dir: Path | None
    ) -> None:
        """`result` is the runner's folder. Where the server's own is below `results_dir`, files
        are put there; else they are sent."""
        self._client = client
        self._of = of
        self._result = result
        self._shared = None
        if results_dir is not None:
            self._shared = results_dir / of.job_id / str(of.attempt) / "result"
        self._brought = 0
        self._index: Index | None = None

    def brought(self) -> ResultInfo | None:
        """What can be read at the server by now."""
        return self._index.info() if self._index is not None else None

    async def bring(self) -> None:
        """Bring what has been finished since the last time. Raises `NotOurs`, `OutOfReach`,
        `NoRoom` or `OSError`."""
        index = await asyncio.to_thread(read_index, self._result)
        if index is None or index == self._index:
            return
        for segment in index.segments[self._brought :]:
            await self._bring(segment.file, segment.bytes)
            self._brought += 1
        data = msgspec.json.encode(index)
        patience = SEEN_TRIES if self._shared is not None else 1
        while True:
            try:
                await insist(lambda: self._client.put_index(self._of, data))
                break
            except Conflict:
                # A folder on the network: the server may see a file some seconds after us.
                patience -= 1
                if patience < 1:
                    raise
            await asyncio.sleep(SEEN_S)
        self._index = index

    async def _bring(self, file: str, size: int) -> None:
        if self._shared is not None:
            await asyncio.to_thread(_place, self._result / file, self._shared / file)
            return
        offset = 0
        while offset < size:
            piece = await asyncio.to_thread(_piece, self._result / file, offset)
            offset = await insist(partial(self._send, file, offset, piece))

    async def _send(self, file: str, offset: int, piece: bytes) -> int:
        try:
            return await self._client.put_segment(self._of, file, offset, piece)
        except Conflict as error:
            if error.problem.code != "wrong_offset":
                raise
            # The answer to a piece was lost, or the server was killed in the middle of one.
            return await self._client.segment_bytes(self._of, file)


def _piece(path: Path, offset: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(MAX_BODY_BYTES)


def _place(source: Path, target: Path) -> None:
    """A second name for the file, or a copy where the folders are on two disks."""
    with contextlib.suppress(FileExistsError):
        try:
            os.link(source, target)
        except FileExistsError:
            raise
        except OSError:
            beside = target.with_suffix(".new")
            shutil.copyfile(source, beside)
            beside.replace(target)

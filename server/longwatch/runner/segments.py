"""Writes a result: batches in, Arrow IPC segments and their index out.

Compression and writing happen on a second thread, and putting a finished segment on the disk on
a third, so that the engine goes on meanwhile. The first segment is one batch, so that page one
shows early; each next one may hold twice as many, up to 64, so that a large result is not a
million files. A segment that waits for rows is finished after a second or more, so that a slow
query can be read as it goes.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

import msgspec
import pyarrow as pa

from longwatch.durable import sync
from longwatch.protocol.jobs import Column, ResultInfo, StoppedAt
from longwatch.results.disk import SYNCED_BYTES
from longwatch.results.index import INDEX, Index, Segment

_OPTIONS: Final = pa.ipc.IpcWriteOptions(compression="lz4")
MOST_BATCHES: Final = 64
WAITING_BATCHES: Final = 8  # bounds memory: at most so many batches are held


class _Sink:
    """One segment being written."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path = path
        self.rows = self.batches = 0
        self._first = self._last = 0
        self._even = True
        self.opened_s = time.monotonic()
        self._file = pa.OSFile(str(path), "wb")
        self._writer = pa.ipc.new_file(self._file, schema, options=_OPTIONS)

    def write(self, batch: pa.RecordBatch) -> None:
        self._writer.write_batch(batch)
        self._first = self._first or batch.num_rows
        # So far only the last one may be smaller, which it is no more.
        self._even = self._even and self._last in {0, self._first}
        self._even = self._even and batch.num_rows <= self._first
        self._last = batch.num_rows
        self.rows += batch.num_rows
        self.batches += 1

    @property
    def bytes(self) -> int:
        """Bytes written so far."""
        return int(self._file.tell())

    def close(self) -> Segment:
        self._writer.close()
        self._file.close()
        return Segment(
            file=self.path.name,
            rows=self.rows,
            bytes=self.path.stat().st_size,
            batch_rows=self._first if self._even else None,
        )


class SegmentWriter:
    """One result. Used from one thread: `write` each batch, then `finish`, or `abandon`.

    It ends at `most_rows` exactly and, batches being written whole, at a little more than
    `most_bytes` on disk: `stopped_at` then says so, and what is written after is dropped.
    """

    def __init__(
        self,
        folder: Path,
        schema: pa.Schema,
        *,
        most_rows: int | None = None,
        most_bytes: int | None = None,
    ) -> None:
        self.stopped_at: StoppedAt | None = None
        self._most_rows = most_rows
        self._most_bytes = most_bytes
        self._written_bytes = 0
        """Of finished segments and the open one together; counted by the thread that writes."""
        self._folder = folder
        self._schema = schema
        self._columns = [Column(name=field.name, type=str(field.type)) for field in schema]
        self._segments: list[Segment] = []
        self._finished_bytes = 0
        self._batches: queue.Queue[pa.RecordBatch | None] = queue.Queue(WAITING_BATCHES)
        self._failure: BaseException | None = None
        self._rows = 0
        self._largest = 1
        self._disk = ThreadPoolExecutor(1, "segments-sync")
        self._syncs: list[Future[None]] = []
        self._thread = threading.Thread(target=self._run, name="segments", daemon=True)
        self._thread.start()

    @property
    def rows(self) -> int:
        """Rows handed over so far."""
        return self._rows

    @property
    def bytes(self) -> int:
        """Bytes of finished segments."""
        return self._finished_bytes

    def info(self) -> ResultInfo | None:
        """What can be read already; `None` before the first segment is finished."""
        segments = list(self._segments)
        return self._index(segments, complete=False).info() if segments else None

    def write(self, batch: pa.RecordBatch) -> None:
        """Hand over a batch; waits while the disk is behind. Raises `OSError` of an earlier one."""
        self._check()
        batch = self._within_limits(batch)
        if batch.num_rows:
            self._rows += batch.num_rows
            self._batches.put(batch)

    def _within_limits(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        if batch.num_rows == 0:
            return batch
        if self._most_bytes is not None and self._written_bytes >= self._most_bytes:
            self.stopped_at = StoppedAt.BYTES
        elif self._most_rows is not None and self._rows + batch.num_rows > self._most_rows:
            self.stopped_at = StoppedAt.ROWS
            return batch.slice(0, self._most_rows - self._rows)
        return batch.slice(0, 0) if self.stopped_at else batch

    def finish(self) -> ResultInfo:
        """Write what is left. Raises `OSError`.

        When this returns the index is on disk, and so are the segments of a result of at most
        `SYNCED_BYTES`; their names are with the next fsync of a folder beside them, which the
        attempt's outcome brings.
        """
        self._close()
        self._check()
        for one in self._syncs:
            one.result()
        self._publish(complete=True)
        return self._index(self._segments, complete=True).info()

    def abandon(self) -> ResultInfo | None:
        """Keep the finished segments as an incomplete result; never raises."""
        self._close()
        with contextlib.suppress(OSError):
            self._publish(complete=False)
        return self.info()

    def _close(self) -> None:
        self._batches.put(None)
        self._thread.join()
        self._disk.shutdown()

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            self._drain()
        except BaseException as error:
            self._failure = error
            while self._batches.get() is not None:
                pass  # whoever waits for room must not wait for ever

    def _drain(self) -> None:
        sink: _Sink | None = None
        while True:
            try:
                batch = self._batches.get(timeout=self._patience_s() if sink else None)
            except queue.Empty:
                assert sink is not None  # without one the wait has no end
                self._end(sink)
                sink = None
                continue
            if batch is None:
                break
            sink = sink or self._begin()
            sink.write(batch)
            self._written_bytes = self.bytes + sink.bytes
            if sink.batches >= self._largest or self._overdue(sink):
                self._largest = min(self._largest * 2, MOST_BATCHES)
                self._end(sink)
                sink = None
        if sink or not self._segments:  # a result without rows still has its columns
            # Synced here and announced with `finish`: a small result waits for one thread and
            # three writes less, 2 of the 6 ms it took.
            path = self._close_segment(sink or self._begin())
            if self.bytes <= SYNCED_BYTES:
                sync(path)

    def _begin(self) -> _Sink:
        return _Sink(self._folder / f"{len(self._segments):06}.arrow", self._schema)

    def _end(self, sink: _Sink) -> None:
        path = self._close_segment(sink)
        if self.bytes <= SYNCED_BYTES:
            self._syncs.append(self._disk.submit(sync, path))
        self._publish(complete=False)

    def _close_segment(self, sink: _Sink) -> Path:
        segment = sink.close()
        # Counted on: to add up thousands of segments for every batch would take longer than it.
        self._finished_bytes += segment.bytes
        self._segments.append(segment)
        return sink.path

    def _patience_s(self) -> float:
        return min(30.0, 1.0 + len(self._segments) / 10)

    def _overdue(self, sink: _Sink) -> bool:
        return time.monotonic() - sink.opened_s > self._patience_s()

    def _index(self, segments: list[Segment], *, complete: bool) -> Index:
        return Index(
            columns=self._columns,
            segments=segments,
            complete=complete,
            stopped_at=self.stopped_at,
        )

    def _publish(self, *, complete: bool) -> None:
        data = msgspec.json.encode(self._index(self._segments, complete=complete))
        beside = self._folder / (INDEX + ".new")
        beside.write_bytes(data)
        if complete:
            sync(beside)
        beside.replace(self._folder / INDEX)

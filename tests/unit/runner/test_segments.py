"""Writing a result: readable while it grows, whole when it is finished."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from longwatch.protocol.jobs import Column, StoppedAt
from longwatch.results.index import INDEX, Index, read_index
from longwatch.runner import segments
from longwatch.runner.segments import SegmentWriter
from support.results import read_page
from support.waiting import wait_until

FIELDS: list[tuple[str, pa.DataType]] = [("n", pa.int64()), ("t", pa.string())]
SCHEMA = pa.schema(FIELDS)
BATCH = 100


def batch(number: int, rows: int = BATCH) -> pa.RecordBatch:
    first = number * BATCH
    numbers = list(range(first, first + rows))
    return pa.record_batch([numbers, [f"row {n}" for n in numbers]], schema=SCHEMA)


def all_rows(folder: Path) -> list[Any]:
    page = read_page(folder, 0, 10**9)
    assert page is not None
    return page.table["n"].to_pylist()


def index(folder: Path) -> Index:
    found = read_index(folder)
    assert found is not None
    return found


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[SegmentWriter]:
    writer = SegmentWriter(tmp_path, SCHEMA)
    yield writer
    writer.abandon()


@pytest.mark.parametrize(
    ("sizes", "even"),
    [([7, 7, 3], 7), ([7, 7, 7], 7), ([7], 7), ([7, 3, 7], None), ([3, 7], None)],
)
def test_a_segment_says_how_long_its_batches_are_if_they_are_alike(
    tmp_path: Path, writer: SegmentWriter, sizes: list[int], even: int | None
) -> None:
    writer.write(batch(0))  # a segment of its own, then one of two batches, then one of four
    writer.write(batch(1))
    writer.write(batch(2))
    for size in sizes:
        writer.write(batch(3, size))
    writer.finish()
    found = index(tmp_path).segments
    assert [one.batch_rows for one in found] == [BATCH, BATCH, even]
    for row in range(3 * BATCH + sum(sizes)):
        page = read_page(tmp_path, row, 1)
        assert page is not None
        assert page.table.num_rows == 1


def test_rows_come_back_in_order(tmp_path: Path, writer: SegmentWriter) -> None:
    for number in range(50):
        writer.write(batch(number))
    info = writer.finish()
    assert info.complete
    assert info.rows == 50 * BATCH == writer.rows
    assert info.columns == [Column(name="n", type="int64"), Column(name="t", type="string")]
    assert all_rows(tmp_path) == list(range(50 * BATCH))
    on_disk = sum(path.stat().st_size for path in tmp_path.glob("*.arrow"))
    assert info.bytes == on_disk == writer.bytes


def test_the_first_segment_is_small_and_the_next_ones_grow(
    tmp_path: Path, writer: SegmentWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_patience_s", lambda: 1000.0)
    for number in range(300):
        writer.write(batch(number, rows=BATCH))
    writer.finish()
    batches = [segment.rows // BATCH for segment in index(tmp_path).segments]
    assert batches == [1, 2, 4, 8, 16, 32, 64, 64, 64, 45]


def test_rows_can_be_read_while_more_are_written(tmp_path: Path, writer: SegmentWriter) -> None:
    writer.write(batch(0))
    wait_until(lambda: read_index(tmp_path))
    assert all_rows(tmp_path) == list(range(BATCH))
    assert not index(tmp_path).complete
    seen = 0
    for number in range(1, 40):
        writer.write(batch(number))
        rows = all_rows(tmp_path)
        assert rows == list(range(len(rows)))
        assert len(rows) >= seen
        seen = len(rows)
    writer.finish()
    assert index(tmp_path).complete


def test_a_slow_query_can_be_read_as_it_goes(
    tmp_path: Path, writer: SegmentWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A segment with room left is finished when no more rows come for a while."""
    monkeypatch.setattr(writer, "_patience_s", lambda: 0.05)
    for number in range(2):  # the second segment would hold two batches
        writer.write(batch(number))
    wait_until(lambda: (found := read_index(tmp_path)) and found.rows == 2 * BATCH)
    writer.write(batch(2))
    assert writer.finish().rows == 3 * BATCH
    assert all_rows(tmp_path) == list(range(3 * BATCH))


def test_every_file_is_a_standard_arrow_file(tmp_path: Path, writer: SegmentWriter) -> None:
    for number in range(5):
        writer.write(batch(number))
    writer.finish()
    files = sorted(tmp_path.glob("*.arrow"))
    tables = [pa.ipc.open_file(str(path)).read_all() for path in files]
    assert pa.concat_tables(tables).num_rows == 5 * BATCH
    assert {path.name for path in tmp_path.iterdir()} == {INDEX, *(path.name for path in files)}


def test_no_rows_still_have_columns(tmp_path: Path, writer: SegmentWriter) -> None:
    writer.write(batch(0, rows=0))
    info = writer.finish()
    assert (info.rows, info.complete) == (0, True)
    page = read_page(tmp_path, 0, 10)
    assert page is not None
    assert page.table.schema == SCHEMA


def test_no_columns_at_all(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, pa.schema([]))
    assert writer.finish().columns == []
    page = read_page(tmp_path, 0, 10)
    assert page is not None
    assert page.table.num_columns == 0


def test_an_abandoned_result_keeps_what_was_written(tmp_path: Path, writer: SegmentWriter) -> None:
    for number in range(4):
        writer.write(batch(number))
    info = writer.abandon()
    assert info is not None
    assert not info.complete
    assert info.rows == 4 * BATCH
    assert all_rows(tmp_path) == list(range(4 * BATCH))
    assert not index(tmp_path).complete


def test_a_failing_disk_stops_the_writing(
    tmp_path: Path, writer: SegmentWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for ever for a thread that gave up, and what was whole stays readable."""
    writer.write(batch(0))
    wait_until(lambda: read_index(tmp_path))

    def full(_sink: object, _batch: pa.RecordBatch) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(segments._Sink, "write", full)

    def write_all() -> None:
        for number in range(1, 1000):
            writer.write(batch(number))

    with pytest.raises(OSError, match="No space"):
        write_all()
    with pytest.raises(OSError, match="No space"):
        writer.finish()
    info = writer.abandon()
    assert info is not None
    assert (info.rows, info.complete) == (BATCH, False)
    assert all_rows(tmp_path) == list(range(BATCH))


def test_few_batches_are_held(writer: SegmentWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine faster than the disk is made to wait."""
    import threading

    let_go = threading.Event()
    monkeypatch.setattr(segments._Sink, "write", lambda *_: let_go.wait())
    handed = 0

    def hand() -> None:
        nonlocal handed
        for number in range(100):
            writer.write(batch(number))
            handed += 1

    thread = threading.Thread(target=hand)
    thread.start()
    # One is being written, the rest of them wait.
    wait_until(lambda: handed == segments.WAITING_BATCHES + 1)
    assert thread.is_alive()
    let_go.set()
    thread.join()
    assert handed == 100


def test_dictionaries_come_back(tmp_path: Path) -> None:
    column = pa.array(["a", "b", "a"]).dictionary_encode()
    one = pa.record_batch([column], names=["d"])
    writer = SegmentWriter(tmp_path, one.schema)
    for _ in range(5):
        writer.write(one)
    writer.finish()
    page = read_page(tmp_path, 1, 4)
    assert page is not None
    assert page.table["d"].to_pylist() == ["b", "a", "a", "b"]


def test_a_large_result_does_not_wait_for_the_disk(
    tmp_path: Path, writer: SegmentWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    monkeypatch.setattr(segments, "sync", lambda path: synced.append(path.name))
    monkeypatch.setattr(segments, "SYNCED_BYTES", 20_000)
    for number in range(64):
        writer.write(batch(number))
    writer.finish()
    sizes = accumulate(segment.bytes for segment in index(tmp_path).segments)
    soon = sum(size <= 20_000 for size in sizes)
    assert 0 < soon < len(index(tmp_path).segments)
    assert synced == [f"{number:06}.arrow" for number in range(soon)] + [f"{INDEX}.new"]


def test_a_result_ends_at_its_rows(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, SCHEMA, most_rows=250)
    for number in range(3):
        writer.write(batch(number))
    assert writer.stopped_at is StoppedAt.ROWS
    writer.write(batch(3))
    info = writer.finish()
    assert (info.rows, info.complete, info.stopped_at) == (250, False, StoppedAt.ROWS)
    assert all_rows(tmp_path) == list(range(250))


def test_as_many_rows_as_may_be_are_all_of_them(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, SCHEMA, most_rows=200)
    for number in range(2):
        writer.write(batch(number))
    info = writer.finish()
    assert (info.rows, info.complete, info.stopped_at) == (200, True, None)


def test_a_result_ends_at_its_bytes(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, SCHEMA, most_bytes=30_000)
    for number in range(1000):
        writer.write(batch(number))
        if writer.stopped_at is not None:
            break
    info = writer.finish()
    assert info.stopped_at is StoppedAt.BYTES
    assert not info.complete
    assert 30_000 <= info.bytes < 200_000

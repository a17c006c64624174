"""A result as a table of DuckDB's: column `c0` is its first, `n` the number of a row.

Columns are known by their place only, so that no name, whatever is in it, becomes SQL. DuckDB has
no way to a file: it reads batches that are handed to it.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Self

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from longwatch.protocol.values import python_values
from longwatch.results.errors import Refused, ResultError
from longwatch.results.index import Index
from longwatch.results.reader import each_batch, read_schema

MEMORY_BYTES: Final = 280 * 2**20
"""Beside it come 100 MB of the process itself and the batches on their way: below 500 MB in all."""
THREADS: Final = 2
_CONNECT: Final[dict[str, str | bool | int | float | list[str]]] = {
    "python_enable_replacements": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}


class Scan:
    """An empty database in memory that may spill into a folder, and read and write nothing else."""

    def __init__(self, spill: Path) -> None:
        spill.mkdir(parents=True, exist_ok=True)  # DuckDB makes one folder, not those above it
        self._spill = spill
        self._failure: Exception | None = None
        self._connection = duckdb.connect(":memory:", config=_CONNECT)
        directory = str(spill).replace("'", "''")
        for setting in (
            f"temp_directory='{directory}'",
            f"memory_limit='{MEMORY_BYTES // 2**20}MiB'",
            f"threads={THREADS}",
            "TimeZone='UTC'",
            "enable_external_access=false",
            "lock_configuration=true",
        ):
            self._connection.execute("SET " + setting)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._connection.close()
        shutil.rmtree(self._spill, ignore_errors=True)

    def rows(self, folder: Path, index: Index, columns: Collection[int]) -> None:
        """Let the table `r` be a result's rows; it can be read once. Raises `ResultExpired` and
        `ResultDamaged`."""
        places = sorted(set(columns))
        schema = read_schema(folder, index)
        fields = [pa.field(f"c{place}", schema.field(place).type) for place in places]
        # As narrow as it can be: in a sort it is a part of every row's key.
        kind = pa.uint32() if index.rows <= 2**32 else pa.uint64()
        numbered = pa.schema([*fields, pa.field("n", kind)])
        batches = self._guarded(_numbered(folder, index, places, numbered))
        self._connection.register("r", pa.RecordBatchReader.from_batches(numbered, batches))

    def run(self, sql: str, values: Sequence[object] = ()) -> Iterator[pa.RecordBatch]:
        """What a query returns, in batches; each `?` stands for one of `values`.

        Raises `Refused` where a column's type or a value does not allow it, `ResultExpired` and
        `ResultDamaged` when rows cannot be read.
        """
        try:
            # As variables: a query with parameters of the driver's own is held in memory whole.
            first, *others = sql.split("?")
            for number, value in enumerate(values):
                self._connection.execute(f"SET VARIABLE p{number} = ?", [value])
            for number, part in enumerate(others):
                first += f"getvariable('p{number}'){part}"
            with self._connection.sql(first).to_arrow_reader(122_880) as reader:
                yield from reader
        except (duckdb.Error, pa.ArrowException) as error:
            raise self._reason(error) from error

    def fetch(self, sql: str, values: Sequence[object] = ()) -> list[list[Any]]:
        """The rows of an answer that is small, as Python has them. Raises as `run` does."""
        rows: list[list[Any]] = []
        for batch in self.run(sql, values):
            columns = [python_values(column) for column in batch.columns]
            rows += [list(row) for row in zip(*columns, strict=True)]
        return rows

    def _guarded(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Keep what goes wrong with the result's files: DuckDB passes on no more than a text."""
        try:
            yield from batches
        except ResultError as error:
            self._failure = error
            raise

    def _reason(self, error: Exception) -> Exception:
        if self._failure is not None:
            return self._failure
        said = _first_line(error)
        match error:
            case duckdb.NotImplementedException() | duckdb.BinderException():
                said = f"A column's type does not allow this: {said}"
                return Refused("unsupported_column", said)
            case duckdb.ConversionException() | duckdb.OutOfRangeException():
                return Refused("invalid_filter", f"filter: {said}")
            case _:
                return error


def _numbered(
    folder: Path, index: Index, places: list[int], schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    kind = schema.field("n").type
    base = pa.array([], kind)
    # Even to count takes a column, if only the first.
    for row, batch in each_batch(folder, index, columns=places or [0]):
        if len(base) < batch.num_rows:
            base = pa.array(range(batch.num_rows), kind)
        numbers = pc.add(base.slice(0, batch.num_rows), pa.scalar(row, kind))
        columns = batch.columns if places else []
        yield pa.RecordBatch.from_arrays([*columns, numbers], schema=schema)


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()[0]
    return text.partition(": ")[2] or text

"""Files that are not what they should be: a clear error, and nothing hangs or hides the others."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from longwatch.engines.contract import EngineError
from support.engines import ENGINES, opened, problem, rows, run

DUCKDB = next(case for case in ENGINES if case.name == "duckdb")
pytestmark = pytest.mark.timeout(60)


def parquet(path: Path) -> bytes:
    pq.write_table(pa.table({"x": range(100_000)}), path)
    return path.read_bytes()


def truncated_parquet(path: Path) -> None:
    path.write_bytes(parquet(path)[:-100])


def half_a_parquet(path: Path) -> None:
    """The footer is there, and what it points at is not."""
    data = parquet(path)
    path.write_bytes(b"PAR1" + bytes(1000) + data[len(data) - 600 :])


def overwritten_parquet(path: Path) -> None:
    data = bytearray(parquet(path))
    data[1000:20_000] = os.urandom(19_000)
    path.write_bytes(data)


def no_parquet_at_all(path: Path) -> None:
    path.write_bytes(b"<html>404</html>" * 100)


def zero_bytes(path: Path) -> None:
    path.touch()


def folder(path: Path) -> None:
    path.mkdir()


def fifo(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize(
    "make",
    [
        truncated_parquet,
        half_a_parquet,
        overwritten_parquet,
        no_parquet_at_all,
        zero_bytes,
        folder,
        fifo,
    ],
)
@pytest.mark.parametrize("name", ["bad.parquet", "bad 'ünï\" 🦆.parquet"])
def test_a_bad_parquet_file(tmp_path: Path, make: Callable[[Path], None], name: str) -> None:
    """Its neighbour can be read, and it cannot, in words that name it."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "good.csv").write_text("x\n1\n")
    make(source / name)
    with opened(DUCKDB, {"path": str(source)}, tmp_path) as session:
        assert rows(run(session, "SELECT x FROM good")) == [(1,)]
        view = name.removesuffix(".parquet").replace('"', '""')
        error = problem(session, f'SELECT sum(x) FROM "{view}"')
        assert error.message
        assert error.code in {"name_error", "io_error", "invalid_input", "engine_error"}
        left_out = session.catalogue().left_out
        seen = [table.name for table in session.catalogue().tables]
        is_data = (source / name).is_file()
        named = any(name in line for line in left_out) or name.removesuffix(".parquet") in seen
        assert named or not is_data


@pytest.mark.parametrize("make", [truncated_parquet, no_parquet_at_all, zero_bytes, fifo])
def test_a_bad_file_as_the_source_itself(tmp_path: Path, make: Callable[[Path], None]) -> None:
    path = tmp_path / "alone.parquet"
    make(path)
    with opened(DUCKDB, {"path": str(path)}, tmp_path) as session:
        assert problem(session, "FROM alone").code == "name_error"


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,2\n3\n4,5,6,7\n",
        'a,b\n1,"two\n3,4\n',
        "a,b\n1,2\x00\n",
        "\ufeffa;b\n1;2\n",
        "\n\n\n",
    ],
)
def test_a_csv_file_with_broken_rows(tmp_path: Path, text: str) -> None:
    """Read as far as it can be, or refused: never a hang, never a crash."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "broken.csv").write_text(text, encoding="utf-8")
    (source / "good.csv").write_text("x\n1\n")
    with opened(DUCKDB, {"path": str(source)}, tmp_path) as session:
        assert rows(run(session, "SELECT x FROM good")) == [(1,)]
        try:
            run(session, "FROM broken")
        except EngineError as error:
            assert error.error.message  # noqa: PT017 - either is fine, silence is not
    with opened(DUCKDB, {"path": str(source)}, tmp_path) as session:
        session.catalogue()


def test_a_row_that_breaks_late(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    lines = [f"{n},{n}" for n in range(100_000)]
    lines[90_000] = "ninety thousand,x"
    (source / "late.csv").write_text("a,b\n" + "\n".join(lines))
    with opened(DUCKDB, {"path": str(source)}, tmp_path) as session:
        error = problem(session, "SELECT sum(a) FROM late")
    assert "90002" in error.message.replace(",", ""), "the line is named"
    assert error.code in {"conversion_error", "invalid_input"}


@pytest.mark.slow
def test_ten_thousand_columns(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    columns = [f"column {n}" for n in range(10_000)]
    pq.write_table(pa.table({name: [n] for n, name in enumerate(columns)}), source / "wide.parquet")
    with opened(DUCKDB, {"path": str(source)}, tmp_path) as session:
        table = run(session, "FROM wide")
        assert table.schema.names == columns
        (found,) = session.catalogue().tables
        assert len(found.columns) == 10_000


def test_a_file_that_changes_while_it_is_a_source(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    path = source / "moving.parquet"
    pq.write_table(pa.table({"x": [1]}), path)
    with opened(DUCKDB, {"path": str(source)}, tmp_path) as session:
        pq.write_table(pa.table({"y": ["another"]}), path)
        error = problem(session, "SELECT x FROM moving")
        assert error.message
        path.unlink()
        assert problem(session, "FROM moving").code in {"io_error", "name_error", "invalid_input"}

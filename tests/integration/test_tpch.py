"""The 22 queries of TPC-H at scale 1 through HTTP: the same rows as DuckDB by itself gives."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import duckdb
import pytest

from longwatch.client.sync import Client
from support import postgres
from support.servers import serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
SCALE: Final = 1
QUERIES: Final = dict(
    re.findall(
        r"^-- (\d+): .*?\n(.*?;)$",
        Path(__file__).with_name("tpch").joinpath("queries.sql").read_text(encoding="utf-8"),
        re.DOTALL | re.MULTILINE,
    )
)
ON_POSTGRES: Final = ("1", "4", "13")
TABLES: Final = {
    "orders": "o_orderkey BIGINT, o_custkey BIGINT, o_orderstatus TEXT, o_totalprice NUMERIC(15,2),"
    " o_orderdate DATE, o_orderpriority TEXT, o_clerk TEXT, o_shippriority INTEGER, o_comment TEXT",
    "lineitem": "l_orderkey BIGINT, l_partkey BIGINT, l_suppkey BIGINT, l_linenumber INTEGER, "
    "l_quantity NUMERIC(15,2), l_extendedprice NUMERIC(15,2), l_discount NUMERIC(15,2), "
    "l_tax NUMERIC(15,2), l_returnflag TEXT, l_linestatus TEXT, l_shipdate DATE, "
    "l_commitdate DATE, l_receiptdate DATE, l_shipinstruct TEXT, l_shipmode TEXT, l_comment TEXT",
    "customer": "c_custkey BIGINT, c_name TEXT, c_address TEXT, c_nationkey INTEGER, c_phone TEXT, "
    "c_acctbal NUMERIC(15,2), c_mktsegment TEXT, c_comment TEXT",
}
"""Those that `ON_POSTGRES` need."""


def generate(kind: str, folder: Path, *tables: str) -> None:
    program = shutil.which("tpchgen-cli", path=sysconfig.get_path("scripts"))
    assert program, "tpchgen-cli is in the development group"
    only = ["--tables", ",".join(tables)] if tables else []
    subprocess.run(
        [program, kind, "-s", str(SCALE), "--output-dir", str(folder), *only],
        check=True,
        capture_output=True,
    )


@pytest.fixture(scope="module")
def parquet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tpch")
    generate("parquet", folder)
    return folder


@pytest.fixture(scope="module")
def alone(parquet: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for file in parquet.glob("*.parquet"):
        connection.execute(f"CREATE VIEW {file.stem} AS FROM '{file}'")
    return connection


@pytest.fixture(scope="module")
def client(parquet: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    data_dir = tmp_path_factory.mktemp("server") / "data"
    serving_here = serving(data_dir, threads=2, memory_bytes=4 * 2**30)
    with serving_here as (_, address), Client(address) as client:
        client.add_source("tpch", path=str(parquet))
        yield client


def test_there_are_22() -> None:
    assert list(QUERIES) == [str(number) for number in range(1, 23)]


@pytest.mark.parametrize("number", QUERIES)
def test_the_same_rows(client: Client, alone: duckdb.DuckDBPyConnection, number: str) -> None:
    expected = alone.execute(QUERIES[number]).fetchall()
    found = client.submit(QUERIES[number], "tpch", name=f"TPC-H {number}").result(600)
    assert [column.name for column in found.columns] == [one[0] for one in alone.description or ()]
    assert found.fetchall() == expected
    assert expected


@pytest.fixture(scope="module")
def in_postgres(client: Client, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("csv")
    generate("csv", folder, *TABLES)
    cluster = postgres.cluster()
    database = cluster.create_database(
        *(f"CREATE UNLOGGED TABLE {name} ({columns})" for name, columns in TABLES.items())
    )
    with cluster.admin(database) as connection:
        for name in TABLES:
            to = f"COPY {name} FROM STDIN (FORMAT csv, HEADER)"
            with connection.cursor().copy(to) as copy, (folder / f"{name}.csv").open("rb") as file:
                while piece := file.read(2**20):
                    copy.write(piece)
            connection.execute(f"ANALYZE {name}")
    options = cluster.options(database)
    password = options.pop("password")
    client.add_source("pg", "postgres", options=options, secrets={"password": password})


@pytest.mark.usefixtures("in_postgres")
@pytest.mark.parametrize("number", ON_POSTGRES)
def test_postgres_agrees(client: Client, alone: duckdb.DuckDBPyConnection, number: str) -> None:
    expected = alone.execute(QUERIES[number]).fetchall()
    found = client.submit(QUERIES[number], "pg", name=f"TPC-H {number}").result(600).fetchall()
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        assert all(map(_same, ours, theirs)), (ours, theirs)


def _same(ours: Any, theirs: Any) -> bool:
    """Averages are of another type in each: one has more digits."""
    if isinstance(theirs, int | float | Decimal) and not isinstance(ours, str | None):
        return math.isclose(float(ours), float(theirs), rel_tol=1e-9)
    return bool(str(ours).strip() == str(theirs).strip() or float(ours) == float(theirs))

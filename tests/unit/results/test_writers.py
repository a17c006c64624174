"""What becomes of every SQL type in every kind of file, read back."""

from __future__ import annotations

import base64
import csv
import io
import json
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from longwatch.engines.duckdb_types import in_arrows_words
from longwatch.protocol.results import ExportFormat
from longwatch.results import sheets
from longwatch.results.errors import Refused
from longwatch.results.sheets import check_sheet
from longwatch.results.writers import open_writer

VALUES = {
    "boolean": "true",
    "tiny": "(-128)::TINYINT",
    "big": "9223372036854775807",
    "ubig": "18446744073709551615::UBIGINT",
    "huge": "12345678901234567890123456789012345678::HUGEINT",
    "real": "0.1::FLOAT",
    "double": "-2.5e300::DOUBLE",
    "nan": "'NaN'::DOUBLE",
    "infinite": "'-Infinity'::DOUBLE",
    "price": "-1.50::DECIMAL(9,2)",
    "wide": "1234567890123456789012345678.9012345678::DECIMAL(38,10)",
    "text": "'Zoë 😀, \"q\"' || chr(10) || 'x'",
    "formula": "'=1+1'",
    "empty": "''",
    "blob": "'\\xAA\\x00'::BLOB",
    "uuid": "'00000000-0000-0000-0000-0000000000ff'::UUID",
    "day": "DATE '2013-01-02'",
    "old": "DATE '1066-10-14'",
    "far": "DATE '29349-01-26'",
    "clock": "TIME '01:02:03.5'",
    "moment": "TIMESTAMP '2013-01-02 03:04:05.25'",
    "micro": "TIMESTAMP '2013-01-02 03:04:05.000001'",
    "zoned": "TIMESTAMPTZ '2013-01-02 03:04:05+01'",
    "interval": "INTERVAL '14 months 3 days 4.5 seconds'",
    "list": "[1, NULL]",
    "struct": "{'a': 1, 'b': 'x'}",
    "map": "MAP {'k': 1}",
    "union": "union_value(n := 1)",
    "enum": "'a'::ENUM('a', 'b')",
    "bit": "'101'::BIT",
    "nothing": "NULL::INTEGER",
}


@pytest.fixture(scope="module")
def table() -> pa.Table:
    """A row of every type, and a row of NULLs."""
    columns = ", ".join(f"{value} AS {name}" for name, value in VALUES.items())
    nothing = ", ".join("NULL" for _ in VALUES)
    connection = duckdb.connect()
    connection.execute("SET TimeZone='UTC'")
    relation = connection.sql(f"SELECT {columns} UNION ALL SELECT {nothing}")
    assert relation is not None
    with in_arrows_words(relation).to_arrow_reader(10) as reader:
        return pa.Table.from_batches(list(reader), reader.schema)


def written(
    table: pa.Table, kind: ExportFormat, folder: Path, *, escape: bool = True, rows: int = 1
) -> bytes:
    file = io.BytesIO()
    writer = open_writer(kind, table.schema, file, folder, escape=escape)
    for batch in table.to_batches(max_chunksize=rows):
        writer.write(batch)
    writer.close()
    return file.getvalue()


def test_arrow_is_the_result_itself(table: pa.Table, tmp_path: Path) -> None:
    found = pa.ipc.open_file(written(table, ExportFormat.ARROW, tmp_path)).read_all()
    assert found.schema == table.schema
    assert found["huge"][0].as_py() == int(SAID["huge"])
    for name in set(VALUES) - {"far", "nan"}:
        assert found[name].equals(table[name]), name


def test_parquet_has_all_but_intervals_and_unions(table: pa.Table, tmp_path: Path) -> None:
    found = pq.read_table(io.BytesIO(written(table, ExportFormat.PARQUET, tmp_path)))
    texts = {"interval": "P14M3DT4.5S", "union": "1"}
    for name in VALUES:
        if name in texts:
            assert found[name].to_pylist() == [texts[name], None]
        elif name == "nan":
            assert str(found[name][0]) == "nan"
        else:
            assert found[name].cast(table[name].type).equals(table[name]), name


SAID = {
    "boolean": "true",
    "tiny": "-128",
    "big": "9223372036854775807",
    "ubig": "18446744073709551615",
    "huge": "12345678901234567890123456789012345678",
    "real": "0.1",
    "double": "-2.5e+300",
    "nan": "nan",
    "infinite": "-inf",
    "price": "-1.50",
    "wide": "1234567890123456789012345678.9012345678",
    "text": 'Zoë 😀, "q"\nx',
    "formula": "=1+1",
    "empty": "",
    "blob": "aa00",
    "uuid": "00000000-0000-0000-0000-0000000000ff",
    "day": "2013-01-02",
    "old": "1066-10-14",
    "far": "29349-01-26",
    "clock": "01:02:03.500000",
    "moment": "2013-01-02 03:04:05.250000",
    "micro": "2013-01-02 03:04:05.000001",
    "zoned": "2013-01-02 02:04:05+00:00",
    "interval": "P14M3DT4.5S",
    "list": "[1,null]",
    "struct": '{"a":1,"b":"x"}',
    "map": '[["k",1]]',
    "union": "1",
    "enum": "a",
    "bit": "101",
    "nothing": "",
}


def test_csv_says_every_value(table: pa.Table, tmp_path: Path) -> None:
    text = written(table, ExportFormat.CSV, tmp_path).decode()
    names, values, nulls = list(csv.reader(io.StringIO(text, newline="")))
    found = dict(zip(names, values, strict=True))
    assert found == {**SAID, "formula": "'=1+1"}
    assert set(nulls) == {""}
    assert text.splitlines()[-1] == "," * (len(VALUES) - 1), "NULL is nothing, a text is quoted"


def test_csv_as_duckdb_reads_it(table: pa.Table, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_bytes(written(table, ExportFormat.CSV, tmp_path, escape=False, rows=2))
    read = f"read_csv('{path}', all_varchar=true, allow_quoted_nulls=false)"
    rows = duckdb.execute(f"FROM {read}").fetchall()
    assert dict(zip(VALUES, rows[0], strict=True)) == {**SAID, "nothing": None}
    assert set(rows[1]) == {None}


@pytest.mark.parametrize(
    "text",
    [
        "=1+1", "+cmd|' /C calc'!A0", "-2+3+cmd|x", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1",
        "-n/a", "+1\n=2", '=HYPERLINK("x")',
    ],
)  # fmt: skip
def test_no_text_in_csv_is_a_formula(text: str, tmp_path: Path) -> None:
    table = pa.table({text: [text, "plain"], "n": [-1, 2]})
    for escape, said in ((True, f"'{text}"), (False, text)):
        data = written(table, ExportFormat.CSV, tmp_path, escape=escape).decode()
        header, first, second = list(csv.reader(io.StringIO(data, newline="")))
        assert header == [said, "n"]
        assert first == [said, "-1"], "a number stays one"
        assert second == ["plain", "2"]


@pytest.mark.parametrize("text", ["+1", "-1", "-", "-1,234.50", "+49 30 1234-56", "(030) 12", "-5"])
def test_signed_numbers_and_telephone_numbers_stay_as_they_are(text: str, tmp_path: Path) -> None:
    data = written(pa.table({"a": [text]}), ExportFormat.CSV, tmp_path).decode()
    assert list(csv.reader(io.StringIO(data, newline=""))) == [["a"], [text]]


def test_one_column_of_nothing_keeps_its_rows(tmp_path: Path) -> None:
    table = pa.table({"a": pa.array([None, 1, None])})
    assert written(table, ExportFormat.CSV, tmp_path) == b'a\n""\n1\n""\n'


@pytest.mark.parametrize("kind", [ExportFormat.JSONL, ExportFormat.JSON])
def test_json(table: pa.Table, tmp_path: Path, kind: ExportFormat) -> None:
    data = written(table, kind, tmp_path)
    lines = data.decode().splitlines()
    exact: Any = {"parse_float": Decimal}
    if kind is ExportFormat.JSONL:
        first, second = (json.loads(line, **exact) for line in lines)
    else:
        first, second = json.loads(data, **exact)
    assert set(second.values()) == {None}
    assert first["huge"] == Decimal(SAID["huge"])
    assert first["big"] == 2**63 - 1
    assert first["wide"] == Decimal(SAID["wide"])
    assert first["blob"] == base64.b64encode(b"\xaa\x00").decode()
    assert (first["nan"], first["infinite"]) == (None, None)
    assert first["moment"] == "2013-01-02T03:04:05.250000"
    assert first["interval"] == SAID["interval"]
    assert first["list"] == [1, None]
    assert first["struct"] == {"a": 1, "b": "x"}
    assert first["formula"] == "=1+1"


def cells(data: bytes) -> list[dict[str, tuple[str, str]]]:
    """Each row of a sheet: column letters → type and text."""
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        root = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))
    return [
        {
            str(cell.get("r")).rstrip("0123456789"): (
                cell.get("t", "n"),
                "".join(cell.itertext()),
            )
            for cell in row.iter(f"{space}c")
        }
        for row in root.iter(f"{space}row")
    ]


def test_a_sheet(table: pa.Table, tmp_path: Path) -> None:
    data = written(table, ExportFormat.XLSX, tmp_path)
    header, first, *rest = cells(data)
    names = [text for _, text in header.values()]
    assert names == list(VALUES)
    found = {
        name: first[letters]
        for letters, name in zip(header, names, strict=True)
        if letters in first
    }
    assert rest in ([], [{}]), "NULLs are no cells"
    numbers = {"tiny": "-128", "real": "0.1", "double": "-2.5E+300", "price": "-1.5"}
    for name, number in numbers.items():
        kind, text = found.pop(name)
        assert kind == "n", name
        assert float(text) == pytest.approx(float(number)), name
    assert found.pop("boolean") == ("b", "1")
    assert found.pop("day") == ("n", "41276"), "a date of the sheet"
    assert found.pop("moment")[0] == "n"
    assert found.pop("union") == ("n", "1")
    for name, (kind, text) in found.items():
        assert (kind, text) == ("inlineStr", SAID[name]), name
    assert list(tmp_path.iterdir()) == []


def test_what_no_sheet_holds(tmp_path: Path) -> None:
    check_sheet(1_048_575, 16_384)
    for rows, columns in ((1_048_576, 1), (1, 16_385)):
        with pytest.raises(Refused, match="A sheet holds") as caught:
            check_sheet(rows, columns)
        assert caught.value.code == "too_large_for_xlsx"
    table = pa.table({"t": ["x" * (sheets.MAX_CELL_CHARS + 1)]})
    with pytest.raises(Refused, match="32,768 characters"):
        written(table, ExportFormat.XLSX, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", list(ExportFormat))
def test_hostile_names_and_no_rows(kind: ExportFormat, tmp_path: Path) -> None:
    names = ["a", "a", "", 'q"', "😀", "a,b", "=x", "x\ny"]
    table = pa.table([pa.array([1], pa.int64())] * len(names), names=names)
    for rows in (table, table.slice(0, 0)):
        data = written(rows, kind, tmp_path)
        if kind is ExportFormat.ARROW:
            assert pa.ipc.open_file(data).read_all().schema.names == names
        elif kind is ExportFormat.PARQUET:
            found = pq.read_table(io.BytesIO(data))
            assert found.schema.names == ["a", "a_2", *names[2:]]
            assert found.num_rows == rows.num_rows
        elif kind is ExportFormat.CSV:
            lines = list(csv.reader(io.StringIO(data.decode(), newline="")))
            assert lines[0] == [*names[:6], "'=x", "x\ny"]
            assert len(lines) == 1 + rows.num_rows
        elif kind is ExportFormat.XLSX:
            assert [text for _, text in cells(data)[0].values()] == [*names[:2], *names[2:]]
        elif kind is ExportFormat.JSON:
            assert len(json.loads(data)) == rows.num_rows

"""Results over HTTP: sorted, filtered, searched, in figures, as files."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from longwatch.client.address import Address
from longwatch.client.errors import BadRequest, Conflict, NotFound
from longwatch.client.result import Result
from longwatch.client.sync import Client, JobHandle
from longwatch.protocol import routes
from longwatch.protocol.jobs import JobState, Submission
from longwatch.runner.segments import SegmentWriter
from support.servers import Backend, app_over, http_client
from support.waiting import eventually

SQL = """
SELECT i AS n, CASE WHEN i % 10 = 0 THEN NULL ELSE 'word ' || (i * 7919 % 1000) END AS word,
       i % 3 AS "a,b", DATE '2020-01-01' + (i % 30)::INT AS day, i * 0.5 AS half
FROM range(30000) t(i)
"""


@pytest.fixture(scope="module")
def client(live: Address) -> Iterator[Client]:
    with Client(live, timeout_s=60) as client:
        yield client


@pytest.fixture(scope="module")
def done(client: Client) -> JobHandle:
    handle = client.submit(SQL, name='Zoë "x"/../y')
    assert handle.wait(60).state is JobState.SUCCEEDED
    return handle


@pytest.fixture(scope="module")
def result(done: JobHandle) -> Result:
    return done.result()


def get(http: httpx.Client, done: JobHandle, path: str = "", **query: Any) -> httpx.Response:
    return http.get(f"/v1/jobs/{done.id}/result{path}", params=query, timeout=60)


def problem(answer: httpx.Response, status: int, code: str) -> str:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    return str(answer.json()["detail"])


class TestViews:
    def test_an_order_and_its_pages(self, live_http: httpx.Client, done: JobHandle) -> None:
        answer = get(live_http, done, "/page", sort="-n", offset=10_000, limit=3)
        assert [row[0] for row in answer.json()["rows"]] == [19_999, 19_998, 19_997]
        assert answer.json()["total_rows"] == 30_000
        assert answer.headers[routes.TOTAL_ROWS_HEADER] == "30000"
        assert answer.headers[routes.COMPLETE_HEADER] == "true"

    @pytest.mark.slow
    def test_a_page_too_large_for_the_server_itself(
        self, live_http: httpx.Client, done: JobHandle
    ) -> None:
        for query in ({}, {"sort": "n"}):
            answer = get(live_http, done, "/page", limit=30_000, **query)
            assert [row[0] for row in answer.json()["rows"]] == list(range(30_000))

    def test_the_first_page_of_a_large_result_does_not_wait_for_the_others(
        self, client: Client, live_http: httpx.Client
    ) -> None:
        handle = client.submit("SELECT i AS n, i % 7 AS k FROM range(200000) t(i)")
        handle.wait(60)
        which = '[{"column": "n", "op": "lt", "value": 150000}]'
        query = {"sort": "k,-n", "filter": which}
        expected = sorted(range(150_000), key=lambda n: (n % 7, -n))
        for offset in (0, 10, 140_000, 0):
            answer = get(live_http, handle, "/page", offset=offset, limit=20, **query)
            assert answer.json()["total_rows"] == 150_000
            rows = [row[0] for row in answer.json()["rows"]]
            assert rows == expected[offset : offset + 20]
        table = handle.result().filter("n", "lt", 150_000).sort("k", "-n")
        assert table.fetchmany(500) == [(n, n % 7) for n in expected[:500]]

    def test_a_filter_counts_what_matches(self, live_http: httpx.Client, done: JobHandle) -> None:
        which = json.dumps(
            [
                {"column": "n", "op": "lt", "value": 100},
                {"column": "word", "op": "is_null"},
            ]
        )
        answer = get(live_http, done, filter=which)
        assert answer.json()["rows"] == 10
        page = get(live_http, done, "/page", filter=which, sort="-n", limit=2).json()
        assert [row[0] for row in page["rows"]] == [90, 80]
        assert page["total_rows"] == 10

    def test_the_client(self, result: Result) -> None:
        some = result.filter("a,b", "eq", 1).sort("word", "-n")
        assert len(some) == some.rows == 10_000
        rows = list(some)
        expected = sorted(
            (row for row in result if row[2] == 1),
            key=lambda row: (row[1] is None, row[1] or "", -row[0]),
        )
        assert rows == expected
        assert some.fetchmany(2) == expected[:2]
        assert some.filter("n", "lt", 0).fetchall() == []
        assert some.filter("n", "lt", 0).arrow().schema.names == result.schema().names

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ({"sort": "nope"}, "unknown_column"),
            ({"sort": "a"}, "unknown_column"),
            ({"sort": "["}, "invalid_sort"),
            ({"filter": "{"}, "invalid_filter"),
            ({"filter": '[{"column": "n", "op": "eq", "value": "x"}]'}, "invalid_filter"),
            ({"filter": '[{"column": "day", "op": "eq", "value": "x"}]'}, "invalid_filter"),
            ({"filter": "x" * 20_000}, "invalid_request"),
        ],
    )
    @pytest.mark.parametrize("path", ["", "/page", "/export", "/columns/n/statistics"])
    def test_what_does_not_fit_is_refused(
        self,
        live_http: httpx.Client,
        done: JobHandle,
        path: str,
        query: dict[str, str],
        code: str,
    ) -> None:
        assert problem(get(live_http, done, path, **query), 422, code)

    @pytest.mark.slow
    def test_column_names_of_every_kind(self, client: Client, live_http: httpx.Client) -> None:
        names = ['q"; DROP TABLE r; --', "😀", "a/b", "-a,b", "#1", "?", "%2F"]
        columns = ", ".join(
            f"{number} + i AS " + '"' + name.replace('"', '""') + '"'
            for number, name in enumerate(names)
        )
        handle = client.submit(f"SELECT {columns}, 1 AS x, 2 AS x FROM range(3) t(i)")
        handle.wait(60)
        for place, name in enumerate(names):
            sort = json.dumps([{"column": name, "descending": True}])
            page = get(live_http, handle, "/page", sort=sort).json()
            assert page["rows"][0][place] == 2 + place
            told = get(live_http, handle, f"/columns/{quote(name, safe='')}/statistics")
            assert told.json()["column"] == name, told.text
            assert told.json()["max"] == 2 + place
        assert "#8 or #9" in problem(
            get(live_http, handle, "/page", sort="x"), 422, "ambiguous_column"
        )
        assert get(live_http, handle, "/page", sort="-#9").status_code == 200


class TestFigures:
    def test_numbers(self, result: Result) -> None:
        told = result.statistics("n")
        assert (told.rows, told.nulls, told.min, told.max) == (30_000, 0, 0, 29_999)
        assert told.mean == pytest.approx(14_999.5)
        assert told.std == pytest.approx(8_660.4, abs=0.1)
        assert told.distinct == pytest.approx(30_000, rel=0.2)
        assert [one.at for one in told.quantiles] == [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99]
        assert float(told.quantiles[3].value) == pytest.approx(15_000, rel=0.05)
        assert sum(one.count for one in told.histogram) == 30_000
        assert (told.histogram[0].low, told.histogram[-1].high) == (0, 29_999)

    def test_texts_with_a_filter(self, result: Result) -> None:
        told = result.filter("n", "lt", 20).statistics("word")
        assert (told.rows, told.nulls, told.type) == (20, 2, "string")
        assert (told.min, told.max) == ("word 109", "word 947")
        assert (told.mean, told.histogram, told.quantiles) == (None, [], [])
        assert sum(one.count for one in told.frequent) == 18
        assert told.frequent_exact

    def test_dates(self, result: Result) -> None:
        told = result.statistics("day")
        assert (told.min, told.max) == ("2020-01-01", "2020-01-30")
        assert told.frequent[0].count == 1_000
        assert sum(one.count for one in told.histogram) == 30_000
        assert str(told.histogram[0].low).startswith("2020-01-01")

    @pytest.mark.slow
    def test_every_type_has_some(self, client: Client) -> None:
        values = {
            "nan": "'NaN'::DOUBLE",
            "infinite": "CASE WHEN i = 0 THEN 'Infinity'::DOUBLE ELSE i END",
            "huge": "170141183460469231731687303715884105727::HUGEINT - i",
            "price": "i::DECIMAL(38, 10)",
            "yes": "i % 2 = 0",
            "blob": "'\\xAA'::BLOB",
            "uuid": "'00000000-0000-0000-0000-0000000000ff'::UUID",
            "clock": "TIME '01:02:03'",
            "zoned": "TIMESTAMPTZ '2013-01-02 03:04:05+01'",
            "forever": "CASE WHEN i = 0 THEN 'infinity'::TIMESTAMP ELSE TIMESTAMP '2020-01-01' END",
            "far": "DATE '29349-01-26'",
            "interval": "INTERVAL '14 months'",
            "list": "[1, NULL]",
            "struct": "{'a': 1}",
            "map": "MAP {'k': 1}",
            "union": "union_value(n := 1)",
            "enum": "'a'::ENUM('a', 'b')",
            "nothing": "NULL",
            "long": "repeat('x', 5000)",
        }
        columns = ", ".join(f"{value} AS {name}" for name, value in values.items())
        found = client.submit(f"SELECT {columns} FROM range(10) t(i)").result(60)
        for name in values:
            told = found.statistics(name)
            assert told.rows == 10, name
            assert told.nulls == (10 if name == "nothing" else 0), name
            assert found.sort(f"-{name}").rows == 10
            assert found.filter(name, "not_null").rows == 10 - told.nulls
            assert found.find(name, "nowhere to be found") is None

    def test_a_text_is_found_in_the_order_that_is_shown(self, result: Result) -> None:
        words = [row[1] for row in result]
        hits = [n for n, word in enumerate(words) if word is not None and "RD 77" in word.upper()]
        assert result.find("word", "RD 77") == hits[0]
        assert result.find("word", "rd 77", start=hits[0] + 1) == hits[1]
        assert result.sort("-n").find("word", "rd 77") == 29_999 - hits[-1]
        assert result.find("word", "rd 77", start=30_000) is None

    def test_searches_that_are_refused(self, live_http: httpx.Client, done: JobHandle) -> None:
        problem(get(live_http, done, "/search", column="nope", text="x"), 422, "unknown_column")
        problem(get(live_http, done, "/search", column="n", text=""), 422, "invalid_request")
        problem(
            get(live_http, done, "/search", **{"column": "n", "text": "x", "from": -1}),
            422,
            "invalid_request",
        )


class TestExports:
    @pytest.mark.parametrize("kind", ["csv", "jsonl", "json", "parquet", "xlsx", "arrow"])
    def test_a_file_of_every_kind(self, result: Result, tmp_path: Path, kind: str) -> None:
        some = result.filter("n", "ge", 29_000).sort("-n")
        path = some.export(tmp_path / f"out.{kind}", columns=["half", "n"])
        assert [one.name for one in tmp_path.iterdir()] == [path.name]
        data = path.read_bytes()
        expected = list(range(29_999, 28_999, -1))
        match kind:
            case "csv":
                lines = data.decode().splitlines()
                assert lines[:2] == ["half,n", "14999.5,29999"]
                assert len(lines) == 1_001
            case "jsonl":
                assert [json.loads(line)["n"] for line in data.splitlines()] == expected
            case "json":
                assert [row["n"] for row in json.loads(data)] == expected
            case "parquet":
                assert pq.read_table(io.BytesIO(data))["n"].to_pylist() == expected
            case "arrow":
                assert pa.ipc.open_file(data).read_all()["n"].to_pylist() == expected
            case _:
                assert data.startswith(b"PK")

    def test_the_headers(self, live_http: httpx.Client, done: JobHandle) -> None:
        answer = get(live_http, done, "/export", format="csv", export_id="my-export")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert answer.headers["content-disposition"] == (
            "attachment; filename=\"Zo_ _x__.._y.csv\"; filename*=UTF-8''Zo%C3%AB%20_x__.._y.csv"
        )
        assert answer.headers[routes.EXPORT_ID_HEADER] == "my-export"
        status = live_http.get("/v1/exports/my-export").json()
        assert (status["state"], status["error"]) == ("finished", None)
        assert (status["rows"], status["total_rows"]) == (30_000, 30_000)
        assert status["bytes"] == len(answer.content)
        again = get(live_http, done, "/export", export_id="my-export")
        assert "another id" in problem(again, 422, "export_id_taken")
        ended = live_http.delete("/v1/exports/my-export").json()
        assert ended["state"] == "finished", "what is over stays as it is"

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ({"format": "pdf"}, "invalid_request"),
            ({"columns": "nope"}, "unknown_column"),
            ({"columns": "n,n"}, "invalid_columns"),
            ({"export_id": "short"}, "invalid_request"),
            ({"formulas": "maybe"}, "invalid_request"),
        ],
    )
    def test_what_cannot_be_exported(
        self, live_http: httpx.Client, done: JobHandle, query: dict[str, str], code: str
    ) -> None:
        problem(get(live_http, done, "/export", **query), 422, code)

    def test_more_rows_than_a_sheet_holds(self, client: Client, tmp_path: Path) -> None:
        found = client.submit("SELECT 1 AS n FROM range(1048576)").result(60)
        with pytest.raises(BadRequest, match="1,048,575 rows") as caught:
            found.export(tmp_path / "out.xlsx")
        assert caught.value.problem.code == "too_large_for_xlsx"
        assert list(tmp_path.iterdir()) == []

    def test_a_file_that_cannot_be(self, result: Result, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match=r"\.parquet"):
            result.export(tmp_path / "out.doc")
        with pytest.raises(FileNotFoundError):
            result.export(tmp_path / "no" / "out.csv")

    def test_exports_that_nobody_began(self, live_http: httpx.Client) -> None:
        problem(live_http.get("/v1/exports/unknown-one"), 404, "unknown_export")
        problem(live_http.delete("/v1/exports/unknown-one"), 404, "unknown_export")


async def half_written(behind: Backend, batch: pa.RecordBatch) -> str:
    """The id of a job that runs, and has written so much of its result."""
    taken = await behind.service.submit(Submission(sql="select 1"), "ada")
    await eventually(lambda: behind.executor.launched)
    folder = behind.executor.folder(taken.id, 1) / "result"
    folder.mkdir(parents=True)
    writer = SegmentWriter(folder, batch.schema)
    writer.write(batch)
    writer.abandon()
    return taken.id


async def test_a_column_without_a_name(behind: Backend) -> None:
    batch = pa.RecordBatch.from_arrays([pa.array([3, 1]), pa.array([2, 1])], names=["", "x"])
    job_id = await half_written(behind, batch)
    await behind.executor.end(job_id)
    async with http_client(app_over(behind)) as http:
        base = f"/v1/jobs/{job_id}/result"
        told = await http.get(f"{base}/columns//statistics")
        assert (told.json()["column"], told.json()["max"]) == ("", 3)
        page = await http.get(f"{base}/page", params={"sort": '[{"column": ""}]'})
        assert page.json()["rows"] == [[1, 1], [3, 2]]
        file = await http.get(f"{base}/export", params={"columns": '[""]'})
        assert file.text == '""\n3\n1\n'


async def test_a_result_that_still_grows(behind: Backend) -> None:
    job_id = await half_written(behind, pa.record_batch({"n": [3, 1, 2]}))
    async with http_client(app_over(behind)) as http:
        base = f"/v1/jobs/{job_id}/result"
        page = await http.get(f"{base}/page")
        assert page.json()["rows"] == [[3], [1], [2]]
        for path in (
            f"{base}?sort=n",
            f"{base}/page?sort=n",
            f"{base}/export",
            f"{base}/search?column=n&text=1",
            f"{base}/columns/n/statistics",
        ):
            answer = await http.get(path)
            assert "once the job is over" in problem(answer, 409, "result_incomplete")
        await behind.executor.end(job_id)
        page = await http.get(f"{base}/page?sort=n")
        assert page.json()["rows"] == [[1], [2], [3]], "no more is to come: it is all there is"


def test_a_result_that_is_gone_or_damaged(
    client: Client, live_http: httpx.Client, tmp_path_factory: pytest.TempPathFactory
) -> None:
    handle = client.submit("SELECT i AS n FROM range(1000) t(i)")
    handle.wait(60)
    folder = next(tmp_path_factory.getbasetemp().glob(f"live*/jobs/{handle.id}/1/result"))
    assert get(live_http, handle, "/page", sort="-n").status_code == 200
    segment = folder / "000000.arrow"
    whole = segment.read_bytes()
    segment.write_bytes(whole[:-10])
    for path in ("/page?sort=n", "/export?format=csv", "/columns/n/statistics"):
        answer = live_http.get(f"/v1/jobs/{handle.id}/result{path}", timeout=60)
        assert "Run the query again" in problem(answer, 410, "result_damaged")
    segment.unlink()
    for path in ("/page?sort=n", "/export?format=csv", "/search?column=n&text=x"):
        answer = live_http.get(f"/v1/jobs/{handle.id}/result{path}", timeout=60)
        problem(answer, 410, "result_expired")


def test_what_the_client_raises(client: Client, done: JobHandle, result: Result) -> None:
    with pytest.raises(BadRequest, match="no column"):
        result.sort("nope")
    with pytest.raises(ValueError, match="like"):
        result.filter("n", "like", "x")
    waiting = client.submit("SELECT count(*) FROM range(1000000000000) t(i) WHERE i % 7 = 3")
    try:
        with pytest.raises((NotFound, Conflict)):
            client._call(client._api.result_statistics(waiting.id, "n"))
    finally:
        waiting.cancel()
        waiting.wait(60)

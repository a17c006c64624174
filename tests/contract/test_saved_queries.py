"""Saved queries over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

QUERY: dict[str, Any] = {
    "title": "Late flights",
    "folder": " Delays / By month ",
    "description": "Those more than an hour late.",
    "source": "sample",
    "sql": "SELECT * FROM flights WHERE month = :month",
    "parameters": [{"name": "month", "type": "number", "title": "Month", "default": 1}],
}


async def kept(http: httpx.AsyncClient) -> list[dict[str, Any]]:
    queries: list[dict[str, Any]] = (await http.get("/v1/saved-queries")).json()["queries"]
    return [one for one in queries if not one["comes_with_program"]]


async def test_a_query_is_kept_changed_and_forgotten(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/saved-queries", json=QUERY)
    assert answer.status_code == 201, answer.text
    query = answer.json()
    assert query["folder"] == "Delays/By month"
    assert query["parameters"][0]["default"] == 1
    assert await kept(http) == [query]
    path = answer.headers["location"]
    changed = await http.put(path, json={**QUERY, "title": "Very late flights"})
    assert (changed.status_code, changed.json()["name"]) == (200, query["name"])
    assert [one["title"] for one in await kept(http)] == ["Very late flights"]
    assert (await http.delete(path)).status_code == 204
    assert await kept(http) == []
    for again in (await http.delete(path), await http.put(path, json=QUERY)):
        assert (again.status_code, again.json()["code"]) == (404, "unknown_saved_query")


async def test_the_programs_own_stay(http: httpx.AsyncClient) -> None:
    path = "/v1/saved-queries/delays-by-carrier"
    for answer in (await http.delete(path), await http.put(path, json=QUERY)):
        assert (answer.status_code, answer.json()["code"]) == (409, "saved_query_fixed")


@pytest.mark.parametrize(
    "change",
    [
        {"title": ""},
        {"title": "x" * 201},
        {"sql": " "},
        {"sql": ""},
        {"sql": "SELECT '\x00'"},
        {"parameters": [{"name": "a b", "type": "text"}]},
        {"parameters": [{"name": "a", "type": "colour"}]},
        {"parameters": [{"name": "a", "type": "text"}, {"name": "a", "type": "text"}]},
        {"colour": "red"},
    ],
)
async def test_what_cannot_be_kept(http: httpx.AsyncClient, change: dict[str, Any]) -> None:
    answer = await http.post("/v1/saved-queries", json={**QUERY, **change})
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"]
    assert await kept(http) == []

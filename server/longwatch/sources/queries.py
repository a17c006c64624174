"""The queries that come with the program."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

import msgspec

from longwatch.protocol.sources import QueryParameter, SavedQuery
from longwatch.resources import resource_path


class _QueryFile(msgspec.Struct, forbid_unknown_fields=True):
    class Query(msgspec.Struct, forbid_unknown_fields=True):
        name: str
        title: str
        description: str
        sql: str
        expected_s: float | None = None
        parameters: list[QueryParameter] = msgspec.field(default_factory=list)

    folder: str
    source: str
    query: list[Query]


@cache
def saved_queries() -> tuple[SavedQuery, ...]:
    """The queries that come with the program, in the order to show them. Read once."""
    found: list[SavedQuery] = []
    for file in sorted(Path(resource_path("queries")).glob("*.toml")):
        content = msgspec.convert(tomllib.loads(file.read_text("utf-8")), _QueryFile)
        found += [
            SavedQuery(
                name=query.name,
                title=query.title,
                folder=content.folder,
                description=query.description,
                source=content.source,
                sql=query.sql.strip() + "\n",
                expected_s=query.expected_s,
                parameters=query.parameters,
                comes_with_program=True,
            )
            for query in content.query
        ]
    return tuple(found)

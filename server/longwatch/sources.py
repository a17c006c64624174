"""The sources and saved queries a server offers: the sample, and those of its settings."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from longwatch.jobs.errors import UnknownSource
from longwatch.protocol.sources import SavedQuery, Source
from longwatch.resources import resource_path
from longwatch.settings import SourceSettings

SAMPLE: Final = "sample"


class SourceDefinition(msgspec.Struct, frozen=True):
    """A source and what its engine needs to open it."""

    source: Source
    options: dict[str, str]


class _QueryFile(msgspec.Struct, forbid_unknown_fields=True):
    class Query(msgspec.Struct, forbid_unknown_fields=True):
        name: str
        title: str
        description: str
        sql: str
        expected_s: float | None = None

    folder: str
    source: str
    query: list[Query]


class SourceCatalogue:
    """Every source by name."""

    def __init__(self, given: Mapping[str, SourceSettings], default: str) -> None:
        """Raises `UnknownSource` when `default` is none of them."""
        self._definitions = {SAMPLE: _sample(is_default=default == SAMPLE)}
        for name, one in given.items():
            source = Source(
                name=name,
                title=one.title or name,
                engine=one.engine,
                description=one.description or f"{one.path}",
                is_default=name == default,
            )
            path = str(one.path.expanduser().resolve())
            self._definitions[name] = SourceDefinition(source, {"path": path})
        self.default = default
        self.get(default)

    def get(self, name: str) -> SourceDefinition:
        """One source. Raises `UnknownSource`, naming those there are."""
        try:
            return self._definitions[name]
        except KeyError:
            raise UnknownSource(name, list(self._definitions)) from None

    def all(self) -> list[Source]:
        """Every source, the default first."""
        sources = [definition.source for definition in self._definitions.values()]
        return sorted(sources, key=lambda source: not source.is_default)


def saved_queries() -> list[SavedQuery]:
    """The queries that come with the program."""
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
            )
            for query in content.query
        ]
    return found


def _sample(*, is_default: bool) -> SourceDefinition:
    source = Source(
        name=SAMPLE,
        title="Flights sample",
        engine="duckdb",
        description="Every flight that left New York City in 2013, with weather and planes.",
        is_default=is_default,
    )
    return SourceDefinition(source, {"path": str(resource_path("samples/nycflights13"))})

"""Sources and saved queries as the wire carries them."""

from __future__ import annotations

from longwatch.protocol.wire import Wire


class Source(Wire, frozen=True, kw_only=True):
    """A named place that queries run against. `name` identifies it, `title` is for people."""

    name: str
    title: str
    engine: str
    description: str
    is_default: bool


class SourceList(Wire, frozen=True, kw_only=True):
    """Every source of a server, the default first."""

    sources: list[Source]


class SavedQuery(Wire, frozen=True, kw_only=True):
    """SQL kept on the server to be run again. `expected_s` is roughly how long it takes."""

    name: str
    title: str
    folder: str
    description: str
    source: str
    sql: str
    expected_s: float | None


class SavedQueryList(Wire, frozen=True, kw_only=True):
    """Every saved query of a server, in the order to show them."""

    queries: list[SavedQuery]

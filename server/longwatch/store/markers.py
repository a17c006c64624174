"""How far the store has come with what it does bit by bit, as lines of the table `meta`."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, bindparam, select

from longwatch.store.dialects import Upsert
from longwatch.store.tables import meta

INDEXED_N: Final = "indexed_n"
"""The newest job in the index of texts; there is none where there is no index."""
UNINDEXED_N: Final = "unindexed_n"
"""Jobs up to this number are not in it yet."""
UNWRITTEN_N: Final = "unwritten_n"
"""Of jobs up to this number the JSON may not be kept yet."""
JSON_FORMAT: Final = "json_format"
SETTINGS: Final = "settings"
"""What the last start had set, as JSON: the audit log tells what was changed since. Where several
servers may be on a store, each has its own, with its id behind a colon."""
TEXT_INDEX: Final = "text_index"
"""Set where PostgreSQL has an index of texts."""
LEADER: Final = "leader"
"""Which of several servers on one store leads, by its own random name."""
LEADER_PLACE: Final = "leader_place"
"""Where the others reach it, as JSON."""

_GET: Final = select(meta.c.value).where(meta.c.key == bindparam("of_key"))
_PUT: Final = Upsert(meta, ["key"])


def get(connection: Connection, key: str) -> str | None:
    """The value of a marker, if it is set."""
    value: str | None = connection.execute(_GET, {"of_key": key}).scalar_one_or_none()
    return value


def number(connection: Connection, key: str) -> int:
    """The number in a marker; 0 where it is not set."""
    return int(get(connection, key) or 0)


def put(connection: Connection, key: str, value: str) -> None:
    """Set a marker."""
    _PUT.carry_out(connection, {"key": key, "value": value})

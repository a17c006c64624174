"""The tables. A change here needs a migration in `migrations/versions` and a new `HEAD`."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    literal_column,
)

HEAD: Final = "0008"
"""The newest migration. A store that stands there needs no Alembic at start (saves 0.2 s)."""

metadata = MetaData()

# BigInteger would lose SQLite's rowid alias, and with it the automatic numbers.
_serial = BigInteger().with_variant(Integer, "sqlite")

LONG_SQL: Final[ColumnElement[bool]] = literal_column("length(sql) > 10000")
"""The jobs whose SQL is not in `jobs_text` to its end."""

SEARCHED: Final[ColumnElement[str]] = literal_column(
    "(jobs.name || chr(10) || jobs.source || chr(10) || jobs.owner || chr(10) || jobs.id "
    "|| chr(10) || substr(jobs.sql, 1, 10000))",
    Text(),
)
"""What PostgreSQL's index of texts is made of, letter by letter."""

jobs: Final = Table(
    "jobs",
    metadata,
    Column("n", _serial, primary_key=True, autoincrement=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("preview", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("kind", String(8)),
    Column("priority", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("submitted_us", BigInteger, nullable=False),
    Column("started_us", BigInteger),
    Column("finished_us", BigInteger),
    Column("cancel_requested_us", BigInteger),
    Column("cancel_confirmed", Boolean),
    Column("limits", LargeBinary, nullable=False),
    Column("progress", LargeBinary),
    Column("error", LargeBinary),
    Column("result", LargeBinary),
    Column("retry_of", String(32)),
    Column("seq", BigInteger, nullable=False),
    # Last: a row is read from its start, and lists stop before a megabyte of SQL and its values.
    Column("sql", Text, nullable=False),
    Column("parameters", LargeBinary),
    Column("worker", String(100)),
    Column("task_id", String(200)),
    Index("jobs_by_seq", "seq"),
    Index("jobs_by_turn", "state", "priority", "owner", "source", "n", "id"),
    Index("jobs_by_kind", "state", "source", "owner", "n"),
    Index("jobs_by_time", "submitted_us", "n"),
    Index("jobs_long", "n", sqlite_where=LONG_SQL, postgresql_where=LONG_SQL),
    sqlite_autoincrement=True,
)

job_counts: Final = Table(
    "job_counts",
    metadata,
    Column("state", String(16), primary_key=True),
    Column("source", Text, primary_key=True),
    Column("owner", Text, primary_key=True),
    Column("jobs", BigInteger, nullable=False),
)
"""How many jobs there are of each kind. Triggers keep it, and the index `jobs_text`."""

job_json: Final = Table(
    "job_json",
    metadata,
    Column("n", _serial, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
)
"""What feeds carry of jobs that are over, as JSON: see `encoded`."""

events: Final = Table(
    "events",
    metadata,
    Column("seq", _serial, primary_key=True, autoincrement=True),
    Column("job_id", String(32), nullable=False),
    Column("event", String(24), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("detail", Text),
    Column("error", LargeBinary),
    Index("events_by_job", "job_id", "seq"),
    Index("events_by_kind", "event", "seq"),
    sqlite_autoincrement=True,
)

sources: Final = Table(
    "sources",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("engine", String(100), nullable=False),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("options", LargeBinary, nullable=False),
    Column("secrets", LargeBinary),
    Column("max_running", Integer),
    Column("changed_us", BigInteger, nullable=False),
)

saved_queries: Final = Table(
    "saved_queries",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("folder", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("source", Text),
    Column("sql", Text, nullable=False),
    Column("parameters", LargeBinary),
    Column("owner", Text, nullable=False),
    Column("changed_us", BigInteger, nullable=False),
)

idempotency_keys: Final = Table(
    "idempotency_keys",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("job_id", String(32), nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    Index("idempotency_keys_by_expiry", "expires_us"),
)

tokens: Final = Table(
    "tokens",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("prefix", String(16), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("last_used_us", BigInteger),
    Column("expires_us", BigInteger),
    Column("revoked_us", BigInteger),
)

audit: Final = Table(
    "audit",
    metadata,
    Column("id", _serial, primary_key=True, autoincrement=True),
    Column("at_us", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("action", String(32), nullable=False),
    Column("target", Text, nullable=False),
    Column("detail", Text, nullable=False),
    sqlite_autoincrement=True,
)

runs: Final = Table(
    "runs",
    metadata,
    Column("job_id", String(32), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("source", Text, nullable=False),
    Column("engine", String(100), nullable=False),
    Column("tables", LargeBinary, nullable=False),
    Column("operators", LargeBinary, nullable=False),
    Column("numbers", LargeBinary, nullable=False),
    Column("ended_us", BigInteger, nullable=False),
    Column("duration_s", Double, nullable=False),
    Column("cpu_s", Double, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("memory_bytes", BigInteger, nullable=False),
    Column("others", Double, nullable=False),
    Column("repeat", Boolean, nullable=False),
    Column("fraction_error", Double),
    Column("range_held", Double),
    Column("range_width", Double),
    # Last, as above: some KB that most questions do without.
    Column("trace", LargeBinary, nullable=False),
    Index("runs_by_digest", "digest", "ended_us", "job_id"),
    Index("runs_by_time", "ended_us", "job_id"),
    Index("runs_by_source", "source", "ended_us", "job_id"),
    Index("runs_by_accuracy", "source", "repeat", "fraction_error", "range_held", "range_width"),
)
"""Runs that went to their end, whether their job is still there or not."""

meta: Final = Table(
    "meta",
    metadata,
    Column("key", String(32), primary_key=True),
    Column("value", Text, nullable=False),
)

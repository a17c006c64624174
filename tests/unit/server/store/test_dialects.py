"""What is said to SQLite in its own words is what its planner takes."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select, text
from sqlalchemy.dialects import sqlite

from longwatch.store.database import open_engine
from longwatch.store.finding import among
from longwatch.store.tables import jobs


def test_jobs_are_found_by_their_numbers_without_a_look_at_all(tmp_path: Path) -> None:
    query = select(jobs.c.id).where(among([3, 1, 2]))
    said = str(query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))
    with open_engine(tmp_path / "jobs.sqlite").connect() as connection:
        plan = [row.detail for row in connection.execute(text(f"EXPLAIN QUERY PLAN {said}"))]
    assert plan[0] == "SEARCH jobs USING INTEGER PRIMARY KEY (rowid=?)", said

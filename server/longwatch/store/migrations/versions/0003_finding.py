"""What lists of a million jobs are found by: how many there are of each kind, their order within a
kind and by time, and an index of their texts.

The index is FTS5's with trigrams, so that any part of a word is found; it keeps no text, and of a
text only which trigrams are in it. An SQLite before 3.34 has none: then texts are read one by one.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.exc import OperationalError

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Without the name where it is the beginning of the SQL: each character costs 0.15 µs.
_TEXT = (
    "CASE {0}.name WHEN substr({0}.preview, 1, 80) THEN '' ELSE {0}.name || char(10) END "
    "|| {0}.source || char(10) || {0}.owner || char(10) || {0}.id || char(10) "
    "|| substr({0}.sql, 1, 10000)"
)
_COUNT = (
    "INSERT INTO job_counts (state, source, owner, jobs) "
    "VALUES ({0}.state, {0}.source, {0}.owner, {1}) "
    "ON CONFLICT (state, source, owner) DO UPDATE SET jobs = jobs + excluded.jobs"
)


def upgrade() -> None:
    op.create_index("jobs_by_kind", "jobs", ["state", "source", "owner", "n"])
    op.create_index("jobs_by_time", "jobs", ["submitted_us", "n"])
    op.create_index("jobs_long", "jobs", ["n"], sqlite_where=sa.text("length(sql) > 10000"))
    op.create_table(
        "job_counts",
        sa.Column("state", sa.String(16), primary_key=True),
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("owner", sa.Text, primary_key=True),
        sa.Column("jobs", sa.BigInteger, nullable=False),
    )
    op.execute(
        "INSERT INTO job_counts (state, source, owner, jobs) "
        "SELECT state, source, owner, count(*) FROM jobs GROUP BY state, source, owner"
    )
    if op.get_bind().dialect.name != "sqlite":
        return
    for name, when, what in (
        ("jobs_counted", "INSERT", _COUNT.format("new", "1")),
        ("jobs_uncounted", "DELETE", _COUNT.format("old", "-1")),
        (
            "jobs_recounted",
            "UPDATE OF state ON jobs WHEN old.state <> new.state",
            f"{_COUNT.format('old', '-1')}; {_COUNT.format('new', '1')}",
        ),
    ):
        on = when if " ON " in when else f"{when} ON jobs"
        op.execute(f"CREATE TRIGGER {name} AFTER {on} BEGIN {what}; END")
    try:
        op.execute(
            "CREATE VIRTUAL TABLE jobs_text USING fts5"
            "(text, content='', tokenize='trigram', detail='none', columnsize=0)"
        )
    except OperationalError:
        return
    text, removed = _TEXT.format("jobs"), _TEXT.format("old")
    indexed = "(SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'indexed_n')"
    index = f"INSERT INTO jobs_text (rowid, text) SELECT n, {text} FROM jobs"  # noqa: S608
    forget = "INSERT INTO jobs_text (jobs_text, rowid, text) VALUES ('delete', old.n, "
    # Those that are there are put in while the server serves (`store.upkeep`).
    for marker in ("indexed_n", "unindexed_n"):
        op.execute(f"INSERT INTO meta SELECT '{marker}', coalesce(max(n), 0) FROM jobs")  # noqa: S608
    # A hundred together: one by one each would make a segment of its own, 0.6 ms with its merges.
    note = "UPDATE meta SET value = new.n WHERE key = 'indexed_n'"
    for name, when, what in (
        (
            "jobs_indexed",
            "INSERT ON jobs WHEN new.n % 100 = 0",
            f"{index} WHERE n > {indexed}; {note}",
        ),
        ("jobs_unindexed", f"DELETE ON jobs WHEN old.n <= {indexed}", f"{forget}{removed})"),
    ):
        op.execute(f"CREATE TRIGGER {name} AFTER {when} BEGIN {what}; END")

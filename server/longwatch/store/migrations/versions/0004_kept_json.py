"""The JSON of jobs that are over, kept for snapshots; an index of texts that is built bit by bit:
what is not in it yet is not deleted from it either.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_FORGET = (
    "INSERT INTO jobs_text (jobs_text, rowid, text) VALUES ('delete', old.n, "
    "CASE old.name WHEN substr(old.preview, 1, 80) THEN '' ELSE old.name || char(10) END "
    "|| old.source || char(10) || old.owner || char(10) || old.id || char(10) "
    "|| substr(old.sql, 1, 10000))"
)


def upgrade() -> None:
    op.create_table(
        "job_json",
        sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    if op.get_bind().dialect.name != "sqlite":
        return
    for name, when in (("jobs_rewritten", "UPDATE"), ("jobs_unwritten", "DELETE")):
        forget = "DELETE FROM job_json WHERE n = old.n"
        op.execute(f"CREATE TRIGGER {name} AFTER {when} ON jobs BEGIN {forget}; END")
    marker = "(SELECT CAST(value AS INTEGER) FROM meta WHERE key = '{0}')".format
    if op.get_bind().scalar(sa.text("SELECT 1 FROM meta WHERE key = 'indexed_n'")) is None:
        return  # SQLite knows no trigrams
    op.execute("INSERT OR IGNORE INTO meta VALUES ('unindexed_n', '0')")
    op.execute("DROP TRIGGER jobs_unindexed")
    when = f"DELETE ON jobs WHEN old.n <= {marker('indexed_n')} AND old.n > {marker('unindexed_n')}"
    op.execute(f"CREATE TRIGGER jobs_unindexed AFTER {when} BEGIN {_FORGET}; END")

"""PostgreSQL counts the jobs of each kind and forgets the JSON of those that change, as SQLite does
since 0003 and 0004. Nothing changes in a store of SQLite.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_COUNT = """
CREATE FUNCTION longwatch_count_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        UPDATE job_counts SET jobs = jobs - 1
        WHERE state = OLD.state AND source = OLD.source AND owner = OLD.owner;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO job_counts (state, source, owner, jobs)
        VALUES (NEW.state, NEW.source, NEW.owner, 1)
        ON CONFLICT (state, source, owner) DO UPDATE SET jobs = job_counts.jobs + 1;
    END IF;
    RETURN NULL;
END $$
"""
_FORGET = """
CREATE FUNCTION longwatch_forget_json() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM job_json WHERE n = OLD.n;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.drop_index("jobs_long", "jobs")
    long = sa.text("length(sql) > 10000")
    op.create_index("jobs_long", "jobs", ["n"], postgresql_where=long)
    op.alter_column("job_json", "n", type_=sa.BigInteger)
    # Each of its rows is changed all the time: room for that on the same page.
    op.execute("ALTER TABLE job_counts SET (fillfactor = 50)")
    op.execute("DELETE FROM job_counts")
    op.execute(
        "INSERT INTO job_counts (state, source, owner, jobs) "
        "SELECT state, source, owner, count(*) FROM jobs GROUP BY state, source, owner"
    )
    op.execute(_COUNT)
    op.execute(_FORGET)
    for name, when, function in (
        ("jobs_counted", "INSERT OR DELETE ON jobs FOR EACH ROW", "longwatch_count_jobs"),
        (
            "jobs_recounted",
            "UPDATE OF state ON jobs FOR EACH ROW WHEN (OLD.state <> NEW.state)",
            "longwatch_count_jobs",
        ),
        ("jobs_rewritten", "UPDATE OR DELETE ON jobs FOR EACH ROW", "longwatch_forget_json"),
    ):
        op.execute(f"CREATE TRIGGER {name} AFTER {when} EXECUTE FUNCTION {function}()")

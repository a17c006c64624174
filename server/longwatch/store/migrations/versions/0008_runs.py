"""Runs that went to their end: what the time left of later ones rests on."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "runs",
        sa.Column("job_id", sa.String(32), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("engine", sa.String(100), nullable=False),
        sa.Column("tables", sa.LargeBinary, nullable=False),
        sa.Column("operators", sa.LargeBinary, nullable=False),
        sa.Column("numbers", sa.LargeBinary, nullable=False),
        sa.Column("ended_us", sa.BigInteger, nullable=False),
        sa.Column("duration_s", sa.Double, nullable=False),
        sa.Column("cpu_s", sa.Double, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("memory_bytes", sa.BigInteger, nullable=False),
        sa.Column("others", sa.Double, nullable=False),
        sa.Column("repeat", sa.Boolean, nullable=False),
        sa.Column("fraction_error", sa.Double),
        sa.Column("range_held", sa.Double),
        sa.Column("range_width", sa.Double),
        sa.Column("trace", sa.LargeBinary, nullable=False),
    )
    op.create_index("runs_by_digest", "runs", ["digest", "ended_us", "job_id"])
    op.create_index("runs_by_time", "runs", ["ended_us", "job_id"])
    op.create_index("runs_by_source", "runs", ["source", "ended_us", "job_id"])
    columns = ["source", "repeat", "fraction_error", "range_held", "range_width"]
    op.create_index("runs_by_accuracy", "runs", columns)

"""Which worker carries a job out, for which Celery task."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("worker", sa.String(100)))
    op.add_column("jobs", sa.Column("task_id", sa.String(200)))

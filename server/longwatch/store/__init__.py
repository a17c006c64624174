"""Where jobs are kept: SQLAlchemy tables, one writer thread, Alembic migrations."""

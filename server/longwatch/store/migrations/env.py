"""Alembic's entry: always online, on the connection that `store.upgrade` hands over."""

from alembic import context

from longwatch.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
context.run_migrations()

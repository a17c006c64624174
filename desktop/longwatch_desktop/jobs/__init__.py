"""The job table: columns, model, delegate, view, filter bar."""

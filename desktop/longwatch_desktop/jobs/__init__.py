"""The job table: columns, model, painting, view, filter bar."""

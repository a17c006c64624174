"""What queries run against, and the queries that are kept."""

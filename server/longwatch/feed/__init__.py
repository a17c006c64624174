"""The feed: committed changes and live progress, to any number of subscribers."""

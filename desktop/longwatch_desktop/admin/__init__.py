"""The people, tokens and workers of a server, for who runs it."""

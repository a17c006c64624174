"""A copy of one server's jobs, without Qt: which there are, which are shown, in which order."""

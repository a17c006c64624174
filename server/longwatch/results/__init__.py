"""Result files: Arrow IPC segments, written by the runner, read page by page."""

"""What an empty table says: why it is, and what to do next."""

from __future__ import annotations

from longwatch_desktop.session import Link

WELCOME = (
    "Write a query above, or open a saved one on the left, then press Run (Ctrl+Enter) and watch "
    "it here."
)


def empty_text(link: Link, *, loading: bool, narrowing: bool) -> tuple[str, str]:
    """A heading and a sentence. `loading`: jobs are still to come; `narrowing`: a filter is set."""
    if loading:
        return "Loading jobs…", ""
    if link is Link.FAILED:
        return "There is no server to show jobs of.", ""
    if narrowing:
        return "No job matches", "Clear the filter to see them all."
    return "No jobs yet", WELCOME

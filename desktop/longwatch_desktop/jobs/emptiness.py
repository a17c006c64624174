"""What an empty table says: why it is, and what to do next."""

from __future__ import annotations

from longwatch_desktop.session import Link
from longwatch_desktop.translation import QT_TR_NOOP, tr

WELCOME = QT_TR_NOOP(
    "Write a query above, or open a saved one on the left, then press Run (Ctrl+Enter) and watch "
    "it here."
)


def empty_text(link: Link, *, loading: bool, narrowing: bool) -> tuple[str, str]:
    """A heading and a sentence. `loading`: jobs are still to come; `narrowing`: a filter is set."""
    if loading:
        return tr("Loading jobs…"), ""
    if link is Link.FAILED:
        return tr("There is no server to show jobs of."), ""
    if narrowing:
        return tr("No job matches"), tr("Clear the filter to see them all.")
    return tr("No jobs yet"), tr(WELCOME)

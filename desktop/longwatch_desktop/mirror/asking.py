"""What a server is asked for the sake of a `JobFilter`: as much of it as a server can do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from longwatch.protocol import jobs as protocol
from longwatch_desktop.mirror.query import JobFilter


@dataclass(frozen=True, slots=True)
class Asked:
    """`which` finds every job that the filter would show, and others unless it is `exact`.
    `has_words`: it looks for every word of the filter. `left` is what is still to be looked at in
    what it finds."""

    which: protocol.JobFilter
    exact: bool
    has_words: bool
    left: JobFilter


def asked(
    query: JobFilter, now: datetime, sources: Iterable[str], owners: Iterable[str]
) -> Asked | None:
    """How to ask for the jobs of `query`; `None` when it shows none. `sources` and `owners` are
    the names that are known: case matters to a server."""
    if query.states is not None and not query.states:
        return None
    source, owner = _one(query.source, sources), _one(query.owner, owners)
    fitting = [word for word in query.words if len(word) <= protocol.MAX_TEXT_CHARS]
    sent = tuple(fitting[: protocol.MAX_WORDS])
    which = protocol.JobFilter(
        state=tuple(sorted(query.states or ())),
        source=source,
        owner=owner,
        words=sent,
        submitted_before=_ago(now, query.older_s),
        submitted_after=_ago(now, query.newer_s),
    )
    has_words = bool(sent) and len(sent) == len(query.words)
    exact = (
        len(query.source) == (source is not None)
        and len(query.owner) == (owner is not None)
        and len(sent) == len(query.words)
        and not (query.not_source or query.not_owner or query.without)
        and query.longer_s is query.shorter_s is None
    )
    return Asked(which, exact, has_words, replace(query, words=()) if has_words else query)


def _one(names: tuple[str, ...], known: Iterable[str]) -> str | None:
    """The one name that is meant; `None` for none, several, or a part of one."""
    if len(names) != 1 or "*" in names[0] or len(names[0]) > 100:
        return None
    folded = names[0].casefold()
    alike = [name for name in known if name.casefold() == folded]
    if names[0] in alike or not alike:
        return names[0]
    return alike[0] if len(alike) == 1 else None


def _ago(now: datetime, seconds: float | None) -> datetime | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(max(0.0, now.timestamp() - seconds), UTC)

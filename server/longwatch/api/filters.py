"""The filter of a list, in an address or in a body."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import Depends, Query
from pydantic import AwareDatetime, BeforeValidator

from longwatch.api.dependencies import PrincipalDep
from longwatch.protocol.jobs import MAX_TEXT_CHARS, MAX_WORDS, JobFilter, JobState
from longwatch.store.listing import Filter


def _no_number(given: object) -> object:
    """Refuse what pydantic would take for seconds since 1970, or for milliseconds if large."""
    try:
        float(str(given))
    except ValueError:
        return given
    raise ValueError("write the moment as RFC 3339 has it, such as 2026-11-28T22:30:00Z")


_Moment = Annotated[AwareDatetime, BeforeValidator(_no_number)]


async def in_address(
    who: PrincipalDep,
    state: Annotated[list[JobState] | None, Query(description="may be given several times")] = None,
    source: str | None = None,
    owner: str | None = None,
    text: Annotated[str | None, Query(max_length=MAX_TEXT_CHARS)] = None,
    words: Annotated[
        list[Annotated[str, Query(max_length=MAX_TEXT_CHARS)]] | None,
        Query(max_length=MAX_WORDS, description="may be given several times"),
    ] = None,
    submitted_after: Annotated[
        _Moment | None, Query(description="RFC 3339; this moment or later")
    ] = None,
    submitted_before: Annotated[
        _Moment | None, Query(description="RFC 3339; earlier than this moment")
    ] = None,
) -> Filter:
    """The filter in the parameters of an address, of the jobs that the asker may see."""
    which = Filter(
        states=frozenset(state) if state else None,
        source=source,
        owner=owner,
        text=text,
        words=tuple(words or ()),
        submitted_after=submitted_after,
        submitted_before=submitted_before,
    )
    return within(which, who.only_of)


def within(which: Filter, owner: str | None) -> Filter:
    """The same, of the jobs of `owner` only (`None`: of all)."""
    if owner is None:
        return which
    if which.owner not in {None, owner}:
        which = which.among(frozenset())
    return replace(which, owner=owner)


def in_body(which: JobFilter) -> Filter:
    """The filter in a body."""
    return Filter(
        states=frozenset(which.state) if which.state else None,
        source=which.source,
        owner=which.owner,
        text=which.text,
        words=which.words,
        submitted_after=which.submitted_after,
        submitted_before=which.submitted_before,
    )


FilterDep = Annotated[Filter, Depends(in_address)]

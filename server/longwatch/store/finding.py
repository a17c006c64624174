"""Which jobs match a filter, and how many: by what is indexed, whatever a history holds.

A table of counts, one row for each state, source and owner there is, says how many jobs can match
at all. Where these are most, jobs are looked at from the newest on until enough are found; where
they are few, those are gone through alone. Texts are found by an index of trigrams and then looked
at, times by theirs. At a million jobs each of these takes some milliseconds; what would not is
counting all jobs that hold a common word, so that counting ends at some thousands.
"""

from __future__ import annotations

import heapq
import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Row,
    Select,
    and_,
    column,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    table,
    tuple_,
)

from longwatch.protocol.jobs import JobState
from longwatch.store import markers
from longwatch.store.dialects import Numbered, Unindexed, is_shared
from longwatch.store.reading import reading
from longwatch.store.rows import to_us
from longwatch.store.tables import LONG_SQL, SEARCHED, job_counts, jobs
from longwatch.store.writer import Transaction

FEW: Final = 2_000
"""So many jobs are looked at one by one in 10 ms, wherever they are in the file."""
DENSE: Final = 20
"""Where every so manieth job matches or more, the newest hundred are found by walking."""
MOST_KINDS: Final = 60
SPARSE: Final = 20_000
"""So many can be put in order by what an index alone says, in 4 ms."""
COUNTED: Final = 2_000
COUNTED_BY_TEXT: Final = 1_000
"""Jobs counted at most where no table has their number: each text has to be looked at."""
_TRIGRAM: Final = 3
MOST_TRIGRAMS: Final = 40
"""More only narrow down what is looked at anyway."""
_text_index = table("jobs_text", column("rowid"))


@dataclass(frozen=True, slots=True)
class Filter:
    """Which jobs a list shows; `None` means any. `text` is looked for in name and SQL, each of the
    `words` in source, owner and id too. Jobs were submitted at `submitted_after` or later, and
    earlier than `submitted_before`."""

    states: frozenset[JobState] | None = None
    source: str | None = None
    owner: str | None = None
    text: str | None = None
    words: tuple[str, ...] = ()
    submitted_after: datetime | None = None
    submitted_before: datetime | None = None

    def among(self, states: frozenset[JobState]) -> Filter:
        """The same, of these states only."""
        return replace(self, states=states if self.states is None else self.states & states)

    @property
    def terms(self) -> tuple[str, ...]:
        """Every text that is looked for."""
        return tuple(term for term in (self.text, *self.words) if term)

    @property
    def is_timed(self) -> bool:
        """Whether it asks when jobs were submitted."""
        return self.submitted_after is not None or self.submitted_before is not None


@dataclass(frozen=True, slots=True)
class Totals:
    """How many jobs match, by state as if none were asked for; there may be more if `at_least`."""

    by_state: dict[JobState, int]
    at_least: bool = False

    def of(self, which: Filter) -> int:
        """How many are in the states of the filter."""
        found = self.by_state.items()
        return sum(n for state, n in found if which.states is None or state in which.states)


@reading
def newest(
    tx: Transaction, which: Filter, *, before_n: int | None, limit: int
) -> tuple[list[int], int | None]:
    """The numbers of the newest `limit` jobs that match, older than `before_n` where one is given,
    and the last of them if there are more."""
    found = _newest(tx, which, before_n, limit + 1)
    return found[:limit], found[limit - 1] if len(found) > limit else None


def first(tx: Transaction, which: Filter, limit: int) -> tuple[list[int], int | None, Totals]:
    """What `newest` says of all, and the totals: looked for once where both have to look."""
    counted, found = _counted(tx, which, exact=False)
    if which.states is None and found is not None and (len(found) > limit or not counted.at_least):
        return found[:limit], found[limit - 1] if len(found) > limit else None, counted
    return *newest(tx, which, before_n=None, limit=limit), counted


@reading
def totals(tx: Transaction, which: Filter, *, exact: bool = False) -> Totals:
    """How many jobs match. Where that would take long, only so many are counted, unless the
    `exact` number is wanted."""
    return _counted(tx, which, exact)[0]


def _counted(tx: Transaction, which: Filter, exact: bool) -> tuple[Totals, list[int] | None]:
    """The totals, and the numbers of the jobs that were looked at for them."""
    which = replace(which, states=None)
    if not which.terms and not which.is_timed:
        found = dict.fromkeys(JobState, 0)
        for kind in _kinds(tx, which):
            found[JobState(kind.state)] += kind.jobs
        return Totals(found), None
    most = COUNTED_BY_TEXT if which.terms else COUNTED
    numbers, more = newest(tx, which, before_n=None, limit=2**62 if exact else most)
    query = select(jobs.c.state, func.count()).where(among(numbers)).group_by(jobs.c.state)
    counted = {JobState(state): count for state, count in tx.connection.execute(query)}
    return Totals(dict.fromkeys(JobState, 0) | counted, at_least=more is not None), numbers


def among(numbers: list[int]) -> ColumnElement[bool]:
    """Whether a job has one of these numbers."""
    return numbered(jobs.c.n, literal(json.dumps(numbers)))


def numbered(n: Column[int], numbers: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether column `n` has one of the numbers in a list of JSON."""
    return Numbered(n, numbers)


def _newest(tx: Transaction, which: Filter, before_n: int | None, most: int) -> list[int]:
    kinds = _kinds(tx, which)
    can_match = sum(kind.jobs for kind in kinds)
    if not can_match:
        return []
    narrow = (which.states, which.source, which.owner) != (None, None, None)
    looked_at = bool(which.terms or which.is_timed)
    if narrow and len(kinds) <= MOST_KINDS:
        everything = sum(kind.jobs for kind in _kinds(tx, Filter()))
        if can_match <= FEW if looked_at else can_match * DENSE < everything:
            return _by_kinds(tx, which, kinds, before_n, most)
    if narrow and looked_at and can_match <= SPARSE:
        # A text that many jobs have: the index would lead through all states for this one.
        found = _by_looking(tx, which, before_n, min(4 * most, FEW // 2))
        if len(found) >= most:
            return found[:most]
    by_text = _by_index(tx, which, before_n, most)
    if by_text is not None:
        return by_text
    if which.is_timed:
        return _by_time(tx, which, before_n, most)
    return _numbers(tx, _walk(_conditions(which), before_n, most))


def _kinds(tx: Transaction, which: Filter) -> list[Row[Any]]:
    """State, source and owner of the jobs that may match, and how many there are of each."""
    query = select(job_counts).where(job_counts.c.jobs > 0, *_kind_is(which, job_counts.c))
    return list(tx.connection.execute(query))


def _numbers(tx: Transaction, query: Select[Any]) -> list[int]:
    return list(tx.connection.execute(query).scalars())


def _walk(conditions: list[ColumnElement[bool]], before_n: int | None, most: int) -> Select[Any]:
    if before_n is not None:
        conditions = [*conditions, jobs.c.n < before_n]
    # By number, whatever index a condition could use: else all that match are sorted first.
    return select(jobs.c.n).where(*conditions).order_by(jobs.c.n.desc()).limit(most)


def _by_kinds(
    tx: Transaction, which: Filter, kinds: list[Row[Any]], before_n: int | None, most: int
) -> list[int]:
    more = _looked_at(which)
    found: list[list[int]] = []
    for kind in kinds:
        one = and_(
            jobs.c.state == kind.state, jobs.c.source == kind.source, jobs.c.owner == kind.owner
        )
        found.append(_numbers(tx, _walk([one, *more], before_n, most)))
    return list(heapq.merge(*found, reverse=True))[:most]


def _by_looking(tx: Transaction, which: Filter, before_n: int | None, count: int) -> list[int]:
    """Those that match of the newest `count` of their kind; 7 µs each."""
    query = select(jobs.c.n).where(*_kind_is(which, jobs.c))
    if before_n is not None:
        query = query.where(jobs.c.n < before_n)
    # With a plus not by number: that would go through all jobs.
    newest_few = _numbers(tx, query.order_by(literal_column("+jobs.n").desc()).limit(count))
    conditions = [among(newest_few), *_looked_at(which)]
    return _numbers(tx, select(jobs.c.n).where(*conditions).order_by(jobs.c.n.desc()))


def _by_index(tx: Transaction, which: Filter, before_n: int | None, most: int) -> list[int] | None:
    """By the index of texts; `None` where there is none, or nothing to look for in it."""
    trigrams = _trigrams(which.terms)
    if not trigrams:
        return None
    if is_shared(tx.connection):
        there = markers.get(tx.connection, markers.TEXT_INDEX) is not None
        return _by_shared_text(tx, which, before_n, most) if there else None
    indexed_n = _indexed_n(tx)
    if indexed_n is None:
        return None
    return _by_text(tx, trigrams, indexed_n, which, before_n, most)


def _by_text(
    tx: Transaction,
    trigrams: str,
    indexed_n: int,
    which: Filter,
    before_n: int | None,
    most: int,
) -> list[int]:
    conditions = _conditions(which)
    # The newest hundred may not be in the index yet, of a long text only the beginning is.
    found = set(_numbers(tx, _walk([jobs.c.n > indexed_n, *conditions], before_n, most)))
    found.update(_numbers(tx, _walk([LONG_SQL, *conditions], before_n, most)))
    number = _text_index.c.rowid
    query = (
        select(number)
        .join(jobs, jobs.c.n == number)
        .where(literal_column("jobs_text").op("MATCH")(trigrams), *conditions)
        .order_by(number.desc())
        .limit(most)
    )
    if before_n is not None:
        query = query.where(number < before_n)
    found.update(_numbers(tx, query))
    unindexed_n = markers.number(tx.connection, markers.UNINDEXED_N)
    if unindexed_n and sum(n > unindexed_n for n in found) < most:
        # An upgrade is still at work: up to 3 s for a million jobs.
        found.update(_numbers(tx, _walk([jobs.c.n <= unindexed_n, *conditions], before_n, most)))
    return sorted(found, reverse=True)[:most]


def _by_shared_text(tx: Transaction, which: Filter, before_n: int | None, most: int) -> list[int]:
    """By PostgreSQL's index, which says where a text is, in no order: so first by looking at some,
    which finds enough of a common one; few enough to put in order are left then."""
    conditions = _conditions(which)
    high = [] if before_n is None else [jobs.c.n < before_n]
    low = select(jobs.c.n).where(*high).order_by(jobs.c.n.desc()).offset(FEW).limit(1)
    low_n = tx.connection.execute(low).scalar_one_or_none()
    newer = [] if low_n is None else [jobs.c.n > low_n]
    found = set(_numbers(tx, _walk([*newer, *conditions], before_n, most)))
    if low_n is None or len(found) >= most:
        return sorted(found, reverse=True)
    parts = [part for term in which.terms for part in term.split() if len(part) >= _TRIGRAM]
    indexed = [SEARCHED.icontains(part, autoescape=True) for part in parts]
    for where in (indexed, [LONG_SQL]):  # of a long text only the beginning is in the index
        # Apart, else it may go through all jobs by number, in the hope of finding enough soon.
        these = select(jobs.c.n).where(*where, *conditions, jobs.c.n <= low_n)
        those = these.cte("those", nesting=False).prefix_with("MATERIALIZED")
        query = select(those.c.n).order_by(those.c.n.desc()).limit(most)
        found.update(_numbers(tx, query))
    return sorted(found, reverse=True)[:most]


def _trigrams(terms: tuple[str, ...]) -> str:
    """The parts that a text must have, for FTS5; none if there are none to look for.

    None with a space in it: the short form of a job's SQL, where words are looked for too, has
    single spaces where the SQL may have anything.
    """
    parts = [
        term[start : start + _TRIGRAM]
        for term in terms
        for start in range(len(term) - _TRIGRAM + 1)
    ]
    whole = [part for part in dict.fromkeys(parts) if not any(map(str.isspace, part))]
    quoted = ['"{}"'.format(part.replace('"', '""')) for part in whole]
    return " AND ".join(quoted[:MOST_TRIGRAMS])


def _indexed_n(tx: Transaction) -> int | None:
    """The number up to which jobs are in the index of texts; `None` if there is none."""
    found = markers.get(tx.connection, markers.INDEXED_N)
    return None if found is None else int(found)


def _by_time(tx: Transaction, which: Filter, before_n: int | None, most: int) -> list[int]:
    """In the order of their times, which is that of their numbers unless a clock was put back."""
    query = select(jobs.c.n).where(*_conditions(which))
    if before_n is not None:
        last = select(jobs.c.submitted_us).where(jobs.c.n <= before_n).order_by(jobs.c.n.desc())
        last_us = tx.connection.execute(last.limit(1)).scalar_one_or_none()
        if last_us is None:
            return []
        query = query.where(tuple_(jobs.c.submitted_us, jobs.c.n) < tuple_(last_us, before_n))
    order = (jobs.c.submitted_us.desc(), jobs.c.n.desc())
    return _numbers(tx, query.order_by(*order).limit(most))


def _conditions(which: Filter) -> list[ColumnElement[bool]]:
    # With a plus no index is used for these: they hold of far too many jobs.
    columns: dict[str, ColumnElement[str]] = {
        name: Unindexed(jobs.c[name]) for name in ("state", "source", "owner")
    }
    return [*_kind_is(which, columns), *_looked_at(which)]


def _kind_is(which: Filter, columns: Any) -> list[ColumnElement[bool]]:
    if any("\x00" in name for name in (which.source, which.owner) if name):
        return [false()]  # PostgreSQL takes no such text, and no job has it
    conditions: list[ColumnElement[bool]] = []
    if which.states is not None:
        conditions.append(columns["state"].in_([state.value for state in which.states]))
    if which.source is not None:
        conditions.append(columns["source"] == which.source)
    if which.owner is not None:
        conditions.append(columns["owner"] == which.owner)
    return conditions


def _looked_at(which: Filter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if which.submitted_after is not None:
        conditions.append(jobs.c.submitted_us >= to_us(which.submitted_after))
    if which.submitted_before is not None:
        conditions.append(jobs.c.submitted_us < to_us(which.submitted_before))
    if which.text:
        conditions.append(_found(which.text, jobs.c.name, jobs.c.sql))
    # The SQL last: it is the longest by far.
    places = (jobs.c.name, jobs.c.preview, jobs.c.source, jobs.c.owner, jobs.c.id, jobs.c.sql)
    conditions.extend(_found(word, *places) for word in which.words if word)
    return conditions


def _found(text: str, *places: Column[str]) -> ColumnElement[bool]:
    if "\x00" in text:
        return false()  # SQLite would look for what comes before it
    return or_(*(place.icontains(text, autoescape=True) for place in places))

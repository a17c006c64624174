"""From rows to what a chart draws. No Qt, and no chart: numbers and names."""

from __future__ import annotations

import contextlib
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from longwatch.protocol.jobs import Column
from longwatch_desktop.results.model import as_text
from longwatch_desktop.results.wanted import kind_of
from longwatch_desktop.translation import tr

MOST_POINTS: Final = 10_000
STRETCHES: Final = 50
MOST_SERIES: Final = 8
MOST_BARS: Final = 60
BINS: Final = 40
FEW: Final = 60
"""Distinct values that make good bars."""
_NO_MEASURE: Final = frozenset(
    {"id", "key", "index", "number", "no", "nr", "code", "year", "quarter", "month", "week", "day"}
    | {"weekday", "hour", "minute", "second", "time"}
)
"""Names of numbers that tell rows apart, rather than measure something."""
_PAGE_CELLS: Final = 20_000
"""Of a page that a server turns into JSON itself."""


class Kind(StrEnum):
    """What is drawn."""

    LINE = "line"
    BAR = "bar"
    SCATTER = "scatter"
    HISTOGRAM = "histogram"


class Measure(StrEnum):
    """What a bar says of its rows."""

    COUNT = "count"
    SUM = "sum"
    AVERAGE = "average"


@dataclass(frozen=True, slots=True)
class Choice:
    """What to draw of a result: columns by their places; `series` may be `None`. `measure` is of
    bars only; a count needs no y."""

    kind: Kind
    x: int
    y: int
    series: int | None = None
    measure: Measure = Measure.SUM


@dataclass(slots=True)
class Series:
    """One of the lines, or set of bars: its name and its points."""

    name: str
    xs: list[float] = field(default_factory=list)
    ys: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Drawing:
    """What to draw. `names` are those of x = 0, 1, 2 …, empty where x is a number; `moments`:
    x is in seconds since 1970. `notes` are sentences about what is not shown; `merged`: some bars
    stand for several rows."""

    series: list[Series]
    names: list[str] = field(default_factory=list)
    moments: bool = False
    width: float = 1.0
    notes: list[str] = field(default_factory=list)
    merged: bool = False


def stretches(rows: int, columns: int, most: int = MOST_POINTS) -> list[tuple[int, int]]:
    """Offsets and limits to read: all rows, or stretches of them that lie evenly."""
    if rows <= most:
        step = max(1, min(most, _PAGE_CELLS // max(1, columns)))
        return [(at, min(step, rows - at)) for at in range(0, rows, step)]
    size = most // STRETCHES
    return [(number * (rows - size) // (STRETCHES - 1), size) for number in range(STRETCHES)]


def first_choice(columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> Choice:
    """What a person would try first: a line over moments that come once each; bars of the first
    measure for each name or moment, if those are few; else one number against another."""
    kinds = [kind_of(column) for column in columns]
    numbers = [at for at, kind in enumerate(kinds) if kind == "number"]
    measures = [at for at in numbers if _measures(columns[at].name)] or numbers
    for at, kind in enumerate(kinds):
        if kind not in {"text", "flag", "moment"} or not measures:
            continue
        values = {as_text(row[at]) for row in rows if row[at] is not None}
        if kind == "moment" and len(values) == len(rows) > 1:
            return Choice(Kind.LINE, at, measures[0])
        if 0 < len(values) <= FEW and (len(values) > 1 or len(rows) == 1):
            return Choice(Kind.BAR, at, measures[0])
    if len(numbers) > 1:
        several = measures if len(measures) > 1 else numbers
        return Choice(Kind.SCATTER, several[0], several[1])
    if numbers:
        return Choice(Kind.HISTOGRAM, numbers[0], numbers[0])
    return Choice(Kind.BAR, 0, 0, measure=Measure.COUNT)


def _measures(name: str) -> bool:
    """Whether a number's name is that of something measured."""
    return name.lower().rsplit("_", 1)[-1] not in _NO_MEASURE


def draw(rows: Sequence[Sequence[Any]], columns: Sequence[Column], choice: Choice) -> Drawing:
    """What a choice makes of rows. Rows without a value are left out, which `notes` say."""
    if choice.kind is Kind.HISTOGRAM:
        return _histogram(rows, columns, choice)
    moments = kind_of(columns[choice.x]) == "moment" and choice.kind is not Kind.BAR
    named = choice.kind is Kind.BAR or kind_of(columns[choice.x]) not in {"number", "moment"}
    counts = choice.kind is Kind.BAR and choice.measure is Measure.COUNT
    name_of = _names(columns, choice)
    kept: list[tuple[Any, float, str]] = []
    for row in rows:
        x = row[choice.x] if named else _number(row[choice.x], moments=moments)
        y = 1.0 if counts else _number(row[choice.y])
        if x is not None and y is not None:
            kept.append((x, y, name_of(row)))
    found = Drawing([], moments=moments)
    _say_missing(found, len(rows) - len(kept))
    allowed = _allowed([name for *_, name in kept], found)
    if choice.kind is Kind.BAR:
        _bars(found, kept, allowed, choice.measure)
        return found
    places: dict[str, int] = {}
    by_name = {name: Series(name) for name in allowed}
    for x, y, name in kept:
        if name in by_name:
            at = float(places.setdefault(as_text(x), len(places))) if named else x
            by_name[name].xs.append(at)
            by_name[name].ys.append(y)
    found.names = list(places)
    found.series = list(by_name.values())
    if choice.kind is Kind.LINE:
        for one in found.series:
            order = sorted(range(len(one.xs)), key=one.xs.__getitem__)
            one.xs = [one.xs[at] for at in order]
            one.ys = [one.ys[at] for at in order]
    return found


def _bars(
    found: Drawing, kept: list[tuple[Any, float, str]], allowed: list[str], measure: Measure
) -> None:
    """One bar for each x and series."""
    values: dict[tuple[str, str], list[float]] = {}
    for x, y, name in kept:
        if name in allowed:
            values.setdefault((as_text(x), name), []).append(y)
    found.merged = any(len(own) > 1 for own in values.values())
    average = measure is Measure.AVERAGE
    bars = {at: sum(own) / (len(own) if average else 1) for at, own in values.items()}
    if found.merged and measure is Measure.SUM:
        found.notes.append(tr("Values of the same x are added up."))
    elif found.merged and average:
        found.notes.append(tr("Each bar is the average of its rows."))
    totals: dict[str, float] = {}
    for (x, _), bar in bars.items():
        totals[x] = totals.get(x, 0.0) + abs(bar)
    names = list(totals)
    if len(names) > MOST_BARS:
        largest = set(sorted(names, key=lambda name: -totals[name])[:MOST_BARS])
        note = tr("The {most} largest of %n bars.", "", len(names))
        found.notes.append(note.format(most=MOST_BARS))
        names = [name for name in names if name in largest]
    found.names = names
    found.width = 0.8 / max(1, len(allowed))
    for number, name in enumerate(allowed):
        shift = (number - (len(allowed) - 1) / 2) * found.width
        one = Series(name)
        for place, x in enumerate(names):
            if (x, name) in bars:
                one.xs.append(place + shift)
                one.ys.append(bars[x, name])
        found.series.append(one)


def _histogram(rows: Sequence[Sequence[Any]], columns: Sequence[Column], choice: Choice) -> Drawing:
    moments = kind_of(columns[choice.x]) == "moment"
    name_of = _names(columns, choice)
    kept = [
        (x, name_of(row))
        for row in rows
        if (x := _number(row[choice.x], moments=moments)) is not None
    ]
    found = Drawing([], moments=moments)
    _say_missing(found, len(rows) - len(kept))
    if not kept:
        return found
    low, high = min(x for x, _ in kept), max(x for x, _ in kept)
    count = BINS if high > low else 1
    found.width = (high - low) / count or 1.0
    for name in _allowed([name for _, name in kept], found):
        counts = [0] * count
        for x, own in kept:
            if own == name:
                counts[min(count - 1, int((x - low) / found.width))] += 1
        middles = [low + (number + 0.5) * found.width for number in range(count)]
        found.series.append(Series(name, middles, [float(one) for one in counts]))
    return found


def _names(columns: Sequence[Column], choice: Choice) -> Callable[[Sequence[Any]], str]:
    """What tells the name of a row's series."""
    series = choice.series
    if series is not None:
        return lambda row: as_text(row[series])
    if choice.kind is Kind.BAR and choice.measure is Measure.COUNT:
        alone = tr("Rows")
    else:
        alone = columns[choice.x if choice.kind is Kind.HISTOGRAM else choice.y].name
    return lambda _row: alone


def _allowed(names: list[str], found: Drawing) -> list[str]:
    """The series that are drawn: the largest, if there are too many to tell apart."""
    counted = Counter(names)
    if len(counted) > MOST_SERIES:
        note = tr("The {most} largest of %n series.", "", len(counted))
        found.notes.append(note.format(most=MOST_SERIES))
    largest = {name for name, _ in counted.most_common(MOST_SERIES)}
    return [name for name in counted if name in largest]


def _say_missing(found: Drawing, many: int) -> None:
    if many:
        found.notes.append(tr("%n row(s) without a value left out.", "", many))


def _number(value: Any, *, moments: bool = False) -> float | None:
    """A finite number, or a moment as seconds since 1970; `None` for what is neither."""
    if value is None:
        return None
    if moments:
        with contextlib.suppress(ValueError, OverflowError):
            moment = datetime.fromisoformat(str(value))
            zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return zoned.timestamp()
        return None
    with contextlib.suppress(ValueError, TypeError):
        number = float(value)
        return number if math.isfinite(number) else None
    return None

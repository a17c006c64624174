"""Reads the text form of a `JobFilter`.

    state:failed,running source:flights user:ann older:1d longer:30s "two words" -without

See `query` for what each means; `user:me` and `mine:` are whoever asks. `str(filter)` writes what
`parse` reads.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace
from typing import Final

from longwatch.protocol.jobs import JobState
from longwatch_desktop.mirror.query import JobFilter
from longwatch_desktop.translation import tr

__all__ = ["FilterError", "JobFilter", "parse"]

KEYS: Final = ("state", "source", "user", "mine", "older", "newer", "longer", "shorter")
_ALIASES: Final = {
    "is": "state",
    "status": "state",
    "owner": "user",
    "from": "source",
}
_STATE_WORDS: Final = {
    **{state.value: frozenset({state}) for state in JobState},
    "canceled": frozenset({JobState.CANCELLED}),
    "done": frozenset({JobState.SUCCEEDED}),
    "error": frozenset({JobState.FAILED}),
    "waiting": frozenset({JobState.QUEUED}),
    "active": frozenset({JobState.QUEUED, JobState.RUNNING}),
    "finished": frozenset(state for state in JobState if state.is_final),
    "none": frozenset[JobState](),
}
_UNIT_S: Final = {
    "w": 604_800.0,
    "week": 604_800.0,
    "d": 86_400.0,
    "day": 86_400.0,
    "h": 3_600.0,
    "hour": 3_600.0,
    "m": 60.0,
    "min": 60.0,
    "minute": 60.0,
    "s": 1.0,
    "sec": 1.0,
    "second": 1.0,
}
# Not `x::int`, not `s3://bucket`: what is found in SQL is a word.
_NAMED: Final = re.compile(r"(-?)([A-Za-z]+):(?!:|//)")
_AMOUNT: Final = re.compile(r"(\d+(?:\.\d+)?)([a-z]*)")
_PIECE: Final = re.compile(r'"((?:[^"\\]|\\.)*)(?:"|\\?\Z)|([^\s"]+)', re.DOTALL)


@dataclass(frozen=True, slots=True)
class FilterError:
    """What is wrong with a filter's text.

    `position` counts characters from 0, `message` is a sentence, `suggestion` the whole text put
    right (`None` where nothing is near). `lenient` is the filter to go on with: what is wrong is
    left out of it, an unknown key is taken as a word.
    """

    position: int
    message: str
    suggestion: str | None
    lenient: JobFilter


@dataclass(frozen=True, slots=True)
class _Wrong(Exception):
    message: str
    instead: str | None = None


def parse(text: str, me: str = "") -> JobFilter | FilterError:
    """The filter that `text` describes, or its first error. An open quote ends with the text.
    `me` is the owner that “me” stands for."""
    result = JobFilter()
    error: tuple[int, str, str | None] | None = None
    place = 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        begin = place
        named = _NAMED.match(text, place)
        if named is None:
            negated = text[place] == "-" and len(text) > place + 1 and not text[place + 1].isspace()
            values, place = _values(text, place + negated, commas=False)
            result = _with_word(result, values[0], negated=negated)
            continue
        sign, written = named.groups()
        values, place = _values(text, named.end(), commas=True)
        try:
            result = _with_term(result, written.lower(), values, me, negated=bool(sign))
        except _Wrong as wrong:
            if _key(written.lower()) is None:
                result = _with_word(result, text[begin + len(sign) : place], negated=bool(sign))
            if error is None:
                instead = wrong.instead
                whole = None if instead is None else _replaced(text, begin, place, sign, instead)
                error = (begin, wrong.message, whole)
    if error is None:
        return result
    return FilterError(*error, lenient=result)


def _values(text: str, place: int, *, commas: bool) -> tuple[list[str], int]:
    """The value at `place`, or values between commas, and where they end."""
    values = [""]
    while place < len(text) and not text[place].isspace():
        piece = _PIECE.match(text, place)
        assert piece is not None
        quoted, plain = piece.groups()
        place = piece.end()
        if plain is None:
            values[-1] += re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
        elif commas:
            first, *others = plain.split(",")
            values[-1] += first
            values.extend(others)
        else:
            values[-1] += plain
    return values, place


def _with_word(result: JobFilter, word: str, *, negated: bool) -> JobFilter:
    if not word:
        return result
    if negated:
        return replace(result, without=(*result.without, word))
    return replace(result, words=(*result.words, word))


def _with_term(
    result: JobFilter, written: str, values: list[str], me: str, *, negated: bool
) -> JobFilter:
    key = _key(written)
    if key is None:
        near = difflib.get_close_matches(written, [*KEYS, *_ALIASES], 1, 0.6)
        known = ", ".join(f"{key}:" for key in KEYS)
        if near:
            text = tr("There is no filter “{word}:”. Did you mean “{other}:”?")
            raise _Wrong(text.format(word=written, other=near[0]), f"{near[0]}:{{}}")
        text = tr("There is no filter “{word}:”. There are {known}.")
        raise _Wrong(text.format(word=written, known=known))
    given = tuple(value for value in values if value)
    if key == "mine":
        if given:
            raise _Wrong(tr("“mine:” takes no value."), "mine:")
        key, given = "user", ("me",)
    if key == "user" and me:
        given = tuple(me if value.casefold() == "me" else value for value in given)
    if not given:
        text = tr("“{word}:” needs a value, as in “{example}”.")
        raise _Wrong(text.format(word=key, example=_EXAMPLES[key]))
    match key:
        case "state":
            return _with_states(result, given, negated=negated)
        case "source" if negated:
            return replace(result, not_source=(*result.not_source, *given))
        case "source":
            return replace(result, source=(*result.source, *given))
        case "user" if negated:
            return replace(result, not_owner=(*result.not_owner, *given))
        case "user":
            return replace(result, owner=(*result.owner, *given))
        case _:
            return _with_duration(result, key, given, negated=negated)


_EXAMPLES: Final = {
    "state": "state:failed",
    "source": "source:flights",
    "user": "user:ann",
    "older": "older:1d",
    "newer": "newer:2h",
    "longer": "longer:30s",
    "shorter": "shorter:5m",
}


def _with_states(result: JobFilter, given: tuple[str, ...], *, negated: bool) -> JobFilter:
    states: frozenset[JobState] = frozenset()
    for word in given:
        states |= _states(word.lower(), given)
    if negated:
        states = frozenset(JobState) - states
        return replace(result, states=states if result.states is None else result.states & states)
    return replace(result, states=states if result.states is None else result.states | states)


def _states(word: str, given: tuple[str, ...]) -> frozenset[JobState]:
    if word in _STATE_WORDS:
        return _STATE_WORDS[word]
    # The states' own names come first in the table, and no two begin alike.
    for name, states in _STATE_WORDS.items():
        if name.startswith(word):
            return states
    near = difflib.get_close_matches(word, _STATE_WORDS, 1, 0.6)
    known = ", ".join(JobState)
    if not near:
        text = tr("“{word}” is no state. There are {known}.")
        raise _Wrong(text.format(word=word, known=known))
    instead = ",".join(near[0] if one.lower() == word else one for one in given)
    text = tr("“{word}” is no state. Did you mean “{other}”?")
    raise _Wrong(text.format(word=word, other=near[0]), f"state:{instead}")


def _with_duration(
    result: JobFilter, key: str, given: tuple[str, ...], *, negated: bool
) -> JobFilter:
    if negated:
        other = {"older": "newer", "newer": "older", "longer": "shorter", "shorter": "longer"}[key]
        text = tr("“{word}:” cannot be negated; use “{other}:”.")
        raise _Wrong(text.format(word=key, other=other), f"{other}:{{}}")
    if len(given) > 1:
        text = tr("“{word}:” takes one duration, as in “{example}”.")
        raise _Wrong(text.format(word=key, example=_EXAMPLES[key]))
    seconds = _seconds(given[0])
    if seconds is None:
        text = tr("“{word}” is no duration. Write it as 30s, 15m, 2h, 1d or 1w, as in “{example}”.")
        raise _Wrong(text.format(word=given[0], example=_EXAMPLES[key]))
    field = f"{key}_s"
    before: float | None = getattr(result, field)
    if before is not None:
        seconds = max(before, seconds) if key in {"older", "longer"} else min(before, seconds)
    match key:
        case "older":
            return replace(result, older_s=seconds)
        case "newer":
            return replace(result, newer_s=seconds)
        case "longer":
            return replace(result, longer_s=seconds)
        case _:
            return replace(result, shorter_s=seconds)


def _seconds(text: str) -> float | None:
    """Seconds in `90s`, `1h30m`, `2days`, or a bare number of seconds; `None` if it is none."""
    folded = text.casefold()
    total, end = 0.0, 0
    while end < len(folded):
        amount = _AMOUNT.match(folded, end)
        if amount is None:
            return None
        number, unit = amount.groups()
        length = _UNIT_S.get(unit or "s") or _UNIT_S.get(unit.removesuffix("s"))
        if length is None:
            return None
        total += float(number) * length
        end = amount.end()
    return total if end else None


def _key(written: str) -> str | None:
    return written if written in KEYS else _ALIASES.get(written)


def _replaced(text: str, begin: int, end: int, sign: str, instead: str) -> str:
    value = text[begin:end].partition(":")[2]
    if "{}" in instead:
        keep = "" if instead.partition(":")[0] in {"older", "newer", "longer", "shorter"} else sign
        return text[:begin] + keep + instead.format(value) + text[end:]
    return text[:begin] + sign + instead + text[end:]

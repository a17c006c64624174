"""Finding in a text what somebody typed, as words or as a regular expression.

Expressions are Qt's: PCRE gives up after so many steps, 0.1 s, where Python's own `re` looks for
`(a+)+$` in one long line until the end of days, and lets no other thread run meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QRegularExpression

from longwatch_desktop.translation import tr

_ESCAPE: Final = re.compile(r"\\(?:g<(\w+)>|(\d{1,2})|(.))", re.DOTALL)
_CONTROLS: Final = {"n": "\n", "t": "\t", "r": "\r"}


class BadPattern(ValueError):
    """No expression, or one that cannot be looked for in this text; says why."""


@dataclass(frozen=True, slots=True)
class Match:
    """Where it is, in characters, and what the groups of the expression are; `None` for one that
    has no part in it. The first is the whole."""

    start: int
    end: int
    groups: tuple[str | None, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def span(self) -> tuple[int, int]:
        """From where to where."""
        return self.start, self.end

    def expand(self, template: str) -> str:
        """The template with `\\1` and `\\g<name>` filled in; one that names a group that there is
        not is taken as it is."""

        def filled(escape: re.Match[str]) -> str:
            name, number, other = escape.groups()
            if other is not None:
                return _CONTROLS.get(other, other)
            name = name or number
            place = int(name) if name.isdecimal() else self.names.index(name)
            return self.groups[place] or ""

        try:
            return _ESCAPE.sub(filled, template)
        except (IndexError, ValueError):
            return template


def matches(text: str, what: str, *, regex: bool, case: bool) -> Iterator[Match]:
    """Every place in a text, but for empty ones. Raises `BadPattern`."""
    if not regex:
        flags = re.NOFLAG if case else re.IGNORECASE
        for plain in re.finditer(re.escape(what), text, flags):
            yield Match(*plain.span())
        return
    options = QRegularExpression.PatternOption
    chosen = options.MultilineOption | options.UseUnicodePropertiesOption
    pattern = QRegularExpression(what, chosen if case else chosen | options.CaseInsensitiveOption)
    if not pattern.isValid():
        raise BadPattern(pattern.errorString())
    names = tuple(pattern.namedCaptureGroups())
    at = _Places(text)
    begin, length = 0, at.units
    while begin <= length:
        found = pattern.match(text, begin)
        if not found.isValid():
            raise BadPattern(tr("too complex for this text"))
        if not found.hasMatch():
            return
        start, end = found.capturedStart(), found.capturedEnd()
        if end > start:
            groups = tuple(
                found.captured(number) if found.hasCaptured(number) else None
                for number in range(pattern.captureCount() + 1)
            )
            yield Match(at.character(start), at.character(end), groups, names)
        begin = end if end > start else end + 1


class _Places:
    """From places in UTF-16, which Qt counts in, to characters; asked for in ascending order."""

    def __init__(self, text: str) -> None:
        self._wide = (
            [at for at, one in enumerate(text) if one > "\uffff"] if _has_wide(text) else []
        )
        self.units = len(text) + len(self._wide)
        self._passed = 0

    def character(self, unit: int) -> int:
        while self._passed < len(self._wide) and self._wide[self._passed] + self._passed < unit:
            self._passed += 1
        return unit - self._passed


def _has_wide(text: str) -> bool:
    return bool(text) and max(text) > "\uffff"

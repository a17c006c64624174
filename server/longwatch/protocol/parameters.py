"""Values for the `:name`s of a query."""

from __future__ import annotations

import enum
from typing import Annotated, Any, Final

from msgspec import Meta

from longwatch.protocol.wire import Wire

MAX_PARAMETERS: Final = 200
MAX_LIST_ITEMS: Final = 10_000
MAX_TEXT: Final = 1_000_000


class ParameterType(enum.StrEnum):
    """What a value is; a list of values is a list of one such type."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    IDENTIFIER = "identifier"


class Parameter(Wire, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One value with its type.

    `value` is JSON: text, a number (or its digits as text, where a JSON number would lose some),
    true or false, `2013-05-01`, `2013-05-01T12:00:00Z`, `null`, or a list of these. An
    `identifier` names a table or a column, which no engine can bind: it is quoted, and if there
    are `choices`, it must be one of them.
    """

    type: ParameterType
    value: Any = None
    choices: list[str] | None = None


ParameterName = Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$(?!\n)")]
Given = Parameter | str | int | float | bool | list[str | int | float | bool | None] | None
"""A value as it may be given: with its type, or as plain JSON where that says what is meant."""
Parameters = dict[ParameterName, Given]


def typed(given: Given) -> Parameter:
    """A plain value with the type that its JSON suggests; text where nothing does."""
    if isinstance(given, Parameter):
        return given
    items = given if isinstance(given, list) else [given]
    known = [one for one in items if one is not None]
    kind = ParameterType.TEXT
    if known and all(isinstance(one, bool) for one in known):
        kind = ParameterType.BOOLEAN
    elif known and all(isinstance(one, int | float) for one in known):
        kind = ParameterType.NUMBER
    return Parameter(type=kind, value=given)

"""From a text and what is known of its `:name`s to a saved query."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from longwatch.protocol.parameters import ParameterType
from longwatch.protocol.sources import QueryParameter, SavedQuery, SavedQueryDraft
from longwatch_desktop.editor.fields import FieldError, Kind, Typed, meant
from longwatch_desktop.sources.drafts import DraftError
from longwatch_desktop.translation import tr

_DIGITS: Final = re.compile(r"-?\d{1,15}")
"""Whole numbers that JSON keeps whole everywhere."""


def guessed(
    name: str, declared: Mapping[str, QueryParameter], typed: Mapping[str, Typed]
) -> tuple[QueryParameter, Typed]:
    """What to say of a `:name`: what was said before, else what was typed for it looks like; and
    what to suggest for it from now on."""
    given = typed.get(name, Typed())
    known = declared.get(name)
    if known is not None:
        return known, Typed(given.text, Kind(known.type.value), known.many)
    kind = ParameterType.TEXT
    if given.text.strip() and given.kind is not Kind.NULL:
        try:
            kind = meant(name, given).type
        except FieldError:
            kind = ParameterType.TEXT
    elif given.kind not in {Kind.AUTO, Kind.NULL}:
        kind = ParameterType(given.kind.value)
    known = QueryParameter(name=name, type=kind, many=given.many)
    return known, Typed(given.text, Kind(kind.value), given.many)


def parameter_of(
    name: str,
    kind: ParameterType,
    title: str,
    default: str,
    *,
    many: bool,
    choices: list[str] | None = None,
) -> QueryParameter:
    """One `:name` as it was filled in; an empty `default` is none. Raises `DraftError`."""
    value: Any = None
    if default.strip():
        try:
            value = meant(name, Typed(default, Kind(kind.value), many), choices).value
        except FieldError as error:
            raise DraftError(str(error), f"/parameters/{name}") from error
        if kind is ParameterType.NUMBER:
            value = [_number(one) for one in value] if many else _number(value)
    return QueryParameter(
        name=name, type=kind, title=title.strip(), default=value, many=many, choices=choices
    )


def changed(query: SavedQuery, **changes: Any) -> SavedQueryDraft:
    """A saved query as it is to be; what is not mentioned stays."""
    names = SavedQueryDraft.__struct_fields__
    return SavedQueryDraft(**({name: getattr(query, name) for name in names} | changes))


def checked(draft: SavedQueryDraft) -> SavedQueryDraft:
    """A draft that the server can read. Raises `DraftError`."""
    if not draft.title.strip():
        raise DraftError(tr("Give it a title."), "/title")
    try:
        return msgspec.convert(msgspec.to_builtins(draft), SavedQueryDraft)
    except msgspec.ValidationError as error:
        said, _, path = str(error).partition(" - at `$.")
        where = "/" + path.rstrip("`").partition("[")[0].replace(".", "/")
        raise DraftError(
            tr("This cannot be saved: {reason}.").format(reason=said), where
        ) from error


def _number(text: str) -> int | str:
    """A short number as one; of any other its digits, of which JSON might lose some."""
    return int(text) if _DIGITS.fullmatch(str(text).strip()) else text

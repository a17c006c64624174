"""Names as a query has to write them, and names for what is added."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from pathlib import PurePath
from typing import Final

from longwatch_desktop.editor.highlighter import KEYWORDS

_PLAIN: Final = re.compile(r"[a-z_][a-z0-9_]*")
_MOST: Final = 60
_PACKED: Final = frozenset({".gz", ".zst"})


def column_in_sql(name: str, engine: str) -> str:
    """A column as a query writes it: in quotes where its plain name would mean something else.
    Spark's are backticks."""
    if _PLAIN.fullmatch(name) and name not in KEYWORDS:
        return name
    quote = "`" if engine.startswith("spark") else '"'
    return quote + name.replace(quote, quote * 2) + quote


def source_name(title: str, taken: Collection[str]) -> str:
    """A source's name, as the command line takes it, made from its title: no other's."""
    letters = unicodedata.normalize("NFKD", title.casefold())
    plain = "".join(one for one in letters if not unicodedata.combining(one))
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_MOST].strip("-") or "source"
    name, number = stem, 1
    while name in taken:
        number += 1
        name = f"{stem}-{number}"
    return name


def title_of(path: str) -> str:
    """A title for what lies at `path`: the name of the file or folder, without its ending."""
    name = PurePath(path.rstrip("/\\") or path)
    if name.suffix.lower() in _PACKED:
        name = name.with_suffix("")
    stem = name.stem if name.suffix and name.stem else name.name
    words = re.sub(r"[_\s]+", " ", stem).strip()
    return words[:1].upper() + words[1:] if words else str(path)

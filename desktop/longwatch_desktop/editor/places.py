"""Places in a text: Qt counts UTF-16 units, we count characters. And the text itself: Qt has its
own signs for the ends of lines."""

from __future__ import annotations


def plain(raw: str) -> str:
    """Qt's text with line ends where it has ends of paragraphs."""
    return raw.replace("\u2029", "\n")


def units_of(text: str, characters: int) -> int:
    """How far into a line so many characters reach for Qt."""
    return len(text[:characters].encode("utf-16-le", "surrogatepass")) // 2


def characters_of(text: str, units: int) -> int:
    """The characters of a line within its first `units` UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")[: units * 2].decode("utf-16-le", "ignore"))

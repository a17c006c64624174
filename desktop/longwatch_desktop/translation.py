"""Every text a person reads goes through `tr`, which knows no Qt, so that the mirror may use it.

`pyside6-lupdate` finds the calls, so their first argument is a literal, never an f-string:
`tr("Delete {name}?").format(name=name)`. Counts use Qt's plural forms, `tr("%n row(s)", "", n)`;
the second argument tells translators, and Qt, which of several meanings is meant. A text that is
made when its module is imported, before there is a language, is marked with `QT_TR_NOOP` there and
goes through `tr` where it is shown. Numbers have their language, too: `figures`.
"""

from __future__ import annotations

from collections.abc import Callable

Translate = Callable[[str, str, int], str]
"""Finds a text in another language, by the text, its comment and its number."""


def tr(text: str, comment: str = "", n: int = -1) -> str:
    """`text` in the language of the window. `n` chooses among its plural forms and stands for `%n`,
    its digits grouped."""
    return _translate(text, comment, n)


def QT_TR_NOOP(text: str) -> str:  # noqa: N802 - the name Qt's tools look for
    """Mark a text for translators; it is translated by `tr` when it is shown."""
    return text


def figures(text: str) -> str:
    """A number as English writes it, `1,234.5`, with the signs of the window's language. 0.2 µs."""
    return text if _signs is None else text.translate(_signs)


def translate_by(translate: Translate, grouping: str = ",", decimal: str = ".") -> None:
    """From now on texts are translated by this, and numbers written with these signs."""
    global _translate, _signs  # noqa: PLW0603 - a language is the process's, as Qt has it
    _translate = translate
    english = (grouping, decimal) == (",", ".")
    _signs = None if english else str.maketrans({",": grouping, ".": decimal})


def plain(text: str, _comment: str, n: int) -> str:
    """English: `%n row(s)` is `1 row` or `2 rows`."""
    if n < 0:
        return text
    return text.replace("%n", f"{n:,}").replace("(s)", "" if n == 1 else "s")


_translate: Translate = plain
_signs: dict[int, str] | None = None

"""Colours of SQL, line by line."""

from __future__ import annotations

import re
from typing import Final

from PySide6.QtGui import QColor, QFont, QSyntaxHighlighter, QTextCharFormat, QTextDocument

from longwatch_desktop.theme import Theme

_WORDS: Final = """
    all alter analyze and anti any array as asc asof at attach begin between by cascade
    case cast check collate column commit constraint copy create cross cube current
    database default delete desc describe detach distinct drop else end escape except
    exclude exists explain extract false fetch filter first following for foreign from
    full function generated glob group grouping groups having if ignore ilike in index
    inner insert intersect interval into is isnull join key lambda last lateral left like
    limit load macro map materialized merge natural not notnull null nulls of offset on
    only or order outer over overlaps partition percent pivot positional pragma preceding
    primary qualify range recursive references rename replace respect returning right
    rollback rollup row rows sample schema select semi sequence set sets show similar some
    struct summarize symmetric table tablesample temp temporary then ties to trailing
    transaction true truncate try_cast type unbounded union unique unpivot update use
    using vacuum values view when where window with within without
"""
KEYWORDS: Final = frozenset(_WORDS.split())
_TOKEN: Final = re.compile(
    r"(?P<comment>--.*)"
    r"|(?P<open>/\*)"
    r"|(?P<string>'[^']*(?:''[^']*)*'?)"
    r'|(?P<name>"[^"]*(?:""[^"]*)*"?)'
    r"|(?P<number>\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b)"
    r"|(?P<function>\b[A-Za-z_]\w*(?=\s*\())"
    r"|(?P<word>(?<!\.)\b[A-Za-z_]\w*\b)"
)
_IN_COMMENT: Final = 1
_IN_STRING: Final = 2


class SqlHighlighter(QSyntaxHighlighter):
    """Comments and strings may go on over lines: the state of a block says so."""

    def __init__(self, document: QTextDocument, theme: Theme) -> None:
        super().__init__(document)
        self._theme = theme
        self._formats: dict[str, QTextCharFormat] = {}
        self._take_colors()
        theme.changed.connect(self._recolor)

    def highlightBlock(self, text: str) -> None:  # noqa: N802 - Qt's name
        at = self._continue(text)
        while at is not None and (match := _TOKEN.search(text, at)) is not None:
            at = self._color(text, match)

    def _continue(self, text: str) -> int | None:
        """Finish what an earlier line began; where to go on, `None` if nothing is left."""
        state = self.previousBlockState()
        self.setCurrentBlockState(0)
        if state == _IN_COMMENT:
            return self._comment(text, 0, 0)
        if state == _IN_STRING:
            end = text.find("'")
            length = len(text) if end < 0 else end + 1
            self.setFormat(0, length, self._formats["string"])
            if end < 0:
                self.setCurrentBlockState(_IN_STRING)
                return None
            return length
        return 0

    def _comment(self, text: str, start: int, after: int) -> int | None:
        end = text.find("*/", after)
        if end < 0:
            self.setCurrentBlockState(_IN_COMMENT)
            self.setFormat(start, len(text) - start, self._formats["comment"])
            return None
        self.setFormat(start, end + 2 - start, self._formats["comment"])
        return end + 2

    def _color(self, text: str, match: re.Match[str]) -> int | None:
        kind = str(match.lastgroup)
        start, end = match.span()
        if kind == "open":
            return self._comment(text, start, end)
        if kind in {"word", "function"} and match.group().lower() in KEYWORDS:
            kind = "keyword"
        if kind in self._formats:
            self.setFormat(start, end - start, self._formats[kind])
        if kind == "string" and match.group().count("'") % 2:
            self.setCurrentBlockState(_IN_STRING)
            return None
        return end

    def _take_colors(self) -> None:
        colors = self._theme.colors
        for kind in ("keyword", "string", "number", "comment", "function"):
            style = QTextCharFormat()
            style.setForeground(QColor(getattr(colors, kind)))
            if kind == "keyword":
                style.setFontWeight(QFont.Weight.DemiBold)
            self._formats[kind] = style

    def _recolor(self) -> None:
        self._take_colors()
        self.rehighlight()

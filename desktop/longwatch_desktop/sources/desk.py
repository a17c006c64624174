"""What the panel's commands do: it and the editor, the toolbar and the server, wired together."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from longwatch_desktop.editor.panel import EditorPanel
from longwatch_desktop.launcher import Launcher
from longwatch_desktop.sources.nodes import Node
from longwatch_desktop.sources.panel import SourcePanel
from longwatch_desktop.toolbar import ToolBar

PREVIEW_ROWS = 1_000


class SourceDesk(QObject):
    """Carries out what is asked for in the panel."""

    def __init__(
        self,
        panel: SourcePanel,
        editor: EditorPanel,
        tools: ToolBar,
        launcher: Launcher,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._panel = panel
        self._editor = editor
        self._tools = tools
        self._launcher = launcher
        panel.sources.chosen.connect(tools.choose_source)
        panel.sources.preview_wanted.connect(self._preview)
        panel.sources.insert_wanted.connect(self._insert)

    def _preview(self, node: Node) -> None:
        """The first rows of a table, in a tab of their own."""
        self._tools.choose_source(node.source.name)
        # The engine's own way to write the name.
        sql = f"SELECT * FROM {node.in_sql} LIMIT {PREVIEW_ROWS}"  # noqa: S608
        page = self._editor.open(node.table.name if node.table else node.text, sql)
        cursor = page.textCursor()
        cursor.clearSelection()  # else a part of it would be run
        page.setTextCursor(cursor)
        self._launcher.run()

    def _insert(self, text: str) -> None:
        """Put a name where the cursor is."""
        page = self._editor.page
        page.insertPlainText(text)
        page.setFocus()

"""What the panel's commands do: it and the editor, the toolbar and the server, wired together."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMainWindow, QMessageBox, QWidget

from longwatch.protocol.sources import Source
from longwatch_desktop import dialogs
from longwatch_desktop.editor.files import SqlFiles
from longwatch_desktop.editor.panel import EditorPanel
from longwatch_desktop.launcher import Launcher
from longwatch_desktop.notice import NoticeBar
from longwatch_desktop.session import Session
from longwatch_desktop.sources.catalogues import Catalogues
from longwatch_desktop.sources.drops import Drops
from longwatch_desktop.sources.nodes import Node
from longwatch_desktop.sources.panel import SourcePanel
from longwatch_desktop.sources.source_dialog import SourceDialog, told_of
from longwatch_desktop.sources.tree import FIXED
from longwatch_desktop.tasks import Tasks, foreseen
from longwatch_desktop.theme import Theme
from longwatch_desktop.toolbar import ToolBar
from longwatch_desktop.translation import tr

PREVIEW_ROWS: Final = 1_000


class SourceDesk(QObject):
    """Carries out what is asked for in the panel's upper half."""

    def __init__(
        self,
        session: Session,
        theme: Theme,
        panel: SourcePanel,
        catalogues: Catalogues,
        editor: EditorPanel,
        tools: ToolBar,
        launcher: Launcher,
        notice: NoticeBar,
        files: SqlFiles,
        window: QMainWindow,
    ) -> None:
        super().__init__(window)
        self._session = session
        self._theme = theme
        self._panel = panel
        self._catalogues = catalogues
        self._editor = editor
        self._tools = tools
        self._launcher = launcher
        self._notice = notice
        self._window = window
        self._dialog: SourceDialog | None = None
        self._tasks = Tasks(foreseen(notice.say))
        self.drops = Drops(session, notice, files, theme, window)
        tree = panel.sources
        self.drops.added.connect(tree.show_source)
        tree.chosen.connect(tools.choose_source)
        tree.preview_wanted.connect(self._preview)
        tree.insert_wanted.connect(self._insert)
        tree.add_wanted.connect(self.add)
        tree.edit_wanted.connect(self.edit)
        tree.test_wanted.connect(self._test)
        tree.remove_wanted.connect(self._ask_to_remove)

    @property
    def dialog(self) -> SourceDialog | None:
        """The dialog that is open; `None` if none is."""
        return self._dialog

    def add(self, *, over: QWidget | None = None) -> None:
        """Ask for a new source, over another dialog if there is one."""
        self._tasks.start(self._open(None, over), name="add-source")

    def edit(self, source: Source, *, over: QWidget | None = None) -> None:
        """Change a source, or show why it cannot be changed."""
        self._tasks.start(self._open(source, over), name="edit-source")

    async def stop(self) -> None:
        """Let go of what is under way."""
        await self.drops.stop()
        if self._dialog is not None:
            await self._dialog.stop()
        await self._tasks.close()

    def _preview(self, node: Node) -> None:
        """The first rows of a table, in a tab of their own."""
        # The engine's own way to write the name.
        sql = f"SELECT * FROM {node.in_sql} LIMIT {PREVIEW_ROWS}"  # noqa: S608
        page = self._editor.open(node.table.name if node.table else node.text, sql)
        self._tools.choose_source(node.source.name)  # for this tab, and no other
        cursor = page.textCursor()
        cursor.clearSelection()  # else a part of it would be run
        page.setTextCursor(cursor)
        self._launcher.run()

    def _insert(self, text: str) -> None:
        """Put a name where the cursor is."""
        page = self._editor.page
        page.insertPlainText(text)
        page.setFocus()

    async def _open(self, source: Source | None, over: QWidget | None) -> None:
        engines = (await self._session.client().engines()).engines
        if self._dialog is not None:
            return
        why = FIXED.get(source.origin) if source is not None else None
        address = self._session.address
        dialog = self._dialog = SourceDialog(
            self._session,
            self._theme,
            engines,
            source,
            {one.name for one in self._session.sources},
            fixed=tr(why) if why is not None else "",
            remote=address is not None and not address.is_loopback,
            parent=over or self._window,
        )
        dialog.saved.connect(self._saved)
        dialog.finished.connect(lambda _result: self._close())
        dialog.open()

    def _close(self) -> None:
        dialog, self._dialog = self._dialog, None
        if dialog is not None:
            self._tasks.start(self._end(dialog), name="end-dialog")

    async def _end(self, dialog: SourceDialog) -> None:
        await dialog.stop()
        dialog.deleteLater()

    def _saved(self, source: Source) -> None:
        self._catalogues.refresh(source.name)  # another password changes nothing that is told
        self._panel.sources.show_source(source.name)
        self._session.look_again()

    def _test(self, source: Source) -> None:
        self._notice.tell(tr("Opening {name}…").format(name=source.title))
        self._tasks.start(self._tell_test(source), name="test-source")

    async def _tell_test(self, source: Source) -> None:
        found = await self._session.client().test_source(source.name)
        say = self._notice.tell if found.ok else self._notice.say
        say(told_of(source.title, found))

    def _ask_to_remove(self, source: Source) -> None:
        box = ask_to_remove(self._window, source)
        box.accepted.connect(lambda: self._tasks.start(self._remove(source), name="remove-source"))
        box.open()

    async def _remove(self, source: Source) -> None:
        await self._session.client().remove_source(source.name)
        self._session.look_again()
        self._notice.tell(tr("Removed the source {name}.").format(name=source.title))


def ask_to_remove(parent: QWidget, source: Source) -> QMessageBox:
    """Whether a source is to be removed; to be `open`ed."""
    sent = source.options.get("path", "").startswith("file:")
    kept = (
        tr("The file that was sent for it goes too. Jobs that ran on it stay, with their results.")
        if sent
        else tr("Its data stays where it is. Jobs that ran on it stay, with their results.")
    )
    return dialogs.ask(
        parent,
        tr("Remove the source?"),
        tr("Remove {name}?").format(name=source.title),
        kept,
        tr("Remove"),
    )

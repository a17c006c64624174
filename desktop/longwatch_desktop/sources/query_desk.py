"""Keeps queries: saves, renames, moves, copies and deletes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMainWindow

from longwatch.client.errors import LongwatchClientError
from longwatch.protocol.sources import QueryParameter, SavedQuery, SavedQueryDraft
from longwatch_desktop import dialogs
from longwatch_desktop.editor.fields import Typed
from longwatch_desktop.editor.panel import UNTITLED, EditorPanel, Page
from longwatch_desktop.editor.scan import parameter_names
from longwatch_desktop.notice import NoticeBar
from longwatch_desktop.session import Session
from longwatch_desktop.sources.panel import SourcePanel
from longwatch_desktop.sources.query_dialog import QueryDialog
from longwatch_desktop.sources.query_drafts import changed, guessed
from longwatch_desktop.tasks import Tasks, foreseen
from longwatch_desktop.theme import Theme
from longwatch_desktop.toolbar import ToolBar
from longwatch_desktop.translation import tr


class QueryDesk(QObject):
    """Carries out what is asked for in the panel's lower half."""

    def __init__(
        self,
        session: Session,
        theme: Theme,
        panel: SourcePanel,
        editor: EditorPanel,
        tools: ToolBar,
        notice: NoticeBar,
        window: QMainWindow,
    ) -> None:
        super().__init__(window)
        self._session = session
        self._theme = theme
        self._editor = editor
        self._tools = tools
        self._notice = notice
        self._window = window
        self._dialog: QueryDialog | None = None
        self._tasks = Tasks(foreseen(notice.say))
        panel.save_wanted.connect(self.save)
        tree = panel.queries
        tree.renamed.connect(self._rename)
        tree.moved.connect(self._move)
        tree.folder_renamed.connect(self._rename_folder)
        tree.details_wanted.connect(self._change)
        tree.copy_wanted.connect(self._copy)
        tree.delete_wanted.connect(self._ask_to_delete)

    @property
    def dialog(self) -> QueryDialog | None:
        """The dialog that is open; `None` if none is."""
        return self._dialog

    async def stop(self) -> None:
        """Let go of what is under way."""
        await self._tasks.close()

    def save(self) -> None:
        """Ask how the text in front is to be kept."""
        page = self._editor.page
        sql = page.toPlainText()
        if not sql.strip():
            self._notice.say(tr("There is nothing to save yet: write a query first."))
            return
        before = self._query(page.saved_as)
        draft = SavedQueryDraft(
            title="" if page.title == UNTITLED else page.title,
            folder=before.folder if before is not None else "",
            description=before.description if before is not None else "",
            # Whichever is chosen then stays so, unless somebody says otherwise.
            source=self._tools.source if before is None else before.source,
            sql=sql,
        )
        fixed = before is not None and before.comes_with_program
        dialog = self._ask(
            draft,
            page.declared,
            page.typed,
            replaces=before.title if before is not None and not fixed else "",
            note=tr("'{title}' comes with the program: this keeps a copy of your own.").format(
                title=before.title
            )
            if before is not None and fixed
            else "",
        )
        dialog.wanted.connect(
            lambda wanted, replace: self._tasks.start(
                self._keep(page, wanted, before if replace else None), name="save-query"
            )
        )

    def _change(self, query: SavedQuery) -> None:
        """Ask for everything about a saved query but its text."""
        if query.comes_with_program:
            self._tell_fixed(query)
            return
        declared = {one.name: one for one in query.parameters}
        dialog = self._ask(changed(query), declared, {})
        dialog.wanted.connect(
            lambda wanted, _replace: self._tasks.start(
                self._keep(None, wanted, query), name="change-query"
            )
        )

    def _ask(
        self,
        draft: SavedQueryDraft,
        declared: Mapping[str, QueryParameter],
        typed: Mapping[str, Typed],
        *,
        replaces: str = "",
        note: str = "",
    ) -> QueryDialog:
        names = parameter_names(draft.sql)
        folders = sorted({one.folder for one in self._session.saved_queries if one.folder})
        dialog = self._dialog = QueryDialog(
            self._theme,
            draft,
            [guessed(name, declared, typed) for name in names],
            self._session.sources,
            folders,
            replaces=replaces,
            note=note,
            parent=self._window,
        )
        dialog.finished.connect(lambda _result: self._close(dialog))
        dialog.open()
        return dialog

    def _close(self, dialog: QueryDialog) -> None:
        if self._dialog is dialog:
            self._dialog = None
        dialog.deleteLater()

    async def _keep(
        self, page: Page | None, draft: SavedQueryDraft, before: SavedQuery | None
    ) -> None:
        """Keep a draft as a new query, or in place of `before`."""
        client = self._session.client()
        dialog = self._dialog
        try:
            if before is None:
                query = await client.save_query(draft)
            else:
                query = await client.change_saved_query(before.name, draft)
        except LongwatchClientError as error:
            if dialog is not None and dialog is self._dialog:  # else it was closed meanwhile
                dialog.say(str(error))
            else:
                self._notice.say(str(error))
            return
        if page is not None and page in self._editor.pages():
            self._editor.mark_saved(page, query)
        if dialog is not None and dialog is self._dialog:
            dialog.accept()
        self._session.look_again()
        self._notice.tell(tr("Saved '{title}'.").format(title=query.title))

    def _rename(self, query: SavedQuery, title: str) -> None:
        self._start(query, title=title.strip() or query.title)

    def _move(self, query: SavedQuery, folder: str) -> None:
        self._start(query, folder=folder)

    def _start(self, query: SavedQuery, **changes: Any) -> None:
        if query.comes_with_program:
            self._tell_fixed(query)
        elif any(getattr(query, name) != value for name, value in changes.items()):
            self._tasks.start(self._replace([(query, changes)]), name="change-query")

    def _rename_folder(self, path: str, name: str) -> None:
        """Move everything of our own that is in a folder."""
        clean = name.strip().strip("/")
        parent = path.rpartition("/")[0]
        new = f"{parent}/{clean}" if parent else clean
        inside = [
            one
            for one in self._session.saved_queries
            if one.folder == path or one.folder.startswith(f"{path}/")
        ]
        own = [one for one in inside if not one.comes_with_program]
        if not clean or new == path:
            return
        if len(own) < len(inside):
            self._notice.say(
                tr("What comes with the program stays in '{folder}'.").format(folder=path)
            )
        moves = [(one, {"folder": new + one.folder.removeprefix(path)}) for one in own]
        self._tasks.start(self._replace(moves), name="rename-folder")

    async def _replace(self, moves: list[tuple[SavedQuery, dict[str, Any]]]) -> None:
        client = self._session.client()
        try:
            for query, changes in moves:
                await client.change_saved_query(query.name, changed(query, **changes))
        finally:
            self._session.look_again()

    def _copy(self, query: SavedQuery) -> None:
        self._tasks.start(self._make_copy(query), name="copy-query")

    async def _make_copy(self, query: SavedQuery) -> None:
        """The program's own folder is its own: a copy of its queries goes to the top."""
        folder = "" if query.comes_with_program else query.folder
        title = tr("{title} (copy)").format(title=query.title[:180])
        draft = changed(query, title=title, folder=folder)
        made = await self._session.client().save_query(draft)
        self._session.look_again()
        self._notice.tell(tr("Made '{title}'.").format(title=made.title))

    def _ask_to_delete(self, query: SavedQuery) -> None:
        if query.comes_with_program:
            self._tell_fixed(query)
            return
        box = dialogs.ask(
            self._window,
            tr("Delete the saved query?"),
            tr("Delete {name}?").format(name=query.title),
            tr("Jobs that were run from it stay. A tab that has its text open keeps it."),
            tr("Delete"),
        )
        box.accepted.connect(lambda: self._tasks.start(self._delete(query), name="delete-query"))
        box.open()

    async def _delete(self, query: SavedQuery) -> None:
        await self._session.client().remove_saved_query(query.name)
        self._session.look_again()
        said = tr("Deleted '{title}'.").format(title=query.title)
        self._notice.tell(said, tr("Undo"), lambda: self._bring_back(query))

    def _bring_back(self, query: SavedQuery) -> None:
        self._tasks.start(self._save_again(query), name="undo-delete")

    async def _save_again(self, query: SavedQuery) -> None:
        await self._session.client().save_query(changed(query))
        self._session.look_again()

    def _tell_fixed(self, query: SavedQuery) -> None:
        self._notice.say(
            tr("'{title}' comes with the program and cannot be changed. A copy can.").format(
                title=query.title
            ),
            tr("Duplicate"),
            lambda: self._copy(query),
        )

    def _query(self, name: str | None) -> SavedQuery | None:
        return next((one for one in self._session.saved_queries if one.name == name), None)

"""From what stands in the editor to a job: which part of it, with which values, and what is known
of it before."""

from __future__ import annotations

import asyncio

from PySide6.QtCore import QObject, Signal

from longwatch.protocol.catalogue import Catalogue, Estimate
from longwatch.protocol.parameters import Parameter
from longwatch_desktop.control import JobControl
from longwatch_desktop.editor.fields import FieldError
from longwatch_desktop.editor.formatting import CannotFormat, formatted
from longwatch_desktop.editor.panel import EditorPanel, Page
from longwatch_desktop.editor.preflight import MOST_CHARS, Preflight, Question, in_words
from longwatch_desktop.editor.scan import parameter_names
from longwatch_desktop.editor.sql_edit import Excerpt
from longwatch_desktop.session import Session
from longwatch_desktop.sources.catalogues import Catalogues
from longwatch_desktop.tasks import Tasks
from longwatch_desktop.toolbar import ToolBar
from longwatch_desktop.translation import tr


class Launcher(QObject):
    """`refused` carries a sentence about why nothing was run."""

    refused = Signal(str)

    def __init__(
        self,
        session: Session,
        editor: EditorPanel,
        tools: ToolBar,
        control: JobControl,
        catalogues: Catalogues,
    ) -> None:
        super().__init__(editor)
        self._session = session
        self._editor = editor
        self._tools = tools
        self._control = control
        self._preflight = Preflight(session, self)
        self._preflight.told.connect(self._tell)
        editor.settled.connect(self._look)
        tools.source_changed.connect(self._look)
        tools.source_picked.connect(self._take_source)
        editor.shown.connect(self.show_source)
        editor.foot.form.entered.connect(self.run)
        control.ended.connect(lambda _job: self._preflight.ask_again())
        session.catalogue_changed.connect(self._preflight.ask_again)
        session.targets_changed.connect(lambda: editor.foot.offer_targets(session.notify_targets))
        self._catalogues = catalogues
        self._tasks = Tasks(lambda error: self.refused.emit(str(error)))
        catalogues.changed.connect(lambda _source: self._learn())
        tools.source_changed.connect(self._learn)

    def run(self) -> None:
        """Run what is selected, or all of the text."""
        self._launch(self._editor.page.excerpt())

    def run_statement(self) -> None:
        """Run the statement that the cursor is in."""
        self._launch(self._editor.page.statement())

    def show_source(self) -> None:
        """Choose the source that the tab in front was looked at with last."""
        page = self._editor.page
        if page.source is None:
            page.source = self._tools.source
        else:
            self._tools.choose_source(page.source)

    def format(self) -> None:
        """Lay the selection, or all of the text, out anew."""
        page = self._editor.page
        asked = page.excerpt().sql
        if asked.strip():
            self._tasks.start(self._format(page, asked), name="format")

    async def stop(self) -> None:
        """Let go of what is being asked."""
        await self._tasks.close()
        await self._catalogues.stop()
        await self._preflight.stop()

    async def _format(self, page: Page, asked: str) -> None:
        try:
            text = await asyncio.to_thread(formatted, asked)
        except CannotFormat as error:
            self.refused.emit(tr("The SQL cannot be laid out: {reason}").format(reason=error))
            return
        # Else it was closed, or typed in, meanwhile.
        if self._editor.has(page) and page.excerpt().sql == asked:
            self._editor.replace_text(page, text)

    def _launch(self, excerpt: Excerpt | None) -> None:
        page = self._editor.page
        if excerpt is None or not excerpt.sql.strip():
            self.refused.emit(
                tr("There is nothing to run yet: write a query, or open a saved one.")
            )
            return
        page.clear_error()
        self._editor.ask_for_parameters(however_long=True)
        try:
            values = self._values(excerpt)
        except FieldError as error:
            self._editor.foot.form.mark(error)
            self._editor.foot.form.focus_field(error.name)
            self._editor.foot.say(str(error), bad=True)
            return
        notify = self._editor.foot.notify.chosen
        self._control.run(page, excerpt, self._tools.source, values, notify)

    def _values(self, excerpt: Excerpt) -> dict[str, Parameter]:
        return self._editor.foot.form.values(parameter_names(excerpt.sql))

    def _take_source(self, name: str) -> None:
        self._editor.page.source = name

    def _learn(self) -> None:
        """Complete what the chosen source has."""
        source = self._tools.source
        known = self._catalogues.get(source) if source is not None else None
        engines = [one.engine for one in self._session.sources if one.name == source]
        self._editor.know(known if isinstance(known, Catalogue) else None, *engines)

    def _look(self) -> None:
        """The query may be another now."""
        excerpt = self._editor.page.excerpt()
        if len(excerpt.sql) > MOST_CHARS:  # it would not be asked about
            self._preflight.ask(None)
            self._editor.foot.say("")
            return
        try:
            values = self._values(excerpt)
        except FieldError as error:
            self._preflight.ask(None)
            self._editor.foot.say(str(error))
            return
        self._editor.foot.say("")
        self._preflight.ask(Question(excerpt.sql, self._tools.source, values))

    def _tell(self, question: Question, estimate: Estimate) -> None:
        page = self._editor.page
        excerpt = page.excerpt()
        if excerpt.sql != question.sql:
            return
        error = estimate.error
        if error is None:
            self._editor.foot.say(in_words(estimate))
            return
        if error.code == "server_stopped":  # that says nothing about the query
            return
        self._editor.foot.say(error.message, bad=True)
        if error.line is not None:
            line, column = excerpt.place(error.line, error.column)
            page.mark_error(line, column, error.message)

"""What a server's admin looks at: people, sources, workers, limits, what is kept, what was done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from longwatch.protocol.people import AuditLine, AuditPage, Token
from longwatch.protocol.worker import Worker, WorkerList
from longwatch_desktop import words
from longwatch_desktop.admin.limits_page import LimitsPage
from longwatch_desktop.admin.retention_page import RetentionPage
from longwatch_desktop.admin.sources_page import SourcesPage
from longwatch_desktop.admin.token_dialog import ROLES
from longwatch_desktop.mirror import text
from longwatch_desktop.text_table import Row, TextTable
from longwatch_desktop.theme import Theme
from longwatch_desktop.translation import tr


class AdminDialog(QDialog):
    """`token_wanted`: a new one is asked for; `revoke_wanted` carries a `Token`; `more_wanted` the
    cursor of older lines of the log."""

    token_wanted = Signal()
    revoke_wanted = Signal(object)
    more_wanted = Signal(str)

    def __init__(self, parent: QWidget, theme: Theme, server: str) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Manage {server}").format(server=server))
        self.setMinimumSize(700, 380)
        self.resize(820, 460)
        self.pages = QTabWidget()
        self.pages.setDocumentMode(True)
        self.tokens = TokensPage()
        self.tokens.new_wanted.connect(self.token_wanted)
        self.tokens.revoke_wanted.connect(self.revoke_wanted)
        self.workers = WorkersPage()
        self.log = LogPage()
        self.log.more_wanted.connect(self.more_wanted)
        self.sources = SourcesPage(theme)
        self.limits = LimitsPage()
        self.retention = RetentionPage()
        for page, title in (
            (self.tokens, tr("People and tokens")),
            (self.sources, tr("Sources")),
            (self.workers, tr("Workers")),
            (self.limits, tr("Limits")),
            (self.retention, tr("What is kept")),
            (self.log, tr("What was done")),
        ):
            self.pages.addTab(page, title)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.pages, 1)
        layout.addWidget(buttons)


class TokensPage(QWidget):
    """Whose tokens there are."""

    new_wanted = Signal()
    revoke_wanted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._tokens: dict[str, Token] = {}
        self.table = TextTable(
            tr("Tokens"),
            [tr("Name"), tr("Role"), tr("Begins with"), tr("Made"), tr("Last used"), tr("Stands")],
        )
        new = QPushButton(tr("New token…"))
        self._revoke = QPushButton(tr("Revoke…"))
        self._revoke.setToolTip(tr("Let it in no more: what it has open ends at once"))
        line = QHBoxLayout()
        line.addWidget(new)
        line.addWidget(self._revoke)
        line.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.addWidget(self.table, 1)
        layout.addLayout(line)
        new.clicked.connect(self.new_wanted)
        self._revoke.clicked.connect(self._ask)
        self.table.chosen.connect(self._enable)
        self.table.say(tr("Asking the server…"))
        self._enable()

    def show_tokens(self, tokens: Sequence[Token], now: datetime) -> None:
        """Show these; `now` is the server's clock."""
        self._tokens = {one.id: one for one in tokens}
        self.table.show_rows(
            [_token_row(one, now) for one in tokens],
            tr("Nobody has a token yet. Make one for each person who is to work here."),
        )

    def _enable(self) -> None:
        token = self._tokens.get(self.table.current or "")
        self._revoke.setEnabled(token is not None and token.revoked_at is None)

    def _ask(self) -> None:
        token = self._tokens.get(self.table.current or "")
        if token is not None:
            self.revoke_wanted.emit(token)


class WorkersPage(QWidget):
    """Who carries queries out for the server."""

    def __init__(self) -> None:
        super().__init__()
        self.table = TextTable(
            tr("Workers"),
            [
                *(tr("Name"), tr("Computer"), tr("Version"), tr("Queues")),
                *(tr("Running"), tr("Heard of"), tr("Stands")),
            ],
        )
        self._trouble = QLabel()
        self._trouble.setTextFormat(Qt.TextFormat.PlainText)
        self._trouble.setWordWrap(True)
        self._trouble.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.addWidget(self._trouble)
        layout.addWidget(self.table, 1)
        self.table.say(tr("Asking the server…"))

    def show_workers(self, told: WorkerList, now: datetime) -> None:
        """Show these; `now` is the server's clock."""
        self._trouble.setText(told.trouble or "")
        self._trouble.setVisible(bool(told.trouble))
        nothing = (
            tr("This server carries its queries out itself. Started with --executor celery, it "
               "leaves them to workers.")
            if told.executor == "local"
            else tr("No worker has been heard of. Start one: longwatch worker --server … "
                    "--broker …")
        )  # fmt: skip
        self.table.show_rows([_worker_row(one, now) for one in told.workers], nothing)


class LogPage(QWidget):
    """What people did, newest first."""

    more_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[AuditLine] = []
        self._next: str | None = None
        self.table = TextTable(
            tr("What was done"), [tr("When"), tr("Who"), tr("What"), tr("To what"), tr("Details")]
        )
        self._more = QPushButton(tr("Older"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.addWidget(self.table, 1)
        layout.addWidget(self._more, 0, Qt.AlignmentFlag.AlignLeft)
        self._more.clicked.connect(self._ask)
        self._more.setEnabled(False)
        self.table.say(tr("Asking the server…"))

    def show_page(self, page: AuditPage, now: datetime, *, first: bool) -> None:
        """Show the first page, or one more."""
        self._lines = [*([] if first else self._lines), *page.lines]
        self._next = page.next
        self._more.setEnabled(page.next is not None)
        self.table.show_rows(
            [
                (
                    str(one.id),
                    (text.moment(one.at, now), one.who, one.action, one.target, one.detail),
                    True,
                )
                for one in self._lines
            ],
            tr("Nothing was done yet that is worth a line here."),
        )

    def _ask(self) -> None:
        if self._next is not None:
            self._more.setEnabled(False)
            self.more_wanted.emit(self._next)


def _worker_row(worker: Worker, now: datetime) -> Row:
    if not worker.is_there:
        stands = tr("gone")
    elif worker.draining:
        stands = tr("takes no more")
    else:
        stands = tr("there")
    running = tr("{running} of {most}").format(
        running=words.count(len(worker.jobs)), most=words.count(worker.concurrency)
    )
    cells = (
        *(worker.name, worker.host, worker.version, ", ".join(worker.queues)),
        *(running, text.moment(worker.heard_at, now), stands),
    )
    return worker.name, cells, worker.is_there


def _token_row(token: Token, now: datetime) -> Row:
    titles = {role: tr(title) for role, title, _ in ROLES}
    counts = True
    if token.revoked_at is not None:
        stands, counts = tr("revoked"), False
    elif token.expires_at is not None and token.expires_at <= now:
        stands, counts = tr("expired"), False
    elif token.expires_at is not None:
        stands = tr("good until {when}").format(when=text.moment(token.expires_at, now))
    else:
        stands = tr("good")
    cells = (
        token.name,
        titles[token.role],
        f"lw_{token.prefix}",
        text.moment(token.created_at, now),
        text.moment(token.last_used_at, now) if token.last_used_at else tr("never"),
        stands,
    )
    return token.id, cells, counts

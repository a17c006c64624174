"""Everything that a window consists of, in one import: half a second, which a start spends in a
thread while the empty frame is on the screen already."""

from __future__ import annotations

import numpy.ma  # noqa: F401 - which numpy loads when it is first asked for what is unique: 30 ms

from longwatch_desktop.accuracy import AccuracyDesk
from longwatch_desktop.actions import Actions
from longwatch_desktop.admin.desk import AdminDesk
from longwatch_desktop.control import JobControl
from longwatch_desktop.editor.files import SqlFiles
from longwatch_desktop.editor.panel import EditorPanel
from longwatch_desktop.jobs.all_matching import AllMatching
from longwatch_desktop.jobs.desk import JobDesk
from longwatch_desktop.jobs.filter_bar import FilterBar
from longwatch_desktop.jobs.history import JobHistory
from longwatch_desktop.jobs.history_strip import HistoryStrip
from longwatch_desktop.jobs.model import JobTableModel
from longwatch_desktop.jobs.moving import MoveDesk
from longwatch_desktop.jobs.view import JobTable
from longwatch_desktop.launcher import Launcher
from longwatch_desktop.notice import NoticeBar
from longwatch_desktop.results.details import DetailPane
from longwatch_desktop.results.overview import Overview
from longwatch_desktop.results.reading import ResultReader
from longwatch_desktop.results.view import ResultView
from longwatch_desktop.servers.button import ServerButton, fill
from longwatch_desktop.servers.control import ServerControl
from longwatch_desktop.servers.status import ConnectionStatus
from longwatch_desktop.settings_desk import SettingsDesk
from longwatch_desktop.sources.catalogues import Catalogues
from longwatch_desktop.sources.desk import SourceDesk
from longwatch_desktop.sources.panel import SourcePanel
from longwatch_desktop.sources.query_desk import QueryDesk
from longwatch_desktop.tasks import Tasks
from longwatch_desktop.toolbar import ToolBar
from longwatch_desktop.window_controller import WindowController

__all__ = [
    "AccuracyDesk",
    "Actions",
    "AdminDesk",
    "AllMatching",
    "Catalogues",
    "ConnectionStatus",
    "DetailPane",
    "EditorPanel",
    "FilterBar",
    "HistoryStrip",
    "JobControl",
    "JobDesk",
    "JobHistory",
    "JobTable",
    "JobTableModel",
    "Launcher",
    "MoveDesk",
    "NoticeBar",
    "Overview",
    "QueryDesk",
    "ResultReader",
    "ResultView",
    "ServerButton",
    "ServerControl",
    "SettingsDesk",
    "SourceDesk",
    "SourcePanel",
    "SqlFiles",
    "Tasks",
    "ToolBar",
    "WindowController",
    "fill",
]

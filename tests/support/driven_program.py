"""The program of `driven_window.py`: imported when the frame is there, as the real one is."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox

from longwatch_desktop.program import Program
from support.watched_window import WatchedWindow


class Driver(Program):
    """The program, with ears."""

    async def run(self) -> bool:
        self._rest = b""
        self._doing: set[asyncio.Task[None]] = set()
        asyncio.get_running_loop().add_reader(0, self._hear)
        try:
            return await super().run()
        finally:
            asyncio.get_running_loop().remove_reader(0)

    def _hear(self) -> None:
        data = os.read(0, 65_536)
        if not data:
            asyncio.get_running_loop().remove_reader(0)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            command, *arguments = json.loads(line)
            task = asyncio.create_task(self._do(command, arguments))
            self._doing.add(task)
            task.add_done_callback(self._doing.discard)

    async def _do(self, command: str, arguments: list[Any]) -> None:
        answer = getattr(self, f"do_{command}")(*arguments)
        if asyncio.iscoroutine(answer):
            answer = await answer
        os.write(1, json.dumps(answer).encode() + b"\n")

    def do_link(self) -> str:
        return self.session.health.link.value if self.session.mirror.seq is not None else "none"

    def do_jobs(self) -> list[list[Any]]:
        model = self.window.model
        jobs = [model.job(row) for row in range(model.rowCount())]
        return [[job.id, job.state.value, job.name, job.attempt] for job in jobs]

    def do_tabs(self) -> list[list[Any]]:
        return [[page.title, page.toPlainText()] for page in self.window.editor.pages()]

    def do_type(self, text: str) -> str:
        QTest.keyClicks(self.window.editor.page, text)
        return self.window.editor.page.toPlainText()

    async def do_run(self, sql: str) -> str:
        """Run in a new tab; the id, once the submit was answered."""
        submitted = asyncio.get_running_loop().create_future()
        self.window.control.submitted.connect(submitted.set_result)
        self.window.editor.open("Untitled", "")
        self.window.editor.page.setPlainText(sql)
        self.window.actions_.run.trigger()
        job_id = await submitted
        self.window.control.submitted.disconnect(submitted.set_result)
        return str(job_id)

    def do_close(self) -> bool:
        """Click the window's close button."""
        return self.window.close()

    def do_quit(self) -> None:
        self.window.actions_.quit.trigger()

    def do_cancel_all(self) -> None:
        """Select every job and cancel what runs."""
        self.window.table.selectAll()
        self.window.actions_.cancel.trigger()

    def do_box(self) -> list[str]:
        """What the open box says, and its buttons; empty when none is open."""
        for box in self.window.findChildren(QMessageBox):
            if box.isVisible():
                return [box.text(), *(button.text() for button in box.buttons())]
        return []

    def do_press(self, title: str) -> None:
        """Press a button of the open box."""
        for box in self.window.findChildren(QMessageBox):
            for button in box.buttons():
                if box.isVisible() and button.text() == title:
                    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
                    return
        raise LookupError(title)

    def do_first_paint(self) -> list[str] | None:
        """Which heavy packages had been imported when the window was first painted."""
        window = self.window
        assert isinstance(window, WatchedWindow)
        return window.first_paint

    def do_ratio(self) -> list[float]:
        """The device pixel ratio of the window's picture, and of the table's icons."""
        picture = self.window.grab()
        icons = self.window.table._painter._icons
        return [picture.devicePixelRatio(), *sorted({key[2] for key in icons})]

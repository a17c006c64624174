"""Asks what jobs are to run against on another server that has no source of the same name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from longwatch.protocol.sources import Source
from longwatch_desktop.translation import tr


class MoveDialog(QDialog):
    """`chosen` carries the names of sources there, by those of here."""

    chosen = Signal(dict)

    def __init__(
        self, parent: QWidget, server: str, missing: Mapping[str, str], theirs: Sequence[Source]
    ) -> None:
        """`missing` are the titles of sources here by their names, `theirs` those of `server`."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Move to {server}").format(server=server))
        self.setMinimumWidth(460)
        about = QLabel(
            tr("{server} has no source of this name. Choose what is queried there instead.")
            .format(server=server)
        )  # fmt: skip
        about.setTextFormat(Qt.TextFormat.PlainText)
        about.setWordWrap(True)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._boxes: dict[str, QComboBox] = {}
        for name, title in missing.items():
            box = self._boxes[name] = QComboBox()
            box.setAccessibleName(title)
            for source in theirs:
                box.addItem(source.title, source.name)
            form.addRow(title.replace("&", "&&"), box)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        move = QPushButton(tr("Move"))
        move.setDefault(True)
        buttons.addButton(move, QDialogButtonBox.ButtonRole.AcceptRole)
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addWidget(about)
        layout.addLayout(form)
        layout.addWidget(buttons)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.accepted.connect(self._tell)

    def _tell(self) -> None:
        self.chosen.emit({name: str(box.currentData()) for name, box in self._boxes.items()})

"""Everything that is asked about a source."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QCompleter,
    QFormLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QSpinBox,
    QWidget,
)

from longwatch.protocol.sources import EngineInfo, Source
from longwatch.protocol.worker import DEFAULT_QUEUE
from longwatch_desktop.sources.drafts import Entered, Secret
from longwatch_desktop.sources.free_options import FreeOptions
from longwatch_desktop.sources.option_fields import (
    FlagField,
    OptionField,
    PathField,
    SecretField,
    field_for,
    mark,
)
from longwatch_desktop.sources.written import source_name, title_of
from longwatch_desktop.theme import inset
from longwatch_desktop.translation import tr


class SourceForm(QWidget):
    """`edited` tells that something is another; `path_wanted` asks for a file for a `PathField`,
    or for a folder if its second argument is true."""

    edited = Signal()
    path_wanted = Signal(object, bool)

    def __init__(
        self,
        engines: Sequence[EngineInfo],
        source: Source | None,
        taken: Collection[str],
        *,
        remote: bool,
        queues: Collection[str] | None = None,
    ) -> None:
        """`queues` are those that workers take jobs from; `None` where there are no workers."""
        super().__init__()
        self._engines = {one.name: one for one in engines}
        self._source = source
        self._taken = taken
        self._remote = remote
        self._fields: dict[str, OptionField] = {}
        self._free: FreeOptions | None = None
        self._title_is_ours = self._name_is_ours = source is None
        self._engine = QComboBox()
        for one in engines:
            self._engine.addItem(one.title, one.name)
        if source is not None and source.engine not in self._engines:
            self._engine.addItem(source.engine, source.engine)
        self._about = QLabel()
        self._about.setTextFormat(Qt.TextFormat.PlainText)
        self._about.setProperty("muted", True)
        self._about.setWordWrap(True)
        self._about.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.title, self.name, self.description = QLineEdit(), QLineEdit(), QLineEdit()
        self.name.setPlaceholderText(tr("made from the title"))
        self._most = QSpinBox()
        inset(self._most)
        self._most.setRange(0, 256)
        self._most.setSpecialValueText(tr("as many as there is room for"))
        self._queue = QLineEdit()
        self._queue.setPlaceholderText(DEFAULT_QUEUE)
        self._queue.setToolTip(tr("Workers that have its data take its jobs from this queue"))
        self._form = QFormLayout(self)
        self._form.setContentsMargins(14, 12, 14, 12)
        self._form.setVerticalSpacing(8)
        self._form.setHorizontalSpacing(12)
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._row(tr("Kind"), self._engine)
        self._form.addRow("", self._about)
        self._first_option = self._form.rowCount()
        for label, widget in (
            (tr("Title"), self.title),
            (tr("Name"), self.name),
            (tr("Description"), self.description),
            (tr("Queries at once"), self._most),
        ):
            self._row(label, widget)
        has_queue = queues is not None or (source is not None and source.queue is not None)
        if has_queue:  # else what is not asked about stays as it is
            self._queue.setCompleter(QCompleter(sorted(queues or ())))
            self._row(tr("Queue"), self._queue)
        self.name.setToolTip(tr("What the command line and scripts call it"))
        self._fill(source)
        self._engine.currentIndexChanged.connect(lambda _at: self._ask_for_options())
        self.title.textEdited.connect(lambda _text: self._title_typed())
        self.name.textEdited.connect(lambda _text: setattr(self, "_name_is_ours", False))
        for box in (self.title, self.name, self.description, self._queue):
            box.textChanged.connect(lambda _text: self.edited.emit())
        self._most.valueChanged.connect(lambda _most: self.edited.emit())

    @property
    def engine(self) -> str:
        """The name of the engine that is chosen."""
        return str(self._engine.currentData())

    def entered(self) -> Entered:
        """What was filled in."""
        options = {name: one.value() for name, one in self._fields.items() if one.value()}
        secrets: dict[str, Secret] = {}
        for name, one in self._fields.items():
            if isinstance(one, SecretField):
                mentioned, secret = one.given()
                if mentioned:
                    secrets[name] = secret
        if self._free is not None:
            options |= self._free.options()
            secrets |= self._free.secrets()
        return Entered(
            engine=self.engine,
            name=self.name.text() or source_name(self.title.text(), self._taken),
            title=self.title.text(),
            description=self.description.text(),
            options=options,
            secrets=secrets,
            max_running=self._most.value() or None,
            queue=self._queue.text().strip() or None,
        )

    def take_path(self, field: PathField, path: str) -> None:
        """A file or folder was chosen."""
        field.show_path(path)
        self.suggest_title(path)

    def suggest_title(self, path: str) -> None:
        """Call the source after what it is made of, unless it has a title already."""
        if self._title_is_ours:
            self.title.setText(title_of(path))
            self._name_it()

    def point_to(self, where: str, message: str) -> None:
        """Mark the field of a place in a draft, such as `/options/path`, and go there."""
        self.clear_marks()
        kind, _, name = where.strip("/").partition("/")
        if kind in {"options", "secrets"} and name in self._fields:
            self._fields[name].mark(message)
            self._fields[name].setFocus()
        elif kind in {"name", "title", "description", "queue"}:
            box = {
                "name": self.name,
                "title": self.title,
                "description": self.description,
                "queue": self._queue,
            }[kind]
            mark(box, message)
            box.setFocus()

    def clear_marks(self) -> None:
        """Nothing is wrong as far as we know."""
        for one in self._fields.values():
            one.mark("")
        for box in (self.title, self.name, self.description, self._queue):
            mark(box, "")

    def _fill(self, source: Source | None) -> None:
        if source is not None:
            self._engine.setCurrentIndex(max(0, self._engine.findData(source.engine)))
            self._engine.setEnabled(False)
            self._engine.setToolTip(tr("Another kind of data is another source: add one for it."))
            self.title.setText(source.title)
            self.name.setText(source.name)
            self.description.setText(source.description)
            self.description.setCursorPosition(0)
            self._most.setValue(source.max_running or 0)
            self._queue.setText(source.queue or "")
        self._ask_for_options()

    def _ask_for_options(self) -> None:
        """Fields for the chosen engine; what was typed for another one of the same name stays."""
        before = {name: one.value() for name, one in self._fields.items()}
        before |= self._source.options if self._source is not None else {}
        for field in (*self._fields.values(), self._free):
            if field is not None:
                self._form.removeRow(field)
        self._fields, self._free = {}, None
        info = self._engines.get(self.engine)
        self._about.setText(info.description if info is not None else "")
        is_set = self._source.secrets if self._source is not None else []
        at = self._first_option
        for option in info.options if info is not None else []:
            field = field_for(option, is_set=option.name in is_set, remote=self._remote)
            field.show_value(before.get(option.name, ""))
            if isinstance(field, PathField):
                field.chosen.connect(
                    lambda folder, field=field: self.path_wanted.emit(field, folder)
                )
                field.box.textEdited.connect(self.suggest_title)
            field.edited.connect(self.edited)
            self._fields[option.name] = field
            label = "" if isinstance(field, FlagField) else option.title
            self._form.insertRow(at, label + (" *" if option.required else ""), field)
            at += 1
        if info is not None and info.free_options:
            self._ask_for_more(at, is_set)
        self.edited.emit()

    def _ask_for_more(self, at: int, is_set: list[str]) -> None:
        self._free = FreeOptions()
        given = self._source.options if self._source is not None else {}
        own = {name: value for name, value in given.items() if name not in self._fields}
        self._free.show_options(own, [one for one in is_set if one not in self._fields])
        self._free.edited.connect(self.edited)
        self._form.insertRow(at, tr("Further options"), self._free)

    def _title_typed(self) -> None:
        self._title_is_ours = False
        self._name_it()

    def _name_it(self) -> None:
        if self._name_is_ours:
            title = self.title.text().strip()
            self.name.setText(source_name(title, self._taken) if title else "")

    def _row(self, label: str, widget: QWidget) -> None:
        widget.setMinimumHeight(self.title.sizeHint().height())
        widget.setAccessibleName(label)
        self._form.addRow(label, widget)

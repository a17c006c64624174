"""Colours, light and dark, and icons in them.

Fusion with a palette of our own: the platform's own switch does nothing on several platforms
(offscreen, bare X), and half a palette is worse than none. Every colour of the window is a field
of `Colors`; contrast of text on its ground is at least 4.5 : 1 (WCAG 2.2, 1.4.3) in both.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from PySide6.QtCore import QByteArray, QObject, QRectF, QSize, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QGuiApplication,
    QIcon,
    QPainter,
    QPalette,
    QPixmap,
)
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QSpinBox, QWidget

from longwatch_desktop.resources import resource_path


class Mode(enum.StrEnum):
    """What the user chose."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class Colors:
    """Every colour there is, as `#rrggbb`."""

    window: str
    base: str
    raised: str
    text: str
    muted: str
    border: str
    scroll: str
    """The handle of a scroll bar: 3 : 1 on its ground (WCAG 2.2, 1.4.11)."""
    hover: str
    selection: str
    accent: str
    on_accent: str
    track: str
    bar: str
    bar_soft: str
    success: str
    danger: str
    danger_ground: str
    warning: str
    keyword: str
    string: str
    number: str
    comment: str
    function: str
    current_line: str
    found: str
    """The ground of what was searched for, and of brackets that belong together."""


LIGHT: Final = Colors(
    window="#f3f4f6",
    base="#ffffff",
    raised="#ffffff",
    text="#1c2128",
    muted="#59636e",
    border="#d5d9df",
    scroll="#818a96",
    hover="#eef1f5",
    selection="#d8e6fd",
    accent="#1f5fd6",
    on_accent="#ffffff",
    track="#e3e7ed",
    bar="#3d7ff0",
    bar_soft="#a9c7f9",
    success="#1a7f37",
    danger="#c3261f",
    danger_ground="#fdeceb",
    warning="#8a5a00",
    keyword="#1f5fd6",
    string="#1a7f37",
    number="#8b4bc2",
    comment="#67717c",
    function="#9a5700",
    current_line="#f5f7fa",
    found="#fbe8a6",
)
DARK: Final = Colors(
    window="#1d2126",
    base="#15181c",
    raised="#242930",
    text="#e3e6ea",
    muted="#9aa5b1",
    border="#353b44",
    scroll="#6b7682",
    hover="#20252b",
    selection="#203a66",
    accent="#6ea2ff",
    on_accent="#0d1117",
    track="#2b313a",
    bar="#4c86ee",
    bar_soft="#2f4d80",
    success="#5ec77d",
    danger="#ff8279",
    danger_ground="#3a2022",
    warning="#e0b252",
    keyword="#7fb0ff",
    string="#7fd18b",
    number="#d2a8ff",
    comment="#8a95a1",
    function="#f0b273",
    current_line="#1b1f24",
    found="#4a4020",
)


class Theme(QObject):
    """The colours now in force. `changed` tells when they are others."""

    changed = Signal()

    def __init__(self, app: QApplication, mode: Mode = Mode.SYSTEM, *, guess: bool = False) -> None:
        """To ask what the system prefers makes all enums of Qt, 20 ms that a start can spend after
        its first frame: with `guess` the system's palette tells until `look`."""
        super().__init__(app)
        self._app = app
        self._mode = mode
        self._guess = guess
        self._guessed_dark = app.palette().window().color().lightness() < 128
        self._colors = LIGHT
        app.setStyle("Fusion")
        hints = QGuiApplication.styleHints()
        hints.colorSchemeChanged.connect(self._system_changed)
        self._apply()

    @property
    def colors(self) -> Colors:
        """The colours in force."""
        return self._colors

    @property
    def mode(self) -> Mode:
        """What was chosen: a theme, or to follow the system."""
        return self._mode

    @property
    def is_dark(self) -> bool:
        """Whether the dark colours are in force."""
        return self._colors is DARK

    def choose(self, mode: Mode) -> None:
        """Follow the system, or stay light or dark."""
        self._mode = mode
        self._apply()

    def look(self) -> None:
        """Guess no more."""
        guess, self._guess = self._guess, False
        if guess and self._mode is Mode.SYSTEM and self._system_is_dark() != self._guessed_dark:
            self._apply()

    def icon(self, name: str, color: str | None = None) -> QIcon:
        """The icon `name` of `resources/icons`, in `color` or the text's; greyed when disabled."""
        colors = self._colors
        return _icon(name, color or colors.text, colors.border if color else colors.muted)

    def _system_changed(self) -> None:
        if self._mode is Mode.SYSTEM:
            self._apply()

    def _system_is_dark(self) -> bool:
        if self._guess:
            return self._guessed_dark
        from PySide6.QtCore import Qt  # noqa: PLC0415 - 20 ms

        return QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark

    def _apply(self) -> None:
        dark = self._mode is Mode.DARK or (self._mode is Mode.SYSTEM and self._system_is_dark())
        self._colors = DARK if dark else LIGHT
        self._app.setPalette(_palette(self._colors))
        self._app.setStyleSheet(_style(self._colors))
        self.changed.emit()


def mark_wrong(box: QWidget, *, wrong: bool) -> None:
    """Show that what is in a box is wrong, or no more. Only a change costs anything: a style looks
    at properties when it is put on."""
    if bool(box.property("wrong")) != wrong:
        box.setProperty("wrong", wrong)
        box.style().unpolish(box)
        box.style().polish(box)


def inset(box: QSpinBox) -> None:
    """Begin its text where that of other boxes begins, which no style sheet can say."""
    box.lineEdit().setTextMargins(7, 0, 0, 0)


def mono_font() -> QFont:
    """The system's font for code, in the size of its other text."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setStyleHint(QFont.StyleHint.Monospace)
    size = QApplication.font().pointSizeF()
    if size > 0:
        font.setPointSizeF(size)
    return font


def with_size(font: QFont, factor: float, *, bold: bool = False) -> QFont:
    """A copy of `font`, `factor` times as large."""
    copy = QFont(font)
    if copy.pointSizeF() > 0:
        copy.setPointSizeF(copy.pointSizeF() * factor)
    copy.setBold(bold)
    return copy


def app_icon() -> QIcon:
    """The program's own icon."""
    return QIcon(str(resource_path("icons/longwatch.svg")))


@lru_cache(maxsize=256)
def _icon(name: str, color: str, disabled: str) -> QIcon:
    icon = QIcon()
    source = resource_path(f"icons/{name}.svg").read_text("utf-8")
    modes = QIcon.Mode
    # One for selected rows too: Qt would wash it out.
    for shade, mode in (
        (color, modes.Normal),
        (color, modes.Selected),
        (disabled, modes.Disabled),
    ):
        data = QByteArray(source.replace("currentColor", shade).encode())
        renderer = QSvgRenderer(data)
        for side in (16, 24, 32, 48):
            pixmap = QPixmap(QSize(side, side))
            pixmap.fill(QColor(0, 0, 0, 0))
            painter = QPainter(pixmap)
            renderer.render(painter, QRectF(0, 0, side, side))
            painter.end()
            icon.addPixmap(pixmap, mode)
    return icon


def _palette(colors: Colors) -> QPalette:
    roles = QPalette.ColorRole
    palette = QPalette()
    for role, color in {
        roles.Window: colors.window,
        roles.WindowText: colors.text,
        roles.Base: colors.base,
        roles.AlternateBase: colors.hover,
        roles.Text: colors.text,
        roles.PlaceholderText: colors.muted,
        roles.Button: colors.raised,
        roles.ButtonText: colors.text,
        roles.BrightText: colors.danger,
        roles.ToolTipBase: colors.raised,
        roles.ToolTipText: colors.text,
        roles.Highlight: colors.selection,
        roles.HighlightedText: colors.text,
        roles.Accent: colors.accent,
        roles.Link: colors.accent,
        roles.LinkVisited: colors.accent,
        roles.Light: colors.raised,
        roles.Midlight: colors.hover,
        roles.Mid: colors.border,
        roles.Dark: colors.border,
        roles.Shadow: colors.border,
    }.items():
        palette.setColor(role, QColor(color))
    for role in (roles.Text, roles.WindowText, roles.ButtonText, roles.HighlightedText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(colors.muted))
    return palette


def _file(name: str) -> str:
    """The path of an icon, for a style sheet."""
    return resource_path(f"icons/{name}.svg").as_posix()


def _style(colors: Colors) -> str:
    """What a palette cannot say: quiet frames, tabs and buttons. Short: a style sheet on a widget
    with many children costs time at every change of theme."""
    check = "style-check-dark" if colors is DARK else "style-check-light"
    return f"""
    QToolTip {{ color: {colors.text}; background: {colors.raised};
        border: 1px solid {colors.border}; padding: 4px 6px; }}
    QMainWindow::separator {{ background: {colors.border}; width: 1px; height: 1px; }}
    QSplitter::handle {{ background: {colors.border}; }}
    QListView#completions {{ border: 1px solid {colors.border}; background: {colors.raised}; }}
    QListView#completions::item {{ padding: 2px 6px; }}
    QToolButton[kind="true"] {{ color: {colors.muted}; padding: 3px 16px 3px 4px; }}
    QToolButton[kind="true"]::menu-indicator {{ subcontrol-origin: padding;
        subcontrol-position: right center; right: 4px; }}
    QFrame#find {{ border-top: 1px solid {colors.border}; background: {colors.window}; }}
    QToolButton:checked {{ background: {colors.selection}; border-color: {colors.accent}; }}
    QFrame#foot {{ border-top: 1px solid {colors.border}; background: {colors.window}; }}
    QToolBar {{ border: none; border-bottom: 1px solid {colors.border}; spacing: 6px;
        padding: 6px 8px; background: {colors.window}; }}
    QStatusBar {{ border-top: 1px solid {colors.border}; background: {colors.window}; }}
    QStatusBar::item {{ border: none; }}
    QTabWidget::pane {{ border: none; border-top: 1px solid {colors.border}; }}
    QTabBar {{ qproperty-drawBase: 0; background: {colors.window}; }}
    QTabBar::tab {{ background: transparent; color: {colors.muted}; border: none;
        border-bottom: 2px solid transparent; padding: 6px 12px 5px 12px; }}
    QTabBar::tab:selected {{ color: {colors.text}; border-bottom-color: {colors.accent}; }}
    QTabBar::tab:hover {{ color: {colors.text}; }}
    QTabBar::tab:focus {{ color: {colors.accent}; }}
    QHeaderView::section {{ background: {colors.window}; color: {colors.muted}; border: none;
        border-bottom: 1px solid {colors.border}; border-right: 1px solid {colors.border};
        padding: 4px 8px; }}
    QTableCornerButton::section {{ background: {colors.window}; border: none;
        border-bottom: 1px solid {colors.border}; border-right: 1px solid {colors.border}; }}
    QTableView, QTreeView, QPlainTextEdit, QListView {{ border: none; background: {colors.base}; }}
    QTableView#result::item {{ padding: 0 8px; }}
    QLineEdit {{ border: 1px solid {colors.border}; border-radius: 5px; padding: 4px 8px;
        background: {colors.base}; selection-background-color: {colors.selection};
        selection-color: {colors.text}; }}
    QLineEdit:focus {{ border-color: {colors.accent}; }}
    QLineEdit[wrong="true"] {{ border-color: {colors.danger}; }}
    QComboBox, QAbstractSpinBox {{ border: 1px solid {colors.border}; border-radius: 5px;
        padding: 3px 8px; background: {colors.base}; min-height: 18px;
        selection-background-color: {colors.selection}; selection-color: {colors.text}; }}
    QPushButton {{ border: 1px solid {colors.border}; border-radius: 5px; padding: 4px 18px;
        background: {colors.raised}; min-height: 18px; }}
    QPushButton:hover {{ background: {colors.hover}; border-color: {colors.muted}; }}
    QPushButton:pressed {{ background: {colors.track}; }}
    QPushButton:default {{ border-color: {colors.accent}; }}
    QPushButton:focus {{ border-color: {colors.accent}; }}
    QPushButton:disabled {{ color: {colors.muted}; background: {colors.window}; }}
    QComboBox:focus, QAbstractSpinBox:focus {{ border-color: {colors.accent}; }}
    QComboBox:disabled, QAbstractSpinBox:disabled {{ color: {colors.muted};
        background: {colors.window}; }}
    QComboBox::drop-down {{ border: none; width: 22px; }}
    QComboBox::down-arrow {{ image: url({_file("style-down")}); width: 12px; height: 12px; }}
    QComboBox QAbstractItemView {{ border: 1px solid {colors.border}; padding: 2px;
        background: {colors.raised}; selection-background-color: {colors.selection};
        selection-color: {colors.text}; }}
    QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ border: none; width: 20px;
        subcontrol-origin: border; }}
    QAbstractSpinBox::up-button {{ subcontrol-position: top right; }}
    QAbstractSpinBox::down-button {{ subcontrol-position: bottom right; }}
    QAbstractSpinBox::up-arrow {{ image: url({_file("style-up")}); width: 10px; height: 10px; }}
    QAbstractSpinBox::down-arrow {{ image: url({_file("style-down")}); width: 10px; height: 10px; }}
    QCheckBox::indicator, QTableWidget::indicator, QListView::indicator {{ width: 13px;
        height: 13px; border: 1px solid {colors.muted}; border-radius: 3px;
        background: {colors.base}; }}
    QCheckBox::indicator:checked, QTableWidget::indicator:checked,
    QListView::indicator:checked {{ border-color: {colors.accent}; background: {colors.accent};
        image: url({_file(check)}); }}
    QCheckBox::indicator:disabled {{ border-color: {colors.border};
        background: {colors.window}; }}
    QCheckBox::indicator:checked:disabled {{ background: {colors.muted}; }}
    QCheckBox:focus {{ color: {colors.accent}; }}
    QScrollBar {{ background: transparent; border: none; margin: 0; }}
    QScrollBar:vertical {{ width: 12px; }}
    QScrollBar:horizontal {{ height: 12px; }}
    QScrollBar::handle {{ background: {colors.scroll}; border-radius: 3px; margin: 3px; }}
    QScrollBar::handle:vertical {{ min-height: 28px; }}
    QScrollBar::handle:horizontal {{ min-width: 28px; }}
    QScrollBar::handle:hover, QScrollBar::handle:pressed {{ background: {colors.muted}; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
    QRadioButton::indicator:unchecked {{ width: 13px; height: 13px;
        border: 1px solid {colors.muted}; border-radius: 7px; background: {colors.base}; }}
    QRadioButton::indicator:checked {{ width: 5px; height: 5px; border: 5px solid {colors.accent};
        border-radius: 7px; background: {colors.on_accent}; }}
    QToolButton {{ border: 1px solid transparent; border-radius: 5px; padding: 4px 8px; }}
    QToolButton:hover {{ background: {colors.hover}; border-color: {colors.border}; }}
    QToolButton:pressed {{ background: {colors.track}; }}
    QToolButton:focus {{ border-color: {colors.accent}; }}
    QToolButton[primary="true"] {{ background: {colors.accent}; color: {colors.on_accent};
        border-color: {colors.accent}; padding: 4px 12px; font-weight: 600; }}
    QToolButton[primary="true"]:hover {{ border-color: {colors.text}; }}
    QToolButton[primary="true"]:disabled {{ background: {colors.track}; color: {colors.muted};
        border-color: {colors.track}; }}
    QToolButton[chip="true"] {{ padding: 3px 10px; border-radius: 11px; color: {colors.muted}; }}
    QToolButton[chip="true"]:checked {{ background: {colors.selection}; color: {colors.text}; }}
    QLabel#starting {{ color: {colors.muted}; qproperty-alignment: AlignCenter; }}
    QLabel[muted="true"] {{ color: {colors.muted}; }}
    QLabel[heading="true"] {{ color: {colors.muted}; font-weight: 600;
        padding: 8px 10px 4px 10px; }}
    """

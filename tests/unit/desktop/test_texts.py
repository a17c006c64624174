"""Every text that is shown goes through `tr`, and every text has its translation."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import xml.etree.ElementTree as Xml
from collections.abc import Iterator
from pathlib import Path

import pytest

import longwatch_desktop
from longwatch_desktop.resources import resource_path
from longwatch_desktop.translation import plain

SOURCES = Path(longwatch_desktop.__file__).parent
ROOT = Path(__file__).resolve().parents[3]
SHOWN = {
    "setText", "setToolTip", "setWindowTitle", "setPlaceholderText", "setAccessibleName",
    "setAccessibleDescription", "setStatusTip", "setInformativeText", "setTitle", "addTab",
    "setTabText", "setTabToolTip", "addItem", "addAction", "addMenu", "addRow", "addButton",
    "setLabel", "setHeaderLabels", "setSuffix", "setPrefix", "setSpecialValueText",
    "setDetailedText", "setButtonText", "setItemText", "showMessage", "setLabelText",
    "setNameFilter", "setTitleFormat", "say", "tell", "QLabel", "QPushButton", "QAction",
    "QCheckBox", "QRadioButton", "QGroupBox", "QMenu", "QDockWidget", "ElidedLabel",
}  # fmt: skip
"""What shows its arguments to a person."""
NAMES = {"Longwatch", "<table>", "</table>"}
"""The same in every language."""
INSIDE = ("reports/catching.py", "program.py")
"""What they tell is for who reads a report: it stays English, as its traceback."""
LOWER = re.compile(r"[^\W\d_]{2}")


def shown_texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Literals of words inside what is shown, unless they are arguments of `tr`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in SHOWN:
            for argument in (*node.args, *(one.value for one in node.keywords)):
                yield from _literals(argument)


def _literals(node: ast.AST) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.Call) and _name(node.func) in {"tr", "QT_TR_NOOP"}:
        return
    if isinstance(node, (ast.Subscript, ast.Compare)):  # a key, no text
        return
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str) and LOWER.search(node.value) and node.value not in NAMES:
            yield node.lineno, node.value
        return
    children = [*ast.iter_child_nodes(node)]
    if isinstance(node, ast.Call):  # what another call shows is looked at there
        children = [node.func, *node.args] if _name(node.func) not in SHOWN else []
    for child in children:
        yield from _literals(child)


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def test_what_is_shown_goes_through_tr() -> None:
    wrong = [
        f"{file.relative_to(SOURCES)}:{line}: {text!r}"
        for file in sorted(SOURCES.rglob("*.py"))
        if not str(file).endswith(INSIDE)
        for line, text in shown_texts(ast.parse(file.read_text("utf-8")))
    ]
    assert wrong == []


def test_texts_are_literals() -> None:
    """Qt's tools cannot find what is put together while the program runs."""
    wrong = [
        f"{file.relative_to(SOURCES)}:{node.lineno}"
        for file in sorted(SOURCES.rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and _name(node.func) in {"tr", "QT_TR_NOOP"}
        and any(isinstance(one, ast.JoinedStr) for one in ast.walk(node))
    ]
    assert wrong == []


@pytest.fixture(scope="module")
def messages() -> list[Xml.Element]:
    """Every message of the German translation."""
    tree = Xml.parse(resource_path("translations/longwatch_de.ts"))
    return list(tree.iter("message"))


def _of(message: Xml.Element) -> tuple[str, list[str]]:
    translation = message.find("translation")
    assert translation is not None
    forms = [form.text or "" for form in translation.iter("numerusform")]
    return message.findtext("source", ""), forms or [translation.text or ""]


def test_every_text_is_translated(messages: list[Xml.Element]) -> None:
    missing = [
        source
        for message in messages
        for source, forms in [_of(message)]
        if not all(forms) or message.find("translation[@type]") is not None
    ]
    assert missing == []


def test_a_translation_has_the_places_of_its_text(messages: list[Xml.Element]) -> None:
    place = re.compile(r"\{[^}]*\}|%n")
    wrong = [
        (source, form)
        for source, forms in map(_of, messages)
        for form in forms
        if set(place.findall(form)) - set(place.findall(source))
        or {*place.findall(source)} - {*place.findall(form)} - {"%n"}
    ]
    assert wrong == []


def test_the_translation_is_that_of_the_program(tmp_path: Path) -> None:
    """`python packaging/translations.py` brings it up to date."""
    kept = resource_path("translations/longwatch_de.ts")
    fresh = tmp_path / kept.name
    fresh.write_bytes(kept.read_bytes())
    script = ROOT / "packaging" / "translations.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True, capture_output=True)
    made = fresh.with_suffix(".qm")
    sources = [one.findtext("source") for one in Xml.parse(fresh).iter("message")]
    assert sources == [one.findtext("source") for one in Xml.parse(kept).iter("message")]
    assert made.read_bytes() == kept.with_suffix(".qm").read_bytes()


@pytest.mark.parametrize(
    ("text", "n", "said"),
    [
        ("%n row(s)", 1, "1 row"),
        ("%n row(s)", 0, "0 rows"),
        ("%n row(s)", 12_345, "12,345 rows"),
        ("Delete {name}?", -1, "Delete {name}?"),
    ],
)
def test_english_needs_no_translation(text: str, n: int, said: str) -> None:
    assert plain(text, "", n) == said

"""No box and no menu runs an event loop of its own: inside qasync's that ends other tasks."""

from __future__ import annotations

import ast
from pathlib import Path

import longwatch_desktop

NESTED = {
    "exec",
    "exec_",
    "processEvents",
    "getOpenFileName",
    "getOpenFileNames",
    "getSaveFileName",
}
BEFORE = {("app", "processEvents"), ("waiting", "exec")}
"""While the program is still being imported, and no other loop runs."""
STATIC = {"information", "warning", "critical", "question", "getText", "getItem", "getInt"}


def calls(tree: ast.AST) -> list[tuple[str, str, int]]:
    """Every call of a method: what it is called on, its name, its line."""
    return [
        (ast.unparse(node.func.value), node.func.attr, node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]


def test_nothing_waits_in_a_loop_of_its_own() -> None:
    wrong = []
    for file in sorted(Path(longwatch_desktop.__file__).parent.rglob("*.py")):
        for owner, name, line in calls(ast.parse(file.read_text("utf-8"))):
            nested = name in NESTED or (name in STATIC and owner in {"QMessageBox", "QInputDialog"})
            before_the_loop = file.name == "app.py" and (owner, name) in BEFORE
            if nested and not before_the_loop:
                wrong.append(f"{file.name}:{line}: {owner}.{name}()")
    assert wrong == []


def test_the_test_sees_them() -> None:
    found = calls(ast.parse("box.exec()\nQMessageBox.question(self, 'a', 'b')"))
    assert [name for _, name, _ in found] == ["exec", "question"]

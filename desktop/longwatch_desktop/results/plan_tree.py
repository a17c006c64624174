"""An engine's plan as a tree, read from the text that the engine itself writes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from longwatch_desktop.translation import tr

_BOX: Final = "╭─ "
_ROWS_OF_BOX: Final = re.compile(r"~([\d,]+) rows?$")
_NODE: Final = re.compile(
    r"^(?P<before>\s*(?:->\s+)?)(?P<name>\S.*?)\s+\(cost=.*?rows=(?P<rows>\d+)"
)


@dataclass(slots=True)
class Step:
    """One operator: its name, what it is told to do, the rows that are expected of it (`None` if
    the planner makes no guess), and what it works on."""

    name: str
    details: list[str] = field(default_factory=list)
    rows: int | None = None
    children: list[Step] = field(default_factory=list)

    def count(self) -> int:
        """How many operators there are."""
        return 1 + sum(child.count() for child in self.children)


def parse(plan: str, engine: str) -> Step | None:
    """The tree; `None` for a text that is none, which is to be shown as it is."""
    read: Callable[[str], Step | None]
    if plan.lstrip().startswith(_BOX):
        read = _boxes
    elif "(cost=" in plan.partition("\n")[0]:
        read = _arrows
    elif engine == "sqlite":
        read = _indented
    else:
        return None
    return read(plan)


@dataclass(slots=True)
class _Box:
    left: int
    right: int
    top: int
    bottom: int
    step: Step


def _boxes(plan: str) -> Step | None:
    """DuckDB draws boxes, and lines from each to those below it."""
    lines = plan.split("\n")
    boxes: list[_Box] = []
    for top, line in enumerate(lines):
        for found in re.finditer(r"╭─ [^╭╮]*╮", line):
            left, right = found.start(), found.end() - 1
            bottom = next(
                (at for at in range(top + 1, len(lines)) if _at(lines, at, left) == "╰"), top
            )
            step = Step(found.group()[1:-1].replace("┴", "─").strip("─ "))
            for inside in lines[top + 1 : bottom]:
                _add_detail(step, inside[left + 1 : right].rstrip(" │"))
            boxes.append(_Box(left, right, top, bottom, step))
    root: Step | None = None
    for box in boxes:
        parent = _parent(lines, boxes, box)
        if parent is not None:
            parent.step.children.append(box.step)
        elif root is None:
            root = box.step
        else:
            return None  # drawn in a way that is not known here
    return root


def _parent(lines: list[str], boxes: list[_Box], box: _Box) -> _Box | None:
    for across in range(box.left, box.right + 1):
        row, column = box.top - 1, across
        if _at(lines, row, column) not in {"┬", "╮", "├", "│"}:
            continue
        while row >= 0:
            owner = next((b for b in boxes if b.bottom == row and b.left < column < b.right), None)
            if owner is not None:
                return owner
            sign = _at(lines, row, column)
            if sign in {"╮", "┬"}:
                while column > 0 and _at(lines, row, column) != "├":
                    column -= 1
            elif sign not in {"├", "│"}:
                break
            row -= 1
    return None


def _at(lines: list[str], row: int, column: int) -> str:
    if not 0 <= row < len(lines) or not 0 <= column < len(lines[row]):
        return ""
    return lines[row][column]


def _add_detail(step: Step, line: str) -> None:
    text = line.strip()
    rows = _ROWS_OF_BOX.match(text)
    if rows is not None:
        step.rows = int(rows.group(1).replace(",", ""))
    elif re.match(r"[A-Z][\w ]*:", text) or not step.details:
        step.details.append(text)
    elif text:
        step.details[-1] += f" {text}"


def _arrows(plan: str) -> Step | None:
    """PostgreSQL writes an arrow before each operator, further in the deeper it is."""
    root: Step | None = None
    open_: list[tuple[int, Step]] = []
    for line in plan.split("\n"):
        found = _NODE.match(line)
        if found is None:
            if open_ and line.strip():
                open_[-1][1].details.append(line.strip())
            continue
        depth = len(found["before"])
        step = Step(found["name"], rows=int(found["rows"]))
        while open_ and open_[-1][0] >= depth:
            open_.pop()
        if open_:
            open_[-1][1].children.append(step)
        elif root is None:
            root = step
        else:
            return None
        open_.append((depth, step))
    return root


def _indented(plan: str) -> Step | None:
    """SQLite's lines, two spaces further in for each level."""
    root = Step(tr("Query"))
    open_: list[tuple[int, Step]] = [(-1, root)]
    for line in plan.split("\n"):
        if not line.strip():
            continue
        depth = len(line) - len(line.lstrip())
        while open_[-1][0] >= depth:
            open_.pop()
        step = Step(line.strip())
        open_[-1][1].children.append(step)
        open_.append((depth, step))
    return root.children[0] if len(root.children) == 1 else root if root.children else None

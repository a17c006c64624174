"""What the repository holds, and what must never get into it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]

TOP: Final = {
    ".ci",
    ".editorconfig",
    ".gitattributes",
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "desktop",
    "packaging",
    "pyproject.toml",
    "resources",
    "server",
    "tests",
}

# Put together from pieces, as this file is looked through as well.
REGISTRIES: Final = [
    ".".join(parts)
    for parts in (
        ("py" + "pi", "org"),
        ("python" + "hosted", "org"),
        ("ana" + "conda", "org"),
        ("npm" + "js", "org"),
        ("npm" + "js", "com"),
        ("docker", "io"),
        ("gh" + "cr", "io"),
    )
]
INDEX_OPTIONS: Final = ["--index" + "-url", "--extra-index" + "-url", "--find" + "-links"]


@cache
def tracked() -> list[Path]:
    """Every file that is in the repository, or would be with the next commit."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    files = [ROOT / name for name in listed.split("\0") if name]
    return [file for file in files if file.is_file()]


def texts() -> dict[str, str]:
    read = {file.relative_to(ROOT).as_posix(): file.read_bytes() for file in tracked()}
    return {
        name: data.decode("utf-8", "replace") for name, data in read.items() if b"\0" not in data
    }


def found(pattern: str) -> list[str]:
    return [
        f"{name}: {match[0]!r}"
        for name, text in texts().items()
        for match in re.finditer(pattern, text)
    ]


def test_the_top_level_holds_nothing_unexpected() -> None:
    top = {file.relative_to(ROOT).parts[0] for file in tracked()}
    assert top <= TOP, f"unexpected: {top - TOP}"


def test_no_file_names_a_package_registry() -> None:
    """Where packages come from is the machine's own setting; here it would overrule a mirror."""
    assert found("|".join(map(re.escape, REGISTRIES + INDEX_OPTIONS))) == []


def test_no_file_names_a_folder_of_somebodys_machine() -> None:
    homes = [r"/(?:home|Users)/\w+", r"/root/[\w.]", r"[A-Z]:\\Users\\\w+"]
    if len(ROOT.parts) > 2:  # `/src` is in every URL
        homes.append(re.escape(str(ROOT)) + r"\b")
    assert found(r"(?<![\w.}/-])(?:" + "|".join(homes) + ")") == []


@pytest.mark.parametrize("folder", ["resources", "packaging"])
def test_a_folder_of_data_is_no_package(folder: str) -> None:
    """An `__init__.py` would let `import resources` work in a checkout, and nowhere else."""
    assert (ROOT / folder).is_dir()
    assert list((ROOT / folder).rglob("__init__.py")) == []


def imported_by(path: Path) -> set[str]:
    """The top-level packages that a file imports, wherever in it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }


def test_what_runs_before_the_set_up_needs_only_the_standard_library() -> None:
    packaging = ROOT / "packaging"
    own = {path.stem: path for path in packaging.glob("*.py")}
    waiting, seen = [packaging / "bootstrap.py"], set()
    while waiting:
        path = waiting.pop()
        seen.add(path.stem)
        imported = imported_by(path)
        assert imported <= sys.stdlib_module_names | own.keys(), path
        waiting += [own[name] for name in imported & own.keys() - seen]
    assert "environment" in seen
    qt = imported_by(ROOT / "server" / "longwatch" / "cli" / "qt_libraries.py")
    assert qt
    assert qt <= sys.stdlib_module_names


def test_an_old_python_can_read_what_refuses_it() -> None:
    source = (ROOT / "packaging" / "bootstrap.py").read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 7))
    guard = next(node.lineno for node in tree.body if isinstance(node, ast.If))
    before = {
        alias.name
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom) and node.lineno < guard
        for alias in node.names
    }
    assert before == {"shutil", "subprocess", "sys"}


def test_make_has_a_target_for_every_command_of_the_set_up() -> None:
    source = (ROOT / "packaging" / "bootstrap.py").read_text(encoding="utf-8")
    commands = next(
        ast.literal_eval(node.value)
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "COMMANDS"
    )
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"^COMMANDS := (.+)$", makefile, re.MULTILINE)
    assert targets is not None
    assert targets[1].split() == list(commands)

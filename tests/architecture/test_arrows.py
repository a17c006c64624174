"""The arrows between the parts (CONTRIBUTING.md): import-linter's contracts in pyproject.toml."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parents[2]
CONTRACTS: Final[list[dict[str, Any]]] = tomllib.loads(
    (ROOT / "pyproject.toml").read_text(encoding="utf-8")
)["tool"]["importlinter"]["contracts"]

BREACHES: Final = {
    "protocol": ("longwatch/protocol", "import longwatch.jobs.model"),
    "client": ("longwatch/client", "import longwatch.settings"),
    "jobs": ("longwatch/jobs", "import longwatch.store.store"),
    "store": ("longwatch/store", "import longwatch.feed.hub"),
    "engines": ("longwatch/engines", "import longwatch.store.store"),
    "progress": ("longwatch/progress", "import longwatch.api.jobs"),
    "feed": ("longwatch/feed", "import longwatch.store.store"),
    "results": ("longwatch/results", "import longwatch.runner.spec"),
    "security": ("longwatch/security", "import longwatch.settings"),
    "runner": ("longwatch/runner", "import longwatch.store.store"),
    "execution": ("longwatch/execution", "import longwatch.service"),
    "worker": ("longwatch/worker", "import longwatch.service"),
    "sources": ("longwatch/sources", "import longwatch.service"),
    "service": ("longwatch/service", "import longwatch.api.jobs"),
    "api": ("longwatch/api", "import longwatch.engines.registry"),
    "app": ("longwatch/app.py", "import longwatch.engines.registry"),
    "host": ("longwatch/host.py", "import longwatch.cli.words"),
    "connecting": ("longwatch/connecting.py", "import longwatch.service"),
    "cli": ("longwatch/cli", "import longwatch.service"),
    "helpers": ("longwatch/paths.py", "import longwatch.jobs.model"),
    "light": ("longwatch/client", "import fastapi"),
    "screenless": ("longwatch/jobs", "import PySide6"),
    "desktop": ("longwatch_desktop/editor", "import longwatch.host"),
    "mirror": ("longwatch_desktop/mirror", "from PySide6.QtCore import QObject"),
}
"""For every contract where an import is added, and which, to break it."""


def lint(cwd: Path, *, path: str = "") -> subprocess.CompletedProcess[str]:
    code = "from importlinter.cli import lint_imports_command as lint; lint()"
    return subprocess.run(
        [sys.executable, "-P", "-c", code, "--no-cache"],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": path, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=100,
        check=False,
    )


def test_every_arrow_points_the_right_way() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_contract_can_be_broken(tmp_path: Path) -> None:
    """A misspelt module in a contract would let everything pass."""
    packages = {"longwatch": ROOT / "server", "longwatch_desktop": ROOT / "desktop"}
    for name, folder in packages.items():
        shutil.copytree(
            folder / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for place, statement in BREACHES.values():
        target = tmp_path / place
        if target.suffix == ".py":
            target.write_text(f"{target.read_text(encoding='utf-8')}\n{statement}\n", "utf-8")
        else:
            target.mkdir(exist_ok=True)
            (target / "__init__.py").touch()
            with (target / "breach.py").open("a", encoding="utf-8") as file:
                file.write(f"{statement}\n")
    done = lint(tmp_path, path=str(tmp_path))
    broken = set(re.findall(r"^(.+) BROKEN\b", done.stdout, re.MULTILINE))
    assert broken == {contract["name"] for contract in CONTRACTS}, done.stdout + done.stderr


def test_every_contract_has_a_breach_to_prove_it() -> None:
    assert {contract["id"] for contract in CONTRACTS} == BREACHES.keys()


def test_every_module_of_the_server_has_its_arrows() -> None:
    sources = {source for contract in CONTRACTS for source in contract["source_modules"]}
    modules = {
        f"longwatch.{path.stem}"
        for path in (ROOT / "server" / "longwatch").iterdir()
        if not path.name.startswith("_")
        and (path.suffix == ".py" or (path / "__init__.py").exists())
    }
    assert modules
    assert modules <= sources


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract["id"])
def test_a_contract_names_only_modules_there_are(contract: dict[str, Any]) -> None:
    """import-linter ignores an exception that matches nothing, as long as it is written well."""
    for line in contract.get("ignore_imports", []):
        for name in re.split(r" -> ", line):
            package, *rest = name.removesuffix(".**").split(".")
            folder = ROOT / {"longwatch": "server", "longwatch_desktop": "desktop"}[package]
            place = folder.joinpath(package, *rest)
            assert place.is_dir() or place.with_suffix(".py").is_file(), line

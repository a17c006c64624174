"""What an import costs is decided by what it imports; only a fresh process can tell.

Milliseconds, cold: FastAPI 480, numpy 215, httpx 160, websockets 154, uvicorn 152, duckdb 124.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

SERVER = {"fastapi", "starlette", "uvicorn", "sqlalchemy", "alembic", "pydantic", "duckdb"}
QT = {"PySide6", "shiboken6", "qasync"}

EVERY_MODULE_OF = """
import importlib, pkgutil
package = importlib.import_module({name!r})
for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):
    importlib.import_module(module.name)
"""
HELP = """
import runpy
sys.argv = ["longwatch", "--help"]
try:
    runpy.run_module("longwatch", run_name="__main__")
except SystemExit as ended:
    assert not ended.code, ended.code
"""


def loaded_by(code: str) -> set[str]:
    """The top-level packages that running `code` adds to those of a bare interpreter."""
    script = (
        f"import sys; before = set(sys.modules)\n{code}\n"
        "print('\\n', *{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    # -I: neither this process's environment nor its folder have a say.
    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


def third_party(packages: set[str]) -> set[str]:
    return {
        name
        for name in packages - sys.stdlib_module_names
        # mypyc's helper modules are named by a hash.
        if not name.endswith("__mypyc")
    }


@pytest.mark.parametrize(
    ("code", "banned"),
    [
        ("import longwatch", SERVER | QT | {"httpx", "websockets", "pyarrow", "click", "msgspec"}),
        ("from longwatch import Job", SERVER | QT | {"httpx", "websockets", "pyarrow", "click"}),
        ("from longwatch import Client", SERVER | QT | {"httpx", "websockets", "pyarrow"}),
        ("from longwatch import connect", SERVER | QT | {"httpx", "websockets", "pyarrow"}),
        (EVERY_MODULE_OF.format(name="longwatch.client"), SERVER | QT | {"pyarrow", "numpy"}),
        (HELP, SERVER | QT | {"httpx", "websockets", "pyarrow", "numpy", "rich"}),
        ("import longwatch.host", SERVER | QT | {"httpx", "websockets", "pyarrow"}),
        ("import longwatch.app", QT | {"duckdb", "pyarrow", "numpy", "alembic", "httpx"}),
        ("import longwatch_desktop", SERVER | QT | {"httpx", "websockets", "pyarrow", "numpy"}),
    ],
    ids=[
        "longwatch",
        "longwatch.Job",
        "longwatch.Client",
        "longwatch.connect",
        "longwatch.client",
        "--help",
        "longwatch.host",
        "longwatch.app",
        "longwatch_desktop",
    ],
)
def test_an_import_leaves_heavy_packages_alone(code: str, banned: set[str]) -> None:
    loaded = loaded_by(code)
    assert loaded & {"longwatch", "longwatch_desktop"}
    assert not loaded & banned


def test_the_protocol_needs_nothing_but_msgspec() -> None:
    loaded = loaded_by(EVERY_MODULE_OF.format(name="longwatch.protocol"))
    # msgspec loads typing_extensions if something else installed it.
    assert third_party(loaded) - {"typing_extensions"} == {"longwatch", "msgspec"}


def test_the_public_face_is_all_there() -> None:
    loaded = loaded_by("import longwatch\nfor name in longwatch.__all__: getattr(longwatch, name)")
    assert "msgspec" in loaded

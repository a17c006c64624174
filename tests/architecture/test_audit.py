"""What `make check` makes of pip-audit's word: the real one, against a list of vulnerabilities that
this test keeps (the API of osv.dev)."""

from __future__ import annotations

import importlib
import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

from support.workers import free_port

PACKAGING: Final = Path(__file__).parents[2] / "packaging"
VULNERABLE: Final = "jinja2"


class Vulnerabilities(BaseHTTPRequestHandler):
    """Knows of one package that every version of it is vulnerable."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        package = asked["package"]
        known = {"id": "TEST-1", "summary": "Made up.", "affected": [{"package": package}]}
        body = json.dumps({"vulns": [known]} if package["name"] == VULNERABLE else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture(scope="module")
def known_at() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Vulnerabilities)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def vulnerabilities(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The part of the set-up that asks, with this environment's tools and of other pins."""
    monkeypatch.syspath_prepend(PACKAGING)
    module = importlib.import_module("vulnerabilities")
    monkeypatch.setattr("checkout.BIN", Path(sys.executable).parent)
    monkeypatch.setattr(module, "CONSTRAINTS", tmp_path / "constraints.txt")
    monkeypatch.setenv("PIP_AUDIT_VULNERABILITY_SERVICE", "osv")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return module


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pins", "is_well"),
    [
        (["idna==3.20", "anyio==4.9.0"], True),
        (["idna==3.20", f"{VULNERABLE}==3.1.0"], False),
        # The first is asked for by itself, to see whether anybody answers.
        ([f"{VULNERABLE}==3.1.0", "idna==3.20"], False),
    ],
)
def test_a_vulnerable_pin_fails_the_check(
    vulnerabilities: ModuleType,
    known_at: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    pins: list[str],
    is_well: bool,
) -> None:
    monkeypatch.setenv("PIP_AUDIT_OSV_URL", known_at)
    vulnerabilities.CONSTRAINTS.write_text("# pins\n" + "\n".join(pins) + "\n", "utf-8")
    assert vulnerabilities.audit() is is_well
    said = capfd.readouterr().err
    assert ("TEST-1" in said) is not is_well
    assert "Skipped" not in said


@pytest.mark.parametrize(
    ("said", "is_well"),
    [
        ("No known vulnerabilities found\n", True),
        ("Found 1 known vulnerability in 1 package\nName Version ID\n", False),
        ("Found 12 known vulnerabilities in 3 packages\n", False),
        ("No known vulnerabilities found, 1 package could not be audited\n", None),
        ("ERROR:pip_audit._cli:Could not connect to the list\n", None),
        ("Traceback (most recent call last):\n", None),
        ("", None),
    ],
)
def test_what_it_says_is_judged(
    vulnerabilities: ModuleType, said: str, is_well: bool | None
) -> None:
    assert vulnerabilities.judged(said) is is_well


@pytest.mark.slow
def test_where_nobody_answers_it_says_so(
    vulnerabilities: ModuleType, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PIP_AUDIT_OSV_URL", f"http://127.0.0.1:{free_port()}")
    vulnerabilities.CONSTRAINTS.write_text("idna==3.20\n", "utf-8")
    assert vulnerabilities.audit() is True
    assert "Skipped, the list of vulnerabilities is out of reach" in capfd.readouterr().err

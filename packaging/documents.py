"""Writes the documents of the API, `resources/api/openapi.json` and `asyncapi.json`:

    .venv/bin/python packaging/documents.py

Run it after a change to a route, a record or a frame; a test compares them with the application.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from longwatch.api.asyncapi import asyncapi_document
from longwatch.app import create_app
from longwatch.settings import Settings

FOLDER = Path(__file__).resolve().parents[1] / "resources" / "api"


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        openapi = create_app(Settings(data_dir=Path(name))).openapi()
    FOLDER.mkdir(exist_ok=True)
    write("openapi.json", openapi)
    write("asyncapi.json", asyncapi_document())


def write(name: str, document: dict[str, Any]) -> None:
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    (FOLDER / name).write_text(text, encoding="utf-8")
    print(f"{FOLDER.name}/{name}: {len(text):,} characters")


if __name__ == "__main__":
    main()

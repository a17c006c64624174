"""The documents of the API, for those who compare them."""

from __future__ import annotations

from typing import Any


def follow_references(document: dict[str, Any]) -> None:
    """Go where each `$ref` leads. Raises `KeyError` for one that leads nowhere."""
    for reference in _references(document):
        at: Any = document
        for part in reference.removeprefix("#/").split("/"):
            at = at[part]


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for value in node.values() for found in _references(value)]
    return (
        [found for value in node for found in _references(value)] if isinstance(node, list) else []
    )

"""The pins of packaging/constraints.txt against what pyproject.toml asks for."""

from __future__ import annotations

import tomllib
from importlib.metadata import distribution
from itertools import chain
from pathlib import Path
from typing import Any, Final

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).parents[2]
PROJECT: Final[dict[str, Any]] = tomllib.loads(
    (ROOT / "pyproject.toml").read_text(encoding="utf-8")
)
PINS: Final = [
    Requirement(line)
    for line in (ROOT / "packaging" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
PYTHONS: Final = ("3.11", "3.12", "3.13")


def asked_for() -> list[Requirement]:
    project = PROJECT["project"]
    lines: chain[str] = chain(
        PROJECT["build-system"]["requires"],
        project["dependencies"],
        *project["optional-dependencies"].values(),
        *PROJECT["dependency-groups"].values(),
    )
    return [Requirement(line) for line in lines]


def version_of(pin: Requirement) -> str:
    (only,) = pin.specifier
    return only.version


def test_every_pin_is_one_version_and_no_address() -> None:
    assert PINS
    for pin in PINS:
        assert pin.url is None, pin
        assert [only.operator for only in pin.specifier] == ["=="], pin
        assert "*" not in version_of(pin), pin


def test_no_package_is_pinned_twice() -> None:
    names = [canonicalize_name(pin.name) for pin in PINS]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("wanted", asked_for(), ids=lambda wanted: wanted.name)
def test_everything_asked_for_is_pinned_to_a_version_that_fits(wanted: Requirement) -> None:
    pins = [pin for pin in PINS if canonicalize_name(pin.name) == canonicalize_name(wanted.name)]
    assert len(pins) == 1
    assert pins[0].marker is None
    assert wanted.specifier.contains(version_of(pins[0]))


def test_whatever_those_need_is_pinned_too() -> None:
    """An unpinned package of a package is how a set-up that worked yesterday fails today."""
    pinned = {canonicalize_name(pin.name) for pin in PINS}
    queue = [*asked_for(), Requirement("pip")]
    seen: set[tuple[str, frozenset[str]]] = set()
    while queue:
        wanted = queue.pop()
        name = canonicalize_name(wanted.name)
        assert name in pinned, name
        if (name, frozenset(wanted.extras)) in seen:
            continue
        seen.add((name, frozenset(wanted.extras)))
        for line in distribution(name).requires or []:
            needed = Requirement(line)
            extras = ["", *wanted.extras]
            if needed.marker is None or any(
                needed.marker.evaluate({"extra": extra}) for extra in extras
            ):
                queue.append(needed)


def test_the_release_of_pyside6_that_loses_references_is_never_installed() -> None:
    """6.12.0 drops one reference too many to `None` and crashes on Python 3.11 in the end."""
    names = ("pyside6-essentials", "shiboken6")
    (wanted,) = (wanted for wanted in asked_for() if wanted.name == "pyside6-essentials")
    assert not wanted.specifier.contains("6.12.0")
    pins = {pin.name: version_of(pin) for pin in PINS if pin.name in names}
    assert pins.keys() == set(names)
    assert "6.12.0" not in pins.values()


def test_the_pythons_that_are_announced_are_those_that_are_allowed() -> None:
    allowed = SpecifierSet(PROJECT["project"]["requires-python"])
    announced = {
        line.rpartition(" ")[2]
        for line in PROJECT["project"]["classifiers"]
        if line.startswith("Programming Language :: Python :: 3.")
    }
    assert announced == set(PYTHONS)
    assert all(allowed.contains(f"{python}.0") for python in PYTHONS)
    assert not allowed.contains("3.10.99")
    assert not allowed.contains("3.14.0")

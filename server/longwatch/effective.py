"""Which value every setting of a server has, and where it comes from; secrets are masked."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr

from longwatch.protocol.limits import Limit, LimitList, LimitOrigin
from longwatch.secret_files import SecretFiles, is_secret
from longwatch.settings import MASK, Settings, load_settings, without_password

_NO_BOUND: Final = frozenset(
    {
        *("max_result_rows", "max_result_bytes"),
        *("keep_results_days", "keep_results_bytes", "keep_jobs_days", "keep_jobs"),
        *("runs_kept_days", "max_runs"),
        *("results_bytes_per_person", "results_bytes"),
    }
)
"""Of these 0 means that there is none."""
LIMITS: Final = (
    *("max_running", "max_running_per_owner", "max_queued", "max_queued_per_owner"),
    *("max_run_s", "memory_bytes", "threads", "spill_bytes"),
    *("max_result_rows", "max_result_bytes", "max_attempts", "retry_delay_s"),
    *("keep_results_days", "keep_results_bytes", "keep_jobs_days", "keep_jobs"),
    *("runs_kept_days", "max_runs"),
    *("results_bytes_per_person", "results_bytes"),
    *("max_upload_bytes", "max_feeds", "max_feeds_per_person", "idempotency_hours", "drain_s"),
    "worker_lease_s",
)
"""The settings that bound something, in the order to show them."""
_TELLING: Final = re.compile(r"pass|secret|token|key|credential", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Effective:
    """One setting: its value without secrets, and where that comes from."""

    name: str
    value: Any
    origin: str


def effective(data_dir: Path, data_dir_origin: str) -> list[Effective]:
    """Every setting of the server over `data_dir`, in their order; `data_dir_origin` says where
    that one comes from. Raises `SettingsError`."""
    settings = load_settings(data_dir, {})
    toml = _toml_keys(data_dir / "config.toml")
    return [
        Effective(
            name,
            masked(getattr(settings, name), secret=is_secret(field.annotation)),
            data_dir_origin if name == "data_dir" else _origin(name, toml, data_dir),
        )
        for name, field in Settings.model_fields.items()
    ]


def limits_of(settings: Settings) -> LimitList:
    """What a server that starts with `settings` allows. To be asked at its start: the file may be
    another later on."""
    file = settings.data_dir / "config.toml"
    toml = _toml_keys(file)
    return LimitList(limits=[_limit(name, settings, toml) for name in LIMITS], file=str(file))


def _limit(name: str, settings: Settings, toml: frozenset[str]) -> Limit:
    value = getattr(settings, name)
    variable = _variable(name)
    if name in settings.given:
        origin = LimitOrigin.ARGUMENT
    elif variable in {key.upper() for key in os.environ}:
        origin = LimitOrigin.ENVIRONMENT
    else:
        origin = LimitOrigin.FILE if name in toml else LimitOrigin.DEFAULT
    return Limit(
        name=name,
        value=None if name in _NO_BOUND and not value else value,
        origin=origin,
        variable=variable,
        about=Settings.model_fields[name].description or "",
    )


def masked(value: Any, *, secret: bool = False) -> Any:
    """A value as anybody may see it: JSON's types, and nothing that opens anything."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if secret and isinstance(value, str | SecretStr):
        return MASK
    if isinstance(value, Mapping):
        return {
            str(key): masked(one, secret=secret or _TELLING.search(str(key)) is not None)
            for key, one in value.items()
        }
    if isinstance(value, list | tuple):
        return [masked(one, secret=secret) for one in value]
    if hasattr(value, "model_dump"):
        return masked(value.model_dump())
    return without_password(str(value))


def lines(found: list[Effective]) -> Iterator[str]:
    """As lines of TOML with a comment each; what is not set is a comment altogether."""
    width = 48
    for one in found:
        said = f"{one.name} = {'' if one.value is None else _toml(one.value)}".rstrip()
        if one.value is None or one.name == "data_dir":  # which config.toml is in
            said = f"# {said}"
        yield f"{said:<{width}}  # {one.origin}"


def _origin(name: str, toml: frozenset[str], data_dir: Path) -> str:
    variable = _variable(name)
    given = {key.upper() for key in os.environ}
    if variable in given:
        return f"environment: {variable}"
    files = SecretFiles(Settings)
    if files.takes_file(name) and files.variable(name) in given:
        return f"file: {files.variable(name)}"
    return str(data_dir / "config.toml") if name in toml else "default"


def _variable(name: str) -> str:
    return f"LONGWATCH_{name}".upper()


def _toml_keys(path: Path) -> frozenset[str]:
    try:
        return frozenset(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return frozenset()


def _toml(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case dict():
            inside = ", ".join(f"{_key(key)} = {_toml(one)}" for key, one in _set(value))
            return f"{{ {inside} }}" if inside else "{}"
        case list():
            return f"[{', '.join(map(_toml, value))}]"
        case _:
            text = str(value).replace("\\", "\\\\").replace('"', '\\"')
            return f'"{text}"'


def _set(value: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(key, one) for key, one in value.items() if one is not None]


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _toml(key)

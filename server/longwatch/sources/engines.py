"""What a source of each engine needs to know. Told without importing any of them: a driver costs
0.1 s and more, and is for a runner."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Final

from longwatch.protocol.sources import EngineInfo, EngineOption, OptionKind

_GROUP: Final = "longwatch.engines"
_SECRET_NAMES: Final = frozenset({"password", "secret", "token", "key", "url", "uri"})
"""Of the options of an engine that is not described here, those that are taken for secrets."""


def _option(
    name: str,
    title: str,
    kind: OptionKind = OptionKind.TEXT,
    hint: str = "",
    *,
    required: bool = False,
    choices: tuple[str, ...] = (),
) -> EngineOption:
    return EngineOption(
        name=name, title=title, kind=kind, required=required, hint=hint, choices=[*choices]
    )


_DESCRIBED: Final = {
    one.name: one
    for one in (
        EngineInfo(
            name="duckdb",
            title="Files or DuckDB",
            description="A folder of Parquet, CSV or JSON files, one such file, or a DuckDB "
            "database, opened to be read.",
            options=[
                _option("path", "Folder or file", OptionKind.PATH, "Empty for no data at all")
            ],
        ),
        EngineInfo(
            name="sqlite",
            title="SQLite",
            description="An SQLite database file, opened to be read.",
            options=[_option("path", "File", OptionKind.PATH, required=True)],
        ),
        EngineInfo(
            name="postgres",
            title="PostgreSQL",
            description="A PostgreSQL database, reached over the network.",
            options=[
                _option("host", "Host", hint="localhost"),
                _option("port", "Port", OptionKind.NUMBER, "5432"),
                _option("dbname", "Database"),
                _option("user", "User"),
                _option("password", "Password", OptionKind.SECRET),
                _option(
                    "sslmode",
                    "TLS",
                    OptionKind.CHOICE,
                    "prefer",
                    choices=("disable", "prefer", "require", "verify-ca", "verify-full"),
                ),
                _option("url", "Or all of it as one URL", OptionKind.SECRET),
                _option("options", "Options of the session"),
                _option("writable", "Allow statements that write", OptionKind.FLAG),
            ],
        ),
        EngineInfo(
            name="spark",
            title="Spark",
            description="A Spark Connect server, reached over the network.",
            options=[
                _option("host", "Host", hint="localhost"),
                _option("port", "Port", OptionKind.NUMBER, "15002"),
                _option("user", "User", hint="longwatch"),
                _option("token", "Token", OptionKind.SECRET),
                _option("tls", "TLS", OptionKind.FLAG, "Always with a token"),
                _option("url", "Or all of it as one URL", OptionKind.SECRET, "sc://host:port/;…"),
                _option("catalog", "Catalog"),
                _option("schema", "Schema"),
                _option("writable", "Allow statements that write", OptionKind.FLAG),
            ],
            free_options=True,
        ),
        EngineInfo(
            name="adbc",
            title="ADBC driver",
            description="Any database that an ADBC driver is installed for on the server.",
            options=[
                _option("driver", "Driver", hint="adbc_driver_sqlite", required=True),
                _option("uri", "Address", OptionKind.SECRET),
                _option("entrypoint", "Entry point"),
                _option("password", "Password", OptionKind.SECRET),
            ],
            free_options=True,
        ),
    )
}
_ELSEWHERE: Final = frozenset({"postgres", "spark"})


def engine_infos() -> list[EngineInfo]:
    """Every engine that this server has, our own first."""
    others = sorted({one.name for one in entry_points(group=_GROUP)} - set(_DESCRIBED))
    return [*_DESCRIBED.values(), *(_unknown(name) for name in others)]


def engine_info(name: str) -> EngineInfo | None:
    """One engine; `None` when there is no such one."""
    if name in _DESCRIBED:
        return _DESCRIBED[name]
    return next((one for one in engine_infos() if one.name == name), None)


def is_secret(engine: str, option: str) -> bool:
    """Whether an option of an engine's sources is kept from everybody."""
    info = _DESCRIBED.get(engine)
    known = {one.name: one.kind for one in info.options} if info else {}
    if option in known:
        return known[option] is OptionKind.SECRET
    return any(option.lower().endswith(word) for word in _SECRET_NAMES)


def runs_elsewhere(engine: str) -> bool:
    """Whether a query may go on in the engine after the runner that sent it is gone."""
    return engine in _ELSEWHERE


def _unknown(name: str) -> EngineInfo:
    return EngineInfo(
        name=name,
        title=name,
        description="An engine that another package brings.",
        options=[],
        free_options=True,
    )

"""How a Spark source is reached: its options, and what is wrong with them when it is not."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote

from longwatch.engines.contract import EngineError
from longwatch.engines.options import is_on, masked
from longwatch.protocol.jobs import JobError

SECRETS: Final = frozenset({"token", "url"})
_OWN: Final = frozenset(
    {"catalog", "host", "port", "schema", "tls", "token", "url", "user", "writable"}
)
_SETTING: Final = re.compile(r"spark\.[\w.-]+")
_URL: Final = re.compile(r"sc://([^/;:\s]+|\[[0-9A-Fa-f:.]+\])(?::(\d+))?(?:/?|/;(.*))")
_OF_THE_URL: Final = {"token": "token", "use_ssl": "tls", "user_id": "user"}
_OURS: Final = frozenset({"session_id", "user_agent"})
_USER: Final = "longwatch"
_SESSIONS: Final = uuid.UUID("5b0d7a70-9d0c-4d6b-8a57-6f0f3e1c2a64")
"""Ours alone, so that no other program comes upon a session of ours by its name."""
_UNNAMED: Final = "longwatch"
"""What a `Workspace` is called unless somebody says otherwise."""
_FIXED: Final = {
    # A query reads tables, not whatever file the server could open.
    "spark.sql.runSQLOnFiles": "false",
    # With all of the JVM's stack in it, an error takes 100 KB and three seconds to read.
    "spark.sql.connect.serverStacktrace.enabled": "false",
    "spark.sql.pyspark.jvmStacktrace.enabled": "false",
}


@dataclass(frozen=True, slots=True)
class Target:
    """A source's options, looked through. `parameters` are those of a Spark Connect URL beside the
    address; `settings` those of the session, by their names in Spark."""

    host: str
    port: int
    parameters: dict[str, str]
    settings: dict[str, str]
    catalog: str
    schema: str
    writable: bool
    secrets: tuple[str, ...]

    def url(self, tag: str) -> str:
        """A Spark Connect URL that names the session called `tag`."""
        parameters = {**self.parameters, "session_id": session_id(tag)}
        written = ";".join(f"{name}={quote(value)}" for name, value in parameters.items())
        return f"sc://{self.where}/;{written}"

    @property
    def where(self) -> str:
        """The server, for users."""
        return f"{self.host}:{self.port}"

    def without_secrets(self, text: str) -> str:
        """`text` without the source's secrets, should they be in it."""
        return masked(text, self.secrets)

    def unreachable(self, error: Exception) -> EngineError:
        """What it means to the user that a session could not be had."""
        text = self.without_secrets(str(error))
        return EngineError(
            JobError(
                code="source_unavailable",
                message=f"The Spark source at {self.where} cannot be reached: {_reason(text)}.",
                hint=_hint(text),
            )
        )


def read_options(options: dict[str, str]) -> Target:
    """Look through a source's options: `host`, `port`, `user`, `token`, `tls`, which come before
    what `url` says; `catalog`, `schema`, `writable`; and settings of the session by their names,
    such as `spark.sql.shuffle.partitions`. Raises `EngineError`."""
    unknown = sorted(name for name in options.keys() - _OWN if not _SETTING.fullmatch(name))
    if unknown:
        raise _wrong(
            f"A Spark source has no option {unknown[0]!r}.",
            "It has host, port, user, token, tls or url; catalog, schema and writable; and "
            "settings of Spark's, whose names begin with spark.",
        )
    found, headers = _of_url(options["url"]) if options.get("url") else ({}, {})
    found |= {name: value for name, value in options.items() if name in _OWN and value}
    port = found.get("port", "15002")
    if not port.isdecimal() or not 0 < int(port) < 2**16:
        raise _wrong(f"{port!r} is no port.", "Give a number; Spark Connect's own is 15002.")
    parameters = {**headers, "user_id": found.get("user", _USER)}
    if found.get("token"):
        parameters["token"] = found["token"]
    if is_on(found, "tls"):
        parameters["use_ssl"] = "true"
    settings = {name: value for name, value in options.items() if _SETTING.fullmatch(name)}
    secrets = (options.get("url", ""), found.get("token", ""), *headers.values())
    return Target(
        host=found.get("host", "localhost"),
        port=int(port),
        parameters=parameters,
        settings=_FIXED | settings,
        catalog=found.get("catalog", ""),
        schema=found.get("schema", ""),
        writable=is_on(options, "writable"),
        secrets=tuple(dict.fromkeys(one for one in secrets if one)),
    )


def session_id(tag: str) -> str:
    """The id of the session called `tag`, the same in every process. A server lets nobody list its
    sessions, but whoever knows a session's id can look into it and end it. One that has no name of
    its own, as those that only answer a question, gets another id each time."""
    return str(uuid.uuid4() if tag == _UNNAMED else uuid.uuid5(_SESSIONS, tag))


def _of_url(url: str) -> tuple[dict[str, str], dict[str, str]]:
    """The options that a URL stands for, and what else it has the client send: headers."""
    match = _URL.fullmatch(url.strip())
    if match is None:
        raise _wrong(
            "The source's url is not one of Spark Connect's.",
            "Write sc://host:port/;token=…, with % codes for special characters in values.",
        )
    found = {"host": match[1]} | ({"port": match[2]} if match[2] else {})
    headers: dict[str, str] = {}
    for name, value in _pairs(match[3] or ""):
        if name in _OF_THE_URL:
            found[_OF_THE_URL[name]] = value
        elif name not in _OURS:
            headers[name] = value
    return found, headers


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for part in filter(None, text.split(";")):
        name, equals, value = part.partition("=")
        if not equals or not name:
            raise _wrong(
                "A part of the source's url is not name=value.",  # it may be a secret
                "Write sc://host:port/;token=…, with % codes for special characters in values.",
            )
        yield name, unquote(value)


_NAMELESS: Final = ("DNS resolution", "errors resolving")


def _wrong(message: str, hint: str) -> EngineError:
    return EngineError(
        JobError(
            code="source_unavailable", message=f"The source cannot be opened: {message}", hint=hint
        )
    )


def _reason(text: str) -> str:
    """Of what gRPC says, or Spark, the part that tells."""
    if any(word in text for word in _NAMELESS):
        return "nobody knows the address of this host"
    for pattern in (
        r"Failed to connect to remote host: (?:connect: )?([^;\"\n]+)",
        r"(Ssl handshake failed[^;\"\n]*)",
        r'details = "([^"\n]+)"',
    ):
        match = re.search(pattern, text)
        if match is not None:
            reason = match[1].strip()
            break
    else:
        reason = text.split("\n", 1)[0].strip() or "no reason was given"
    return (reason[:1].lower() + reason[1:] if reason[1:2].islower() else reason).rstrip(".")


def _hint(text: str) -> str:
    for words, hint in _REASONS.items():
        if any(word.lower() in text.lower() for word in words):
            return hint
    return "Check the source's host and port, and its other options, then run the query again."


_REASONS: Final = {
    ("UNAUTHENTICATED", "PERMISSION_DENIED", "authentication token"): (
        "Check the source's token, and whether the server lets it in."
    ),
    _NAMELESS: "Check the source's host, and whether this machine has a network.",
    ("handshake", "certificate", "Socket closed", "Trying to connect an http1"): (
        "Check the source's tls, and that Spark Connect answers at this port. With a token, tls "
        "is always on, but for localhost."
    ),
    ("refused", "timed out", "No route", "unreachable", "DEADLINE_EXCEEDED"): (
        "Check that Spark's Connect server runs and can be reached from here, and the source's "
        "host and port."
    ),
    ("CATALOG_NOT_FOUND", "catalog"): "Check the source's catalog and schema.",
    ("SCHEMA_NOT_FOUND",): "Check the source's schema.",
}

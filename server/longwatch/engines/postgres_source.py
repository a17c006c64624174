"""How a PostgreSQL source is reached: its options, and what is wrong with them when it is not."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from longwatch.engines.contract import EngineError
from longwatch.engines.options import is_on, masked
from longwatch.protocol.jobs import JobError

SECRETS: Final = frozenset({"password", "url"})
_PARAMETERS: Final = frozenset(
    {
        "channel_binding", "connect_timeout", "dbname", "gssencmode", "host", "hostaddr",
        "keepalives", "keepalives_count", "keepalives_idle", "keepalives_interval",
        "krbsrvname", "load_balance_hosts", "options", "passfile", "password", "port",
        "require_auth", "service", "sslcert", "sslcertmode", "sslcrl", "sslcrldir", "sslkey",
        "sslmode", "sslnegotiation", "sslpassword", "sslrootcert", "target_session_attrs",
        "tcp_user_timeout", "user",
    }
)  # fmt: skip
"""Of libpq, but for those that are ours to set."""
_OF_THE_SERVERS_FILES: Final = frozenset(
    {"passfile", "service", "sslcert", "sslkey", "sslpassword"}
)
"""These read files of the machine that the server runs on: an administrator may name them, in the
settings, and nobody else, in a URL."""
_OWN: Final = frozenset({"url", "writable"})
_CONNECT_S: Final = "10"
_MOST_TAG: Final = 63
"""Bytes of an application_name that the server keeps."""


@dataclass(frozen=True, slots=True)
class Target:
    """A source's options, looked through. `parameters` are libpq's."""

    parameters: dict[str, str]
    writable: bool
    secrets: tuple[str, ...]

    def conninfo(self, application_name: str) -> str:
        """A connection string of a session that reads until it is told otherwise."""
        extra = " ".join(
            filter(None, [self.parameters.get("options"), "-c default_transaction_read_only=on"])
        )
        merged = {
            "connect_timeout": _CONNECT_S,
            **self.parameters,
            "options": extra,
            "application_name": application_name,
            "client_encoding": "UTF8",
        }
        return " ".join(f"{name}={_quoted(value)}" for name, value in merged.items())

    def without_secrets(self, text: str) -> str:
        """`text` without the source's secrets, should they be in it."""
        return masked(text, self.secrets)

    @property
    def where(self) -> str:
        """The server and the database, for users."""
        host = self.parameters.get("host") or self.parameters.get("hostaddr") or "this machine"
        port = self.parameters.get("port", "5432")
        place = f"{host}:{port}" if not host.startswith("/") else host
        return f"{place}/{self.parameters.get('dbname', '')}".rstrip("/")

    def unreachable(self, error: Exception) -> EngineError:
        """What a connection that failed means to the user."""
        text = self.without_secrets(str(error))
        reason = _reason(text)
        code, hint = "source_unavailable", _hint(text)
        if "too many clients" in text or "remaining connection slots" in text:
            code, hint = "source_busy", "Wait until others are done, then run the query again."
        return EngineError(
            JobError(
                code=code,
                message=f"The PostgreSQL source at {self.where} cannot be reached: {reason}.",
                hint=hint,
            )
        )


def read_options(options: dict[str, str]) -> Target:
    """Look through a source's options: `url` and libpq's parameters, which come before what the URL
    says; `writable`. Raises `EngineError`."""
    unknown = sorted(options.keys() - _PARAMETERS - _OWN)
    if unknown:
        raise _wrong(
            f"A PostgreSQL source has no option {unknown[0]!r}.",
            "It has host, port, dbname, user, password, sslmode and others of libpq's, or url; "
            "and writable.",
        )
    parameters = _of_url(options["url"]) if options.get("url") else {}
    parameters |= {name: value for name, value in options.items() if name in _PARAMETERS and value}
    secrets = [options.get("url", ""), options.get("password", ""), parameters.get("password", "")]
    return Target(
        parameters,
        is_on(options, "writable"),
        tuple(dict.fromkeys(one for one in secrets if one)),
    )


def session_name(tag: str) -> str:
    """`tag` as the server keeps it, so that it can be found again: 63 printable ASCII characters,
    of which the last tell longer ones apart."""
    plain = re.sub(r"[^ -~]", "?", tag)
    if len(plain) <= _MOST_TAG and plain == tag:
        return plain
    digest = hashlib.sha256(tag.encode()).hexdigest()[:16]
    return f"{plain[: _MOST_TAG - 17]}-{digest}"


def _of_url(url: str) -> dict[str, str]:
    # 0.1 s, which only a URL costs: it may be written in many ways.
    from psycopg import ProgrammingError  # noqa: PLC0415
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

    try:
        found = conninfo_to_dict(url)
    except ProgrammingError:  # its message repeats parts of the URL
        raise _wrong(
            "The source's url is not one that PostgreSQL understands.",
            "Write postgresql://user:password@host:port/dbname, with % codes for special "
            "characters in the password.",
        ) from None
    known = _PARAMETERS - _OF_THE_SERVERS_FILES
    return {name: str(value) for name, value in found.items() if name in known and value}


def _wrong(message: str, hint: str) -> EngineError:
    return EngineError(JobError(code="source_unavailable", message=message, hint=hint))


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _reason(text: str) -> str:
    """The last of the lines that libpq has for the hosts it tried, but for its questions."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    lines = [line for line in lines if not line.endswith("?")] or ["no reason was given"]
    reason = re.sub(r"^.*failed: (?:FATAL:\s*)?", "", lines[-1])
    reason = re.sub(r"^.*Failed to connect: ", "", reason)
    return (reason[:1].lower() + reason[1:] if reason[1:2].islower() else reason).rstrip(".")


def _hint(text: str) -> str:
    for words, hint in _REASONS.items():
        if any(word in text for word in words):
            return hint
    return "Check the source's host, port and database, then run the query again."


_REASONS: Final = {
    ("password", "Peer authentication", "Ident authentication", 'role "', "pg_hba"): (
        "Check the source's user and password, and whether the server lets them in from here."
    ),
    ('database "',): "Check the source's dbname.",
    ("translate host name",): "Check the source's host, and whether this machine has a network.",
    ("SSL", "certificate"): "Check the source's sslmode and sslrootcert.",
    ("refused", "No such file", "timeout", "timed out", "No route", "unreachable"): (
        "Check that the server runs and can be reached from here, and the source's host and port."
    ),
    ("unrecognized configuration parameter",): "Check the source's options.",
}

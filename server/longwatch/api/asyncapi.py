"""The AsyncAPI document of the feed, made from the frames themselves."""

from __future__ import annotations

import inspect
from typing import Any, Final, get_args

import msgspec

from longwatch.protocol import routes
from longwatch.protocol.frames import (
    MAX_CLIENT_FRAME_BYTES,
    PROTOCOL_VERSION,
    SUBPROTOCOL,
    ClientFrame,
    Frame,
    ServerFrame,
)
from longwatch.protocol.wire import described
from longwatch.version import version

_SCHEMA: Final = "#/components/schemas/{name}"
_DESCRIPTION: Final = f"""\
Follow jobs over one WebSocket: text frames of JSON, told apart by their `type`, in version
{PROTOCOL_VERSION} of the protocol (subprotocol `{SUBPROTOCOL}`).

The server begins with `hello`. The client answers `subscribe`, with the `since` and `epoch` it
knows or without; the server sends either `delta` from there or `snapshot` in chunks, then the
`progress` of all that runs, then `delta` and `progress` as they come. A client whose own `seq` is
not a delta's `from` has missed something, and connects again. The server's last word is `bye`.
A client's frame may have {MAX_CLIENT_FRAME_BYTES // 1024} KiB.
"""


def asyncapi_document() -> dict[str, Any]:
    """The document, AsyncAPI 3.0, from the side of the server: it sends what it says."""
    server, client = get_args(ServerFrame), get_args(ClientFrame)
    frames: list[type[Frame]] = [*server, *(one for one in client if one not in server)]
    _, schemas = msgspec.json.schema_components(frames, ref_template=_SCHEMA)
    schemas = described(schemas)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Longwatch feed", "version": version(), "description": _DESCRIPTION},
        "defaultContentType": "application/json",
        "channels": {
            "feed": {
                "address": routes.FEED,
                "description": "One connection takes one `subscribe`.",
                "messages": {
                    _name(one): _to(f"#/components/messages/{_name(one)}") for one in frames
                },
                "bindings": {
                    "ws": {
                        "method": "GET",
                        "headers": {
                            "type": "object",
                            "properties": {
                                "Authorization": {"type": "string", "pattern": "^Bearer "},
                                "Sec-WebSocket-Protocol": {"const": SUBPROTOCOL},
                            },
                            "required": ["Authorization"],
                        },
                        "bindingVersion": "0.1.0",
                    }
                },
            }
        },
        "operations": {
            "tell": _operation("send", "What the server says.", server),
            "hear": _operation("receive", "What the client says.", client),
        },
        "components": {
            "messages": {
                _name(one): {
                    "name": _name(one),
                    "summary": inspect.getdoc(one),
                    "payload": _to(_SCHEMA.format(name=one.__name__)),
                }
                for one in frames
            },
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(action: str, summary: str, frames: tuple[type[Frame], ...]) -> dict[str, Any]:
    return {
        "action": action,
        "summary": summary,
        "channel": _to("#/channels/feed"),
        "messages": [_to(f"#/channels/feed/messages/{_name(one)}") for one in frames],
        "security": [_to("#/components/securitySchemes/token")],
    }


def _name(frame: type[Frame]) -> str:
    name = frame.__struct_config__.tag
    assert isinstance(name, str)
    return name


def _to(target: str) -> dict[str, str]:
    return {"$ref": target}

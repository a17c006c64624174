"""Every type that crosses the wire, each defined once.

HTTP and the feed carry the same `msgspec.Struct` records (`wire.Wire`), so a job read over
HTTP and one read over the WebSocket are the same class. The modules:

- `jobs`      a job, its progress, its result, its error; what a submit carries
- `sources`   the places queries run against, and saved queries
- `frames`    what travels over the feed
- `problems`  RFC 9457 problem documents and their stable codes
- `routes`    every path, header and limit both sides must agree on

Importing it costs about 10 ms: msgspec and the standard library, nothing else.
"""

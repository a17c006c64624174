"""The client: everything that talks to a Longwatch server, without Qt.

- `address`    where a server is, and the token that opens it
- `errors`     what can go wrong, as a tree
- `api`        `AsyncClient`, one method a route, on httpx
- `filters`    which jobs are meant, as a query of an address
- `feed`       `FeedFollower`, the WebSocket that follows jobs, reconnecting by itself
- `discovery`  finding the server that runs in a data folder on this machine
- `sync`       `Client`, the same for notebooks and scripts, without `async`

httpx (160 ms) and websockets (150 ms) are imported when the first connection is made, not before.
"""

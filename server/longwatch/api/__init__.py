"""The HTTP and WebSocket face of a server: one router a resource."""

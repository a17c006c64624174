"""The Qt-free client: an async core on httpx and websockets, a feed follower, a sync face."""

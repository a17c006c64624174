"""Which server the window talks to, and how the connection stands."""

"""Engines: adapters that run SQL on one kind of source. `contract` says what one must do."""

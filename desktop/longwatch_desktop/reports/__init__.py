"""Unexpected errors: caught wherever they arise, told of once, and kept as a text to pass on."""

"""Executors: where runners are started and followed."""

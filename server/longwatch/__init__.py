"""Longwatch."""

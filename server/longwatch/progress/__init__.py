"""Turns what an engine reports into progress that can be trusted. Pure: no clock, no I/O."""

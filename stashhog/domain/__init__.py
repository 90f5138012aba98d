"""Decisions: no I/O, no async, no clock, no logging, no framework."""

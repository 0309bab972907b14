"""Wiring: the only room that knows several others."""

"""Calls of functions in other processes, of which there are none."""

"""Fifty agents at their desks while two hundred customers write: how soon does each desk show each change?

`make desk-load`. Real processes, real event streams and sockets. docs/explanation/desk-live.md has the figures.
"""

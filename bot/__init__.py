"""Vraagbaak: a Dutch FAQ auto-responder with a human queue behind it."""

__version__ = "0.1.0"

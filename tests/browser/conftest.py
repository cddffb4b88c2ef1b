"""Tests that need a browser, but no assistant."""

from tests.chromium import chromium

__all__ = ["chromium"]

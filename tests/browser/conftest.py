"""Tests that need a browser, but no assistant."""

from tests.chromium import chromium, running_chromium

__all__ = ["chromium", "running_chromium"]

"""Addresses of our own pages that more than one part names."""

from __future__ import annotations

from urllib.parse import quote

from bot.settings import Settings


def url_part(conversation_id: str) -> str:
    """The id as one part of an address, and of an element's id; it may hold anything, also a slash or a space."""
    return quote(conversation_id, safe="")


def page_url(conversation_id: str) -> str:
    """The conversation's page on the desk; its actions are below it."""
    return f"/desk/{url_part(conversation_id)}"


def site_address(settings: Settings) -> str:
    """Where people find our pages, for what is read elsewhere."""
    return settings.public_url.rstrip("/") or f"http://{settings.host}:{settings.port}"

"""Public comments on a page."""

from __future__ import annotations

from bot.web.channels.messenger.events import CommentChanged


class Comments:
    """Comments become conversations where messenger.yml says so."""

    async def changed(self, comment: CommentChanged) -> None:
        """Somebody commented, or changed a comment."""

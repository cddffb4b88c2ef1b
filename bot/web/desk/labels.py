"""Labels on a conversation, as the desk shows them."""

from __future__ import annotations

from dataclasses import dataclass

from bot.model import Conversation
from bot.store import Store
from bot.store.labels import MAX_CHARS, MAX_LABELS, Label


@dataclass(frozen=True)
class Labels:
    """shown: of the conversation. known: the others of the list, to choose from."""

    shown: tuple[Label, ...]
    known: tuple[Label, ...]
    max_chars: int = MAX_CHARS

    @property
    def is_full(self) -> bool:
        return len(self.shown) >= MAX_LABELS


async def load_labels(store: Store, conversation: Conversation) -> Labels:
    known = {label.name: label for label in await store.labels.known()}
    names = await store.labels.names_now(conversation.labels)
    shown = tuple(known.get(name, Label(name)) for name in names)
    return Labels(shown, tuple(label for name, label in known.items() if name not in names))

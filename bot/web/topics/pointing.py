"""Answers with a button that asks for a topic."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from bot.errors import EditConflict, NotFound
from bot.model import Template
from bot.store import Store
from bot.store.topics import Topic
from bot.store.work import now_ms
from bot.web.editor.topics import payload_of

# Somebody else may save the answer at the same moment, but not for ever.
_TRIES = 5


def pointing_to(intent: str, templates: Iterable[Template]) -> list[Template]:
    """Those with a button that asks for it."""
    payload = payload_of(intent)
    return [one for one in templates if any(button.payload == payload for button in one.buttons)]


async def point_to(store: Store, source: Topic, target: Topic, *, by: str) -> list[Template]:
    """Let every button that asks for `source` ask for `target`; returns the answers that changed.

    An answer that somebody keeps saving at the same time stays as it is: its button leads on all the same, because the
    assistant knows what `source` was merged into.
    """
    found = pointing_to(source.intent, await store.templates.all_published())
    rewritten = [await _rewrite(store, one.name, source, target, by=by) for one in found]
    changed = [one for one in rewritten if one]
    await _rewrite_drafts(store, source, target, {one.name: one.version for one in changed})
    return changed


async def _rewrite(store: Store, name: str, source: Topic, target: Topic, *, by: str) -> Template | None:
    because = f"“{source.title}” is samengevoegd met “{target.title}”"
    for _ in range(_TRIES):
        try:
            current = await store.templates.published(name)
            edited = replace(_pointed(current, source, target), edited_at_ms=now_ms(), edited_by=by, because=because)
            return await store.templates.save(edited, expected_version=current.version)
        except EditConflict:
            continue
        except NotFound:
            return None
    return None


async def _rewrite_drafts(store: Store, source: Topic, target: Topic, versions: dict[str, int]) -> None:
    """What somebody works on would bring the old button back. versions: of the answers that were saved just now."""
    for name, draft in (await store.answer_drafts.all()).items():
        template = _pointed(draft.template, source, target)
        if versions.get(name) == template.version + 1:
            template = replace(template, version=versions[name])  # it goes on from there
        if template != draft.template:
            with suppress(EditConflict):  # who saved it sees the button in the form
                await store.answer_drafts.save(replace(draft, template=template))


def _pointed(template: Template, source: Topic, target: Topic) -> Template:
    """A button that asks for the answer which it stands under, or for what another one does, goes."""
    old, new = payload_of(source.intent), payload_of(target.intent)
    asked = {button.payload for button in template.buttons}
    if template.name == target.answer or new in asked:
        return replace(template, buttons=tuple(one for one in template.buttons if one.payload != old))
    buttons = (replace(one, payload=new) if one.payload == old else one for one in template.buttons)
    return replace(template, buttons=tuple(buttons))

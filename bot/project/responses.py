"""An answer as a response of domain.yml: the first variation is the answer, the others are its variants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.errors import ConfigError
from bot.model import Button, Image, Template, Variant
from bot.project.scalars import block, inline, quoted

_KEYS = {"text", "buttons", "image", "channel", "metadata"}
_BUTTON_KEYS = {"title", "payload", "url"}
# removed: customers don't get it; the rule that says it stays, so Rasa needs it. alt: of the image.
_METADATA_KEYS = {"title", "alt", "removed"}


def default_title(name: str) -> str:
    """Of an answer that has none."""
    return name.removeprefix("utter_")


def template_of(name: str, variations: list[Any]) -> Template:
    """Raises ConfigError for what no template can hold."""
    checked = [_checked(variation) for variation in variations]
    if not checked:
        raise ConfigError("expected at least one text")
    first, others = checked[0], checked[1:]
    if "channel" in first:
        raise ConfigError("the first text must be for every channel")
    metadata = first.get("metadata") or {}
    image = first.get("image")
    return Template(
        name,
        str(metadata.get("title", default_title(name))),
        str(first.get("text") or "").strip(),
        buttons=tuple(map(_button, first.get("buttons") or ())),
        image=Image(str(image), str(metadata.get("alt", ""))) if image else None,
        variants=tuple(_variant(variation, first) for variation in others),
        is_removed=str(metadata.get("removed")).casefold() == "true",
    )


def response_of(template: Template, *, indent: str) -> str:
    """The lines of domain.yml; indent: before the name."""
    lines = [f"{indent}{template.name}:", *_variation(template, template.text, "", indent)]
    if metadata := _metadata(template):
        lines += [f"{indent}  metadata:", *(f"{indent}    {key}: {value}" for key, value in metadata.items())]
    for variant in template.variants:
        lines += _variation(template, variant.text, variant.channel, indent)
    return "\n".join(lines) + "\n"


def _variation(template: Template, text: str, channel: str, indent: str) -> list[str]:
    """Each has the buttons and the image: Rasa takes one of them as it is."""
    lines = [f"{indent}- text: {block(text.strip(), indent=indent + '    ')}"]
    if channel:
        lines.append(f"{indent}  channel: {inline(channel)}")
    if template.image:
        lines.append(f"{indent}  image: {quoted(template.image.url)}")
    if template.buttons:
        lines.append(f"{indent}  buttons:")
    for button in template.buttons:
        lines.append(f"{indent}  - title: {inline(button.title)}")
        if button.payload or not button.url:
            lines.append(f"{indent}    payload: {inline(button.payload)}")
        if button.url:
            lines.append(f"{indent}    url: {quoted(button.url)}")
    return lines


def _metadata(template: Template) -> dict[str, str]:
    title = {"title": inline(template.title)} if template.title != default_title(template.name) else {}
    alt = {"alt": inline(template.image.alt)} if template.image and template.image.alt else {}
    removed = {"removed": "true"} if template.is_removed else {}
    return {**title, **alt, **removed}


def _checked(variation: Any) -> Mapping[str, Any]:
    if not isinstance(variation, dict):
        raise ConfigError("expected a list of texts: `- text: ...`")
    _only(variation, _KEYS, "a response may have")
    metadata = variation.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise ConfigError("metadata: expected keys with values")
    _only(metadata, _METADATA_KEYS, "metadata of a response may have")
    return variation


def _variant(variation: Mapping[str, Any], first: Mapping[str, Any]) -> Variant:
    for key in ("buttons", "image"):
        if variation.get(key) and variation[key] != first.get(key):
            raise ConfigError(f"{key}: those of another text of the answer must be the same as those of the first")
    if variation.get("metadata"):
        raise ConfigError("metadata: only the first text of an answer may have it")
    return Variant(str(variation.get("text") or "").strip(), str(variation.get("channel") or ""))


def _button(button: Any) -> Button:
    if not isinstance(button, dict) or not button.get("title"):
        raise ConfigError("buttons: expected a list with a title each")
    _only(button, _BUTTON_KEYS, "a button may have")
    return Button(str(button["title"]), str(button.get("payload") or ""), str(button.get("url") or ""))


def _only(found: Mapping[Any, Any], known: set[str], what: str) -> None:
    unknown = sorted(str(key) for key in found if key not in known)
    if unknown:
        raise ConfigError(f"{unknown[0]!r} is not understood: {what} {', '.join(sorted(known))}")

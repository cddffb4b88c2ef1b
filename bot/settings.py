"""Everything a process can be told, from defaults, then a `.env` file, then the environment."""

from __future__ import annotations

import os
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.errors import ConfigError

PREFIX = "BOT_"
ENV_FILE = Path(".env")
# Assistants give a sign of life twice a second; with less than this a busy one would look gone.
MIN_CLAIM_IDLE_MS = 1_000

# Read by tools around the program, not by `Settings`; known here so that they are no "unknown setting".
OUTSIDE_NAMES = frozenset({"BOT_SPACY_MODEL", "BOT_ENV_FILE"})


@dataclass(frozen=True)
class Settings:
    """One field a setting: `redis_url` is read from `BOT_REDIS_URL`, and so on. Times are in the unit of the name."""

    host: str = field(default="127.0.0.1", metadata={"help": "Address that the web server listens on."})
    port: int = field(default=8080, metadata={"help": "Port that the web server listens on."})
    var: Path = field(
        default=Path("var"),
        metadata={"help": "Folder for what the program writes: Redis data, models, customers' files, lock."},
    )
    public_url: str = field(
        default="",
        metadata={
            "help": "Address that the browser sees, such as https://chat.example.nl. Empty: that of the request. "
            "Links in mails and webhooks need it."
        },
    )
    proxies: int = field(
        default=0, metadata={"help": "Number of reverse proxies in front whose X-Forwarded-For is to be believed."}
    )

    project: Path = field(
        default=Path("."),
        metadata={
            "help": "Folder of the Rasa project: domain.yml, config.yml and data/. Of its own for another company: "
            "`make new-company`."
        },
    )

    redis_url: str = field(
        default="",
        repr=False,
        metadata={
            "help": "Redis 6.2 or newer: redis://, rediss://, unix://, redis+sentinel:// or redis+cluster:// "
            "(more below). Empty: the program starts its own in `var`."
        },
    )
    redis_fsync: str = field(
        default="everysec",
        metadata={
            "help": "When its own Redis forces writes to disk: `everysec` (a power cut may cost a second) or `always`.",
            "choices": ("everysec", "always"),
        },
    )
    redis_replicas: int = field(
        default=0, metadata={"help": "A message is acknowledged once so many replicas of Redis have it."}
    )
    redis_prefix: str = field(
        default="bot", metadata={"help": "First part of every key, so that several can share one Redis."}
    )

    rest_token: str = field(
        default="", repr=False, metadata={"help": "Bearer token of the REST channel. Empty: the channel answers 404."}
    )
    api_token: str = field(
        default="", repr=False, metadata={"help": "Bearer token with the admin role for /api/v1. Empty: none."}
    )
    oidc_issuer: str = field(
        default="",
        metadata={"help": "Address of the OpenID Connect provider that accounts sign in with. Empty: passwords only."},
    )
    oidc_client_id: str = field(default="", metadata={"help": "What the provider calls this program."})
    oidc_client_secret: str = field(
        default="", repr=False, metadata={"help": "Secret of this program at the provider. Empty: it has none."}
    )
    oidc_name: str = field(
        default="je werkaccount", metadata={"help": "What the button to sign in says behind `Inloggen met`."}
    )
    oidc_scopes: str = field(
        default="openid profile email", metadata={"help": "What the provider is asked for; space between."}
    )
    oidc_roles_claim: str = field(
        default="groups", metadata={"help": "Claim with somebody's groups, with a dot for one inside another."}
    )
    oidc_roles: tuple[str, ...] = field(
        default=(),
        metadata={
            "help": "Which of them gives which role: vraagbaak-agents=agent, comma between. Nobody else gets in.",
            "strip": "",
        },
    )
    oidc_only: str = field(
        default="off",
        metadata={
            "help": "`on`: nobody signs in with a password, but for the first admin (`beheer`).",
            "choices": ("on", "off"),
        },
    )
    widget_origins: tuple[str, ...] = field(
        default=(),
        metadata={
            "help": "Origins (https://www.example.nl, comma between) whose pages may embed the widget, besides our own."
        },
    )

    identity_secret: str = field(
        default="",
        repr=False,
        metadata={
            "help": "Secret with which your site signs who its customer is, for the widget. Empty: nobody is known."
        },
    )

    messenger_app_id: str = field(
        default="", metadata={"help": "Id of the Meta app. With the next three it turns the Messenger channel on."}
    )
    messenger_app_secret: str = field(
        default="", repr=False, metadata={"help": "App Secret of the Meta app: every event is signed with it."}
    )
    messenger_verify_token: str = field(
        default="", repr=False, metadata={"help": "Word of your own that Meta says when you save the webhook."}
    )
    messenger_tokens: tuple[str, ...] = field(
        default=(),
        repr=False,
        metadata={"help": "Each page's id and token: 1234567890=EAAB..., comma between.", "strip": ""},
    )
    messenger_file: Path = field(
        default=Path("messenger.yml"), metadata={"help": "What is no secret about the pages: names, comments, menu."}
    )
    messenger_human_agent: str = field(
        default="on",
        metadata={
            "help": "Whether agents may answer up to 7 days after the customer wrote: Meta's feature Human Agent.",
            "choices": ("on", "off"),
        },
    )
    messenger_silence_minutes: int = field(
        default=60,
        metadata={
            "help": "After so long without a word, what somebody answered in Meta's inbox is the assistant's again."
        },
    )
    graph_url: str = field(
        default="https://graph.facebook.com", metadata={"help": "Address of the Graph API; another one for tests."}
    )

    smtp_url: str = field(
        default="",
        repr=False,
        metadata={
            "help": "Mail server: smtp://user:password@host:587 (with STARTTLS) or smtps://user:password@host. Empty: "
            "no mail is sent."
        },
    )
    mail_from: str = field(
        default="",
        metadata={"help": "Sender of our mail: klantenservice@example.nl, or Winkel <klantenservice@example.nl>."},
    )

    media_url: str = field(
        default="",
        metadata={
            "help": "Where copies of customers' photos and files are kept: s3://bucket/prefix, with the credentials in "
            "AWS_ACCESS_KEY_ID and so on. Empty: in `media` under `BOT_VAR`."
        },
    )
    media_hosts: tuple[str, ...] = field(
        default=("fbcdn.net", "fbsbx.com", "cdninstagram.com"),
        metadata={
            "help": "Domains (comma between) that customers' photos and files are fetched from, over https, with the "
            "names below them. http://127.0.0.1:8090, exactly that address, is for tests."
        },
    )

    chatwoot_url: str = field(
        default="",
        metadata={
            "help": "Address of a Chatwoot, as https://app.chatwoot.com. With the next four, all of them, what is for "
            "humans goes there instead of to the own desk."
        },
    )
    chatwoot_token: str = field(
        default="", repr=False, metadata={"help": "Access token of an administrator there, or of an agent bot."}
    )
    chatwoot_account: int = field(default=0, metadata={"help": "Number of the account there."})
    chatwoot_inbox: int = field(default=0, metadata={"help": "Number of the inbox there, of the kind API."})
    chatwoot_webhook_token: str = field(
        default="",
        repr=False,
        metadata={"help": "Word of your own, of 16 characters or more, in the address that Chatwoot's webhook calls."},
    )
    chatwoot_webhook_secret: str = field(
        default="",
        repr=False,
        metadata={"help": "The secret that Chatwoot shows for its webhook. When set, unsigned calls are refused."},
    )
    hooks_private: str = field(
        default="off",
        metadata={
            "help": "Whether webhooks may go to http:// and to addresses inside your own network: `on` only if every "
            "admin may ask anything there.",
            "choices": ("off", "on"),
        },
    )

    turn_timeout_s: float = field(
        default=5.0, metadata={"help": "A message that the assistant has not handled by then goes to a human."}
    )
    agent_timeout_minutes: int = field(
        default=30,
        metadata={"help": "A customer whom an agent leaves without an answer for so long returns to the queue."},
    )
    agent_away_s: float = field(
        default=300.0,
        metadata={"help": "The conversations of an agent who gave no sign of life for so long return to the queue."},
    )
    claim_idle_ms: int = field(
        default=3_000,
        metadata={"help": "An assistant that gives no sign of life for so long is gone; another takes over its work."},
    )
    busy_wait_s: float = field(
        default=30.0,
        metadata={
            "help": "While assistants work but can't keep up, a message waits so long in line before a human gets it. "
            "After `BOT_TURN_TIMEOUT_S` its customer is asked for patience."
        },
    )
    max_backlog: int = field(
        default=500,
        metadata={
            "help": "With so many conversations in line for the assistant, a further one goes to a human at once."
        },
    )
    assistants: int = field(default=1, metadata={"help": "How many assistants `make run` starts."})
    trainer: str = field(
        default="on",
        metadata={
            "help": "Whether `make run` starts a trainer, for whoever trains in the browser. Switch it off where no "
            "training may run.",
            "choices": ("on", "off"),
        },
    )
    model_url: str = field(
        default="",
        repr=False,
        metadata={
            "help": "Folder on a web server (https://...) from which assistants fetch a model that they don't have, as "
            "NAME.tar.gz. Empty: training puts it in Redis for them."
        },
    )
    max_text_chars: int = field(default=4_000, metadata={"help": "Longest customer message; a longer one is refused."})
    messages_per_minute: int = field(
        default=30, metadata={"help": "Messages a minute that one conversation of the widget may send."}
    )
    conversations_per_minute: int = field(
        default=30, metadata={"help": "New widget conversations a minute from one address."}
    )
    retention_days: int = field(
        default=365, metadata={"help": "A conversation is removed so long after its last message."}
    )
    helped_after_s: float = field(
        default=60.0,
        metadata={
            "help": "After so long without a word, a customer who got an answer is asked whether it helped. 0: never."
        },
    )
    ask_rating: str = field(
        default="on",
        metadata={
            "help": "Whether a customer whose question an agent solved is asked how it went, from 1 to 5.",
            "choices": ("on", "off"),
        },
    )
    session_hours: int = field(default=12, metadata={"help": "A sign-in on desk or editor ends after so many hours."})
    session_idle_minutes: int = field(
        default=120,
        metadata={"help": "A sign-in that nobody used for so long ends; a page that refreshes itself does not count."},
    )
    require_totp: str = field(
        default="off",
        metadata={
            "help": "Who must sign in with a code from an app beside the password; whoever has none sets it up first.",
            "choices": ("off", "admins", "all"),
        },
    )

    company: str = field(default="Winkel van Sinkel", metadata={"help": "Name of the company, as customers read it."})
    department: str = field(
        default="de klantenservice", metadata={"help": "Who takes over from the assistant, with its article."}
    )
    opening_hours: str = field(
        default="ma-vr 9:00-21:00, za 9:00-17:00",
        metadata={"help": "When live agents answer: days `ma di wo do vr za zo`, comma between. Not on holidays."},
    )
    holidays: str = field(
        default="NL", metadata={"help": "Country whose public holidays count as closed; empty: none."}
    )
    reply_minutes: int = field(
        default=10, metadata={"help": "Within how many minutes an agent usually answers during opening hours."}
    )
    timezone: str = field(default="Europe/Amsterdam", metadata={"help": "Time zone of the opening hours."})

    log_format: str = field(
        default="auto",
        metadata={
            "help": "`json`, `console`, or `auto`: console on a terminal, else JSON.",
            "choices": ("auto", "json", "console"),
        },
    )

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, env_file: Path | None = None) -> Settings:
        """Read the settings, by default from `.env` (if there is one) and the process's environment.

        Raises ConfigError for an unknown `BOT_` name or a value that doesn't fit, saying what was expected.
        """
        environ = os.environ if environ is None else environ
        env_file = Path(environ.get("BOT_ENV_FILE", ENV_FILE)) if env_file is None else env_file
        given = {**_read_env_file(env_file), **{k: v for k, v in environ.items() if k.startswith(PREFIX)}}
        hints = typing.get_type_hints(cls)
        values: dict[str, typing.Any] = {}
        for spec in fields(cls):
            raw = given.pop(setting_name(spec.name), None)
            if raw is not None:
                values[spec.name] = _parse(setting_name(spec.name), raw, hints[spec.name], spec.metadata)
        unknown = sorted(set(given) - OUTSIDE_NAMES)
        if unknown:
            raise ConfigError(f"unknown setting {unknown[0]}; docs/reference/settings.md lists the ones that exist")
        settings = cls(**values)
        settings._check()
        return settings

    def _check(self) -> None:
        if not 0 < self.port < 65536:
            raise ConfigError(f"BOT_PORT is {self.port}, expected 1 to 65535")
        self._check_numbers()
        if self.claim_idle_ms < MIN_CLAIM_IDLE_MS:
            raise ConfigError(f"BOT_CLAIM_IDLE_MS is {self.claim_idle_ms}, expected {MIN_CLAIM_IDLE_MS} or more")
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError) as exc:
            raise ConfigError(f"BOT_TIMEZONE is {self.timezone!r}, expected a name such as Europe/Amsterdam") from exc
        self._check_addresses()
        self._check_chatwoot()
        self._check_secrets()
        self._check_oidc()

    def _check_addresses(self) -> None:
        for origin in self.widget_origins:
            if not _ORIGIN.fullmatch(origin):
                raise ConfigError(f"BOT_WIDGET_ORIGINS has {origin!r}, expected as in https://www.example.nl")
        if self.model_url and not self.model_url.startswith(("https://", "http://")):
            raise ConfigError("BOT_MODEL_URL is not an address of the form https://... or http://...")
        if not self.graph_url.startswith(("https://", "http://")):
            raise ConfigError(f"BOT_GRAPH_URL is {self.graph_url!r}, expected https://... or http://...")

        if self.media_url and not _BUCKET.fullmatch(self.media_url):
            raise ConfigError("BOT_MEDIA_URL is not an address of the form s3://bucket or s3://bucket/prefix")
        for host in self.media_hosts:
            if not (_DOMAIN.fullmatch(host) or _ORIGIN.fullmatch(host)):
                raise ConfigError(f"BOT_MEDIA_HOSTS has {host!r}, expected as in fbcdn.net or http://127.0.0.1:8090")

        self._check_mail()

    def _check_mail(self) -> None:
        if not self.smtp_url:
            return
        try:
            url = urlsplit(self.smtp_url)
            known = url.scheme in ("smtp", "smtps") and url.hostname and (url.port or 1) > 0
        except ValueError:
            known = False
        if not known:
            raise ConfigError("BOT_SMTP_URL is not an address of the form smtp://user:password@host:587 or smtps://...")
        if not _SENDER.fullmatch(self.mail_from):
            raise ConfigError(
                f"BOT_MAIL_FROM is {self.mail_from!r}, expected as in klantenservice@example.nl with BOT_SMTP_URL"
            )

    def _check_chatwoot(self) -> None:
        if self.chatwoot_url and not _ORIGIN.fullmatch(self.chatwoot_url.rstrip("/")):
            raise ConfigError(f"BOT_CHATWOOT_URL is {self.chatwoot_url!r}, expected as in https://app.chatwoot.com")
        for name in ("chatwoot_account", "chatwoot_inbox"):
            if getattr(self, name) < 0:
                raise ConfigError(
                    f"{setting_name(name)} is {getattr(self, name)}, expected a number that Chatwoot shows"
                )

    def _check_numbers(self) -> None:
        for name in ("proxies", "redis_replicas", "helped_after_s"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{setting_name(name)} is {getattr(self, name)}, expected 0 or more")
        for name in _POSITIVE:
            if getattr(self, name) <= 0:
                raise ConfigError(f"{setting_name(name)} is {getattr(self, name)}, expected more than 0")

    def _check_secrets(self) -> None:
        for name in (
            "rest_token",
            "api_token",
            "identity_secret",
            "messenger_app_secret",
            "messenger_verify_token",
            "chatwoot_webhook_token",
            "chatwoot_webhook_secret",
        ):
            token = getattr(self, name)
            if token and len(token.strip()) < 16:
                raise ConfigError(f"{setting_name(name)} is shorter than the 16 characters that a secret needs")

    def _check_oidc(self) -> None:
        if not self.oidc_issuer:
            if self.oidc_only == "on":
                raise ConfigError("BOT_OIDC_ONLY is on, but there is no BOT_OIDC_ISSUER")
            return
        if not _ISSUER.fullmatch(self.oidc_issuer):
            raise ConfigError(f"BOT_OIDC_ISSUER is {self.oidc_issuer!r}, expected https://...")
        if not self.oidc_client_id:
            raise ConfigError("BOT_OIDC_ISSUER needs BOT_OIDC_CLIENT_ID beside it")
        if "openid" not in self.oidc_scopes.split():
            raise ConfigError(f"BOT_OIDC_SCOPES is {self.oidc_scopes!r}, expected openid among them")
        self._check_oidc_roles()

    def _check_oidc_roles(self) -> None:
        if not self.oidc_roles:
            raise ConfigError("BOT_OIDC_ROLES is empty, so nobody could sign in; expected as in vraagbaak-agents=agent")
        for given in self.oidc_roles:
            if not _GIVEN_ROLE.fullmatch(given):
                raise ConfigError(f"BOT_OIDC_ROLES has {given!r}, expected as in vraagbaak-agents=agent")


_ORIGIN = re.compile(r"https?://[^/\s]+")
# As in bot.model.Role.
_GIVEN_ROLE = re.compile(r"\S.*=(?:agent|editor|manager|admin)")
# Plain http is for tests.
_ISSUER = re.compile(r"(?:https://[^/?#\s]+|http://127\.0\.0\.1(?::\d+)?|http://localhost(?::\d+)?)(?:/[^?#\s]*)?")
_DOMAIN = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_SENDER = re.compile(r"[^<>@\"\x00-\x1f]*<[^<>@\s\"]+@[^<>@\s\"]+>|[^<>@\s\"]+@[^<>@\s\"]+")
_BUCKET = re.compile(r"s3://[a-z0-9.-]+(?:/[A-Za-z0-9._/-]*)?")
_POSITIVE = (
    "turn_timeout_s",
    "agent_timeout_minutes",
    "agent_away_s",
    "claim_idle_ms",
    "busy_wait_s",
    "max_backlog",
    "assistants",
    "max_text_chars",
    "messages_per_minute",
    "conversations_per_minute",
    "retention_days",
    "session_hours",
    "session_idle_minutes",
    "reply_minutes",
    "messenger_silence_minutes",
)


def setting_name(field_name: str) -> str:
    """The name in the environment of a field of `Settings`."""
    return PREFIX + field_name.upper()


def _read_env_file(path: Path) -> dict[str, str]:
    """`BOT_NAME=value` lines; blank lines, `#` lines and other programs' names are passed over."""
    if not path.is_file():
        return {}
    values = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.removeprefix("export ").partition("=")
        if not equals:
            raise ConfigError(f"{path} line {number}: expected NAME=value")
        if name.strip().startswith(PREFIX):
            values[name.strip()] = value.strip().strip("\"'")
    return values


def _parse(name: str, raw: str, kind: typing.Any, metadata: Mapping[str, typing.Any]) -> typing.Any:
    choices = metadata.get("choices")
    if choices and raw not in choices:
        raise ConfigError(f"{name} is {raw!r}, expected one of: {', '.join(choices)}")
    if isinstance(kind, types.GenericAlias):
        return tuple(part.strip().rstrip(metadata.get("strip", "/")) for part in raw.split(",") if part.strip())
    try:
        return kind(raw)
    except ValueError as exc:
        # The value itself is left out: the setting may be a secret.
        raise ConfigError(f"{name} has a value that is not a number, expected {kind.__name__}") from exc

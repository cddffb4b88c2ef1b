"""All that the program keeps, in Redis. The only package that imports redis."""

from __future__ import annotations

import secrets

from bot.settings import Settings
from bot.store.accounts import AccountStore
from bot.store.agents import AgentPresence
from bot.store.answer_drafts import AnswerDrafts
from bot.store.answer_figures import AnswerFigures
from bot.store.attempts import AttemptStore
from bot.store.audit import AuditLog
from bot.store.chatwoot import ChatwootStore
from bot.store.connection import connect, translated_errors
from bot.store.contents import Contents
from bot.store.conversations import ConversationStore
from bot.store.crisis import CrisisStore
from bot.store.departments import DepartmentStore
from bot.store.drafts import DraftStore
from bot.store.duty import DutyRoster
from bot.store.editing_rules import EditingRulesStore
from bot.store.events import Events
from bot.store.experiments import Experiments
from bot.store.figures import Figures
from bot.store.happenings import Happenings
from bot.store.hooks import HookStore
from bot.store.house_style import HouseStyleStore
from bot.store.identities import IdentityStore, OpenIdFlows
from bot.store.imports import ImportStore
from bot.store.inbound import Inbound
from bot.store.keys import Keys
from bot.store.labels import LabelStore
from bot.store.leader import Leader
from bot.store.lessons import LessonStore
from bot.store.mails import Mails
from bot.store.media import MediaList
from bot.store.missed import MissedStore
from bot.store.models import ModelRegistry
from bot.store.notifications import Notifications
from bot.store.one_time_links import OneTimeLinks
from bot.store.outbox import Outbox
from bot.store.pages import PageStore
from bot.store.people import PeopleStore
from bot.store.plans import PlanStore
from bot.store.project_sync import ProjectSync
from bot.store.queue import HumanQueue
from bot.store.ratings import Ratings
from bot.store.reminders import Reminders
from bot.store.second_factor import SecondFactor
from bot.store.sending import SendQueue
from bot.store.server import ServerState, check_server, server_state
from bot.store.sessions import SessionStore
from bot.store.stakeholders import StakeholderLists
from bot.store.templates import TemplateStore
from bot.store.tokens import TokenStore
from bot.store.topics import TopicStore
from bot.store.trainings import TrainingStore
from bot.store.trials import Trials
from bot.store.viewers import Viewers
from bot.store.views import Views
from bot.store.work import WorkQueue

__all__ = ["Store"]


class Store:
    """One connection pool and the structures on it."""

    def __init__(self, url: str, settings: Settings) -> None:
        """Nothing is sent until `open`. Raises ConfigError if the URL can't be understood."""
        self._keys = keys = Keys(settings.redis_prefix)
        self._client = connect(url, keys.secret)
        self._secret = b""
        self._replicas = settings.redis_replicas
        self.departments = DepartmentStore(self._client, keys, settings)
        self.conversations = ConversationStore(
            self._client,
            keys,
            self.departments,
            retention_days=settings.retention_days,
            replicas=settings.redis_replicas,
        )
        self.work = WorkQueue(
            self._client, keys, self.conversations, self.departments, claim_idle_ms=settings.claim_idle_ms
        )
        self.queue = HumanQueue(self._client, keys, self.conversations, self.departments)
        self.ratings = Ratings(self._client, keys, self.conversations, retention_days=settings.retention_days)
        self.views = Views(self._client, keys, self.conversations)
        self.drafts = DraftStore(self._client, keys, retention_days=settings.retention_days)
        self.labels = LabelStore(self._client, keys, self.conversations, self.views)
        self.agents = AgentPresence(self._client, keys)
        self.outbox = Outbox(self._client, keys)
        self.templates = TemplateStore(self._client, keys)
        self.answer_drafts = AnswerDrafts(self._client, keys)
        self.answer_figures = AnswerFigures(self._client, keys)
        self.editing_rules = EditingRulesStore(self._client, keys)
        self.house_style = HouseStyleStore(self._client, keys)
        self.plans = PlanStore(self._client, keys)
        self.crisis = CrisisStore(self._client, keys)
        self.topics = TopicStore(self._client, keys)
        self.trainings = TrainingStore(self._client, keys)
        self.project_sync = ProjectSync(self._client, keys)
        self.missed = MissedStore(self._client, keys)
        self.lessons = LessonStore(self._client, keys, retention_days=settings.retention_days)
        self.imports = ImportStore(self._client, keys)
        self.models = ModelRegistry(self._client, keys)
        self.experiments = Experiments(self._client, keys, self.models)
        self.trials = Trials(self._client, keys)
        self.events = Events(self._client, keys)
        self.people = PeopleStore(self._client, keys, self.conversations, self.views, self.events)
        self.contents = Contents(self._client, keys, self.conversations)
        self.stakeholders = StakeholderLists(self._client, keys)
        self.viewers = Viewers(self._client, keys.viewers, self.events, event="viewing", id_field="conversation_id")
        self.answer_viewers = Viewers(
            self._client, keys.answer_viewers, self.events, event="editing", id_field="answer"
        )
        self.notifications = Notifications(self._client, keys, self.events, lifetime_s=settings.retention_days * 86_400)
        self.mails = Mails(self._client, keys)
        self.mails_leader = Leader(self._client, keys.mails_leader)
        self.duty = DutyRoster(self._client, keys)
        self.reminders = Reminders(self._client, keys, notifications_lifetime_s=settings.retention_days * 86_400)
        self.happenings = Happenings(self._client, keys)
        self.hooks = HookStore(self._client, keys)
        self.chatwoot = ChatwootStore(self._client, keys)
        self.chatwoot_leader = Leader(self._client, keys.chatwoot_leader)
        self.hooks_leader = Leader(self._client, keys.hooks_leader)
        self.audit = AuditLog(self._client, keys, retention_days=settings.retention_days)
        self.inbound = Inbound(
            self._client, keys, retention_days=settings.retention_days, replicas=settings.redis_replicas
        )
        self.sending = SendQueue(self._client, keys, self.conversations)
        self.pages = PageStore(self._client, keys)
        self.media = MediaList(self._client, keys, self.conversations)
        self.figures = Figures(self._client, keys, self.work, self.models, self.trainings)
        self.accounts = AccountStore(self._client, keys)
        self.tokens = TokenStore(self._client, keys)
        self.identities = IdentityStore(self._client, keys)
        self.openid_flows = OpenIdFlows(self._client, keys)
        self.sessions = SessionStore(
            self._client,
            keys,
            self.events,
            session_hours=settings.session_hours,
            idle_minutes=settings.session_idle_minutes,
        )
        self.second_factor = SecondFactor(self._client, keys, self.secret)
        self.links = OneTimeLinks(self._client, keys)
        self.attempts = AttemptStore(self._client, keys)

    async def open(self) -> Store:
        """Check the server. Raises StoreUnavailable, ConfigError."""
        await check_server(self._client)
        await self.work.open()
        return self

    async def close(self) -> None:
        await self._client.aclose()

    async def state(self) -> ServerState:
        """How Redis is. Raises StoreUnavailable when it does not answer or can't store."""
        return await server_state(self._client, self._keys.probe, replicas=self._replicas)

    async def secret(self) -> bytes:
        """The installation's own secret, made at the first call, shared by all. Raises StoreUnavailable."""
        if not self._secret:
            with translated_errors():
                known = await self._client.get(self._keys.secret)
                if not known:
                    await self._client.set(self._keys.secret, secrets.token_hex(32), nx=True)
                    known = await self._client.get(self._keys.secret)
            self._secret = bytes.fromhex(known)
        return self._secret

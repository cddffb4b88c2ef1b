"""Every Redis key, in one place; docs/reference/keys.md says what is in each."""

from __future__ import annotations

from dataclasses import dataclass

WORK_GROUP = "assistants"


@dataclass(frozen=True)
class Keys:
    """The keys of one installation.

    All share one hash tag. Storing a customer's message and making it work for the assistant, or sending a reply and
    moving the conversation to the human queue, are each one atomic script, and a script must stay on one node.
    """

    prefix: str

    def _key(self, name: str) -> str:
        return f"{{{self.prefix}}}:{name}"

    # One conversation.
    def conversation(self, conversation_id: str) -> str:
        return self._key(f"conversation:{conversation_id}")

    def log(self, conversation_id: str) -> str:
        return self._key(f"conversation:{conversation_id}:log")

    def message_ids(self, conversation_id: str) -> str:
        return self._key(f"conversation:{conversation_id}:message-ids")

    def pending(self, conversation_id: str) -> str:
        return self._key(f"conversation:{conversation_id}:pending")

    def nlu(self, conversation_id: str) -> str:
        return self._key(f"conversation:{conversation_id}:nlu")

    def states(self, conversation_id: str) -> str:
        return self._key(f"conversation:{conversation_id}:states")

    def to_send(self, conversation_id: str) -> str:
        return self._key(f"conversation:{conversation_id}:to-send")

    def sends(self, conversation_id: str) -> str:
        return self._key(f"conversation:{conversation_id}:sends")

    def marks(self, conversation_id: str) -> str:
        return self._key(f"conversation:{conversation_id}:marks")

    def episodes(self, conversation_id: str) -> str:
        return self._key(f"conversation:{conversation_id}:episodes")

    def drafts(self, conversation_id: str) -> str:
        return self._key(f"conversation:{conversation_id}:drafts")

    def missed(self, conversation_id: str) -> str:
        return self._key(f"conversation:{conversation_id}:missed")

    def viewers(self, conversation_id: str) -> str:
        # Not one of `of_conversation`: it lives seconds, whatever happens to the conversation.
        return self._key(f"conversation:{conversation_id}:viewers")

    def of_conversation(self, conversation_id: str) -> list[str]:
        """All keys of one conversation: they get their lifetime, and are removed, together."""
        parts = (
            self.conversation,
            self.log,
            self.message_ids,
            self.pending,
            self.nlu,
            self.states,
            self.to_send,
            self.sends,
            self.marks,
            self.episodes,
            self.drafts,
            self.missed,
        )
        return [part(conversation_id) for part in parts]

    # All conversations.
    @property
    def work(self) -> str:
        return self._key("work")

    @property
    def due(self) -> str:
        return self._key("due")

    @property
    def queue(self) -> str:
        return self._key("queue")

    @property
    def claimed(self) -> str:
        return self._key("claimed")

    @property
    def outbox(self) -> str:
        return self._key("outbox")

    @property
    def active(self) -> str:
        return self._key("active")

    @property
    def assistants(self) -> str:
        return self._key("assistants")

    @property
    def figures(self) -> str:
        return self._key("figures")

    @property
    def agents(self) -> str:
        return self._key("agents")

    @property
    def agents_away(self) -> str:
        return self._key("agents:away")

    @property
    def sending(self) -> str:
        return self._key("sending")

    @property
    def media(self) -> str:
        return self._key("media")

    @property
    def views(self) -> str:
        return self._key("views")

    @property
    def viewed(self) -> str:
        return self._key("viewed")

    @property
    def unread(self) -> str:
        return self._key("unread")

    @property
    def asks(self) -> str:
        return self._key("asks")

    @property
    def ratings(self) -> str:
        return self._key("ratings")

    @property
    def happenings(self) -> str:
        return self._key("happenings")

    @property
    def happenings_read(self) -> str:
        return self._key("happenings-read")

    # Programs outside: webhooks and connectors.
    @property
    def hooks(self) -> str:
        return self._key("hooks")

    @property
    def hooks_leader(self) -> str:
        return self._key("hooks:leader")

    @property
    def chatwoot(self) -> str:
        return self._key("chatwoot")

    @property
    def chatwoot_leader(self) -> str:
        return self._key("chatwoot:leader")

    @property
    def chatwoot_trouble(self) -> str:
        return self._key("chatwoot:trouble")

    def hook_deliveries(self, hook_id: str) -> str:
        return self._key(f"hook:{hook_id}:deliveries")

    def hook_line(self, hook_id: str) -> str:
        return self._key(f"hook:{hook_id}:line")

    def hook_due(self, hook_id: str) -> str:
        return self._key(f"hook:{hook_id}:due")

    # The team.
    @property
    def departments(self) -> str:
        return self._key("departments")

    @property
    def labels(self) -> str:
        return self._key("labels")

    @property
    def label_changes(self) -> str:
        return self._key("labels:changes")

    @property
    def duty(self) -> str:
        return self._key("duty")

    @property
    def duty_ends(self) -> str:
        return self._key("duty:ends")

    @property
    def reminders_due(self) -> str:
        return self._key("reminders-due")

    def reminders(self, account_id: str) -> str:
        return self._key(f"account:{account_id}:reminders")

    def drafted(self, account_id: str) -> str:
        return self._key(f"account:{account_id}:drafts")

    def notifications(self, account_id: str) -> str:
        return self._key(f"account:{account_id}:notifications")

    @property
    def notifications_read(self) -> str:
        return self._key("notifications-read")

    @property
    def notification_choices(self) -> str:
        return self._key("notification-choices")

    @property
    def mails(self) -> str:
        return self._key("mails")

    @property
    def mails_due(self) -> str:
        return self._key("mails:due")

    @property
    def mails_failed(self) -> str:
        return self._key("mails:failed")

    @property
    def mails_leader(self) -> str:
        return self._key("mails:leader")

    @property
    def audit(self) -> str:
        return self._key("audit")

    # Customers over channels.
    @property
    def people(self) -> str:
        return self._key("people")

    @property
    def person_of(self) -> str:
        return self._key("person-of")

    @property
    def stakeholder_lists(self) -> str:
        return self._key("stakeholder-lists")

    # Platforms: Messenger and Instagram.
    @property
    def inbound(self) -> str:
        return self._key("inbound")

    @property
    def inbound_odd(self) -> str:
        return self._key("inbound:odd")

    @property
    def inbound_leader(self) -> str:
        return self._key("inbound:leader")

    def page(self, page_id: str) -> str:
        return self._key(f"page:{page_id}")

    @property
    def aliases(self) -> str:
        return self._key("aliases")

    # The rest.
    @property
    def events(self) -> str:
        return self._key("events")

    @property
    def secret(self) -> str:
        return self._key("secret")

    @property
    def probe(self) -> str:
        return self._key("probe")

    @property
    def templates(self) -> str:
        return self._key("templates")

    def template_history(self, name: str) -> str:
        return self._key(f"template:{name}:history")

    def answer_viewers(self, name: str) -> str:
        return self._key(f"template:{name}:viewers")

    @property
    def answers_used(self) -> str:
        return self._key("answers-used")

    @property
    def answers_counted_since(self) -> str:
        return self._key("answers-used:since")

    def answers_used_on(self, day: int) -> str:
        # conversation/answers.lua makes the same from `answers_used`: the day is that of Redis's clock.
        return self._key(f"answers-used:{day}")

    @property
    def answer_drafts(self) -> str:
        return self._key("answer-drafts")

    @property
    def editing_rules(self) -> str:
        return self._key("editing-rules")

    @property
    def house_style(self) -> str:
        return self._key("house-style")

    @property
    def plans(self) -> str:
        return self._key("plans")

    @property
    def plans_past(self) -> str:
        return self._key("plans:past")

    @property
    def crisis(self) -> str:
        return self._key("crisis")

    @property
    def crisis_history(self) -> str:
        return self._key("crisis:history")

    @property
    def topics(self) -> str:
        return self._key("topics")

    @property
    def topic_changes(self) -> str:
        return self._key("topics:changes")

    def topic_history(self, intent: str) -> str:
        return self._key(f"topic:{intent}:history")

    # What editors learn from.
    @property
    def missed_open(self) -> str:
        return self._key("missed:open")

    @property
    def missed_again(self) -> str:
        return self._key("missed:again")

    @property
    def missed_read_by(self) -> str:
        return self._key("missed:read-by")

    @property
    def missed_changes(self) -> str:
        return self._key("missed:changes")

    @property
    def missed_groups(self) -> str:
        return self._key("missed:groups")

    @property
    def missed_figures(self) -> str:
        return self._key("missed:figures")

    @property
    def lessons(self) -> str:
        return self._key("lessons")

    @property
    def trainings(self) -> str:
        return self._key("trainings")

    @property
    def training_waiting(self) -> str:
        return self._key("training:waiting")

    @property
    def training_running(self) -> str:
        return self._key("training:running")

    @property
    def training_lease(self) -> str:
        return self._key("training:lease")

    @property
    def training_bell(self) -> str:
        return self._key("training:bell")

    @property
    def trainers(self) -> str:
        return self._key("trainers")

    def training_report(self, training_id: str) -> str:
        return self._key(f"training:{training_id}:report")

    @property
    def project_sync(self) -> str:
        return self._key("project-sync")

    @property
    def trials(self) -> str:
        return self._key("trials")

    @property
    def trials_other(self) -> str:
        return self._key("trials:other")

    @property
    def trials_helper(self) -> str:
        return self._key("trials:helper")

    def trial(self, trial_id: str) -> str:
        return self._key(f"trial:{trial_id}")

    @property
    def experiment(self) -> str:
        return self._key("experiment")

    @property
    def experiment_history(self) -> str:
        return self._key("experiment:history")

    @property
    def experiment_differences(self) -> str:
        return self._key("experiment:differences")

    @property
    def models(self) -> str:
        return self._key("models")

    @property
    def model_topics(self) -> str:
        return self._key("model:topics")

    @property
    def active_model(self) -> str:
        return self._key("model:active")

    @property
    def model_history(self) -> str:
        return self._key("model:history")

    def model_file(self, name: str) -> str:
        return self._key(f"model-file:{name}")

    @property
    def accounts(self) -> str:
        return self._key("accounts")

    def session(self, token_hash: str) -> str:
        return self._key(f"session:{token_hash}")

    def account_sessions(self, account_id: str) -> str:
        return self._key(f"account:{account_id}:sessions")

    @property
    def identities(self) -> str:
        return self._key("identities")

    def openid(self, state_hash: str) -> str:
        return self._key(f"openid:{state_hash}")

    @property
    def api_tokens(self) -> str:
        return self._key("api-tokens")

    @property
    def api_tokens_used(self) -> str:
        return self._key("api-tokens-used")

    def link(self, token_hash: str) -> str:
        return self._key(f"link:{token_hash}")

    def account_link(self, account_id: str) -> str:
        return self._key(f"account:{account_id}:link")

    def totp(self, account_id: str) -> str:
        return self._key(f"account:{account_id}:totp")

    def totp_setup(self, account_id: str) -> str:
        return self._key(f"account:{account_id}:totp-setup")

    def recovery_codes(self, account_id: str) -> str:
        return self._key(f"account:{account_id}:recovery-codes")

    def attempts(self, limit: str, who: str) -> str:
        return self._key(f"attempts:{limit}:{who}")

    @property
    def imports(self) -> str:
        return self._key("imports")

    def one_import(self, import_id: str) -> str:
        return self._key(f"import:{import_id}")

"""The form of one plan: what was filled in, what is wrong with it, what it becomes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from sanic import Request

from bot.model import Template
from bot.store.plans import Plan
from bot.web.editor.form import AnswerForm
from bot.web.editor.local_times import MAX_AHEAD, UnclearMoment, read_moment, typed_moment
from bot.web.form_fields import line_field

# The ids of the controls.
FROM, UNTIL = "from", "until"


@dataclass(frozen=True)
class PlanForm:
    """As it was filled in. starts, ends: as typed; empty is now, and for good.

    plan_id, made_at_ms: of the plan that is changed, as it was when the form was opened; empty for a new one.
    uses_draft: the answer's draft is planned, and not what stands in the form.
    """

    starts: str
    ends: str
    answer: AnswerForm
    plan_id: str = ""
    made_at_ms: str = ""
    uses_draft: bool = False

    @classmethod
    def of(cls, template: Template, plan: Plan | None, zone: ZoneInfo) -> PlanForm:
        """To change `plan`; without one, a new one that begins with the answer as it is."""
        if plan is None:
            # Without what is about the published text; who wants those adds them, or plans a draft.
            return cls("", "", AnswerForm.of(replace(template, variants=(), image=None)))
        starts, ends = typed_moment(plan.from_ms, zone), typed_moment(plan.until_ms, zone)
        return cls(starts, ends, AnswerForm.of(plan.template), plan.id, str(plan.made_at_ms))

    @classmethod
    def read(cls, request: Request) -> PlanForm:
        """From the fields of a request. Raises InvalidMessage if `expected_version` is no number."""
        return cls(
            line_field(request, FROM),
            line_field(request, UNTIL),
            AnswerForm.read(request),
            line_field(request, "plan"),
            line_field(request, "made_at_ms"),
            line_field(request, "source") == "draft",
        )

    def times(self, zone: ZoneInfo, at_ms: int, before: Plan | None) -> tuple[int, int, dict[str, str]]:
        """When it begins and ends, in ms, and what is wrong with that: id of the control to Dutch sentence.

        before: the plan that is changed, which may have begun already.
        """
        starts_ms, errors = _moment(self.starts, FROM, zone)
        ends_ms, more = _moment(self.ends, UNTIL, zone)
        if errors or more:
            return 0, 0, errors | more
        is_untouched = before is not None and self.starts == typed_moment(before.from_ms, zone)
        if before and is_untouched:
            starts_ms = before.from_ms  # which has seconds, and may have been
        latest_ms = at_ms + int(MAX_AHEAD.total_seconds() * 1000)
        if not self.starts and not self.ends:
            errors[FROM] = (
                "Vul in wanneer het begint, of tot wanneer het duurt. Voor nu en altijd kun je het publiceren."
            )
        elif self.starts and not is_untouched and starts_ms <= at_ms:
            errors[FROM] = "Kies een begin dat nog komt, of laat het leeg: dan begint het meteen."
        elif max(starts_ms, ends_ms) > latest_ms:
            errors[FROM if starts_ms > latest_ms else UNTIL] = "Kies een tijd in de komende twee jaar."
        elif ends_ms and ends_ms <= max(starts_ms, at_ms):
            errors[UNTIL] = "Kies een eind dat na het begin komt, en nog niet voorbij is."
        return starts_ms or at_ms, ends_ms, errors


def _moment(typed: str, id: str, zone: ZoneInfo) -> tuple[int, dict[str, str]]:
    """0 for nothing."""
    try:
        return (read_moment(typed, zone) if typed else 0), {}
    except UnclearMoment as exc:
        return 0, {id: str(exc)}

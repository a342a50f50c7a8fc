"""Workspaces and agents: settings, edited by those whose role allows it.

Each change is told in the log in its own transaction. Safe Mode is shown here and switched
elsewhere: off needs a preflight. Keys are made in `keys_admin`; no agent can be given a right to
decide.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import transaction
from django.db.models import IntegerField, Model
from django.http import HttpRequest
from django.utils import timezone

from approvals import quota
from outreach.core import activity, names, visible
from outreach.core.models import Agent, Autonomy, Membership, Role, Workspace
from outreach.core.permissions import Verb
from outreach.edge import agent_standing, scopes
from outreach.edge.seen_form import TEMPLATE, SeenForm, changed_in, save_changed
from outreach.edge.zones import ZoneInput
from safety import controls
from safety.admin import TenantAdmin, column, is_operator, is_superuser, principal_of, workspace_ids
from safety.contract.rulebook import RuleError, check_own_word
from safety.facts import own_words

MOST_OWN_WORDS = 200
LIKE_AN_ADDRESS = frozenset('<>@"')
READS_AS_AN_ADDRESS = 'Leave out < > @ and ": with them it would read as an address.'
NO_POSTAL_ADDRESS = (
    "Saved without a postal address: no new e-mail carries one, nor the line that says how to make "
    "us stop. Where the law asks for an address, e-mail is remarked or refused for that, and so is "
    "what waits or is approved, though the old one stands in it. Set one again to put that right."
)
OTHER_POSTAL_ADDRESS = (
    "E-mails written before do not carry this postal address: where the law asks for one, what "
    "waits or is approved is remarked or refused for that until it is put at their end."
)
OTHER_SENDER = (
    "What was approved to come from the old sender and has not left waits for a decision again "
    "when its time comes."
)
AUTOPILOT = "Autopilot needs Safe Mode off. Choose another mode, or switch Safe Mode off first."


class ConfigureAdmin(TenantAdmin):
    """Rows that an admin of their workspace may change; every change is told in the log."""

    verb = Verb.CONFIGURE
    about = "workspaces.configured"
    change_form_before_template = TEMPLATE

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_view_permission(request, obj)

    def log_addition(self, request: HttpRequest, *told: Any) -> None:
        """Django's own log is not kept: the activity timeline is the one log."""

    log_change = log_addition
    log_deletions = log_addition

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """The least number that a form names is the one that the row's own check names."""
        least = [each.limit_value for each in db_field.validators
                 if isinstance(each, MinValueValidator)]  # fmt: skip
        if isinstance(db_field, IntegerField) and least and not db_field.choices:
            kwargs.setdefault("min_value", max(least))
            told = {"min_value": "Give a number from %(limit_value)s up."}
            kwargs.setdefault("error_messages", told)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def tell(self, request: HttpRequest, obj: Model, **codes: Any) -> None:
        now, by = timezone.now(), principal_of(request)
        activity.record(activity.entry(self.about, obj, **codes), by=by, at=now)

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        if change:
            save_changed(obj, form)
        else:
            super().save_model(request, obj, form, change)
        self.tell(request, obj, changed=changed_in(form), added=not change)
        if change and "daily_quota" in form.changed_data:
            # After the form's own transaction: one batch after the other, each in its own.
            transaction.on_commit(lambda: self._quota_changed(request, obj))

    def _quota_changed(self, request: HttpRequest, obj: Model) -> None:
        """Whoever raises a quota means today."""
        workspace = obj if isinstance(obj, Workspace) else Agent.objects.get(pk=obj.pk).workspace
        if count := quota.look_again(workspace, at=timezone.now()):
            messages.info(
                request,
                f"{count} held for tomorrow by a quota: looked at again at the next sending, "
                "within a minute. What the new quota has no room for is held again.",
            )


WORKSPACE_HELP = {
    "name": "What pages, reports and commands call it.",
    "slug": "Its short name in addresses and commands (--workspace). It cannot be changed later.",
    "time_zone": "The clock of its day: quotas, schedules and reports go by it, and so does the "
    "hour at which somebody may be written to whose own time zone nobody knows. Type a city and "
    "choose, such as Europe/Zurich.",
    "autonomy_mode": "What may become of a request of an agent at most. Each agent may be held "
    "more strictly on its own page.",
    "approval_expiry_hours": "What nobody decides within so many hours (1 to 720) goes back to its "
    "author, and what is approved and not sent within them as well.",
    "sender_name": "Who e-mails come from, and who signs what workflows write: without it, none "
    "writes.",
    "postal_address": "Stands below every new e-mail, with the line that says how to make us stop. "
    "Many laws ask for it in advertising.",
}


class WorkspaceForm(SeenForm):
    """Refuses a mode that contradicts Safe Mode in a sentence instead of at the database."""

    class Meta:
        help_texts = WORKSPACE_HELP
        widgets: ClassVar = {"time_zone": ZoneInput}

    def clean_autonomy_mode(self) -> str:
        mode = str(self.cleaned_data["autonomy_mode"])
        if mode == Autonomy.AUTOPILOT and self.instance.safe_mode:
            raise ValidationError(AUTOPILOT)
        return mode

    def clean_name(self) -> str:
        return self._one_line("name")

    def clean_sender_name(self) -> str:
        name = self._one_line("sender_name")
        if set(name) & LIKE_AN_ADDRESS:
            raise ValidationError(READS_AS_AN_ADDRESS)
        return name

    def clean_postal_address(self) -> str:
        return self._one_line("postal_address")

    def _one_line(self, field: str) -> str:
        """Without what nobody sees, which could turn around what others read of a sender."""
        typed = str(self.cleaned_data[field])
        seen = names.clean(typed)
        if typed and not visible.signs(seen):
            raise ValidationError("Nothing of this can be seen. Type it anew.")
        return seen

    def clean_own_words(self) -> str:
        typed = str(self.cleaned_data["own_words"])
        words = own_words(typed)
        if len(words) > MOST_OWN_WORDS:
            raise ValidationError(f"At most {MOST_OWN_WORDS} words or phrases; {len(words)} typed.")
        for word in words:
            try:
                check_own_word(word)
            except RuleError as error:
                raise ValidationError(f"{word!r}: {error}.") from None
        return typed


@admin.register(Workspace)
class WorkspaceAdmin(ConfigureAdmin):
    """The tenant's settings. A new one gets its six controls as shipped."""

    form = WorkspaceForm
    workspace_path = "id"
    list_display = ("name", "slug", "time_zone", "safe_mode", "autonomy_mode", "four_eyes")
    sortable_by = ("name", "slug", "time_zone", "safe_mode", "autonomy_mode", "four_eyes")
    ordering = ("slug",)
    fields = (
        "name", "slug", "time_zone", "safe_mode", "autonomy_mode", "four_eyes",
        "bulk_approves_normal", "approval_expiry_hours", "daily_quota", "recheck_percent",
        "weekly_review_day",
        "sender_name", "sender_address", "unsubscribe_address", "postal_address", "own_words",
    )  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("safe_mode", "slug") if obj else ("safe_mode",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_operator(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if obj is None:
            return is_operator(request) or super().has_view_permission(request)
        return is_superuser(request) or obj.pk in workspace_ids(request, self.verb)

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        before = Workspace.objects.filter(pk=obj.pk).first()
        super().save_model(request, obj, form, change)
        if before is not None and isinstance(obj, Workspace):
            quota.keep_day(before, obj, at=timezone.now())
        if change and "postal_address" in form.changed_data:
            is_set = form.cleaned_data["postal_address"]
            messages.warning(request, OTHER_POSTAL_ADDRESS if is_set else NO_POSTAL_ADDRESS)
        if change and {"sender_name", "sender_address"}.intersection(form.changed_data):
            messages.warning(request, OTHER_SENDER)
        if not change and isinstance(obj, Workspace):
            controls.provision(obj)
            who = Membership(user_id=int(request.user.pk or 0), workspace=obj, role=Role.ADMIN)
            who.save()
            self.tell(request, obj, member=who.user_id, role=str(who.role))


def own_workspaces(db_field: Any, request: HttpRequest) -> dict[str, Any]:
    """Only the user's own workspaces may be chosen."""
    if db_field.name != "workspace" or is_superuser(request):
        return {}
    ids = workspace_ids(request, Verb.CONFIGURE)
    return {"queryset": Workspace.objects.filter(pk__in=ids)}


class AgentForm(SeenForm):
    """Scopes come from the one table; none of them approves, sends or switches."""

    scopes = forms.MultipleChoiceField(
        choices=scopes.CHOICES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        place = data.get("workspace") or (self.instance.workspace if self.instance.pk else None)
        if data.get("autonomy_override") == Autonomy.AUTOPILOT and place and place.safe_mode:
            raise ValidationError({"autonomy_override": AUTOPILOT})
        return data


@admin.register(Agent)
class AgentAdmin(ConfigureAdmin):
    """Programs that propose. An override can only be stricter than the workspace's mode."""

    form = AgentForm
    about = "workspaces.agent_set"
    list_display = ("name", "workspace", "autonomy_override", "daily_quota", "is_active")
    list_select_related = ("workspace",)
    sortable_by = ("name", "autonomy_override", "daily_quota", "is_active")
    ordering = ("workspace__slug", "name")
    standing = (
        "show_keys", "show_approvals", "show_earned", "show_second_looks", "show_quota",
        "show_history",
    )  # fmt: skip
    fields = (
        "workspace", "name", "scopes", "autonomy_override", "daily_quota", "voice", "is_active",
        *standing,
    )  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("workspace", *self.standing) if obj else self.standing

    @column("API keys")
    def show_keys(self, obj: Agent) -> str:
        return agent_standing.api_keys(obj, at=timezone.now()) if obj.pk else "—"

    @column("Decisions of people")
    def show_approvals(self, obj: Agent) -> str:
        return agent_standing.approvals(obj, at=timezone.now()) if obj.pk else "—"

    @column("Earned")
    def show_earned(self, obj: Agent) -> str:
        return agent_standing.has_earned(obj, at=timezone.now()) if obj.pk else "—"

    @column("Looked at again")
    def show_second_looks(self, obj: Agent) -> str:
        return agent_standing.second_looks(obj, at=timezone.now()) if obj.pk else "—"

    @column("Today")
    def show_quota(self, obj: Agent) -> str:
        return agent_standing.quota(obj, at=timezone.now()) if obj.pk else "—"

    @column("So far")
    def show_history(self, obj: Agent) -> str:
        return agent_standing.history(obj) if obj.pk else "—"

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_foreignkey(
            db_field, request, **{**kwargs, **own_workspaces(db_field, request)}
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_superuser(request) or bool(workspace_ids(request, Verb.CONFIGURE))

"""Workspaces, members, agents and users: settings, edited by those whose role allows it.

Each change is told in the log in its own transaction. Safe Mode is shown here and switched
elsewhere: off needs a preflight. Keys are made in `keys_admin`; no agent can be given a right to
decide.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminTextInputWidget

from outreach.core import activity
from outreach.core.models import Agent, Autonomy, Membership, Role, User, Workspace
from outreach.core.permissions import SCOPES, Verb
from safety import controls
from safety.admin import TenantAdmin, column, is_operator, is_superuser, principal_of, workspace_ids
from safety.contract.rulebook import RuleError, own_word
from safety.facts import own_words

MOST_OWN_WORDS = 200
AUTOPILOT = "Autopilot needs Safe Mode off. Choose another mode, or switch Safe Mode off first."


class ConfigureAdmin(TenantAdmin):
    """Rows that an admin of their workspace may change; every change is told in the log."""

    verb = Verb.CONFIGURE
    about = "workspaces.configured"

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_view_permission(request, obj)

    def log_addition(self, request: HttpRequest, *told: Any) -> None:
        """Django's own log is not kept: the activity timeline is the one log."""

    log_change = log_addition
    log_deletions = log_addition

    def tell(self, request: HttpRequest, obj: Model, **codes: Any) -> None:
        now, by = timezone.now(), principal_of(request)
        activity.record(activity.entry(self.about, obj, **codes), by=by, at=now)

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        self.tell(request, obj, changed=sorted(form.changed_data), added=not change)


class WorkspaceForm(forms.ModelForm):  # type: ignore[type-arg]
    """Refuses a mode that contradicts Safe Mode in a sentence instead of at the database."""

    def clean_autonomy_mode(self) -> str:
        mode = str(self.cleaned_data["autonomy_mode"])
        if mode == Autonomy.AUTOPILOT and self.instance.safe_mode:
            raise ValidationError(AUTOPILOT)
        return mode

    def clean_own_words(self) -> str:
        typed = str(self.cleaned_data["own_words"])
        words = own_words(typed)
        if len(words) > MOST_OWN_WORDS:
            raise ValidationError(f"At most {MOST_OWN_WORDS} words or phrases; {len(words)} typed.")
        for word in words:
            try:
                own_word(word)
            except RuleError as error:
                raise ValidationError(f"{word!r}: {error}.") from None
        return typed


@admin.register(Workspace)
class WorkspaceAdmin(ConfigureAdmin):
    """The tenant's settings. A new one gets its six controls as shipped."""

    form = WorkspaceForm
    workspace_path = "id"
    list_display = ("name", "slug", "time_zone", "safe_mode", "autonomy_mode", "four_eyes")
    sortable_by = ()
    ordering = ("slug",)
    fields = (
        "name", "slug", "time_zone", "safe_mode", "autonomy_mode", "four_eyes",
        "approval_expiry_hours", "daily_quota", "weekly_review_day", "sender_name",
        "sender_address", "unsubscribe_address", "postal_address", "own_words",
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
        super().save_model(request, obj, form, change)
        if not change and isinstance(obj, Workspace):
            controls.provision(obj)
            who = Membership(user_id=int(request.user.pk or 0), workspace=obj, role=Role.ADMIN)
            who.save()
            self.tell(request, obj, member=who.user_id, role=str(who.role))


class MemberForm(forms.ModelForm):  # type: ignore[type-arg]
    """Names a colleague by login name, so that no list of all users is shown to any workspace."""

    username = forms.CharField(
        max_length=150,
        widget=UnfoldAdminTextInputWidget,
        help_text="The colleague's login name.",
    )

    class Meta:
        model = Membership
        fields = ("workspace", "role")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.instance.pk is None and data.get("username"):
            user = User.objects.filter(username=data["username"], is_active=True).first()
            if user is None:
                raise ValidationError(
                    {"username": "Nobody has this login name. Check its letters."}
                )
            if Membership.objects.filter(user=user, workspace=data.get("workspace")).exists():
                raise ValidationError({"username": "Is a member already: change their role."})
            self.instance.user = user
        return data


@admin.register(Membership)
class MembershipAdmin(ConfigureAdmin):
    """Who may do what in a workspace. A right withdrawn is withdrawn at once, everywhere."""

    form = MemberForm
    about = "workspaces.member_set"
    list_display = ("show_user", "workspace", "show_role")
    list_display_links = ("show_user",)
    list_select_related = ("user", "workspace")
    list_filter = ("role",)
    search_fields = ("user__username",)
    sortable_by = ()
    ordering = ("workspace__slug", "user__username")
    readonly_fields = ("user",)

    @column("Member")
    def show_user(self, obj: Membership) -> str:
        return f"{obj.user.get_full_name() or obj.user.username} ({obj.user.username})"

    @column("Role", label={"Admin": "danger", "Reviewer": "success", "Creator": "info"})
    def show_role(self, obj: Membership) -> str:
        return str(obj.get_role_display())

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("user", "workspace", "role") if obj else ("username", "workspace", "role")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("user", "workspace") if obj else ()

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        if obj is not None:
            form.base_fields.pop("username", None)
        return form

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_foreignkey(
            db_field, request, **{**kwargs, **own_workspaces(db_field, request)}
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_superuser(request) or bool(workspace_ids(request, Verb.CONFIGURE))

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_view_permission(request, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        return [str(obj) for obj in objs], {}, set(), []

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        self.tell(request, obj, removed=True)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            self.delete_model(request, row)


def own_workspaces(db_field: Any, request: HttpRequest) -> dict[str, Any]:
    """Only the user's own workspaces may be chosen."""
    if db_field.name != "workspace" or is_superuser(request):
        return {}
    ids = workspace_ids(request, Verb.CONFIGURE)
    return {"queryset": Workspace.objects.filter(pk__in=ids)}


class AgentForm(forms.ModelForm):  # type: ignore[type-arg]
    """Scopes come from the one table; none of them approves, sends or switches."""

    scopes = forms.MultipleChoiceField(
        choices=[(name, name) for name in SCOPES],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
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
    sortable_by = ()
    ordering = ("workspace__slug", "name")
    fields = ("workspace", "name", "scopes", "autonomy_override", "daily_quota", "is_active")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("workspace",) if obj else ()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_foreignkey(
            db_field, request, **{**kwargs, **own_workspaces(db_field, request)}
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_superuser(request) or bool(workspace_ids(request, Verb.CONFIGURE))


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):  # type: ignore[misc,type-arg]
    """Accounts; superusers only. Who may do what is said by members, not by Django's groups."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "first_name", "last_name", "is_active", "is_operator")
    list_filter = ("is_active", "is_operator", "is_superuser")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_operator", "is_superuser")}),
    )
    add_fieldsets = (
        (None, {"fields": ("username", "usable_password", "password1", "password2", "is_staff")}),
    )

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_superuser(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return is_superuser(request)

    has_add_permission = has_module_permission
    has_change_permission = has_view_permission

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        told = activity.Entry(
            "workspaces.user_set", "user", str(obj.pk), None,
            codes={"changed": sorted(form.changed_data), "added": not change},
        )  # fmt: skip
        activity.record(told, by=principal_of(request), at=timezone.now())

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


if admin.site.is_registered(Group):
    admin.site.unregister(Group)  # rights come from members

"""Members of workspaces, and users: admins invite into their workspace, operators make users.

Who is new gets a link to choose a password with; it works once. A right withdrawn is withdrawn at
once, and the last admin of a workspace stays one.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminTextInputWidget

from outreach.core import activity, keys, members
from outreach.core.models import Membership, Role, User
from outreach.core.permissions import Verb
from outreach.edge import passwords
from outreach.edge.seen_form import TEMPLATE, SeenForm, changed_in, save_changed
from outreach.edge.settings_admin import ConfigureAdmin, own_workspaces
from outreach.edge.welcome import link_for
from safety.admin import column, is_operator, is_superuser, principal_of, workspace_ids

INVITED = "Give {} this link, by a way you trust. It works once, to choose a password: {}"


class MemberForm(SeenForm):
    """Names a colleague by login name, so that no list of all users is shown to any workspace."""

    username = forms.CharField(
        max_length=150,
        widget=UnfoldAdminTextInputWidget,
        validators=[UnicodeUsernameValidator()],
        help_text="The colleague's login name.",
    )
    email = forms.EmailField(
        required=False,
        widget=UnfoldAdminEmailInputWidget,
        help_text="Where notices go. A colleague who has no login is invited with it (you get a "
        "link for them); a login that has none yet is given this one.",
    )

    class Meta:
        model = Membership
        fields = ("workspace", "role")

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if self.instance.pk is None:
            if data.get("username"):
                self._find(data)
        elif data.get("role") != Role.ADMIN and members.is_last_admin(stored(self.instance)):
            raise ValidationError({"role": members.LAST_ADMIN})
        return data

    def _find(self, data: dict[str, Any]) -> None:
        """The user of this name; none is needed where an address says whom to invite."""
        user = User.objects.filter(username=data["username"]).first()
        if user is None and data.get("email"):
            return
        if user is None or not user.is_active:
            raise ValidationError(
                {
                    "username": "Nobody has this login name. Check its letters, or give the "
                    "colleague's e-mail to invite them."
                }
            )
        place = data.get("workspace")
        if Membership.objects.filter(user=user, workspace=place).exists():
            raise ValidationError({"username": "Is a member already: change them in the list."})
        if data.get("email") and place and (fault := members.email_fault(user, place)):
            said = f"This login exists: leave the e-mail empty, or choose another name. {fault}"
            raise ValidationError({"email": said})
        self.instance.user = user


def stored(member: Membership) -> Membership:
    """The row as it is, before the form changed it."""
    return Membership.objects.get(pk=member.pk)


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
    sortable_by = ("show_user", "show_role")
    ordering = ("workspace__slug", "user__username")
    readonly_fields = ("user",)
    actions = None  # removed one by one: each asks whether an admin is left

    @column("Member", sorts="user__username")
    def show_user(self, obj: Membership) -> str:
        return f"{obj.user.get_full_name() or obj.user.username} ({obj.user.username})"

    @column(
        "Role", label={"Admin": "danger", "Reviewer": "success", "Creator": "info"}, sorts="role"
    )
    def show_role(self, obj: Membership) -> str:
        return str(obj.get_role_display())

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        if obj is None:
            return ("username", "email", "workspace", "role")
        lacks = () if members.email_fault(obj.user, obj.workspace) else ("email",)
        return ("user", "workspace", "role", *lacks)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("user", "workspace") if obj else ()

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        if obj is not None:
            for name in {"username", "email"} - {*self.get_fields(request, obj)}:
                form.base_fields.pop(name, None)
        return form

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_foreignkey(
            db_field, request, **{**kwargs, **own_workspaces(db_field, request)}
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_superuser(request) or bool(workspace_ids(request, Verb.CONFIGURE))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change and obj.role != Role.ADMIN:
            _keep_an_admin(obj)
        if change or obj.user_id is not None:
            super().save_model(request, obj, form, change)
            if email := form.cleaned_data.get("email"):
                self._give_email(request, obj, email)
            return
        made = members.invite(
            obj.workspace,
            username=form.cleaned_data["username"],
            email=form.cleaned_data["email"],
            role=obj.role,
            by=principal_of(request),
            at=timezone.now(),
        )
        obj.pk, obj.user = made.pk, made.user
        messages.warning(request, INVITED.format(made.user, link_for(request, made.user)))

    def _give_email(self, request: HttpRequest, obj: Membership, email: str) -> None:
        if members.give_email(obj, email, by=principal_of(request), at=timezone.now()):
            return
        obj.user.refresh_from_db()
        fault = members.email_fault(obj.user, obj.workspace)
        messages.warning(request, f"The e-mail was not set, all else is saved. {fault}")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if isinstance(obj, Membership) and members.is_last_admin(obj):
            return False
        return self.has_view_permission(request, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        return [str(obj) for obj in objs], {}, set(), []

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        if isinstance(obj, Membership):
            _keep_an_admin(obj)
            keys.end_of_member(obj.user, obj.workspace, by=principal_of(request), at=timezone.now())
        self.tell(request, obj, removed=True)
        super().delete_model(request, obj)


def _keep_an_admin(member: Membership) -> None:
    """Asked once more where it is written: two admins may take each other's right at once."""
    members.hold_admins(member.workspace_id)
    if members.is_last_admin(stored(member)):
        raise PermissionDenied(members.LAST_ADMIN)


WITHOUT = (
    "There is no other way to log in here: without a password this login opens nothing, until a "
    "superuser sets one."
)
NEW_LOGIN = ("username", "email", "usable_password", "password1", "password2", "is_staff")


class NewLoginForm(UserCreationForm):  # type: ignore[misc]
    """A new login, without Django's words about ways to log in that are not here."""

    usable_password = UserCreationForm.create_usable_password_field(WITHOUT)


class LoginForm(SeenForm, UserChangeForm):  # type: ignore[misc]
    """A login; that of a workspace's last admin is not switched off."""

    def clean_is_active(self) -> bool:
        active = bool(self.cleaned_data["is_active"])
        if not active and (fault := _last_admin_fault(self.instance)):
            raise ValidationError(fault)
        return active


def _last_admin_fault(user: User) -> str:
    """Why this login may not be switched off; one that is off already may stay so."""
    if not User.objects.filter(pk=user.pk, is_active=True).exists():
        return ""
    names = members.only_admin_of(user)
    return members.ONLY_ADMIN_OF.format(", ".join(names)) if names else ""


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):  # type: ignore[misc,type-arg]
    """Accounts, made by operators. Who may do what is said by members, not by Django's groups.

    An operator has no key to anybody's door: passwords of others, and superusers, are for
    superusers only.
    """

    form = LoginForm
    change_form_before_template = TEMPLATE
    add_form = NewLoginForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "first_name", "last_name", "is_active", "is_operator")
    list_filter = ("is_active", "is_operator", "is_superuser")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_operator", "is_superuser")}),
    )
    add_fieldsets = ((None, {"fields": NEW_LOGIN}),)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_operator(request)

    has_add_permission = has_module_permission

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return is_operator(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if obj is not None and getattr(obj, "is_superuser", False):
            return is_superuser(request)
        return is_operator(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return () if is_superuser(request) else ("is_superuser",)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"is_staff": True}

    def user_change_password(
        self, request: HttpRequest, id: str, form_url: str = ""
    ) -> HttpResponse:
        if not is_superuser(request):
            raise PermissionDenied
        user = self.get_object(request, unquote(id))
        if not isinstance(user, User):
            raise Http404(f"There is no user {id[:40]}.")
        with passwords.told(user.pk, by=principal_of(request)):
            found: HttpResponse = super().user_change_password(request, id, form_url)
        return found

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change and not obj.is_active:
            members.hold_admins_beside(obj)  # asked once more where it is written, as for members
            if fault := _last_admin_fault(obj):
                raise PermissionDenied(fault)
        if change:
            save_changed(obj, form)
        else:
            super().save_model(request, obj, form, change)
        told = activity.Entry(
            "workspaces.user_set", "user", str(obj.pk), None,
            codes={"changed": changed_in(form), "added": not change},
        )  # fmt: skip
        activity.record(told, by=principal_of(request), at=timezone.now())

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


if admin.site.is_registered(Group):
    admin.site.unregister(Group)  # rights come from members

"""Who belongs to a workspace: inviting somebody new, and never losing the last admin."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from outreach.core import activity
from outreach.core.models import Membership, Role, User, Workspace
from outreach.core.permissions import Verb, require
from outreach.core.principal import Principal

ONLY_ADMIN_OF = "Only this login is an admin of {}. Make somebody else an admin there first."
LAST_ADMIN = "This is the workspace's only admin. Make somebody else an admin first."


def invite(
    workspace: Workspace, *, username: str, email: str, role: str, by: Principal, at: datetime
) -> Membership:
    """A new user without a password yet, member of this workspace and of no other.

    Raises NotAllowed for anybody but an admin of it or a superuser. The caller has checked that
    the login name is free; a link to choose a password with is the door's affair.
    """
    if not (by.user and by.user.is_superuser):
        require(by, Verb.CONFIGURE, workspace)
    with transaction.atomic():
        user = User(username=username, email=email, is_staff=True)
        user.set_unusable_password()
        user.save()
        member = Membership.objects.create(user=user, workspace=workspace, role=role)
        activity.record(
            activity.entry("workspaces.member_invited", member, role=str(role), user=user.pk),
            by=by,
            at=at,
        )
    return member


def email_fault(user: User, workspace: Workspace) -> str:
    """Why an admin of this workspace may not give this login an e-mail; empty where they may.

    Notices of every workspace of theirs go there, so one that reaches further is an operator's.
    """
    if user.email:
        return "This login has an e-mail already. An operator changes it under Users."
    elsewhere = Membership.objects.filter(user=user).exclude(workspace=workspace).exists()
    if elsewhere or user.is_operator or user.is_superuser:
        return "This login reaches beyond the workspace: an operator gives it one under Users."
    return ""


def give_email(member: Membership, email: str, *, by: Principal, at: datetime) -> bool:
    """An e-mail for a member's login that has none; False where it has got one meanwhile."""
    if not (by.user and by.user.is_superuser):
        require(by, Verb.CONFIGURE, member.workspace)
    with transaction.atomic():
        if email_fault(User.objects.select_for_update().get(pk=member.user_id), member.workspace):
            return False
        User.objects.filter(pk=member.user_id).update(email=email)
        entry = activity.entry("workspaces.member_email_given", member, user=member.user_id)
        activity.record(entry, by=by, at=at)
    return True


def hold_admins(workspace_id: int) -> None:
    """Keep who is an admin there from being changed by others until the transaction ends."""
    rows = Membership.objects.filter(workspace=workspace_id, role=Role.ADMIN).order_by("pk")
    list(rows.select_for_update().values_list("pk"))


def is_last_admin(member: Membership) -> bool:
    """Whether the workspace has no other active admin than this member."""
    if member.role != Role.ADMIN:
        return False
    others = Membership.objects.filter(
        workspace_id=member.workspace_id, role=Role.ADMIN, user__is_active=True
    )
    return not others.exclude(pk=member.pk).exists()


def hold_admins_beside(user: User) -> None:
    """`hold_admins` of every workspace this user is an admin of, in one order."""
    for each in _admin_rights(user).order_by("workspace_id"):
        hold_admins(each.workspace_id)


def only_admin_of(user: User) -> list[str]:
    """The names of the workspaces that would have no active admin without this user."""
    rows = _admin_rights(user).select_related("workspace").order_by("workspace__slug")
    return [each.workspace.name for each in rows if is_last_admin(each)]


def _admin_rights(user: User) -> QuerySet[Membership]:
    return Membership.objects.filter(user=user, role=Role.ADMIN)

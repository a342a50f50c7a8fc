"""The admin's side menu: what each role works with, with what waits beside it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse

from approvals import badges
from approvals.models import Approval
from channels.models import Delivery, PlatformTemplate, ProviderEvent
from outreach.core.models import (
    Activity,
    Agent,
    ApiKey,
    Consent,
    Draft,
    Duplicate,
    Import,
    InboundMessage,
    Membership,
    Person,
    Suppression,
    User,
    VoiceProfile,
    Workspace,
)
from outreach.core.permissions import Verb
from outreach.edge.models import Webhook
from safety.admin import is_operator, is_superuser, roles_of, workspace_ids
from safety.models import SafetyEvent
from workflows.models import AgentRun, Artifact, Experiment, ResearchSnapshot, Run, Schedule

HOME = "/admin/"
# What each list is called, in the menu and on its pages, and its sign.
LISTS: dict[type[Model], tuple[str, str]] = {
    Approval: ("Approval queue", "inbox"),
    InboundMessage: ("Inbox", "mark_email_unread"),
    Draft: ("Drafts", "edit_note"),
    Delivery: ("Deliveries", "outgoing_mail"),
    Run: ("Workflow runs", "account_tree"),
    Artifact: ("Plans and scripts", "checklist"),
    ResearchSnapshot: ("Research", "travel_explore"),
    Person: ("People", "group"),
    Import: ("Imports", "upload_file"),
    Duplicate: ("Same person?", "people"),
    SafetyEvent: ("Safety events", "shield"),
    ProviderEvent: ("Events set aside", "sync_problem"),
    Consent: ("Consent", "handshake"),
    Suppression: ("Suppressed addresses", "block"),
    Activity: ("Activity timeline", "history"),
    Workspace: ("Workspaces", "domain"),
    Membership: ("Members", "badge"),
    Agent: ("Agents", "smart_toy"),
    AgentRun: ("Agent runs", "receipt_long"),
    VoiceProfile: ("Voices", "record_voice_over"),
    Schedule: ("Schedules", "schedule"),
    Experiment: ("Experiments", "science"),
    PlatformTemplate: ("WhatsApp templates", "chat"),
    ApiKey: ("API keys", "key"),
    Webhook: ("Webhooks", "webhook"),
    User: ("Users", "person"),
}


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups of links; a link is shown to those who may open it."""
    groups: list[dict[str, Any]] = [
        {"title": "Work", "items": _work(request)},
        {"title": "People", "items": _people(request)},
        {"title": "Safety", "items": _safety(request)},
        {"title": "Settings", "items": _settings(request)},
    ]
    mark_nearest([item for group in groups for item in group["items"]])
    return groups


def mark_nearest(items: list[dict[str, Any]]) -> None:
    """A list and its form both lead to the form's page: only the longer link is where we are."""
    active = [item for item in items if item["active"] and "permission" not in item]
    for item in active:
        item["active"] = len(item["link"]) == max(len(each["link"]) for each in active)


def _work(request: HttpRequest) -> list[dict[str, Any]]:
    return [
        _page(request, "Overview", "admin:index", "dashboard", shown=True),
        _rows(request, Approval, badge=_waiting(request)),
        _again(request),
        _rows(request, InboundMessage, badge=_unread(request)),
        _rows(request, Draft),
        _rows(request, Delivery),
        _by_hand(request, "LinkedIn", "person_add"),
        _by_hand(request, "Phone", "call"),
        _rows(request, Run),
        _rows(request, Artifact),
        _rows(request, ResearchSnapshot),
    ]


def _people(request: HttpRequest) -> list[dict[str, Any]]:
    may_import = bool(workspace_ids(request, Verb.IMPORT))
    return [
        _rows(request, Person),
        _page(request, "Import people", "admin:core_import_new", "upload", shown=may_import),
        _rows(request, Import),
        _rows(request, Duplicate, badge=_doubtful(request)),
    ]


def _safety(request: HttpRequest) -> list[dict[str, Any]]:
    return [
        _page(request, "Controls", "controls", "toggle_on", shown=_sees_controls(request)),
        _page(request, "Safe Mode", "safe_mode", "health_and_safety", shown=_belongs(request)),
        _page(request, "Rehearsal", "rehearsal", "theater_comedy", shown=_belongs(request)),
        _rows(request, SafetyEvent),
        _rows(request, ProviderEvent),
        _rows(request, Consent),
        _rows(request, Suppression),
        _page(
            request,
            "Suppression lists",
            "admin:core_suppression_lists",
            "playlist_remove",
            shown=bool(workspace_ids(request, Verb.STOP_PERSON)),
        ),
        _rows(request, Activity),
        _page(
            request,
            "Exports",
            "exports",
            "download",
            shown=bool(workspace_ids(request, Verb.EXPORT)),
        ),
    ]


def _settings(request: HttpRequest) -> list[dict[str, Any]]:
    return [
        _rows(request, Workspace),
        _rows(request, Membership),
        _rows(request, Agent),
        _rows(request, AgentRun),
        _rows(request, VoiceProfile),
        _rows(request, Schedule),
        _rows(request, Experiment),
        _rows(request, PlatformTemplate),
        _rows(request, ApiKey),
        _rows(request, Webhook),
        _rows(request, User),
    ]


def _page(request: HttpRequest, title: str, name: str, icon: str, *, shown: bool) -> dict[str, Any]:
    link = reverse(name)
    active = request.path == link or (link != HOME and request.path.startswith(link))
    item = {"title": title, "icon": icon, "link": link, "active": active}
    return item if shown else {**item, "permission": _never}


def _again(request: HttpRequest) -> dict[str, Any]:
    """Second looks; shown to whoever decides, with what waits beside it."""
    shown = bool(workspace_ids(request, Verb.DECIDE))
    item = _page(request, "Look again", "look_again", "replay", shown=shown)
    again = badges.of(request).again if shown else ""
    return {**item, "badge": again, "badge_callback": again} if again else item


def _by_hand(request: HttpRequest, title: str, icon: str) -> dict[str, Any]:
    """A channel that people serve themselves; shown to whoever sees messages at all."""
    link = reverse("by_hand", args=[title.lower()])
    item = {"title": title, "icon": icon, "link": link, "active": request.path == link}
    return item if roles_of(request) or is_superuser(request) else {**item, "permission": _never}


def names_of_lists() -> dict[str, str]:
    """What each list is called, by its address."""
    return {_list_of(model): title for model, (title, _) in LISTS.items() if _is_known(model)}


def _is_known(model: type[Model]) -> bool:
    return model in admin.site._registry


def _list_of(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def _rows(request: HttpRequest, model: type[Model], *, badge: str = "") -> dict[str, Any]:
    """A link to a model's list; hidden while nobody has registered it, or without the right."""
    title, icon = LISTS[model]
    known = admin.site._registry.get(model)
    if known is None or not known.has_view_permission(request):
        return {"title": title, "link": "", "active": False, "permission": _never}
    link = _list_of(model)
    item: dict[str, Any] = {
        "title": title,
        "icon": icon,
        "link": link,
        "active": request.path.startswith(link),
    }
    return {**item, "badge": badge, "badge_callback": badge} if badge else item


def _never(request: HttpRequest) -> bool:
    return False


def _belongs(request: HttpRequest) -> bool:
    return bool(roles_of(request)) or is_superuser(request)


def _sees_controls(request: HttpRequest) -> bool:
    return bool(roles_of(request)) or is_operator(request)


def _waiting(request: HttpRequest) -> str:
    counts = badges.of(request).waiting
    return counts.parts[0][0] if counts.total else ""


def _doubtful(request: HttpRequest) -> str:
    return badges.of(request).doubtful


def _unread(request: HttpRequest) -> str:
    return badges.of(request).unread

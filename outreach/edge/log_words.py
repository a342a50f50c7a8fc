"""What an entry of the log says, in words: the log itself keeps the codes that programs read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from django.apps import apps
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html

from outreach.core.models import Activity
from outreach.core.models.workspace import Autonomy
from outreach.edge import item_links

ITEM = "approval"  # what the log calls an item of the queue
CONTROL = "systemcontrol"
LONGEST = 120
DOORS = {
    "admin": "the admin's pages", "command": "a command", "api": "REST", "mcp": "MCP",
    "job": "the program's own work", "workflow": "a workflow", "schedule": "a schedule",
}  # fmt: skip
ASKED = {
    "draft": "kept as a draft", "pending_approval": "put before a person",
    "scheduled": "sent at its time",
}  # fmt: skip
BECAME = {**ASKED, "scheduled": "approved by rule"}
KEYS = {"dry_run": "dry run was on", "edited": "changed before", "draft": "message"}


def about(row: Activity) -> str:
    """The object by its name and number, to be opened where it has a page."""
    if row.object_type == ITEM and row.object_id.isdecimal():
        return format_html("approval {}", item_links.link(int(row.object_id)))
    named = row.about()
    where = _page(row.object_type, row.object_id)
    return format_html('<a class="oc-link" href="{}">{}</a>', where, named) if where else named


def details(row: Activity) -> str:
    """All that the codes say, a sentence for each kind of entry that has one of its own."""
    codes = dict(row.codes)
    door = codes.pop("door", "")
    codes.pop("change", None)  # where the reason is kept: a link beside the object
    own = SENTENCES.get(row.verb)
    said = own(codes) if own else [f"{KEYS.get(k, plain(k))}: {plain(v)}" for k, v in codes.items()]
    if door:
        said.append(f"through {DOORS.get(door, plain(door))}")
    return "; ".join(said)


def short(row: Activity) -> str:
    """The same as a list has room for."""
    said = details(row)
    return said if len(said) <= LONGEST else said[: LONGEST - 1] + "…"


def plain(value: Any) -> str:
    """A code in words: no brackets, quotes, capitals or lines that programs put there."""
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(plain, value))
    if isinstance(value, dict):
        return ", ".join(f"{plain(key)} {plain(each)}" for key, each in value.items())
    return str(value).replace("_", " ")


def _routed(codes: Mapping[str, Any]) -> list[str]:
    """Where a message was asked to go, where it went, and by which rules."""
    asked, became = str(codes.get("requested_status")), str(codes.get("final_status"))
    said = [f"{BECAME.get(became, plain(became))}, asked to be {ASKED.get(asked, plain(asked))}"]
    if codes.get("was_denied"):
        said.append("sending by rule was refused to its author")
    if reason := codes.get("reason"):
        said.append(str(reason).rstrip("."))
    under = codes.get("policy_context") or {}
    if under:
        own = under.get("autonomy_override")
        if not codes.get("safe_mode_enforced"):  # else the reason has said it
            said.append(f"Safe Mode {'on' if under.get('safe_mode') else 'off'}")
        said.append(f"autonomy {_autonomy(under.get('autonomy_mode'))}")
        said += [f"the agent's own {_autonomy(own)}"] if own else []
        said.append(f"its author's role: {plain(under.get('role', ''))}")
    return said


def _autonomy(code: Any) -> str:
    known = dict(Autonomy.choices)
    return str(known[code]).partition(":")[0].lower() if code in known else plain(code)


SENTENCES: dict[str, Callable[[Mapping[str, Any]], list[str]]] = {"approvals.routed": _routed}


def _page(kind: str, number: str) -> str:
    """Where an object is shown, or empty: it has no page, or no number."""
    if kind == CONTROL:
        return reverse("controls")
    try:
        return reverse(f"admin:{_app_of(kind)}_{kind}_change", args=[int(number)])
    except (NoReverseMatch, ValueError):
        return ""


@lru_cache
def _app_of(kind: str) -> str:
    found = (each._meta for each in apps.get_models() if each._meta.model_name == kind)
    return next((each.app_label for each in found), "")

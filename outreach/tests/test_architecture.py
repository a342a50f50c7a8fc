"""The rules of the house that no import contract and no linter sees."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib import admin
from django.urls import get_resolver

from outreach import testing
from outreach.edge.privacy import declared
from outreach.tests import source
from tools import syntax

# A stage may point at what stands left of it, never ahead (docs/decisions/0001).
ORDER = ("core", "safety", "approvals", "channels", "workflows", "edge")
MODULE_LINES, FUNCTION_LINES = 300, 40
HOMELESS = {"utils", "util", "helpers", "common", "managers", "mixins", "misc"}

# Who may write the status of which rows; a path ending in / is a folder.
STATUS_OWNERS = {
    "Draft": ("outreach/core/drafts.py",),
    "Person": ("outreach/core/people.py",),
    "Approval": ("approvals/",),
    "Delivery": ("channels/",),
    "Import": ("outreach/core/importing/",),
    "InboundMessage": ("outreach/core/inbox.py",),
    "Run": ("workflows/",),
    "Step": ("workflows/",),
}
# Doors parse, call one service, show the result: they never set a status themselves.
DOORS = ("admin", "api", "tasks", "review", "management", "webhooks", "mcp", "dashboard")
WRITERS = {"update", "create", "bulk_create", "get_or_create", "update_or_create"}


def test_foreign_keys_point_left_or_stay_at_home():
    ahead = []
    for model in apps.get_models():
        if model._meta.app_label not in ORDER:
            continue
        here = ORDER.index(model._meta.app_label)
        for field in model._meta.get_fields():
            if not (field.is_relation and field.concrete and field.related_model):
                continue
            there = field.related_model._meta.app_label
            if there in ORDER and ORDER.index(there) > here:
                ahead.append(f"{model._meta.label}.{field.name} -> {there}")
    assert not ahead


def status_writes(path: Path) -> Iterator[tuple[int, str]]:
    """(line, model or "?") of everything in this file that sets a `status`."""
    for node in ast.walk(syntax.tree(path)):
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Attribute) and target.attr == "status":
                    yield node.lineno, "?"
        if isinstance(node, ast.Call):
            names = source.dotted(node.func)
            if any(word.arg == "status" for word in node.keywords):
                if names and names[-1] in WRITERS:
                    yield node.lineno, names[0] if names[0] in STATUS_OWNERS else "?"
                elif names and names[-1] in STATUS_OWNERS:
                    yield node.lineno, names[-1]


# By hand: who may write which table. What is not here is written through its model.
STATEMENT_OWNERS = {
    "activity_timeline": ("outreach/core/activity.py",),
    "contacts": ("channels/outcomes.py",),
    "imports": ("outreach/core/importing/watching.py",),  # beside the job's own transaction
    "deliveries": ("channels/intents.py", "channels/outcomes.py"),
    "message_approvals": ("approvals/taking.py",),
    "message_drafts": ("outreach/core/drafts.py",),
    "quota_uses": ("approvals/quota.py",),
}
WRITES = re.compile(r"\b(?:INSERT INTO|DELETE FROM|UPDATE(?=\s+[a-z_]+\s+SET))\s+([a-z_]+)")


def test_statements_by_hand_write_only_what_their_module_owns():
    found = {
        (table, source.name(path))
        for path in source.modules()
        for node in ast.walk(syntax.tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for table in WRITES.findall(node.value)
    }
    allowed = {(table, place) for table, places in STATEMENT_OWNERS.items() for place in places}
    assert found == allowed


def is_door(path: Path) -> bool:
    inside = path.relative_to(source.ROOT).parts  # the checkout itself may be called "mcp"
    return any(part.removesuffix(".py") in DOORS for part in inside)


def test_only_the_owning_modules_write_a_status():
    everybody = {place for places in STATUS_OWNERS.values() for place in places}
    strangers = []
    for path in source.modules():
        name = source.name(path)
        for line, model in status_writes(path):
            owners = STATUS_OWNERS.get(model, everybody)
            if not name.startswith(tuple(owners)) or is_door(path):
                strangers.append(f"{name}:{line} writes the status of {model}")
    assert not strangers


def test_only_known_modules_of_channels_end_a_delivery():
    known = {"sending", "outcomes", "settle", "manual", "stop", "simulate"}
    strangers = [
        f"{source.name(path)}:{line}"
        for path in source.modules()
        for line, model in status_writes(path)
        if model == "Delivery" and path.stem not in known
    ]
    assert not strangers


def test_controls_are_written_by_the_stop_alone():
    allowed = {"safety/controls.py", "channels/stop.py"}
    strangers = [
        f"{source.name(path)}:{call.lineno}"
        for path in source.modules()
        for call in source.calls(path)
        if source.dotted(call.func)[-2:] == ["controls", "write"]
        and source.name(path) not in allowed
    ]
    strangers += [
        f"{source.name(path)}:{node.lineno}"
        for path in source.modules()
        for node in ast.walk(syntax.tree(path))
        if isinstance(node, ast.ImportFrom)
        and node.module == "safety.controls"
        and any(alias.name == "write" for alias in node.names)
        and source.name(path) not in allowed
    ]
    assert not strangers


def test_control_rows_are_touched_by_their_keeper_and_the_stop_alone():
    strangers = [
        f"{source.name(path)}:{call.lineno}"
        for path in source.modules()
        for call in source.calls(path)
        if source.dotted(call.func)[:1] == ["SystemControl"]
        and source.dotted(call.func)[-1] in WRITERS | {"delete", "save", "bulk_update"}
        and source.name(path) not in {"safety/controls.py", "channels/stop.py"}
    ]
    assert not strangers


def test_no_code_but_the_registry_loads_an_adapter():
    loaders = [
        f"{source.name(path)}:{call.lineno}"
        for path in source.modules()
        for call in source.calls(path)
        if source.dotted(call.func)[-1:] in (["import_string"], ["import_module"], ["__import__"])
        and source.name(path) != "channels/registry.py"
    ]
    assert not loaders
    named = [
        source.name(path)
        for path in source.modules()
        if "channels.adapters." in path.read_text()
        and not source.name(path).startswith("channels/adapters/")
        and source.name(path) not in {"channels/registry.py", "outreach/settings.py"}
    ]
    assert not named


def test_modules_and_functions_stay_small():
    sizes = {source.name(path): len(path.read_text().splitlines()) for path in source.modules()}
    large = {name: lines for name, lines in sizes.items() if lines > MODULE_LINES}
    assert not large, "split these by concept"
    long = {
        f"{source.name(path)}:{node.lineno} {node.name}": size
        for path in source.modules()
        for node in source.functions(path)
        if (size := source.code_lines(node)) > FUNCTION_LINES
    }
    assert len(sizes) > 300 and not long


def test_each_module_says_what_it_is_for():
    silent = [
        source.name(path)
        for path in source.modules()
        if path.name != "apps.py"
        and path.read_text().strip()
        and not ast.get_docstring(syntax.tree(path))
    ]
    assert not silent, "a module docstring is missing"


def test_no_module_without_an_owner():
    homeless = [source.name(path) for path in source.modules(tests=True) if path.stem in HOMELESS]
    assert not homeless


def test_nothing_is_left_for_later():
    later = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|raise NotImplementedError")
    found = [source.name(path) for path in source.modules() if later.search(path.read_text())]
    assert not found


def test_admin_actions_name_their_permission():
    """Without `permissions`, Django offers an action to staff who may only look."""
    open_to_all = []
    for model, site in admin.site._registry.items():
        if model._meta.app_label not in ORDER:
            continue
        for action in site.actions or ():
            function = getattr(site, action) if isinstance(action, str) else action
            if not getattr(function, "allowed_permissions", None):
                open_to_all.append(f"{model._meta.label}: {action}")
    assert not open_to_all


def test_admin_has_no_action_that_a_plain_get_would_run():
    """The admin theme runs row, detail and list actions on GET, without a token."""
    kinds = ("actions_list", "actions_row", "actions_detail")
    risky = [
        f"{model._meta.label}: {kind}"
        for model, site in admin.site._registry.items()
        if model._meta.app_label in ORDER
        for kind in kinds
        if getattr(site, kind, None)
    ]
    assert not risky


def test_every_model_of_ours_can_be_read_by_a_tired_operator():
    """A row the admin shows says what it is, not `Object (7)`."""
    silent = [
        model._meta.label
        for model in admin.site._registry
        if model._meta.app_label in ORDER
        and "__str__" not in vars(model)
        and not any(
            "__str__" in vars(base)
            for base in model.__mro__[1:-1]
            if base.__module__.split(".")[0] in source.APPS
        )
    ]
    assert not [name for name in silent if name != "core.User"]


def test_every_column_says_whether_it_may_tell_of_a_person():
    """What is not declared would neither be told to who asks for it nor be erased."""
    unknown = declared.undeclared()
    assert not unknown, f"Say in outreach/edge/privacy/declared.py what these hold: {unknown}"


def admin_addresses(resolver, values, prefix=""):
    """Every address of the admin, with real ids put in."""
    for entry in resolver.url_patterns:
        address = prefix + str(entry.pattern)
        if hasattr(entry, "url_patterns"):
            yield from admin_addresses(entry, values, address)
        elif address.startswith("admin/") and not re.search(r"[(^]|log(in|out)", address):
            yield re.sub(r"<(?:\w+:)?(\w+)>", lambda found: values.get(found[1], "1"), address)


def every_row():
    """What is stored in our tables; sessions and the like are not ours."""
    models = [model for model in apps.get_models() if model._meta.app_label in ORDER]
    rows = {m._meta.label: list(m._base_manager.order_by("pk").values()) for m in models}
    for user in rows["core.User"]:
        user.pop("last_login")
    return rows


@pytest.mark.django_db
@pytest.mark.once  # test_admin_pages asks the statements of these pages on both
def test_no_page_of_the_admin_changes_anything_by_being_looked_at(client):
    """A link, a prefetch or a picture in a mail can make a browser GET any address."""
    operator = testing.make_user("root", "admin", is_operator=True, is_superuser=True)
    ids = {testing.make_pending().pk, testing.make_approved().pk}
    client.force_login(operator)
    before = every_row()
    asked = set()
    for number in ids:
        values = {"object_id": str(number), "approval_id": str(number)}
        asked |= set(admin_addresses(get_resolver(), values))
    broken = [address for address in asked if client.get(f"/{address}").status_code >= 500]
    assert not broken
    assert len(asked) > 20
    assert every_row() == before

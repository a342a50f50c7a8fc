"""Heads of the admin's lists that sort, and those that do not, whatever the address asks for."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.test import Client

from outreach import testing
from safety.admin import TenantAdmin

# What a list is asked for; that the large ones stay quick is `bench`'s.
pytestmark = [pytest.mark.django_db, pytest.mark.once]
LISTS = [each for each in admin.site._registry.values() if isinstance(each, TenantAdmin)]
# Tables that grow with what is sent and brought in: only what an index of theirs has in order.
LARGE = {
    "Activity": {"id"}, "Approval": set(), "Consent": set(), "Delivery": {"id"}, "Draft": set(),
    "Duplicate": set(), "InboundMessage": set(), "Person": {"full_name"},
    "ProviderEvent": {"set_aside_at"}, "SafetyEvent": {"id"}, "Suppression": set(), "Run": {"id"},
    "AgentRun": {"id"}, "Artifact": {"id"}, "ResearchSnapshot": {"id"},
}  # fmt: skip


@pytest.fixture
def dora() -> Client:
    client = Client()
    user = testing.dora().user
    user.is_superuser = True  # sees the system's own rows as well
    user.save()
    client.force_login(user)
    testing.make_pending()
    return client


def address(each: TenantAdmin) -> str:
    return f"/admin/{each.opts.app_label}/{each.opts.model_name}/"


def fields_of(each: TenantAdmin) -> set[str]:
    heads = [getattr(each, name, None) for name in each.sortable_by]
    return {getattr(head, "admin_order_field", None) or name
            for head, name in zip(heads, each.sortable_by, strict=True)}  # fmt: skip


@pytest.mark.parametrize("each", LISTS, ids=lambda each: each.opts.model_name)
def test_every_head_that_may_sort_does_so_both_ways_and_no_other(dora, each):
    if each.opts.object_name in LARGE:
        assert fields_of(each) == LARGE[each.opts.object_name]
    else:
        assert each.sortable_by, "a small list sorts"
    own = dora.get(address(each)).context["cl"]
    for number, name in enumerate(own.list_display):
        field = getattr(getattr(each, name, None), "admin_order_field", None) or name
        for sign in ("", "-"):
            answer = dora.get(f"{address(each)}?o={sign}{number}")
            rows = answer.context["cl"].queryset.query.order_by
            assert answer.status_code == 200
            if name in each.sortable_by:
                assert rows[0] == f"{sign}{field}"
            else:
                assert rows[0] == own.queryset.query.order_by[0]


def test_people_come_in_the_order_asked_for_and_its_head_says_how_to_turn_it(dora):
    for name in ("Aaron First", "Zoe Last"):
        testing.make_person(name=name)
    forth, back = (dora.get(f"/admin/core/person/?o={o}").content.decode() for o in ("1", "-1"))
    assert forth.index("Aaron First") < forth.index("Zoe Last")
    assert back.index("Zoe Last") < back.index("Aaron First")
    assert "?o=-1" in forth and "o=2" not in forth, "no head of another column sorts"

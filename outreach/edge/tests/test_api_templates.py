"""What an agent learns of WhatsApp's templates by REST and MCP, and that it suffices to use one."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from approvals.models import Approval
from channels.models import PlatformTemplate
from channels.windows import way_of
from outreach import testing
from outreach.core import consent
from outreach.core.people import add_address
from outreach.core.placeholders import places_of
from outreach.edge.tests import api
from outreach.edge.tests.test_mcp import Host

# How a template is told; what is sent by one is tested on both (channels/tests/test_windows.py).
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
BODY = "Hello {{2}}, your visit on {{ 1 }} is confirmed, {{2}}. See you then."


def make(name: str = "visit", **fields) -> PlatformTemplate:
    fields = {"workspace": testing.make_workspace(), "language": "en_US", "body": BODY, **fields}
    return PlatformTemplate.objects.create(name=name, **fields)


def names(answer) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["name"] for row in answer.json()["results"]]


def test_a_template_is_told_with_its_places_in_the_order_they_are_filled():
    row = make()
    said = api.agent("drafts:write").get(f"/api/templates/{row.pk}").json()
    assert said == {
        "id": row.pk, "workspace": "default", "channel": "whatsapp", "name": "visit",
        "language": "en_US", "body": BODY, "parameters": ["1", "2"],
    }  # fmt: skip
    assert places_of("Ten: {{10}}, two: {{2}}.") == ["2", "10"]
    assert places_of("No place.") == []


def test_filters_find_and_what_is_switched_off_or_foreign_is_not_there():
    make(), make(language="de"), make("other")
    off = make("off", is_active=False)
    foreign = make("foreign", workspace=testing.make_workspace("elsewhere"))
    bot = api.agent("drafts:write")
    assert names(bot.get("/api/templates")) == ["other", "visit", "visit"]
    assert names(bot.get("/api/templates?channel=whatsapp&name=other")) == ["other"]
    assert names(bot.get("/api/templates?language=de")) == ["visit"]
    assert names(bot.get("/api/templates?channel=email")) == []
    assert api.code(bot.get("/api/templates?channel=fax"))[0] == 400
    for row in (off, foreign):
        assert api.code(bot.get(f"/api/templates/{row.pk}")) == (404, "not_found")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nobody_writes_one_by_rest(method):
    row = make()
    for path in ("/api/templates", f"/api/templates/{row.pk}"):
        answer = api.colleague(testing.dora).ask(method, path, {"name": "mine", "body": "Buy!"})
        assert api.code(answer) == (405, "method_not_allowed")
    assert PlatformTemplate.objects.get().body == BODY


@time_machine.travel(testing.WORKDAY)
def test_an_agent_looks_a_template_up_fills_it_and_what_it_proposed_travels_as_that_template():
    place = testing.make_workspace()
    row = make(body="Hello {{1}}, here are the minutes of {{2}}, as agreed. Reply STOP to end.")
    person = testing.make_person(name="Ana Bell")
    add_address(place, person, "whatsapp", "+491511234567")
    consent.grant(
        person, "whatsapp", "opt_in", source="form", text_shown="WhatsApp from us",
        by=testing.alice(), at=testing.WORKDAY - timedelta(days=2),
    )  # fmt: skip
    host = Host(api.key_of(testing.make_agent(place, *api.EVERY_SCOPE), place))
    found = host.ask("list_templates", channel="whatsapp", page_size=1)
    assert found["next"] is None
    text, given = found["results"][0]["body"], {"1": "Ana", "2": "Monday"}
    for name in found["results"][0]["parameters"]:
        text = text.replace(f"{{{{{name}}}}}", given[name])
    made = host.ask("propose_draft", person=str(person.uuid), channel="whatsapp", text=text,
                    purpose="work_update")  # fmt: skip
    assert made["outcome"]["result"] == "pending_approval", made["outcome"]
    approval = Approval.objects.select_related("revision").get(draft__uuid=made["uuid"])
    way = way_of(approval, at=timezone.now())
    assert way.may_leave and row.name in way.sentence, way
    poor = Host(api.key_of(testing.make_agent(place, "people:read"), place))
    assert "drafts:write or reviews:read" in poor.refused("list_templates")

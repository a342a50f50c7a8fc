"""The MCP server through the SDK's own client: in memory, on stdio and over HTTP."""

from __future__ import annotations

import ast
import base64
import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta

import anyio
import httpx2
import pytest
import time_machine
from django.conf import settings as installed
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from approvals import services
from approvals.models import Approval
from channels import registry, sending
from channels.adapters.memory import MemoryAdapter
from outreach import testing
from outreach.core.models import Activity, ApiKey, Draft
from outreach.edge.api.waiting import ROOM
from outreach.edge.mcp import policy, serving, tools
from outreach.edge.mcp.face import Face, FaceRefused
from outreach.edge.tests import api
from outreach.tests import source
from safety.models import SafetyEvent
from tools.syntax import tree
from workflows.models import Run

# It asks what REST answers, and REST is asked on both databases.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
TOOLS = {
    "find_people", "get_person", "propose_draft", "revise_draft", "submit_draft", "withdraw_draft",
    "list_drafts", "get_draft", "wait_for_decision", "validate_text", "run_workflow", "get_run",
    "list_templates", "read_status", "add_person", "change_person", "list_inbound",
    "list_reviews", "list_deliveries", "list_runs", "cancel_run", "resume_run",
    "list_safety_events", "list_activity",
}  # fmt: skip
PUSHY = (
    "Hi Anna, act now before it is too late!!! Here are the minutes of Monday's meeting, as agreed."
)
CALM = "Hi Anna, here are the minutes of Monday's meeting, as agreed."


class Host:
    """An agent host: `ask(tool, **arguments)` gives the answer, `refused` the sentence of a no."""

    def __init__(self, secret: str) -> None:
        self.secret = secret

    def run(self, act):
        async def within():
            async with Client(serving.stdio(self.secret, version="1")) as client:
                return await act(client)

        return anyio.run(within)

    def ask(self, tool: str, **arguments):
        result = self.run(lambda client: client.call_tool(tool, arguments))
        assert not result.is_error, result.content[0].text
        return result.structured_content

    def refused(self, tool: str, **arguments) -> str:
        result = self.run(lambda client: client.call_tool(tool, arguments))
        assert result.is_error, result
        return result.content[0].text


@pytest.fixture
def place():
    return testing.make_workspace()


@pytest.fixture
def host(place) -> Host:
    return Host(api.key_of(testing.make_agent(place, *api.EVERY_SCOPE), place))


@pytest.fixture
def anna(place):
    return testing.make_person(place)


def waiting(draft: str) -> Approval:
    return Approval.objects.get(draft__uuid=draft, status="pending")


@time_machine.travel(testing.WORKDAY)
def test_the_loop_of_an_agent_from_a_pushy_text_to_a_sent_message(host, anna, place, live):
    made = host.ask("propose_draft", person=str(anna.uuid), channel="email", subject="Minutes",
                    text=PUSHY, purpose="work_update", reasoning="she asked for them")  # fmt: skip
    assert made["outcome"]["result"] == "pending_approval", made
    assert "act now" not in made["text"].lower(), "rewritten, and the agent reads it"
    assert host.ask("wait_for_decision", draft=made["uuid"], seconds=0)["decided"] is False

    services.return_(
        waiting(made["uuid"]).pk, by=testing.alice(place), at=timezone.now(),
        feedback="Too short: say who took part.",
    )  # fmt: skip
    told = host.ask("wait_for_decision", draft=made["uuid"], seconds=5)
    assert told["decided"] is True
    assert "who took part" in told["rounds"][0]["feedback"]

    better = host.ask("revise_draft", draft=made["uuid"], digest=told["digest"], subject="Minutes",
                      text=f"{CALM} Bob and Carol took part.")  # fmt: skip
    again = host.ask("submit_draft", draft=made["uuid"], digest=better["digest"])
    assert again["outcome"]["result"] == "pending_approval"
    round_two = waiting(made["uuid"])
    services.approve(
        round_two.pk, by=testing.alice(place), at=timezone.now(), digest=round_two.digest,
        undo_seconds=0,
    )  # fmt: skip
    MemoryAdapter.reset()
    with registry.override("email", MemoryAdapter("email")):
        sending.process()
    assert [envelope.text for envelope in MemoryAdapter.outbox] == [again["text"]]
    assert host.ask("get_draft", draft=made["uuid"])["status"] == "sent"
    told = Activity.objects.filter(by_kind="agent").values_list("codes", flat=True)
    assert {codes["door"] for codes in told} == {"mcp"}, "the log tells through which face"


def test_there_are_these_tools_and_none_that_approves_sends_or_changes_a_control(host):
    async def named(client):
        return {tool.name: tool for tool in (await client.list_tools()).tools}

    found = host.run(named)
    assert set(found) == TOOLS
    assert all(tool.description and tool.annotations for tool in found.values())
    # Nothing here reaches a service that decides, sends or brakes: all goes through REST.
    for name in ("face", "kinds", "policy", "records", "serving", "tools"):
        for module in imports_of(source.ROOT / f"outreach/edge/mcp/{name}.py"):
            assert not module.startswith(("approvals", "channels", "workflows")), module
            assert module in ("safety.contract",) or not module.startswith("safety"), module


def test_the_documents_name_the_arguments_of_every_tool(host):
    listed = host.run(lambda client: client.list_tools()).tools
    schemas = {tool.name: tool.input_schema for tool in listed}
    there = {
        name: (set(schema["properties"]), set(schema.get("required", [])))
        for name, schema in schemas.items()
    }
    text = (source.ROOT / "docs/agents.md").read_text("utf-8").split("| tool | arguments |")[1]
    told = {}
    for row in re.findall(r"^\| `(\w+)` \| (.+) \|$", text.split("\n\n")[0], re.MULTILINE):
        bare = re.sub(r"\([^()]*\)", "", row[1])
        told[row[0]] = (set(re.findall(r"`(\w+)`", bare)), set(re.findall(r"\*\*`(\w+)`", bare)))
    assert told == there


def imports_of(path) -> set[str]:
    nodes = ast.walk(tree(path))
    return {node.module for node in nodes if isinstance(node, ast.ImportFrom)}


def test_looking_reading_and_judging(host, anna, place):
    other = testing.make_person(testing.make_workspace("elsewhere"), "Zed Other")
    found = host.ask("find_people", name=anna.full_name[:4])
    assert [row["uuid"] for row in found["results"]] == [str(anna.uuid)]
    assert found["next"] is None
    assert host.ask("get_person", person=str(anna.uuid))["full_name"] == anna.full_name
    assert "no person" in host.refused("get_person", person=str(other.uuid))
    assert host.ask("find_people", name="Zed")["results"] == []
    assert host.ask("read_status")["workspaces"][0]["slug"] == place.slug
    payload = {"platform": "email", "recipient": "a@example.org", "content": PUSHY,
               "subject": "Minutes", "timezone": "Europe/Berlin"}  # fmt: skip
    assert host.ask("validate_text", payload=payload)["outcome"] in ("REWRITE", "BLOCK")
    declared = {"category": "medical", "justification": "A recall", "declared_by": "Anna"}
    urgent = {**payload, "emergency": declared}
    assert "may not declare an emergency" in host.refused("validate_text", payload=urgent)
    run = host.ask("run_workflow", name="daily_plan")
    assert host.ask("get_run", run=run["id"])["steps"] is not None


@time_machine.travel(testing.WORKDAY)
def test_a_rejection_comes_with_its_reason_and_is_final(host, anna, place):
    made = host.ask("propose_draft", person=str(anna.uuid), channel="email", subject="Minutes",
                    text=CALM, purpose="work_update")  # fmt: skip
    services.reject(
        waiting(made["uuid"]).pk, by=testing.alice(place), at=timezone.now(), reason="Not to her."
    )
    told = host.ask("wait_for_decision", draft=made["uuid"], seconds=0)
    assert (told["status"], told["rounds"][0]["feedback"]) == ("rejected", "Not to her.")
    said = host.refused("revise_draft", draft=made["uuid"], digest=told["digest"], text=CALM)
    assert "rejected by now" in said


def test_pages_go_on_by_cursor(host, place):
    for number in range(3):
        testing.make_person(place, f"Page {number}")
    first = host.ask("find_people", name="Page", page_size=2)
    rest = host.ask("find_people", name="Page", page_size=2, cursor=first["next"])
    names = {row["full_name"] for row in first["results"] + rest["results"]}
    assert names == {"Page 0", "Page 1", "Page 2"} and rest["next"] is None


def test_the_same_proposal_twice_is_one_and_another_key_means_another(host, anna):
    words = {"person": str(anna.uuid), "channel": "email", "subject": "Minutes", "text": CALM,
             "purpose": "work_update", "keep_as_draft": True}  # fmt: skip
    first, second = host.ask("propose_draft", **words), host.ask("propose_draft", **words)
    assert first["uuid"] == second["uuid"]
    third = host.ask("propose_draft", **words, idempotency_key="another")
    assert third["uuid"] != first["uuid"]


def minutes(anna) -> dict:
    return {"person": str(anna.uuid), "channel": "email", "subject": "Minutes", "text": CALM,
            "purpose": "work_update"}  # fmt: skip


@time_machine.travel(testing.WORKDAY)
def test_the_same_proposal_again_tells_how_it_stands_by_now(host, anna, place):
    made = host.ask("propose_draft", **minutes(anna))
    assert "repeated" not in made
    again = host.ask("propose_draft", **minutes(anna))
    assert again["repeated"] is True and again["outcome"] == made["outcome"], "nothing has changed"
    services.reject(
        waiting(made["uuid"]).pk, by=testing.alice(place), at=timezone.now(), reason="Not to her."
    )
    again = host.ask("propose_draft", **minutes(anna))
    assert (again["uuid"], again["repeated"], again["outcome"]) == (made["uuid"], True, None)
    assert (again["status"], again["rounds"][0]["feedback"]) == ("rejected", "Not to her.")
    assert Draft.objects.count() == 1


LAST_SECONDS = datetime(2026, 3, 11, 23, 59, 58, tzinfo=UTC)


@pytest.mark.parametrize(
    ("later", "drafts"),
    [(timedelta(seconds=4), 1), (timedelta(minutes=59), 1), (timedelta(hours=2), 2),
     (timedelta(days=1), 2), (timedelta(days=21), 2)],
)  # fmt: skip
def test_over_midnight_a_retry_is_one_proposal_and_weeks_later_it_is_another(
    later, drafts, host, anna
):
    words = {**minutes(anna), "keep_as_draft": True}
    with time_machine.travel(LAST_SECONDS, tick=False):
        first = host.ask("propose_draft", **words)
    with time_machine.travel(LAST_SECONDS + later, tick=False):
        second = host.ask("propose_draft", **words)
    assert (first["uuid"] == second["uuid"]) is (drafts == 1)
    assert second.get("repeated", False) is (drafts == 1)
    assert Draft.objects.count() == drafts


@time_machine.travel(testing.WORKDAY)
def test_a_workflow_asked_for_twice_is_one_run(host, place):
    first = host.ask("run_workflow", name="daily_plan")
    Run.objects.filter(pk=first["id"]).update(status="done")
    again = host.ask("run_workflow", name="daily_plan")
    assert (again["id"], again["status"], again["repeated"]) == (first["id"], "done", True)
    assert "repeated" not in first
    other = host.ask("run_workflow", name="daily_plan", options={"capacity": 60})
    keyed = [host.ask("run_workflow", name="daily_plan", idempotency_key="k") for _ in range(2)]
    assert keyed[0]["id"] == keyed[1]["id"]
    assert len({first["id"], other["id"], keyed[0]["id"]}) == Run.objects.count() == 3


def test_no_header_says_that_a_request_is_an_earlier_one(anna):
    agent = api.agent()
    body = {**minutes(anna), "requested_status": "draft"}
    first = agent.post("/api/drafts", body, idempotency_key="one").json()
    second = agent.post(
        "/api/drafts", body, idempotency_key="two", **{"outreach.earlier_key": "one"}
    ).json()
    assert first["uuid"] != second["uuid"]


def test_a_revision_keeps_the_subject_where_none_is_given(host, anna):
    made = host.ask("propose_draft", **minutes(anna), keep_as_draft=True)
    better = host.ask("revise_draft", draft=made["uuid"], digest=made["digest"],
                      text=f"{CALM} Bob took part.")  # fmt: skip
    assert better["subject"] == "Minutes" and "Bob took part" in better["text"]
    other = host.ask("revise_draft", draft=made["uuid"], digest=better["digest"], text=CALM,
                     subject="Minutes of Monday")  # fmt: skip
    assert other["subject"] == "Minutes of Monday"
    said = host.refused("revise_draft", draft=made["uuid"], digest=other["digest"], text=CALM,
                        subject="")  # fmt: skip
    assert "needs a subject" in said


def test_a_revision_drops_no_html_part_unasked(host, anna):
    body = {**minutes(anna), "requested_status": "draft", "html": f"<p>{CALM}</p>"}
    made = Face(host.secret).post("drafts", body, idempotency_key="k")
    words = {"draft": made["uuid"], "digest": made["digest"], "text": f"{CALM} Bob took part."}
    assert 'give `html`, too, or "" to leave it out' in host.refused("revise_draft", **words)
    assert host.ask("get_draft", draft=made["uuid"])["digest"] == made["digest"]
    both = host.ask("revise_draft", **words, html="<p>Bob took part.</p>")
    assert "<p>Bob took part.</p>" in both["html"]
    plain = host.ask("revise_draft", **{**words, "digest": both["digest"]}, html="")
    assert plain["html"] == ""


BAD = [
    ("propose_draft", {"person": "nobody", "channel": "email", "text": CALM}, "person"),
    ("propose_draft", {"person": str(uuid.uuid4()), "channel": "email", "text": CALM}, "no such"),
    ("propose_draft", {"person": "{anna}", "channel": "email", "text": "a\x00b"}, "NUL"),
    ("propose_draft", {"person": "{anna}", "channel": "email", "text": ""}, "text"),
    ("propose_draft", {"person": "{anna}", "channel": "fax", "text": CALM}, "channel"),
    ("propose_draft", {"person": "{anna}", "channel": "email", "text": "x" * 1_900_000}, "large"),
    ("propose_draft",
     {"person": "{anna}", "channel": "email", "text": CALM, "scheduled_for": "tomorrow"},
     "ISO 8601"),
    ("get_draft", {"draft": "../people"}, "nothing at this address"),
    ("get_draft", {"draft": ""}, "no "),
    ("get_run", {"run": 10**30}, "no "),
    ("wait_for_decision", {"draft": "{draft}", "seconds": 31}, "0 to 30"),
    ("revise_draft", {"draft": "{draft}", "digest": "old", "text": CALM}, "stale"),
    ("submit_draft", {"draft": "{draft}", "digest": "\u00e9\n"}, "stale"),
    ("withdraw_draft", {"draft": "{draft}", "reason": " "}, "reason"),
    ("run_workflow", {"name": "world_domination"}, "name"),
    ("propose_draft",
     {"person": "{anna}", "channel": "email", "text": CALM, "subject": "Minutes",
      "attachments": [{"name": "a.pdf", "content": "!"}]}, "base64"),
    ("add_person", {"full_name": " "}, "full_name"),
    ("add_person", {"full_name": "A B", "country": "Atlantis"}, "country"),
    ("change_person", {"person": "../drafts", "notes": "x"}, "nothing at this address"),
    ("list_inbound", {"since": "yesterday"}, "ISO 8601"),
    ("list_reviews", {"status": "sent"}, "status"),
    ("list_runs", {"page_size": 0}, "1 to 200"),
    ("cancel_run", {"run": 10**30}, "no "),
    ("list_activity", {"by_kind": "god"}, "by_kind"),
    ("validate_text", {"payload": {"platform": "fax"}}, "platform"),
]  # fmt: skip


def test_bad_input_is_refused_in_words_and_nothing_is_stored(host, anna, place):
    draft = host.ask("propose_draft", person=str(anna.uuid), channel="email", text=CALM,
                     subject="Minutes", keep_as_draft=True)  # fmt: skip
    names = {"{anna}": str(anna.uuid), "{draft}": draft["uuid"]}
    before = (Draft.objects.count(), Approval.objects.count())
    for tool, arguments, word in BAD:
        given = {key: names.get(str(value), value) for key, value in arguments.items()}
        said = host.refused(tool, **given)
        assert word in said, (tool, said)
        assert "Traceback" not in said and "Unexpected" not in said, (tool, said)
    assert (Draft.objects.count(), Approval.objects.count()) == before


def test_what_else_a_key_may_do_by_rest_it_may_do_here(host, anna, place):
    """Every scope has its tools: people by hand, what they wrote, runs, rounds and the log."""
    ways = [{"channel": "email", "address": "zoe@example.com"}]
    zoe = host.ask("add_person", full_name="Zoe Quinn", addresses=ways, time_zone="Europe/Paris")
    assert zoe["addresses"][0]["normalised"] == "zoe@example.com"
    assert "belongs to another" in host.refused("add_person", full_name="B C", addresses=ways)
    assert host.ask("change_person", person=zoe["uuid"], position="CTO")["position"] == "CTO"
    assert host.ask("change_person", person=zoe["uuid"], position="")["position"] == ""

    inbound = testing.make_inbound(anna)
    heard = host.ask("list_inbound", person=str(anna.uuid))
    assert [row["id"] for row in heard["results"]] == [inbound.pk]

    raw = base64.b64encode(b"Minutes of Monday").decode()
    made = host.ask(
        "propose_draft", person=str(anna.uuid), channel="email", subject="Minutes", text=CALM,
        html=f"<p>{CALM}</p>", attachments=[{"name": "minutes.txt", "content": raw}],
    )  # fmt: skip
    assert [row["name"] for row in made["attachments"]] == ["minutes.txt"] and made["html"]
    waits = host.ask("list_reviews")
    assert [row["draft"] for row in waits["results"]] == [made["uuid"]]
    assert host.ask("list_deliveries", draft=made["uuid"])["results"] == []

    run = host.ask("run_workflow", name="daily_plan")
    assert host.ask("list_runs", name="daily_plan")["results"][0]["id"] == run["id"]
    assert host.ask("cancel_run", run=run["id"])["status"] == "cancelled"
    assert "cannot be resumed" in host.refused("resume_run", run=run["id"])

    SafetyEvent.objects.create(
        workspace=place, event_type="test", action_blocked="x", reason="y", code="z",
        created_at=timezone.now(), by_kind="system", by_id="", by_label="test",
    )  # fmt: skip
    assert host.ask("list_safety_events", code="z")["results"][0]["reason"] == "y"
    verbs = {row["verb"] for row in host.ask("list_activity", by_kind="agent")["results"]}
    assert "workflows.cancelled" in verbs


def test_the_other_tools_ask_for_their_scopes_as_rest_does(place, anna):
    bare = Host(api.key_of(testing.make_agent(place, "drafts:write"), place))
    assert "people:write" in bare.refused("add_person", full_name="A B")
    assert "reviews:read" in bare.refused("list_inbound")
    assert "audit:read" in bare.refused("list_activity")


def test_lone_surrogates_are_refused_and_not_a_crash(host, anna):
    face = Face(host.secret)
    body = {"person": str(anna.uuid), "channel": "email", "text": "half a pair \ud800"}
    with pytest.raises(FaceRefused) as no:
        face.post("drafts", body, idempotency_key="k")
    assert no.value.status == 400
    assert tools._key_of(body, testing.WORKDAY.date()).startswith("mcp-")


def test_a_key_without_scopes_is_told_who_can_change_that(place, anna):
    poor = Host(api.key_of(testing.make_agent(place, "people:read"), place))
    said = poor.refused("propose_draft", person=str(anna.uuid), channel="email", text=CALM)
    assert "drafts:write" in said or "admin" in said.lower(), said
    assert "admin" in poor.refused("list_drafts").lower()


def test_a_key_that_ends_is_refused_at_the_next_call(host, anna):
    host.ask("get_person", person=str(anna.uuid))
    ApiKey.objects.update(revoked_at=timezone.now())
    assert "Make a new one" in host.refused("get_person", person=str(anna.uuid))


def test_policy_and_limits_can_be_read_and_come_from_the_rules(host):
    async def read(client):
        return [
            (await client.read_resource(f"outreach://{name}")).contents[0].text
            for name in ("policy", "limits", "standing/now")
        ]

    rules, limits, standing = host.run(read)
    assert rules == policy.rules() and "guilt induction" in rules
    assert "whatsapp: 5 a day" in limits and "22:00 to 07:00" in limits
    assert "on 4 of their days within\n  30 days, in a row or not" in limits
    assert json.loads(standing)["principal"]["kind"] == "agent"


@time_machine.travel(testing.WORKDAY)
def test_the_guide_tells_the_truth(place, anna, live_server, monkeypatch):
    """Its Python runs as printed; every tool and scope it names is there, and none is left out."""
    guide = (source.ROOT / "docs/agents.md").read_text()
    assert {name for name in re.findall(r"`([a-z_]+)`", guide) if name in TOOLS} == TOOLS
    assert set(re.findall(r"`([a-z]+:[a-z]+)`", guide)) == set(api.EVERY_SCOPE)
    monkeypatch.setenv("BASE", live_server.url)
    monkeypatch.setenv("KEY", api.key_of(testing.make_agent(place, *api.EVERY_SCOPE), place))
    anna.full_name = "Priya Guide"
    anna.save()
    told: dict = {}
    exec(guides("python")[0].replace("wait=5", "wait=0"), told)
    assert told["made"]["outcome"]["result"] == "pending_approval"
    assert told["told"]["decided"] is False
    if shutil.which("curl"):
        found, again, decision = by_curl(anna, told["made"])
        assert [row["uuid"] for row in found["results"]] == [str(anna.uuid)]
        assert again["person"] == str(anna.uuid) and again["outcome"], again
        assert decision["decided"] is False
        services.return_(
            waiting(told["made"]["uuid"]).pk, by=testing.alice(place), at=timezone.now(),
            feedback="Say who took part.",
        )  # fmt: skip
        assert again_by_curl(told["made"]["uuid"])["status"] == "pending_approval"


def guides(language: str) -> list[str]:
    """The examples of the agents' guide in this language."""
    guide = (source.ROOT / "docs/agents.md").read_text()
    return re.findall(rf"```{language}\n(.*?)```", guide, re.S)


def by_curl(anna, made) -> list[dict]:
    """What the guide's lines for a shell answer, as printed but for the names left to fill in."""
    script = guides("sh")[0].partition("\n")[2]  # BASE and KEY are set
    filled = script.replace("UUID", str(anna.uuid)).replace("DRAFT", made["uuid"])
    said = subprocess.run(
        ["sh", "-ec", filled.replace("wait=30", "wait=0")], capture_output=True, text=True,
        check=True, timeout=60,
    ).stdout  # fmt: skip
    answers, decoder = [], json.JSONDecoder()
    while said:
        answer, end = decoder.raw_decode(said)
        answers.append(answer)
        said = said[end:].lstrip()
    return answers


def again_by_curl(draft: str) -> dict:
    """The guide's lines for a message that came back, each with the digest of the last answer."""
    digest = Draft.objects.get(uuid=draft).current.digest
    for line in guides("sh")[1].replace("\\\n", " ").splitlines():
        said = subprocess.run(
            ["sh", "-ec", line.replace("DRAFT", draft).replace("DIGEST", digest)],
            capture_output=True, text=True, check=True, timeout=60,
        ).stdout  # fmt: skip
        answer = json.loads(said)
        digest = answer["digest"]
    return answer


# --- The real transports --------------------------------------------------------------------------


@pytest.mark.processes
def test_over_stdio_stdout_carries_the_protocol_and_nothing_else(host, anna):
    told = json.loads(guides("json")[0])["mcpServers"]["outreach"]  # as a host is given it
    assert set(told["env"]) == {"OUTREACH_KEY"} and told["command"].endswith("/.venv/bin/python")

    async def talk():
        parameters = StdioServerParameters(
            command=sys.executable,
            args=[each.replace("/path/to/checkout", str(source.ROOT)) for each in told["args"]],
            env={**child_environment(), "OUTREACH_KEY": host.secret},
        )
        async with Client(parameters) as client:
            names = {tool.name for tool in (await client.list_tools()).tools}
            found = await client.call_tool("get_person", {"person": str(anna.uuid)})
            return names, found.structured_content["uuid"]

    assert anyio.run(talk) == (TOOLS, str(anna.uuid))


@contextlib.contextmanager
def over_http():
    """The address of a server in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    child = subprocess.Popen(
        [sys.executable, "-m", "outreach.edge.tests.mcp_child", "--http", f"127.0.0.1:{port}"],
        env=child_environment(), cwd=source.ROOT, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert "MCP at" in child.stderr.readline()
        wait_for(port)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        child.terminate()
        child.communicate(timeout=20)


@pytest.mark.processes
def test_over_http_no_key_keeps_every_thread_waiting_and_each_request_needs_one_that_works(
    host, anna, place, monkeypatch
):
    with over_http() as url:
        _one_key_cannot_keep_every_thread_waiting(url, host, anna)
        _every_request_needs_a_key_that_works(url, host, anna, monkeypatch)


def _every_request_needs_a_key_that_works(url, host, anna, monkeypatch):
    with httpx2.Client() as web:
        assert web.post(url, json={}).status_code == 401
        wrong = web.post(url, json={}, headers={"Authorization": "Bearer occ_nope"})
        assert wrong.status_code == 401 and "API keys" in wrong.text
        guess = [("Authorization", "Bearer occ_nope"), ("Authorization", f"Bearer {host.secret}")]
        two = web.post(url, json={}, headers=guess)
        assert two.status_code == 401, "one key was let in, and another acted"
        mine = {"Authorization": f"Bearer {host.secret}"}
        foreign = web.post(url, json={}, headers={**mine, "Host": "evil.example"})
        assert foreign.status_code in (403, 421), "another name leads here: DNS rebinding"
        page = web.post(url, json={}, headers={**mine, "Origin": "https://evil.example"})
        assert page.status_code == 403
        stream = web.get(url, headers={**mine, "Accept": "text/event-stream"}, timeout=5)
        assert (stream.status_code, stream.headers["allow"]) == (405, "POST"), "it outlived its key"

        monkeypatch.setenv("MCP", url.replace("127.0.0.1", "localhost"))
        monkeypatch.setenv("KEY", host.secret)
        told: dict = {}
        exec(guides("python")[1].replace('look("priya")', f'look("{anna.full_name}")'), told)
        assert [row["uuid"] for row in told["people"]] == [str(anna.uuid)]

        # Wrong keys are counted by address, as REST counts them; the one that worked still does.
        many = {"Authorization": "Bearer occ_" + "x" * 12 + "_" + "y" * 43}
        answers = [web.post(url, json={}, headers=many) for _ in range(30)]
        assert {answer.status_code for answer in answers[:29]} == {401}
        assert answers[29].status_code == 429, "the thirty-first wrong one of this minute"
        assert 0 < int(answers[29].headers["retry-after"]) <= 60
        assert "Too many keys" in answers[29].json()["error"]
        spoofed = web.post(url, json={}, headers={**many, "X-Forwarded-For": "203.0.113.9"})
        assert spoofed.status_code == 429
        exec(guides("python")[1].replace('look("priya")', f'look("{anna.full_name}")'), told)


def _one_key_cannot_keep_every_thread_waiting(url, host, anna):
    draft = host.ask("propose_draft", person=str(anna.uuid), channel="email", subject="Minutes",
                     text=CALM, purpose="work_update")["uuid"]  # fmt: skip
    in_all, each = ROOM["mcp"]
    answers = []

    async def talk():
        key = {"Authorization": f"Bearer {host.secret}"}
        async with httpx2.AsyncClient(headers=key, timeout=60) as web:

            async def call(tool, **arguments):
                async with Client(streamable_http_client(url, http_client=web)) as client:
                    return await client.call_tool(tool, arguments)

            async def wait():
                answers.append(await call("wait_for_decision", draft=draft, seconds=4))

            async with anyio.create_task_group() as group:
                for _ in range(each + 3):
                    group.start_soon(wait)
                await anyio.sleep(2)
                begun = time.monotonic()
                assert not (await call("find_people", name=anna.full_name)).is_error
                assert time.monotonic() - begun < 2, "it was not kept waiting behind them"

    anyio.run(talk)
    told = [answer.structured_content["decided"] for answer in answers if not answer.is_error]
    refused = [answer.content[0].text for answer in answers if answer.is_error]
    assert told == [False] * each and len(refused) == 3 and each < in_all < 40
    assert all(f"{each} requests of yours wait" in each_ for each_ in refused), refused
    assert all("let a webhook tell you. [too_many_wait]" in each_ for each_ in refused), refused


def child_environment() -> dict[str, str]:
    """The test's own database, for another process."""
    given = connection.settings_dict
    if connection.vendor == "sqlite":
        url = f"sqlite:///{given['NAME']}"
    else:
        who = f"{given['USER']}:{given['PASSWORD']}" if given["PASSWORD"] else given["USER"]
        url = f"postgres://{who}@{given['HOST']}:{given['PORT'] or 5432}/{given['NAME']}"
    return {**os.environ, "DATABASE_URL": url, "DATA_DIR": str(installed.DATA_DIR)}


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError("the server did not begin to listen")


@pytest.mark.parametrize(
    "host, others, answers_to",
    [
        ("127.0.0.1", [], ["127.0.0.1:80", "localhost:80", "[::1]:80"]),
        ("::1", [], ["[::1]:80", "127.0.0.1:80", "localhost:80"]),
        ("10.0.0.5", ["in.example.org"], ["10.0.0.5:80", "in.example.org:80", "in.example.org"]),
    ],
)
def test_the_names_a_request_may_come_by(host, others, answers_to):
    assert serving.names_of(host, 80, others) == answers_to


@pytest.mark.parametrize(
    "arguments, secret, said",
    [([], "", "OUTREACH_KEY is not set"), ([], "occ_wrong", "does not work"),
     (["--http", "8000"], "", "HOST:PORT"), (["--http", "localhost:99999"], "", "HOST:PORT"),
     (["--http", "0.0.0.0:8000"], "", "--allow-host"), (["--http", "[::]:80"], "", "--allow-host")],
)  # fmt: skip
def test_a_start_that_cannot_work_says_what_to_do(arguments, secret, said, settings):
    settings.OUTREACH_KEY = secret
    with pytest.raises(CommandError, match=said):
        call_command("mcp", *arguments)


def test_without_its_packages_the_command_names_the_file_to_install(monkeypatch):
    def missing():
        raise ModuleNotFoundError("No module named 'mcp'", name="mcp")

    monkeypatch.setattr("outreach.edge.management.commands.mcp.load", missing)
    with pytest.raises(CommandError, match=r"requirements-mcp\.txt"):
        call_command("mcp")


def test_an_argument_a_tool_does_not_know_is_refused_and_the_known_are_named(host, anna):
    said = host.refused("find_people", nam="x")
    assert said.startswith("find_people takes no argument 'nam'. Known: account, address, cursor,")
    assert "takes no argument 'ctx'" in host.refused("read_status", ctx=1)
    listed = host.run(lambda client: client.list_tools()).tools
    assert all(each.input_schema["additionalProperties"] is False for each in listed)


def test_what_is_missing_or_of_another_kind_is_said_in_our_words(host):
    assert host.refused("get_person") == "get_person lacks an argument: person."
    said = host.refused("propose_draft", channel="pigeon", text="x", confidence="much")
    assert "lacks an argument: person." in said
    assert "channel: write one of 'email'," in said
    assert "confidence: write a whole number." in said
    assert "pydantic" not in said and "validation error" not in said

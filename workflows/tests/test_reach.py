"""Nothing in workflows can reach a person: by import, by what runs, by what is written."""

from __future__ import annotations

import ast
import socket
from pathlib import Path

import grimp
import pytest
from django.core import mail

from channels import registry, sending
from channels.adapters.memory import MemoryAdapter
from channels.base import Adapter
from channels.models import Delivery
from outreach import testing
from outreach.core.models import Contact, Draft
from outreach.tests import source
from workflows import engine
from workflows.tests import making
from workflows.tests.making import Clock

ROOT = Path(__file__).resolve().parents[1]
OUTBOUND = {
    "smtplib", "socket", "ssl", "http", "urllib.request", "requests", "httpx", "aiohttp",
    "ftplib", "subprocess", "django.core.mail", "channels",
}  # fmt: skip


@pytest.fixture(scope="module")
def graph():
    return grimp.build_graph(
        "outreach", "safety", "approvals", "channels", "workflows",
        include_external_packages=True, cache_dir=None,
    )  # fmt: skip


def ours(graph):
    return [
        name
        for name in sorted(graph.modules)
        if name.split(".")[0] == "workflows" and ".tests" not in name
    ]


def test_no_module_of_workflows_leads_to_a_way_out(graph):
    """Over any number of imports: neither to channels nor to a library that opens connections."""
    ways = {
        module: path
        for module in ours(graph)
        for target in ("channels", "channels.registry", "channels.sending", "smtplib", "socket",
                       "requests", "httpx")
        if target in graph.modules
        and (path := graph.find_shortest_chain(module, target, as_packages=False))
    }  # fmt: skip
    assert ours(graph)
    assert not ways


def test_no_module_of_workflows_names_a_way_out():
    named = []
    for path in ROOT.rglob("*.py"):
        if "tests" in path.parts:
            continue
        for node in ast.walk(source.tree(path)):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                names = [node.value] if node.value.startswith("channels.") else []
            named += [(path.name, n) for n in names
                      if n in OUTBOUND or n.split(".")[0] in OUTBOUND]  # fmt: skip
    assert not named


class Tripwire(Adapter):
    """A way out that nobody may touch."""

    def __init__(self):
        self.touched = []

    def __getattribute__(self, name):
        if name in ("touched", "__class__"):
            return object.__getattribute__(self, name)
        object.__getattribute__(self, "touched").append(name)
        raise AssertionError(f"a workflow reached an adapter: {name}")


@pytest.mark.first  # each workflow is run on both by test_crash
@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(making.ASKED))
def test_a_whole_run_reaches_nobody_even_in_live_mode(live, monkeypatch, name):
    place = making.place()
    making.reachable(place, making.people(place, 5))
    wire = Tripwire()
    monkeypatch.setattr(socket.socket, "connect", lambda *a: pytest.fail("a connection was opened"))
    with registry.override("email", wire):
        run = engine.work(making.run(place, name, **making.ASKED[name]).pk, clock=Clock())
    assert run.status == "done", run.error
    assert run.steps.exclude(status="done").count() == 0
    assert wire.touched == []
    assert mail.outbox == []
    assert not Delivery.objects.exists()
    assert not Contact.objects.exists()
    assert set(Draft.objects.values_list("status", flat=True)) <= {"draft", "pending_approval"}


def borrow_the_sender(job, batch):
    sending.process(clock=Clock())
    return {}


def claim_by_hand(job, batch):
    Delivery.objects.update(status="sent")
    return {}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("work", "says"),
    [
        (borrow_the_sender, "RuntimeError"),  # the door opens in no transaction of another's
        (claim_by_hand, "write to deliveries, which none of its outputs allows"),
    ],
)
def test_a_step_that_tries_to_send_is_stopped_before_anything_leaves(live, monkeypatch, work, says):
    place = making.place()
    making.people(place, 1)
    testing.make_approved(testing.make_person(place))
    MemoryAdapter.reset()
    making.change_step(monkeypatch, "write_drafts", work=work)
    with registry.override("email", MemoryAdapter("email")):
        run = engine.work(making.run(place).pk, clock=Clock())
    assert run.status == "failed"
    assert says in run.error
    assert MemoryAdapter.outbox == []
    assert not Delivery.objects.exists()

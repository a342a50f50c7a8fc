"""A worker killed between the commit of an act and its telling loses no event."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta

import pytest
from django.conf import settings as configured

from approvals import services as deciding
from channels.tests.processes import ROOT, database_url
from outreach import testing
from outreach.edge.hooks import outbox, services
from outreach.edge.models import WebhookEvent
from outreach.edge.tests.hook_sink import Sink
from outreach.testing import WORKDAY

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]
KEY = "k" * 40


@pytest.mark.parametrize("where", ["put_down", "claimed", "carried"])
def test_a_killed_worker_loses_no_event_and_its_id_stays_the_same(where, settings):
    settings.WEBHOOK_SIGNING_KEY, settings.WEBHOOK_LOOPBACK = [KEY], True
    place = testing.make_workspace()
    with Sink() as sink:
        services.make(place, sink.url, ["decision"], by=testing.dora(), at=WORKDAY)
        item = testing.make_pending()
        deciding.reject(item.pk, reason="No", by=testing.alice(), at=WORKDAY)
        kill_at(where)
        assert outbox.run(at=WORKDAY + timedelta(hours=1)) == 1
        assert outbox.run(at=WORKDAY + timedelta(hours=2)) == 0
    assert len(sink.heard) == (2 if where == "carried" else 1)
    assert len({heard.headers["webhook-id"] for heard in sink.heard}) == 1
    assert len({heard.raw for heard in sink.heard}) == 1
    assert WebhookEvent.objects.get().state == "arrived"


def kill_at(where: str) -> None:
    """A worker of its own process, killed while it stands there."""
    environment = {
        **os.environ, "DATABASE_URL": database_url(), "DATA_DIR": str(configured.DATA_DIR),
        "ENV_FILE": os.devnull, "WEBHOOK_SIGNING_KEY": KEY, "WEBHOOK_LOOPBACK": "True",
    }  # fmt: skip
    worker = subprocess.Popen(
        [sys.executable, "-m", "outreach.edge.tests.hook_child", WORKDAY.isoformat(), where],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert worker.stdout.readline() == "here\n"
    finally:
        worker.kill()
        worker.wait()
        worker.stdout.close()

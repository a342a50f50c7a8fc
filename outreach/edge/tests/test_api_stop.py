"""A stop by REST takes hold as one by the button does: a sender that hangs is killed for it."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.utils.dateparse import parse_datetime

from channels.models import Delivery
from channels.tests.plenty import make_plenty
from channels.tests.sink import SmtpSink
from outreach import testing
from outreach.edge.tests import api
from safety.models import SystemControl

pytest_plugins = ["channels.tests.senders"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]
STOP = {"control": "emergency-stop", "enabled": True, "reason": "wrong list"}


def test_who_asks_again_with_since_gets_a_frozen_sender_killed(start, live):
    live.STOP_PATIENCE_SECONDS = 1
    make_plenty(8)
    alice = api.colleague(testing.alice)
    with SmtpSink() as sink:
        sender = start(sink, connections=4, freeze="looked").frozen()
        first = alice.post("/api/controls", STOP).json()
        assert (first["effective"], len(first["still_open"])) == (False, 4)
        time.sleep(1.1)
        again = alice.post("/api/controls", {**STOP, "since": first["set_at"]}).json()
        assert (again["effective"], again["set_at"]) == (True, first["set_at"])
        sender.resume()
        sender.gone()
        assert sink.arrivals == []
    assert {row["approval"] for row in again["may_have_left"]} == set(
        Delivery.objects.filter(status="unknown").values_list("approval_id", flat=True)
    )
    row = SystemControl.objects.get(control_key="EMERGENCY_STOP", enabled=True)
    assert row.changed_at == parse_datetime(first["set_at"]), "asking again sets nothing anew"


@pytest.mark.parametrize("since", ["before", "lifted", "another control"])
def test_since_of_another_stop_is_refused_and_changes_nothing(since):
    alice, dora = api.colleague(testing.alice), api.colleague(testing.dora)
    set_at = alice.post("/api/controls", STOP).json()["set_at"]
    asked = {**STOP, "since": set_at}
    if since == "before":
        asked["since"] = (parse_datetime(set_at) - timedelta(hours=1)).isoformat()
    elif since == "lifted":
        assert dora.post("/api/controls", {**STOP, "enabled": False}).status_code == 200
    else:
        asked["control"] = "messaging"
    before = list(SystemControl.objects.order_by("pk").values())
    answer = alice.post("/api/controls", asked)
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "since")
    assert list(SystemControl.objects.order_by("pk").values()) == before


def test_who_may_not_stop_may_not_ask_so_either():
    carol = api.colleague(testing.carol)
    set_at = api.colleague(testing.alice).post("/api/controls", STOP).json()["set_at"]
    assert carol.post("/api/controls", {**STOP, "since": set_at}).status_code == 403

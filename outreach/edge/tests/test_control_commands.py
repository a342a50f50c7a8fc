"""The stop buttons, the person switch and the audit on the command line: words, exits, JSON."""

from __future__ import annotations

import html
import json
import os
import re
from datetime import timedelta
from io import StringIO
from uuid import uuid4

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import DatabaseError, OperationalError, connection
from django.utils import timezone

from approvals import rounds, services
from approvals.models import Approval
from channels import inbound, letting, look, simulate, stop, stop_link, tasks
from channels.liveness import SenderLock
from channels.models import Delivery
from outreach import testing
from outreach.core import drafts
from outreach.core.models import Activity, Import, Person, Role, Workspace
from outreach.core.people import add_address
from outreach.edge import insisting
from outreach.edge.management.commands import control
from outreach.edge.tests import api
from safety import controls
from safety.models import BRAKES, ControlKey, SystemControl

# Words, exits and JSON of commands; what they call is asked on both by the tests of the stop,
# of settling and of decisions.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


def run(*words):
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def run_json(*words):
    return json.loads(run(*words, "--json"))


@pytest.fixture
def operator():
    return testing.olaf()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL keeps nothing but yes or no")
def test_status_tells_a_value_nobody_can_read_as_what_it_does(live):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE system_controls SET enabled = 2 WHERE workspace_id IS NULL")
    rows = run_json("control", "--status")["controls"]
    told = {row["control"]: row["state"] for row in rows if row["scope"] == "system"}
    state = controls.read()
    assert all(state.is_braking(key) for key in ControlKey)
    assert told == {key: "braking" if key in BRAKES else "OFF" for key in ControlKey}


def test_status_as_table_and_json():
    found = run_json("control", "--status")
    assert found["badge"] == "DRY RUN"
    assert {row["control"] for row in found["controls"]} >= {"EMERGENCY_STOP", "DRY_RUN"}
    assert "EMERGENCY_STOP" in run("control", "--status")


def test_status_says_what_holds_before_what_is_set_here(operator, settings):
    settings.ENVIRONMENT_BRAKES = {**settings.ENVIRONMENT_BRAKES, "DRY_RUN": True}
    run("control", "--disable", "messaging")
    rows = [
        re.split(r" *│ *", line.strip("│ ")) for line in run("control", "--status").splitlines()
    ]
    states = {tuple(row[:2]): row[2] for row in rows if len(row) > 2}
    for scope in ("system", "default"):
        assert states[scope, "DRY_RUN"] == "braking by the environment; here: off"
    assert states["environment", "DRY_RUN"] == "braking"
    assert states["system", "MESSAGING_ENABLED"] == "OFF"
    assert states["default", "MESSAGING_ENABLED"] == "OFF for the whole system; here: on"
    found = {
        (row["scope"], row["control"]): row for row in run_json("control", "--status")["controls"]
    }
    row = found["default", "MESSAGING_ENABLED"]
    assert (row["state"], row["elsewhere"]) == ("on", "for the whole system")


def test_a_person_reads_seconds_and_a_program_iso(operator, live):
    with time_machine.travel("2026-11-29T03:22:50.456031+00:00", tick=False):
        run("control", "--disable", "messaging", "--duration", "1h")
        said, found = run("control", "--status"), run_json("control", "--status")
    assert "2026-11-29 03:22:50 UTC" in said and "2026-11-29 04:22:50 UTC" in said
    assert "T03:22" not in said and ".456" not in said
    assert "2026-11-29T03:22:50.456031+00:00" in {row["changed_at"] for row in found["controls"]}


@pytest.mark.both
def test_emergency_stop_says_stopped_and_enable_all_lists_it(operator, live):
    said = run("control", "--emergency-stop", "--reason", "Detected issue")
    assert "stopped" in said.splitlines()[-1]
    assert SystemControl.objects.get(control_key="EMERGENCY_STOP", workspace=None).enabled
    assert "Detected issue" in run("control", "--enable-all")
    row = Activity.objects.filter(verb="safety.control_set").last()
    assert row.codes["door"] == "command"


def test_lifting_the_stop_of_the_system_tells_of_workspaces_that_stay_stopped(operator, live):
    testing.make_workspace()
    there = testing.make_workspace("there")
    stop.emergency_stop(
        workspace=there, reason="wrong list", by=testing.dora(there), clock=timezone.now
    )
    said = run("control", "--enable-all")
    assert "still braking: there: EMERGENCY_STOP (workspace)" in said and "wrong list" in said
    assert "LIVE, except in there (STOPPED): Approved messages leave." in said
    assert "What a workspace has set itself is lifted with --workspace SLUG." in said
    told = run_json("control", "--enable-all")
    assert (told["badge"], told["other_badges"]) == ("LIVE", {"there": "STOPPED"})
    assert len(told["still_braking"]) == 1
    assert "except in there (STOPPED)" in run("control", "--status")
    assert run_json("control", "--enable", "messaging")["other_badges"] == {"there": "STOPPED"}
    run("control", "--enable-all", "--workspace", "there")
    assert "still braking" not in run("control", "--enable-all")


def test_what_brakes_the_system_is_said_to_hold_where_more_does(operator, live):
    place = testing.make_workspace()
    live.ENVIRONMENT_BRAKES = {**live.ENVIRONMENT_BRAKES, "DRY_RUN": True}
    run("control", "--emergency-stop", "--workspace", place.slug)
    said = run("control", "--status")
    told = f"DRY RUN, and more than that in {place.slug} (STOPPED): Nothing leaves; sends are simul"
    assert told in said
    assert "in no workspace" not in said


def test_whoever_lifts_is_told_what_leaves_now(operator, live, client):
    """Approved under a stop, or waiting under a messaging stop; elsewhere it is still held."""
    place = testing.make_workspace()
    with time_machine.travel(testing.WORKDAY - timedelta(minutes=1), tick=False):
        run("control", "--emergency-stop", "--reason", "fire")
    with time_machine.travel(testing.WORKDAY, tick=False):
        testing.make_approved(at=testing.WORKDAY)
        client.force_login(operator.user)
        lift = {"act": "lift", "scope": "system", "key": "EMERGENCY_STOP"}
        assert "what was approved since then leaves at once" in client.get("/admin/controls/").text
        page = client.post("/admin/controls/", {**lift, "reason": "out"}, follow=True)
        assert "1 approved message is due and leaves now, as far as the rules let" in page.text
        testing.make_approved(at=testing.WORKDAY)
        run("control", "--disable", "messaging", "--workspace", place.slug)
        assert "leave now" not in run("control", "--enable-all")
        assert run_json("control", "--enable-all")["leaving"] == 0
        said = run("control", "--enable", "messaging", "--workspace", place.slug)
        assert said.endswith("2 approved messages are due and leave now, as far as the rules let "
                             "each.\n")  # fmt: skip
        assert run_json("control", "--enable", "messaging")["leaving"] == 2
        testing.make_approved(at=testing.WORKDAY + timedelta(seconds=9))
        assert run_json("control", "--enable", "messaging")["leaving"] == 3, "it can be undone yet"


def test_a_switch_off_for_a_time_says_what_leaves_when_it_comes_back(operator, live, client):
    with time_machine.travel(testing.WORKDAY, tick=False):
        testing.make_approved(at=testing.WORKDAY)
        off = ("control", "--disable", "messaging", "--duration")
        said = run(*off, "1h", "--reason", "lunch")
        then = "then 1 message approved by now leaves, and what is approved meanwhile, as far as"
        assert then in said
        assert run_json(*off, "2h")["leaving_then"] == 1
        assert "leaving_then" not in run_json("control", "--disable", "messaging")
        run("control", "--enable", "messaging")
        client.force_login(operator.user)
        form = {"scope": "system", "key": "MESSAGING_ENABLED", "act": "brake", "hours": "1"}
        assert then in client.post("/admin/controls/", {**form, "reason": "x"}, follow=True).text
        assert then in client.get("/admin/controls/").text
        run("control", "--emergency-stop", "--workspace", "default")
        assert "then what is due leaves, as far as the rules" in client.get("/admin/controls/").text


def test_what_its_coming_back_let_go_stays_in_the_reason(operator, live):
    with time_machine.travel(testing.WORKDAY, tick=False):
        testing.make_approved(at=testing.WORKDAY)
        run("control", "--disable", "messaging", "--duration", "1h", "--reason", "lunch")
    with time_machine.travel(testing.WORKDAY + timedelta(hours=2), tick=False):
        assert tasks.restore_controls() == 1
    row = SystemControl.objects.get(workspace=None, control_key="MESSAGING_ENABLED")
    assert row.reason == "restored as planned; 1 approved message let go; was off: lunch"


def test_a_count_that_fails_leaves_what_was_set(operator, live, monkeypatch):
    def fail(*_, **__):
        raise DatabaseError("away")

    monkeypatch.setattr(letting, "leaving", fail)
    said = run("control", "--disable", "messaging", "--duration", "1h")
    assert "MESSAGING_ENABLED is off until" in said and "leave" not in said.split(". ")[0]


def test_enable_all_says_that_nothing_was_set(operator, live):
    assert run("control", "--enable-all") == (
        "Nothing was set, so nothing was lifted. LIVE: Approved messages leave.\n"
    )
    assert run_json("control", "--enable-all")["lifted"] == []


def test_enable_all_says_exactly_what_it_lifted(operator, live):
    run("control", "--disable", "messaging", "--reason", "429s")
    run("control", "--emergency-stop")
    said = run("control", "--enable-all").splitlines()
    assert said[-1].startswith("Emergency stop lifted, messaging switched on. LIVE: ")
    run("control", "--disable", "auto-reply")
    told = run_json("control", "--enable-all")
    assert (told["lifted"], len(told["were_off"])) == (["AUTO_REPLY_ENABLED"], 1)


@pytest.mark.parametrize("key", ["EMERGENCY_STOP", "DRY_RUN", "EXPERIMENT_ENABLED"])
def test_enable_all_names_what_the_environment_still_brakes(operator, live, key):
    live.ENVIRONMENT_BRAKES = {**live.ENVIRONMENT_BRAKES, key: True}
    said = run("control", "--enable-all")
    assert f"still braking: {key}" in said and "by the environment\n" in said
    assert "lifted, the four" not in said and "Nothing was set" in said


def test_enable_all_names_the_dry_run_of_a_workspace_and_promises_nothing(operator, live):
    place = testing.make_workspace()
    run("control", "--enable", "dry-run", "--workspace", place.slug)
    said = run("control", "--enable-all")
    assert f"still braking: {place.slug}: DRY_RUN (workspace) since" in said
    assert f"LIVE for the system, but in no workspace: {place.slug} (DRY RUN)." in said
    assert "messages leave" not in said


def test_lifting_a_workspace_takes_no_credit_for_the_system(operator, live):
    place = testing.make_workspace()
    SystemControl.objects.filter(workspace=None, control_key="MESSAGING_ENABLED").delete()
    told = run_json("control", "--enable-all", "--workspace", place.slug)
    assert (told["lifted"], len(told["still_braking"])) == ([], 1)


def test_a_switch_put_on_says_what_keeps_it_off(operator, live):
    place = testing.make_workspace()
    run("control", "--disable", "messaging")
    said = run("control", "--enable", "messaging", "--workspace", place.slug)
    assert said.startswith("MESSAGING_ENABLED is on here, but still off for the whole system. ")
    assert run("control", "--enable", "messaging").startswith("MESSAGING_ENABLED is on. LIVE")


def test_a_dry_run_that_was_not_set_is_not_said_to_be_lifted(operator, live):
    live.ENVIRONMENT_BRAKES = {**live.ENVIRONMENT_BRAKES, "DRY_RUN": False}
    words = ("control", "--disable", "dry-run", "--reason", "go")
    assert run(*words).startswith("dry run was not set by control here, so nothing was lifted. ")
    run("control", "--enable", "dry-run")
    assert run(*words).startswith("dry run set by control is lifted. ")


def test_a_drain_that_stops_itself_is_not_headed_as_live(operator, live, monkeypatch):
    testing.make_approved()

    def stops(*, clock):
        stop.stop_by_itself(reason="gone back in time", clock=clock)
        return True

    monkeypatch.setattr("channels.rewound.check", stops)
    said = run("process_approved_messages")
    assert said.splitlines()[0].startswith("STOPPED: Nothing leaves") and "LIVE" not in said
    assert said.count("gone back in time") == 1


def lost(ended):
    """A delivery that has no outcome since then."""
    given = testing.make_approved()
    return Delivery.objects.create(
        workspace=given.workspace, approval=given, human_id=given.human_id, channel="email",
        status="unknown", since=ended, ended_at=ended,
    )  # fmt: skip


@pytest.mark.both
@pytest.mark.parametrize(
    ("words", "part"),
    [(["--emergency-stop"], "emergency_stop"), (["--disable", "messaging"], "set_brake")],
)
def test_a_locked_database_says_not_stopped_and_what_to_do(
    operator, live, monkeypatch, words, part
):
    tries, real = [], getattr(stop, part)

    def locked(*_, **__):
        tries.append(1)
        raise OperationalError("database is locked")

    def at_the_third(*key, **how):
        return locked() if len(tries) < 2 else real(*key, **how)

    monkeypatch.setattr("outreach.edge.insisting.PAUSE_SECONDS", 0)
    monkeypatch.setattr(stop, part, locked)
    with pytest.raises(CommandError, match=r"NOT STOPPED: .*locked.*Try again at once.*kill") as no:
        run("control", *words)
    assert (no.value.returncode, len(tries)) == (3, 3)
    assert run_json("control", "--status")["badge"] == "LIVE"
    tries.clear()
    monkeypatch.setattr(stop, part, at_the_third)
    assert "stopped" in run("control", *words).splitlines()[-1]
    assert run_json("control", "--status")["badge"] == "STOPPED"


def by_rest(operator, client, **more):
    body = {"control": "emergency-stop", "enabled": True, "reason": "r", **more}
    answer = api.colleague(testing.alice).post("/api/controls", body)
    told = answer.json()
    return answer.status_code, told["errors"][0]["detail"] if "errors" in told else ""


def by_page(operator, client, address="/admin/stop/", **more):
    client.force_login(operator.user)
    answer = client.post(address, {"scope": "system", "reason": "r", **more})
    at = answer.headers.get("Location", "")
    page = client.get(at).content.decode() if at else answer.content.decode()
    found = re.search(r"NOT STOPPED[^<]*", page)
    return answer.status_code, html.unescape(found[0]) if found else ""


def by_link(operator, client):
    link = stop_link.make(by=operator, workspace=None, days=1, at=timezone.now())
    return by_page(operator, client, f"/stop/{link.token()}")


FACES = {
    "rest": (by_rest, {}, "emergency_stop", 503, 200),
    "rest, a switch": (
        by_rest, {"control": "messaging", "enabled": False}, "set_brake", 503, 200,
    ),
    "page": (by_page, {}, "emergency_stop", 503, 302),
    "controls": (
        by_page, {"address": "/admin/controls/", "act": "brake", "key": "EMERGENCY_STOP"},
        "emergency_stop", 302, 302,
    ),
    "controls, a switch": (
        by_page, {"address": "/admin/controls/", "act": "brake", "key": "MESSAGING_ENABLED"},
        "set_brake", 302, 302,
    ),
    "link": (by_link, {}, "emergency_stop", 503, 302),
}  # fmt: skip


@pytest.mark.both
@pytest.mark.parametrize(("face", "more", "part", "refused", "done"), FACES.values(), ids=FACES)
def test_every_face_insists_on_a_stop_and_says_where_it_failed(
    operator, live, client, monkeypatch, face, more, part, refused, done
):
    place, tries, real, fails = testing.make_workspace(), [], getattr(stop, part), 9

    def locked(*key, **how):
        tries.append(1)
        if len(tries) <= fails:
            raise OperationalError("database is locked at 10.0.0.7")
        return real(*key, **how)

    monkeypatch.setattr("outreach.edge.insisting.PAUSE_SECONDS", 0)
    monkeypatch.setattr(stop, part, locked)
    status, said = face(operator, client, **more)
    assert (status, len(tries)) == (refused, 3)
    assert "NOT STOPPED" in said and "Try again at once" in said and "10.0.0.7" not in said
    assert controls.badge(place.pk).text == "LIVE"
    tries.clear()
    fails = 2
    assert face(operator, client, **more) == (done, "")
    assert controls.badge(place.pk).text == "STOPPED"


@pytest.mark.both
@pytest.mark.parametrize(
    ("words", "part"),
    [(["--enable-all"], "enable_all"), (["--enable", "messaging"], "switch_on")],
)
def test_what_lets_go_on_a_locked_database_is_one_sentence(operator, monkeypatch, words, part):
    def locked(*_, **__):
        raise OperationalError("database is locked")

    monkeypatch.setattr(stop, part, locked)
    with pytest.raises(CommandError, match=r"did not take it.*Look with --status"):
        run("control", *words)


@pytest.mark.both
def test_a_stop_that_is_set_and_cannot_be_watched_says_so(operator, live, monkeypatch):
    def locked(*_, **__):
        raise OperationalError("database is locked")

    monkeypatch.setattr("channels.quiet.wait", locked)
    with pytest.raises(CommandError, match="NOT YET STOPPED: it is set") as said:
        run("control", "--emergency-stop")
    assert said.value.returncode == 3
    assert run_json("control", "--status")["badge"] == "STOPPED"


@pytest.mark.both
def test_a_stop_tells_what_it_interrupted_apart_from_what_was_unknown_before(operator, live):
    now = timezone.now()
    lost(now - timedelta(hours=3))  # long over: listed under Deliveries alone
    older, fresh = lost(now - timedelta(minutes=20)), lost(now)
    said = run("control", "--emergency-stop", "--reason", "Detected issue")
    assert f"May have left, in flight at this stop: approval #{fresh.approval_id}, delivery" in said
    assert f", since {now:%Y-%m-%d %H:%M:%S} UTC\n" in said and fresh.human.full_name not in said
    assert f"Unknown already before this stop: 1 (delivery {older.pk})\n" in said
    assert said.count("approval #") == 1 and "never sends them again" in said
    told = run_json("control", "--emergency-stop", "--reason", "again")
    assert [row["delivery"] for row in told["may_have_left"]] == [fresh.pk]
    assert [row["delivery"] for row in told["unknown_before"]] == [older.pk]


def test_who_may_see_people_reads_whom_an_interrupted_message_went_to(live):
    fresh = lost(timezone.now())
    where = ["--workspace", fresh.workspace.slug, "--as", "alice"]
    testing.alice(fresh.workspace)
    said = run("control", "--emergency-stop", *where)
    name, address = fresh.human.full_name, fresh.approval.revision.address
    assert f"in flight at this stop: {name} <{address}>, approval #{fresh.approval_id}, " in said


def test_what_is_not_yet_stopped_says_where_a_machine_is_declared_gone(operator, live, settings):
    open_row = lost(timezone.now())
    sender = uuid4()
    Delivery.objects.filter(pk=open_row.pk).update(
        status="sending", ended_at=None, sender=sender, place="elsewhere", boot_id="other"
    )
    settings.STOP_PATIENCE_SECONDS = 0
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("control", "--emergency-stop", stdout=out)
    assert ended.value.code == 3
    said = out.getvalue()
    assert f"Still open: approval #{open_row.approval_id}," in said and f"sender {sender}" in said
    assert f"{settings.BASE_URL}/admin/stop/" in said and "declares a machine gone" in said


def test_rest_and_the_page_tell_the_same(operator, live, client):
    older, fresh = lost(timezone.now() - timedelta(minutes=20)), lost(timezone.now())
    body = {"control": "emergency-stop", "enabled": True, "reason": "wrong list"}
    told = api.colleague(testing.alice).post("/api/controls", body).json()
    assert told["effective"] and told["still_open"] == []
    assert [row["delivery"] for row in told["may_have_left"]] == [fresh.pk]
    assert [row["delivery"] for row in told["unknown_before"]] == [older.pk]
    client.force_login(operator.user)
    form = {"scope": "system", "reason": "wrong list"}
    where = client.post("/admin/stop/", form, follow=True).request["PATH_INFO"]
    page = client.post(where).content.decode()
    fresh_at, older_at = (page.index(f"Delivery {row.pk} of") for row in (fresh, older))
    headings = ("in flight at this stop", "Unknown already before this stop", "Still open")
    first, second, third = (page.index(heading) for heading in headings)
    assert first < fresh_at < second < older_at < third


@pytest.mark.both
def test_a_drill_tells_what_it_saw_and_exits_3_where_the_stop_does_not_hold(
    operator, live, monkeypatch
):
    said = run("control", "--drill")
    assert said.splitlines()[-1] == "PASSED: the stop works."
    assert "its sender ended the intent" in said
    assert run_json("control", "--drill")["passed"] is True
    monkeypatch.setattr(look, "_one", lambda row, *_, **__: look.Cleared(row, row.approval))
    monkeypatch.setattr(look, "_stopped_meanwhile", lambda *_: False)
    out = StringIO()
    with pytest.raises(SystemExit) as exit_:
        call_command("control", "--drill", stdout=out)
    assert exit_.value.code == 3
    assert "would have left" in out.getvalue()
    with pytest.raises(CommandError, match="operator"):
        run("control", "--drill", "--as", testing.dora().user.username)


@pytest.mark.both
def test_not_yet_stopped_exits_3_with_the_list(operator, live, settings):
    settings.STOP_PATIENCE_SECONDS = 1
    approval = testing.make_approved()
    Delivery.objects.create(
        workspace=approval.workspace, approval=approval, human=approval.human, channel="email",
        status="sending", sender="00000000-0000-0000-0000-000000000001", place="elsewhere",
        boot_id="another", since=timezone.now(),
    )  # fmt: skip
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("control", "--emergency-stop", stdout=out)
    assert ended.value.code == 3
    assert f"Still open: approval #{approval.pk}" in out.getvalue()
    assert "NOT YET STOPPED" in out.getvalue()
    assert "stopped 0" not in out.getvalue()


@pytest.mark.parametrize("word", ["messaging", "auto-reply", "auto-approve", "experiment"])
def test_each_switch_off_and_on(operator, word):
    run("control", "--disable", word, "--duration", "24h", "--reason", "429 errors")
    row = SystemControl.objects.get(enabled=False, workspace=None, control_key__endswith="ENABLED")
    assert row.auto_restore_at - row.changed_at == timedelta(hours=24)
    assert row.reason == "429 errors"
    run("control", "--enable", word)
    row.refresh_from_db()
    assert (row.enabled, row.auto_restore_at) == (True, None)


@pytest.mark.parametrize("word", ["messaging", "auto-reply", "auto-approve", "experiment"])
def test_a_switch_put_off_says_when_it_comes_back(operator, live, word):
    said = run("control", "--disable", word, "--duration", "1h")
    row = SystemControl.objects.get(enabled=False, workspace=None, control_key__endswith="ENABLED")
    assert f"is off until {row.auto_restore_at:%Y-%m-%d %H:%M} UTC" in said
    longer = run_json("control", "--disable", word, "--duration", "3h")
    row.refresh_from_db()
    assert longer["restores_at"] == row.auto_restore_at.isoformat()
    assert longer["was_off_for_longer"] is False
    said = run("control", "--disable", word, "--duration", "1h")
    until = f"{row.auto_restore_at:%Y-%m-%d %H:%M} UTC"
    assert f"stays off until {until}: it was off for that long already" in said
    assert "until somebody switches it on" in run("control", "--disable", word)
    told = run_json("control", "--disable", word, "--duration", "1h")
    assert (told["restores_at"], told["was_off_for_longer"]) == (None, True)
    told = run_json("control", "--enable", "dry-run")
    assert "restores_at" not in told


def test_dry_run_by_control(operator, live):
    run("control", "--enable", "dry-run", "--reason", "careful")
    assert run_json("control", "--status")["badge"] == "DRY RUN"
    with pytest.raises(CommandError, match="--reason"):
        run("control", "--disable", "dry-run")
    run("control", "--disable", "dry-run", "--reason", "checked")
    assert run_json("control", "--status")["badge"] == "LIVE"


def test_dry_run_is_not_lifted_for_a_while(operator, live):
    """It does not come back by itself: whoever asked for an hour would be live for good."""
    run("control", "--enable", "dry-run", "--reason", "careful")
    with pytest.raises(CommandError, match="lifting dry run is for good"):
        run("control", "--disable", "dry-run", "--duration", "1h", "--reason", "a look")
    assert run_json("control", "--status")["badge"] == "DRY RUN"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--enable", "nonsense"], "invalid choice"),
        ([], "required"),
        (["--emergency-stop", "--duration", "24h"], "--duration goes with"),
        (["--status", "--duration", "2h"], "--status and --duration mean nothing together"),
        (["--status", "--days", "2"], "--days goes with --stop-link."),
        (["--status", "--reason", "a look"], "--status and --reason mean nothing together"),
        (["--drill", "--reason", "a look"], "--drill and --reason mean nothing together"),
        (["--drill", "--workspace", "default"], "--drill and --workspace mean nothing together"),
        (["--drill", "--workspace", ""], "a drill is no workspace's: leave the option away"),
        (["--drill", "--as", ""], "argument --as: it is empty: say what it is"),
        (["--stop-link", "--reason", "for me"], "--stop-link and --reason mean nothing together"),
        (["--enable", "messaging", "--duration", "2h"], "--enable and --duration mean nothing"),
        (["--enable-all", "--days", "0"], "--enable-all and --days mean nothing together"),
        (["--disable", "messaging", "--duration", "soon"], "no duration"),
        (["--status", "--workspace", "defualt"], "no workspace 'defualt'"),
        (["--emergency-stop", "--as", "nobody"], "no user 'nobody'"),
    ],
)
def test_bad_words_are_refused_in_a_sentence(operator, words, why):
    with pytest.raises((CommandError, SystemExit)) as refused:
        run("control", *words)
    assert why in str(refused.value)


def test_a_member_stops_their_workspace_and_not_the_system(live):
    testing.alice()
    with pytest.raises(CommandError):
        run("control", "--emergency-stop", "--as", "alice")
    run("control", "--emergency-stop", "--as", "alice", "--workspace", "default")
    assert SystemControl.objects.filter(enabled=True, control_key="EMERGENCY_STOP").count() == 1


def test_person_verbs_take_the_uuid_in_both_places():
    testing.alice()
    person = testing.make_person()
    uuid = str(person.uuid)
    approval = testing.make_pending(person)
    assert run_json("person", "--uuid", uuid, "--disable-automation")["stopped"]
    assert Approval.objects.get(pk=approval.pk).status == "pending"  # held, not rejected
    assert run_json("person", "--enable-automation", uuid)["can_send"]
    said = run_json("person", "--uuid", uuid, "--block", "--reason", "Requested no contact")
    assert (said["status"], said["can_send"]) == ("blocked", False)
    assert Approval.objects.get(pk=approval.pk).status == "rejected"
    with pytest.raises(CommandError, match="Say why"):
        run("person", "--unblock", uuid)
    assert run_json("person", "--unblock", uuid, "--reason", "mistake")["status"] == "active"
    run("person", "--desist", uuid)
    with pytest.raises(CommandError, match="lifted from"):
        run("person", "--lift-desist", uuid, "--reason", "agreed")
    assert Person.objects.get().desisted_at is not None


def test_a_person_is_named_by_an_address_or_their_whole_name_and_erased_by_uuid_alone():
    """Who calls at night has an address in hand, never a uuid."""
    testing.alice()
    ana, other = testing.make_person(name="Ana Ruiz"), testing.make_person(name="Ana Ruiz")
    address = ana.addresses.get().raw
    assert run_json("person", "--block", address.upper(), "--reason", "x")["status"] == "blocked"
    ana.refresh_from_db()
    assert ana.status == "blocked"
    for named in ("ana ruiz", "Ana"):
        with pytest.raises(CommandError) as refused:
            run("person", "--desist", named)
    assert "There is no person Ana in" in str(refused.value)
    which = f"{other.uuid}  Ana Ruiz ({other.addresses.get().raw})"
    with pytest.raises(CommandError, match="2 people are known as ana ruiz") as refused:
        run("person", "--desist", "ana ruiz")
    assert which in str(refused.value)
    testing.make_person(name="Madonna")
    add_address(ana.workspace, other, "instagram", "madonna")
    with pytest.raises(CommandError, match="2 people are known as Madonna"):
        run("person", "--desist", "Madonna")
    for named in (address, str(ana.uuid)):
        assert f"uuid {ana.uuid}\n" in run("person", "--show", named)
    with pytest.raises(CommandError, match="takes the uuid alone") as refused:
        run("person", "--erase", address, "--reason", "x")
    assert str(refused.value).startswith("Nobody was erased.")
    assert f"{ana.uuid}  Ana Ruiz" in str(refused.value)
    with pytest.raises(CommandError, match=r"no person with the uuid x in .* --show ADDRESS"):
        run("person", "--erase", "x", "--reason", "x")


@pytest.mark.parametrize("typed", ["élodie marchand", "ÉLODIE MARCHAND", " E\u0301lodie  Marchand"])
def test_a_person_is_named_in_any_letter_case_and_however_an_accent_is_typed(typed):
    testing.alice()
    testing.make_person(name="Élodie Marchand")
    testing.make_person(name="Elodie Marchand")
    assert run_json("person", "--desist", typed, "--reason", "x")["status"] == "desist"
    assert Person.objects.get(status="desist").full_name == "Élodie Marchand"


def test_who_is_stopped_for_good_is_told_with_what_became_of_their_messages():
    testing.alice()
    person = testing.make_person()
    approval = testing.make_pending(person)
    testing.make_draft(person)
    said = run("person", "--uuid", str(person.uuid), "--desist", "--reason", "by phone")
    assert f"Rejected: #{approval.pk}.\n1 draft stays and cannot be submitted.\n" in said
    assert "The record is stopped, not its addresses" in said
    assert "Nothing is sent: They do not want to be written to." in said and "DESIST" not in said
    again = run("person", "--uuid", str(person.uuid), "--desist", "--reason", "by phone")
    assert "Nothing of theirs was waiting." in again


def test_words_of_a_terminal_that_writes_no_utf_8_keep_nobody_from_being_stopped(tmp_path):
    testing.make_user("eve", Role.REVIEWER)
    one, other = testing.make_pending(), testing.make_pending(at=timezone.now())
    said = os.fsdecode("hör auf".encode("latin-1"))
    run("person", "--block", str(one.draft.person.uuid), "--reason", said, "--as", "eve")
    one.draft.person.refresh_from_db()
    assert (one.draft.person.status, one.draft.person.status_reason) == ("blocked", "h\ufffdr auf")
    run("review", "--reject", str(other.pk), "--reason", said, "--as", "eve")
    other.refresh_from_db()
    assert other.rejection_reason == "h\ufffdr auf"
    path = tmp_path / f"{said}.csv"
    path.write_text("Name,Email\nAnn Lee,ann.lee@example.com\n")
    run("import_contacts", str(path), "--as", "eve")
    assert Import.objects.get().file == "h\ufffdr auf.csv"


def test_lifting_a_block_says_that_a_request_to_stop_still_stands():
    testing.alice()
    uuid, now = str(testing.make_person().uuid), timezone.now()
    with time_machine.travel(now - timedelta(hours=73)):
        run("person", "--desist", uuid)
        run("person", "--block", uuid)
    said = run("person", "--unblock", uuid, "--reason", "by mistake")
    assert "request to stop still stands" in said and "--lift-desist" in said
    assert "Nothing is sent" in said
    assert run_json("person", "--lift-desist", uuid, "--reason", "agreed")["status"] == "active"


def test_lifting_a_request_to_stop_says_that_they_are_still_blocked():
    testing.alice()
    uuid, now = str(testing.make_person().uuid), timezone.now()
    with time_machine.travel(now - timedelta(hours=73)):
        run("person", "--block", uuid)
        run("person", "--desist", uuid)
    said = run("person", "--lift-desist", uuid, "--reason", "wrote again")
    assert "they are still blocked" in said and "--unblock" in said
    assert "Nothing is sent" in said
    assert run_json("person", "--unblock", uuid, "--reason", "agreed")["status"] == "active"


def test_lifting_a_stop_says_that_the_addresses_stay_suppressed():
    testing.alice()
    person = testing.make_person()
    uuid, now = str(person.uuid), timezone.now()
    add_address(person.workspace, person, "linkedin", "linkedin.com/in/ann")
    with time_machine.travel(now - timedelta(hours=73)):
        inbound.unsubscribed(person, "email", at=timezone.now())
    said = run("person", "--lift-desist", uuid, "--reason", "called us")
    assert "active" in said and "May be written to" not in said
    assert "Nothing is sent: all their addresses are suppressed (2). manage.py suppression" in said
    told = run_json("person", "--show", uuid)
    assert (told["can_send"], told["addresses"], told["suppressed"]) == (False, 2, 2)
    address = person.addresses.get(channel="email").normalised
    run("suppression", "lift", address, "--reason", "called us")
    said = run("person", "--show", uuid)
    assert "May be written to.\nNot by 1 of their 2 addresses: suppressed. manage.py" in said
    assert run_json("person", "--show", uuid)["can_send"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--block"], "Which person"),
        (["--block", "not-a-uuid"], "no person not-a-uuid"),
        (["--block", "00000000-0000-0000-0000-000000000000"], "no person"),
    ],
)
def test_unknown_people_are_refused(words, why):
    testing.alice()
    with pytest.raises(CommandError, match=why):
        run("person", *words)


def test_review_shows_the_badge_of_its_own_workspace():
    place = testing.make_workspace()
    assert "STOPPED" not in run("review", "--pending")
    stop.emergency_stop(workspace=place, reason="x", by=testing.alice(), clock=timezone.now)
    assert "STOPPED" in run("review", "--pending")
    testing.make_pending(at=timezone.now())
    assert "STOPPED" in run("review", "--pending")


def test_the_help_of_control_lists_its_words_in_words():
    said = control.Command().create_parser("manage.py", "control").format_help()
    assert "One of auto-approve, " in said and "['" not in said


def test_review_tells_what_a_yes_would_do_now_and_of_a_decided_one_what_became_of_it():
    now = timezone.now()
    late = (now - timedelta(minutes=8)).isoformat()
    item = testing.make_pending(at=now)
    Approval.objects.filter(pk=item.pk).update(decision={**item.decision, "would_leave_at": late})
    shown = run("review", "--show", str(item.pk))
    assert (
        "If approved now, it would be" in shown and late[:10] not in shown.split("If approved")[1]
    )
    done = testing.make_approved(at=now)
    simulate.simulate_due(at=now + timedelta(minutes=1))
    shown = " ".join(run("review", "--show", str(done.pk)).split())
    assert "If approved now" not in shown
    assert f"Approved by {done.decided_by_label}, " in shown and "; simulated 20" in shown


def test_what_may_have_arrived_is_told_on_a_line_of_its_own_before_and_after_a_yes():
    testing.alice()
    item = testing.make_pending(at=timezone.now())
    reasons = ["first message to this person", rounds.REOPENED["send_again"]]
    Approval.objects.filter(pk=item.pk).update(priority_reasons=reasons)
    lines = [line.strip("│ ") for line in run("review", "--show", str(item.pk)).splitlines()]
    assert any(line.startswith("It may have arrived already: nobody knows") for line in lines)
    assert ".;" not in "".join(lines)
    assert "It may have arrived already" in run("review", "--approve", str(item.pk))


def test_no_words_of_others_steer_the_terminal():
    item = testing.make_pending(at=timezone.now())
    signs = "\x1b[2J\u202e"
    Approval.objects.filter(pk=item.pk).update(notes=signs, priority_reasons=[signs])
    shown = run("review", "--show", str(item.pk))
    assert not set(signs[:1] + signs[-1:]) & set(shown)
    assert shown.count("⟦U+001B⟧") == 2


@pytest.mark.parametrize("in_flight", [False, True])
def test_blocking_from_the_queue_tells_what_is_still_in_flight(monkeypatch, settings, in_flight):
    testing.alice()
    settings.STOP_PATIENCE_SECONDS = 0
    item, other = testing.make_pending(), testing.make_approved()
    if in_flight:
        lock = SenderLock.acquire()
        Delivery.objects.create(
            workspace=other.workspace, approval=other, human=item.human, channel="email",
            status="sending", sender=lock.uuid, place=lock.place, boot_id=lock.boot_id,
            since=timezone.now(),
        )  # fmt: skip
    typed = f"v {item.pk}\nb\nyes\nthreatened us\nq\n"
    monkeypatch.setattr("sys.stdin", StringIO(typed))
    said = run("review")
    assert "is blocked" in said
    assert Person.objects.get(pk=item.human_id).status == "blocked"
    if in_flight:
        lock.release(all_ended=True)
        assert f"NOT YET STOPPED\napproval #{other.pk}: sending" in said
    else:
        assert "\nstopped\n" in said


def test_blocking_from_the_queue_is_tried_again_and_tells_what_became_of_their_messages(
    monkeypatch,
):
    """As the command `person` does: a database that is locked for a moment ended the session."""
    testing.alice()
    item = testing.make_pending()
    testing.make_draft(item.draft.person)
    tries, block = [], stop.stop_person

    def locked_once(*args, **how):
        tries.append(1)
        if len(tries) == 1:
            raise OperationalError("database is locked")
        return block(*args, **how)

    monkeypatch.setattr(stop, "stop_person", locked_once)
    monkeypatch.setattr(insisting, "PAUSE_SECONDS", 0)
    monkeypatch.setattr("sys.stdin", StringIO(f"v {item.pk}\nb\nyes\nthreatened us\nq\n"))
    said = run("review")
    assert Person.objects.get(pk=item.human_id).status == "blocked" and len(tries) == 2
    assert f"Rejected: #{item.pk}." in said
    assert "1 draft stays and cannot be submitted." in said


def test_a_number_of_thousands_of_digits_is_no_item(monkeypatch):
    testing.alice()
    testing.make_pending()
    monkeypatch.setattr("sys.stdin", StringIO(f"a {'9' * 5000}\nq\n"))
    assert "Type a letter and a number" in run("review")


def test_a_letter_of_nothing_but_its_footer_is_approved_by_nobody(monkeypatch):
    testing.alice()
    place = testing.make_workspace(sender_name="Mira", postal_address="1 Sample Street")
    item = testing.make_pending(person=testing.make_person(place), at=timezone.now())
    for text in ("", " \n\u200b", "-- \nMira · 1 Sample Street"):
        with pytest.raises(CommandError, match="The text is empty"):
            run("review", "--approve", str(item.pk), "--edit", text)
    monkeypatch.setattr("sys.stdin", StringIO(f"e {item.pk}\n.\nq\n"))
    assert "The text is empty" in run("review")
    assert Approval.objects.get().status == "pending"


class Typing(StringIO):
    """What a reviewer types; before the line `then` the other side writes once more."""

    def __init__(self, text, then, write):
        super().__init__(text)
        self.then, self.write_now = then, write

    def readline(self, *args):
        line = super().readline(*args)
        if line == self.then:
            self.write_now()
        return line

    def __iter__(self):
        return iter(self.readline, "")


@pytest.mark.parametrize(
    ("typed", "then"),
    [("v {0}\na\nq\n", "a\n"), ("e {0}\nHere they are at last.\n.\nq\n", ".\n")],
)
def test_what_they_wrote_while_the_item_was_read_is_not_passed_over(monkeypatch, typed, then):
    testing.alice()
    person, now = testing.make_person(), timezone.now()
    theirs = testing.make_inbound(person, received_at=now - timedelta(hours=1))
    item = testing.make_pending(person, at=now, origin=f"inbound:{theirs.pk}")

    def again():
        testing.make_inbound(person, text="Hold on, I found them.", received_at=timezone.now())

    monkeypatch.setattr("sys.stdin", Typing(typed.format(item.pk), then, again))
    assert f"They wrote again meanwhile: read it and decide again about #{item.pk}." in run(
        "review"
    )
    item.refresh_from_db()
    assert (item.status, item.edited) == ("pending", False)


def test_a_yes_given_while_the_item_was_read_is_not_taken_back_unasked(monkeypatch):
    testing.alice()
    item = testing.make_pending(at=timezone.now())

    def yes():
        how = {"by": testing.dora(), "at": timezone.now(), "digest": item.digest}
        services.approve(item.pk, heard=0, **how)

    typed = Typing(f"v {item.pk}\nr\nNot now\nq\n", "Not now\n", yes)
    monkeypatch.setattr("sys.stdin", typed)
    assert f"#{item.pk} is approved already by Dora" in run("review")
    item.refresh_from_db()
    assert item.status == "approved"
    run("review", "--reject", str(item.pk), "--reason", "Not now", "--as", "alice")
    item.refresh_from_db()
    assert item.status == "rejected"


def test_a_yes_by_number_says_what_of_theirs_was_read(monkeypatch):
    """Where they wrote since it was asked for; a script that read nothing is told how."""
    testing.alice()
    person, now = testing.make_person(), timezone.now()
    item = testing.make_pending(person, at=now - timedelta(hours=1))
    new = testing.make_inbound(person, text="We bought it elsewhere.", received_at=now)
    number = str(item.pk)
    for more in ([], ["--edit", "Here they are at last."]):
        with pytest.raises(CommandError, match=r"They wrote since .* --heard with its number"):
            run("review", "--approve", number, *more)
    with pytest.raises(CommandError, match="They wrote again meanwhile"):
        run("review", "--approve", number, "--heard", str(new.pk - 1))
    monkeypatch.setattr("sys.stdin", StringIO(f"a {number}\ne {number}\nq\n"))
    assert run("review").count("They wrote since") == 2
    assert Approval.objects.get().status == "pending"
    assert f"--heard {new.pk}" in run("review", "--show", number)
    said = run_json("review", "--show", number)["incoming"]
    assert said == [{"id": new.pk, "text": "We bought it elsewhere."}]
    run("review", "--approve", number, "--heard", str(said[0]["id"]))
    assert Approval.objects.get().heard == new.pk


def test_who_views_it_has_read_what_they_wrote(monkeypatch):
    testing.alice()
    person, now = testing.make_person(), timezone.now()
    item = testing.make_pending(person, at=now - timedelta(hours=1))
    testing.make_inbound(person, received_at=now)
    monkeypatch.setattr("sys.stdin", StringIO(f"v {item.pk}\na\nq\n"))
    assert "is approved" in run("review")


def test_what_was_read_is_named_with_a_yes_only():
    with pytest.raises(CommandError, match="--heard goes with --approve N"):
        run("review", "--pending", "--heard", "3")


@pytest.mark.parametrize("typed", ["r {}\n", "e {}\n", "e {}\nHalf a\n", "v {}\nb\nyes\n"])
def test_the_end_of_the_input_decides_nothing_and_says_so(typed, monkeypatch):
    testing.alice()
    item = testing.make_pending(at=timezone.now())
    monkeypatch.setattr("sys.stdin", StringIO(typed.format(item.pk)))
    with pytest.raises(CommandError, match=r"The input ended .* nothing is decided"):
        run("review")
    item.refresh_from_db()
    assert (item.status, item.edited) == ("pending", False)
    assert Person.objects.get(pk=item.human_id).status != "blocked"
    monkeypatch.setattr("sys.stdin", StringIO(""))
    run("review")


def test_review_shows_approves_edits_and_rejects():
    testing.alice()
    first, second, third = (testing.make_pending(at=timezone.now()) for _ in range(3))
    assert run_json("review", "--pending")["pending"] == 3
    assert str(first.pk) in run("review", "--pending")
    assert first.revision.text in run_json("review", "--show", str(first.pk))["text"]
    assert run_json("review", "--approve", str(first.pk))["status"] == "approved"
    edited = run_json("review", "--approve", str(second.pk), "--edit", "Modified message content.")
    assert edited["digest"] != second.digest
    with pytest.raises(CommandError, match="reason"):
        run("review", "--reject", str(third.pk))
    run("review", "--reject", str(third.pk), "--reason", "Tone inappropriate")
    assert "empty" in run("review", "--pending")
    with pytest.raises(CommandError, match="approved already by"):
        run("review", "--approve", str(first.pk))


@pytest.mark.parametrize(
    ("brake", "said"),
    [
        ("", "; it leaves"),
        ("MESSAGING_ENABLED", "; nothing leaves until the stop is lifted."),
        ("automation", "; it is held until automation is on again for this person."),
    ],
)
def test_after_a_yes_no_more_is_promised_than_will_happen(live, brake, said):
    testing.alice()
    item = testing.make_pending(at=timezone.now())
    SystemControl.objects.filter(control_key=brake).update(enabled=False)
    off = {"automation_enabled": False, "automation_disabled_reason": "x",
           "automation_disabled_at": timezone.now()}  # fmt: skip
    Person.objects.filter(pk=item.human_id).update(**(off if brake == "automation" else {}))
    assert "unless undone" not in run("review", "--show", str(item.pk)), "no undo is offered here"
    assert f"#{item.pk} is approved{said}" in run("review", "--approve", str(item.pk))


def test_the_queue_and_an_item_look_as_the_seed_prints_them(monkeypatch):
    """Seed C §6; the counts are of the whole queue, also where the list is cut."""
    testing.alice()
    for confidence in (40, 50, 75):
        item = testing.make_pending(at=timezone.now(), confidence=confidence)
    monkeypatch.setattr("outreach.edge.management.commands.review.PAGE", 1)
    text = run("review", "--pending")
    assert "APPROVAL QUEUE   3 Pending | 2 High" in text
    columns = ("#", "Priority", "Person", "Type", "Channel", "Confidence", "Age")
    heads = next(line for line in text.splitlines() if "Priority" in line)
    assert heads.replace("┃", " ").split() == list(columns)
    assert "HIGH" in text and "40%" in text and "0m ago" in text
    shown = run("review", "--show", str(item.pk)).splitlines()
    starts = ("╭─ MESSAGE APPROVAL", "│ To: ", "│ Relationship: ", "│ Type: Initial | ", "│ ────",
              "│ DRAFT MESSAGE:", "│ ────", "│ AI Confidence: 75 %")  # fmt: skip
    found = iter(shown)
    for start in starts:
        assert any(line.startswith(start) for line in found), start
    assert "Priority: NORMAL" in shown[0]


def test_a_shown_item_has_what_they_said_above_the_answer_with_its_footer_kept():
    testing.make_workspace(sender_name="Mira", postal_address="1 Sample Street")
    testing.alice()
    item = testing.make_pending(at=timezone.now())
    testing.make_inbound(item.draft.person, text="When is the next meeting?\x1b[2J")
    said = run("review", "--show", str(item.pk))
    assert said.index("When is the next meeting?") < said.index("DRAFT RESPONSE")
    assert "\x1b" not in said
    run("review", "--approve", str(item.pk), "--edit", "On Tuesday.")
    item.refresh_from_db()
    assert item.revision.text.startswith("On Tuesday.\n\n-- \nMira")


@pytest.mark.parametrize(
    "act", [("--approve",), ("--reject", "--reason", "No"), ("--approve", "--edit", "Other words.")]
)
def test_a_decision_by_command_is_about_the_text_that_was_read(act):
    """Nobody says yes or no to what a colleague has edited since the item was listed."""
    alice = testing.alice()
    item = testing.make_pending(at=timezone.now())
    read = run_json("review", "--pending")["items"][0]["digest"]
    words = drafts.Text(subject="Minutes", text="Here are the minutes of Tuesday, as agreed.")
    edited = services.edit(item.pk, words, by=alice, at=timezone.now(), digest=item.digest)
    decide = ("review", act[0], str(item.pk), *act[1:], "--digest")
    with pytest.raises(CommandError, match="changed since you opened it"):
        run(*decide, read)
    assert Approval.objects.get().status == "pending"
    run(*decide, edited.digest)
    assert Approval.objects.get().status == {"--approve": "approved"}.get(act[0], "rejected")
    with pytest.raises(CommandError, match="--digest goes with"):
        run("review", "--pending", "--digest", read)
    with pytest.raises(CommandError, match=r"'foo' is no digest \(v1: and 64 characters\)"):
        run(*decide, "foo")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("review --pending --as nobody", "There is no user 'nobody'"),
        ("doctor --as nobody", "There is no user 'nobody'"),
        ("audit verify --as nobody", "There is no user 'nobody'"),
        ("review --reason x", "--reason goes with --reject N or --request-changes N."),
        ("audit verify --to log", "--to goes with export or checkpoint"),
        ("audit export --texts", "--texts and --checkpoint go with verify"),
    ],
)
def test_what_a_command_would_not_heed_is_refused(line, told):
    testing.alice()
    with pytest.raises(CommandError, match=told):
        run(*line.split())


@pytest.mark.both
def test_a_rejection_by_command_ends_no_text_that_came_while_it_ran(monkeypatch):
    testing.alice()
    item = testing.make_pending(at=timezone.now())
    asked = []
    monkeypatch.setattr(services, "reject", lambda *_, **how: asked.append(how) or item)
    run("review", "--reject", str(item.pk), "--reason", "No")
    assert asked[0]["digest"] == item.digest


def test_an_edit_by_command_drops_no_html_part_unasked():
    testing.alice()
    item = testing.make_pending(at=timezone.now(), html="<p>Here are the minutes.</p>")
    edit = ("review", "--approve", str(item.pk), "--edit", "Here they are, as agreed.")
    with pytest.raises(CommandError, match='give `html`, too, or "" to leave it out'):
        run(*edit)
    item.refresh_from_db()
    assert item.status == "pending" and item.revision.html
    with pytest.raises(CommandError, match="--html goes with"):
        run("review", "--approve", str(item.pk), "--html", "")
    run(*edit, "--html", "<p>Here they are, as agreed.</p>")
    item.refresh_from_db()
    assert item.status == "approved" and "Here they are" in item.revision.html


@pytest.mark.both
def test_bulk_approves_low_priority_only():
    testing.alice()
    person = testing.make_person()
    from outreach.core.models import Contact

    Contact.objects.create(
        workspace=person.workspace, human=person, channel="email", direction="in",
        at=timezone.now() - timedelta(days=3), key="inbound:1",
    )  # fmt: skip
    noon = testing.WORKDAY + timedelta(days=7 * 52)
    low = testing.make_pending(person, at=noon, confidence=95, subject="Low")
    high = testing.make_pending(at=noon, confidence=40, subject="High")
    Approval.objects.update(expires_at=timezone.now() + timedelta(days=1), not_before=None)
    assert low.priority == 0
    done = run_json("review", "--bulk-approve", "--priority", "low", "--max", "50")
    assert [row["id"] for row in done["items"]] == [low.pk]
    assert Approval.objects.get(pk=high.pk).status == "pending"
    with pytest.raises(CommandError, match="Only low"):
        run("review", "--bulk-approve", "--priority", "high")


def test_bulk_approves_normal_priority_where_an_admin_widened_it(time_machine):
    time_machine.move_to(testing.WORKDAY)  # at night each needs a look of its own
    testing.alice()
    low, normal = (testing.make_pending(confidence=95, subject=name) for name in ("Low", "Normal"))
    Approval.objects.update(expires_at=timezone.now() + timedelta(days=1), not_before=None)
    Approval.objects.filter(pk=low.pk).update(priority=0)
    assert normal.priority == 1

    def asked(*options):
        return [row["id"] for row in run_json("review", "--bulk-approve", *options)["items"]]

    with pytest.raises(CommandError, match=r"Only low priority .* under Workspaces"):
        run("review", "--bulk-approve", "--priority", "normal")
    Workspace.objects.update(bulk_approves_normal=True)
    with pytest.raises(CommandError, match=r"Only low or normal priority .* one by one.$"):
        run("review", "--bulk-approve", "--priority", "high")
    assert asked("--priority", "normal") == [normal.pk]
    assert asked() == [low.pk]


def test_bulk_leaves_what_cannot_be_seen_in_the_queue():
    testing.alice()
    hidden = testing.make_pending(confidence=95, text="Pay 10\u200b0 \u202e to us.")
    later = timezone.now() + timedelta(days=1)
    Approval.objects.update(priority=0, expires_at=later, not_before=None)
    [item] = run_json("review", "--bulk-approve")["items"]
    assert (item["id"], item["approved"]) == (hidden.pk, False)
    assert item["reason"] == "it has hidden characters"


@pytest.mark.both
def test_process_and_expire_print_one_json_object():
    testing.make_approved()
    done = run_json("process_approved_messages")
    assert (done["badge"], done["simulated"], done["sent"]) == ("DRY RUN", 1, 0)
    assert run_json("expire_approvals")["expired"] == 1  # WORKDAY is long ago


@pytest.mark.both
def test_audit_verify_names_the_first_bad_row_and_exits_4():
    testing.make_pending()
    assert run_json("audit", "verify")["ok"]
    row = Activity.objects.order_by("id")[1]
    testing.unguard()
    Activity.objects.filter(pk=row.pk).update(verb="people.forged")
    testing.guard()
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("audit", "verify", stdout=out)
    assert ended.value.code == 4
    assert f"activity {row.pk} " in out.getvalue()
    with pytest.raises(CommandError, match="make an operator with"):
        run("audit", "export", "--as", testing.alice().user.username)
    lines = run("audit", "export", "--as", testing.olaf().user.username).splitlines()
    assert json.loads(lines[-1])["verb"] == "audit.exported"
    assert json.loads(lines[0])["seq"] == 1


def test_what_was_on_already_keeps_since_when_by_whom_and_why(operator, live):
    run("control", "--emergency-stop", "--reason", "drill")
    run("control", "--enable-all", "--reason", "drill is over")
    before = run_json("control", "--status")["controls"]
    assert {row["reason"] for row in before if row["control"] == "EMERGENCY_STOP"} == {
        "drill is over", "",
    }  # fmt: skip
    run("control", "--enable-all", "--reason", "again")
    run("control", "--enable", "messaging", "--reason", "again")
    assert run_json("control", "--status")["controls"] == before


def test_a_person_s_standing_names_the_stop_of_their_workspace(operator, live):
    person = testing.make_person()
    slug = person.workspace.slug
    run("control", "--emergency-stop", "--workspace", slug, "--reason", "Detected issue")
    said = run("person", "--show", str(person.uuid))
    assert (
        "Nothing is sent: System messaging is disabled (EMERGENCY_STOP (workspace) since " in said
    )
    assert "by Olaf: Detected issue)." in said

"""`manage.py doctor` in the words an operator reads at night, and its exit code."""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import re
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.utils import timezone

from approvals import proposing, submission
from channels import stop
from channels.liveness import current_boot_id
from channels.models import Delivery, PlatformTemplate
from outreach import testing
from outreach.core import suppression
from outreach.core.models import Activity, CoolingOff, Heartbeat, Suppression
from outreach.core.people import add_address, rest
from outreach.core.principal import Principal
from outreach.edge import checks, diagnosis, health, key_fit, running
from outreach.edge.management.commands.doctor import configured
from outreach.edge.running import running_at
from outreach.testing import WORKDAY
from safety import controls
from safety.law.table import TABLE
from safety.models import SystemControl

# Words and exit codes about answers that are asked on both by what doctor calls.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
SYSTEM = Principal.system("test")


@pytest.fixture(autouse=True)
def durable(monkeypatch, transactional_db):
    """Tests run without durability and scheduler, which doctor rightly calls unsafe; not what is
    asked here."""
    from outreach.edge import checks, tasks

    tasks.heartbeat()

    monkeypatch.setattr(checks, "sqlite_durability", lambda connection: [])
    monkeypatch.setattr(checks, "postgresql_durability", lambda connection: [])


def doctor(*args):
    out = io.StringIO()
    call_command("doctor", *args, stdout=out)
    return out.getvalue()


def report(*args):
    return json.loads(doctor("--json", *args))


def failing(*args):
    out = io.StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("doctor", *args, stdout=out)
    assert caught.value.returncode == 1
    return out.getvalue(), str(caught.value)


@pytest.mark.both
def test_a_fresh_installation_is_safe():
    text = doctor()
    assert text.startswith("DRY RUN: Nothing leaves")
    assert "DRY_RUN by the environment" in text
    assert "Nobody is sending, and no outcome is unknown." in text
    assert f"Version {TABLE.version}" in text
    assert "0 addresses are suppressed" in text
    assert "No workspace has complaints" in text
    assert "models.W040" not in text, "SQLite's covering indexes are nobody's worry"


def test_nothing_brakes_when_live(live):
    assert report()["controls"] == ["Nothing brakes."]


def alive(args=()):
    """What is found of the parts that must live, by id, and the text."""
    out, code = io.StringIO(), 0
    try:
        call_command("doctor", "--json", stdout=out)
    except CommandError as error:
        code = error.returncode
    found = json.loads(out.getvalue())["findings"]
    return {each["id"]: each for each in found}, code


def test_a_scheduler_that_stopped_is_an_error_by_the_rule_of_healthz(client):
    Heartbeat.objects.update(at=timezone.now() - timedelta(seconds=131))
    found, code = alive()
    assert client.get("/healthz").status_code == 503 and code == 1
    assert found["doctor.beat"]["level"] == "ERROR"
    assert "131 s ago" in found["doctor.beat"]["message"]
    assert "worker -B" in found["doctor.beat"]["hint"]
    Heartbeat.objects.update(at=timezone.now() - timedelta(seconds=80))
    found, code = alive()
    assert client.get("/healthz").status_code == 200 and code == 0
    assert "doctor.beat" not in found


def test_a_scheduler_that_never_ran_is_an_error_only_where_messages_may_leave(request):
    Heartbeat.objects.all().delete()
    found, code = alive()
    assert (found["doctor.beat"]["level"], code) == ("WARNING", 0)
    request.getfixturevalue("live")
    found, code = alive()
    assert (found["doctor.beat"]["level"], code) == ("ERROR", 1)


def test_a_broker_that_does_not_answer_is_an_error(monkeypatch):
    monkeypatch.setattr(health, "broker_state", lambda: "does not answer (ConnectionRefusedError)")
    found, code = alive()
    assert (found["doctor.broker"]["level"], code) == ("ERROR", 1)
    assert "CELERY_BROKER_URL" in found["doctor.broker"]["hint"]


def test_the_last_drill_of_the_stop_is_told_and_asked_for_where_messages_leave(live):
    found = report()
    assert found["drill"] == ["The stop was never drilled."]
    assert "doctor.drill" in [each["id"] for each in found["findings"]]
    call_command("control", "--drill", "--as", testing.olaf().user.username, stdout=io.StringIO())
    found = report()
    assert found["drill"][0].startswith("Drilled ")
    assert "doctor.drill" not in [each["id"] for each in found["findings"]]


def test_a_limit_of_a_channel_is_told(live):
    assert len(report()["senders"]) == 1
    live.SEND_PER_MINUTE = {"email": 60}
    assert "at most 60 messages in any minute; 0 in the last one" in report()["senders"][1]


def test_a_drill_that_failed_is_serious(monkeypatch):
    monkeypatch.setattr(diagnosis.drill, "last", lambda: Activity(at=timezone.now(), codes={}))
    text, told = failing()
    assert "FAILED: the stop cannot be relied on" in text
    assert told


def test_each_brake_is_named_once_with_its_reason(live):
    there = testing.make_workspace("there")
    now = timezone.now()
    stop.set_brake("MESSAGING_ENABLED", workspace=None, reason="429s", by=testing.olaf(), at=now)
    stop.set_brake("EMERGENCY_STOP", workspace=there, reason="fire", by=testing.olaf(), at=now)
    system, workspace = report()["controls"]
    assert "429s" in system
    assert workspace.startswith("there: EMERGENCY_STOP (workspace)")


@pytest.mark.both
def test_a_missing_control_is_named(live):
    SystemControl.objects.filter(control_key="EMERGENCY_STOP", workspace=None).delete()
    found = report()
    assert any("missing" in line for line in found["controls"])
    assert "outreach.W005" in {each["id"] for each in found["findings"]}


@pytest.mark.both
def test_controls_that_cannot_be_read_are_an_error(monkeypatch):
    monkeypatch.setattr(controls, "read", lambda: controls.Controls({}, readable=False))
    text, error = failing()
    assert "doctor.controls" in text
    assert error == "1 of these must be put right."


SECRETS = ("EAAG-canary-1", "IGQ-canary-2", "app-canary-3", "word-canary-4")
NAMES = ("WHATSAPP_TOKEN", "INSTAGRAM_TOKEN", "META_APP_SECRET", "META_VERIFY_TOKEN")


def told_of(settings, **changes):
    """What is said of the platforms, all set up but for `changes`; never a secret."""
    for name, value in zip(NAMES, SECRETS, strict=True):
        setattr(settings, name, value)
    settings.WHATSAPP_PHONE_NUMBER_ID, settings.INSTAGRAM_ACCOUNT_ID = "10555", "178"
    for name, value in changes.items():
        setattr(settings, name, value)
    out = io.StringIO()
    with contextlib.suppress(CommandError):
        call_command("doctor", "--json", stdout=out)
    for secret in SECRETS:
        assert secret not in out.getvalue()
    found = json.loads(out.getvalue())
    faults = [each for each in found["findings"] if each["id"] == "doctor.platforms"]
    return "\n".join(found["platforms"]), faults


def test_platforms_that_nobody_set_up_are_said_in_a_line_each():
    assert report()["platforms"] == [
        "WhatsApp is not set up (WHATSAPP_TOKEN and WHATSAPP_PHONE_NUMBER_ID): nothing goes there.",
        "Instagram is not set up (INSTAGRAM_TOKEN and INSTAGRAM_ACCOUNT_ID): nothing goes there.",
    ]


def test_platforms_are_told_check_by_check_without_a_secret(settings):
    place = testing.make_workspace()
    PlatformTemplate.objects.create(workspace=place, name="hello", body="Hello {{1}}")
    text, faults = told_of(settings)
    assert not faults
    assert "WhatsApp's token (WHATSAPP_TOKEN) is set." in text
    assert "WhatsApp's phone number id (WHATSAPP_PHONE_NUMBER_ID) is 10555." in text
    assert "WhatsApp is asked at graph.facebook.com." in text
    assert "1 WhatsApp template is in use." in text
    assert "Instagram's account id (INSTAGRAM_ACCOUNT_ID) is 178." in text
    assert "(META_APP_SECRET) is set, 1 secret: signed events are heard." in text
    assert "(META_VERIFY_TOKEN) is set." in text


@pytest.mark.parametrize(
    "name",
    ["WHATSAPP_TOKEN", "WHATSAPP_PHONE_NUMBER_ID", "INSTAGRAM_TOKEN", "INSTAGRAM_ACCOUNT_ID",
     "META_VERIFY_TOKEN"],
)  # fmt: skip
def test_what_a_platform_lacks_is_a_warning_that_names_it(settings, name):
    PlatformTemplate.objects.create(workspace=testing.make_workspace(), name="hello", body="Hello")
    text, [fault] = told_of(settings, **{name: ""})
    assert f"({name}) is missing." in text
    assert (fault["level"], fault["hint"]) == ("WARNING", f"Set {name} in the environment.")


def test_a_missing_app_secret_is_said_and_is_an_error_of_its_own(settings):
    text, _ = told_of(settings, META_APP_SECRET="")
    assert "(META_APP_SECRET) is missing: no answer and no request to stop is heard." in text
    assert "outreach.E009" in failing()[0]


def test_a_workspace_without_a_template_and_a_strange_server_are_named(settings):
    PlatformTemplate.objects.create(workspace=testing.make_workspace(), name="hello", body="Hello")
    testing.make_workspace("there")
    text, [fault] = told_of(settings, WHATSAPP_API_URL="http://127.0.0.1:9/v24.0")
    assert "WhatsApp is asked at 127.0.0.1, which is not Meta's own." in text
    assert "None in there: there only answers within 24 hours can leave." in fault["message"]
    settings.WHATSAPP_TOKEN = settings.WHATSAPP_PHONE_NUMBER_ID = ""
    assert "template" not in " ".join(report()["platforms"])


def _delivery(status, **fields):
    approval = testing.make_approved()
    return Delivery.objects.create(
        workspace=approval.workspace, approval=approval, human=approval.human, channel="email",
        status=status, since=timezone.now(), **fields,
    )  # fmt: skip


def test_unknown_outcomes_wait_for_a_person(live):
    row = _delivery("unknown")
    found = report()
    [fault] = [each for each in found["findings"] if each["id"] == "doctor.unknown"]
    assert fault["message"].startswith(f"1 delivery has an unknown outcome (#{row.pk});")
    assert "A person says" in fault["hint"]
    _delivery("unknown")
    assert "2 deliveries have an unknown outcome" in report()["senders"][0]


@pytest.mark.both
@pytest.mark.parametrize(("dead", "words"), [(True, "is dead"), (False, "has been sending since")])
def test_senders_are_alive_or_proven_dead(live, monkeypatch, dead, words):
    monkeypatch.setattr(diagnosis, "proven_dead", lambda **_: dead)
    _delivery(
        "sending", sender="5f2a7f0e-1111-4111-8111-111111111111", place="host:/x",
        boot_id=current_boot_id(),
    )  # fmt: skip
    found = report()
    assert words in found["senders"][0]
    assert any(each["id"] == "doctor.dead_sender" for each in found["findings"]) is dead


def test_a_list_written_with_another_key_is_an_error(monkeypatch):
    place = testing.make_workspace()
    suppression.suppress(
        place, "email", "a@example.com", reason="bounce", by=SYSTEM, at=timezone.now()
    )
    Suppression.objects.update(key_id="0" * 16)
    text, _ = failing()
    assert text.count("1 suppressed address was written with another key") == 1
    assert "Put the old SUPPRESSION_KEY" in text
    err = io.StringIO()
    call_command("check", databases=["default"], stderr=err)
    assert "(outreach.W008) 1 suppressed address was written with another key" in err.getvalue()
    Suppression.objects.update(lifted_at=timezone.now(), lifted_reason="the key is lost for good")
    assert "another key" not in doctor()


def test_a_key_that_cannot_be_had_is_told_and_no_traceback(monkeypatch):
    place = testing.make_workspace()
    suppression.suppress(
        place, "email", "a@example.com", reason="bounce", by=SYSTEM, at=timezone.now()
    )
    monkeypatch.setenv("SUPPRESSION_KEY", "short")
    err = io.StringIO()
    call_command("check", databases=["default"], stderr=err)
    assert "(outreach.W008) The suppression list cannot be read: SUPPRESSION_KEY" in err.getvalue()
    assert failing()[0].count("SUPPRESSION_KEY is shorter than 32 characters") == 1
    Suppression.objects.all().delete()
    assert failing()[0].count("SUPPRESSION_KEY is shorter than 32 characters") == 1


def test_a_check_of_an_empty_list_makes_no_key(monkeypatch, settings, tmp_path):
    """`migrate` checks too, and may run as a user whose files the workers cannot read."""
    monkeypatch.delenv("SUPPRESSION_KEY", raising=False)
    settings.DATA_DIR = tmp_path
    assert key_fit.check(connection) == []
    assert not list(tmp_path.iterdir())


def test_complaints_and_an_overdue_table_are_warnings(live, monkeypatch):
    place = testing.make_workspace()
    for number in range(3):
        suppression.suppress(
            place, "email", f"{number}@example.com", reason="complaint", by=SYSTEM,
            at=timezone.now() - timedelta(hours=1),
        )  # fmt: skip
    monkeypatch.setattr(type(TABLE), "overdue", lambda self, today: ("table",))
    found = report()
    assert "promotion is paused until" in found["complaints"][0]
    ids = {each["id"]: each["level"] for each in found["findings"]}
    assert ids["doctor.complaints"] == ids["doctor.law_overdue"] == "WARNING"


@pytest.mark.both
def test_a_database_without_tables_is_an_error(monkeypatch):
    def fail(**_):
        raise DatabaseError("no such table")

    monkeypatch.setattr(diagnosis, "examine", fail)
    text, _ = failing("--message", "1")
    assert "not migrated" in text
    assert "not looked at" in text


# --- One message ---------------------------------------------------------------------------------


def test_a_message_in_dry_run_is_explained_check_by_check():
    approval = testing.make_approved(at=timezone.now())
    found = report("--message", str(approval.pk))["message"]
    assert "does not allow this send: it was given in dry run" in found["permission"]
    assert "DRY_RUN active" in found["answer"]
    assert "DRY_RUN active" not in found["without_brakes"]
    assert {line["check"] for line in found["checks"]} >= {
        "action", "dry_run", "person", "suppression", "hours", "frequency", "law", "complaints",
        "files", "override",
    }  # fmt: skip
    assert {"status": "pass", "message": "nothing to say"}.items() <= found["checks"][0].items()


def test_a_message_that_may_leave_says_so(live, monkeypatch):
    approval = testing.make_approved()
    monkeypatch.setattr("django.utils.timezone.now", lambda: WORKDAY + timedelta(minutes=1))
    text = doctor("--message", str(approval.pk))
    assert "It would leave now." in text
    assert text.index("It would leave now.") < text.index("Configured"), "asked for, so told first"
    assert "Permission: A person approved exactly this text." in text
    assert "Local time is that of UTC (workspace)" in text


def test_a_message_that_two_rules_hold_has_one_moment_in_one_format(live):
    noon = datetime(2026, 3, 11, 12, 0, tzinfo=UTC)
    with time_machine.travel(noon, tick=False):
        Heartbeat.objects.update(at=noon)
        approval = testing.make_approved(at=noon)
        night = noon + timedelta(hours=15)
        rest(approval.human, CoolingOff.Cause.DAILY_LIMIT, at=noon, until=night)
        found = report("--message", str(approval.pk))["message"]
        said = doctor("--message", str(approval.pk))
    part = said[said.index("Message ") : said.index("\nConfigured")]
    assert found["earliest"] == "2026-03-12T08:00:00+00:00", "after the rest come the quiet hours"
    words = "2026-03-12 08:00 UTC"
    assert f"held until {words}" in found["answer"] and f"held until {words}" in part
    assert f"Earliest without brakes: {words}" in part
    assert "At 2026-03-12 03:00 UTC another rule holds it on: " in found["answer"]
    assert "nothing to say" not in part and not re.search(r"\dT\d", part)
    assert re.search(r"\n  pass  .*suppression", part)


def test_a_held_message_says_until_when(live, monkeypatch):
    approval = testing.make_approved()
    night = WORKDAY.replace(hour=23)
    monkeypatch.setattr("django.utils.timezone.now", lambda: night)
    text = doctor("--message", str(approval.pk))
    assert "It would not leave now: It is held until 2026-03-12 08:00 UTC." in text
    assert "(until 2026-03-12 08:00 UTC)" in text
    assert "Earliest without brakes: 2026-03-12 08:00 UTC" in text


def test_what_stands_against_a_permission(live):
    now = timezone.now()
    pending = testing.make_pending(at=now)
    given = testing.make_approved(at=now)
    rows = type(given).objects
    assert "is pending" in permission(pending.pk)
    rows.filter(pk=given.pk).update(due_at=now + timedelta(hours=9))
    assert "is approved and waits until" in permission(given.pk)
    given.decided_by.memberships.update(role="viewer")
    assert "its approver Alice lost the right" in permission(given.pk)
    rows.filter(pk=given.pk).update(send_before=now)
    assert "its permission ran out" in permission(given.pk)
    rows.filter(pk=given.pk).update(digest="v1:other")
    assert "does not match the text" in permission(given.pk)
    rows.filter(pk=given.pk).update(taken_at=now)
    assert "is being sent, has left" in permission(given.pk)


def test_an_old_number_names_the_round_its_message_is_in_by_now(live):
    now = timezone.now()
    old = testing.make_pending(at=now)
    author = testing.bob(old.workspace)
    proposing.withdraw(old.draft, reason="a mistake", by=author, at=now)
    new = submission.submit(old.draft_id, by=author, at=now).approval
    assert permission(old.pk) == (
        f"#{old.pk} is withdrawn: nothing is approved. Its message is #{new.pk} by now, pending."
    )
    assert permission(new.pk) == f"#{new.pk} is pending: nothing is approved."


def permission(number):
    return report("--message", str(number))["message"]["permission"]


def test_a_draft_that_was_never_submitted_and_one_that_never_could_be(live):
    draft = testing.make_draft()
    found = report("--draft", str(draft.uuid))["message"]
    assert report("--draft", str(draft.pk))["message"]["permission"] == found["permission"]
    assert found["permission"] == "It was never submitted, so nobody has approved it."
    person = testing.make_person()
    add_address(person.workspace, person, "whatsapp", "+442079460123")
    chat = testing.make_draft(person, channel="whatsapp", subject="")
    text = doctor("--draft", str(chat.uuid))
    assert "asks for an opt-in" in text
    assert "never as it stands" in text


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--message", "4711"), "There is no approval #4711"),
        (("--draft", "nonsense"), "is neither a number nor a uuid"),
        (("--draft", "9" * 30), "is neither a number nor a uuid"),
        (("--draft", "987654321"), "There is no draft 987654321"),
        (("--draft", "5f2a7f0e-1111-4111-8111-111111111111"), "There is no draft"),
    ],
)
def test_a_message_nobody_knows_is_said(args, words):
    with pytest.raises(CommandError, match=words):
        doctor(*args)


def test_the_address_is_the_one_that_is_served_whatever_port_this_shell_has(settings, tmp_path):
    settings.DATA_DIR, settings.PORT, settings.BASE_URL = tmp_path, 8000, "http://localhost:8000"
    lock = tmp_path / "run.lock"
    assert configured()["address"].endswith("(not running here)")
    lock.write_text(json.dumps({"pid": 1, "port": 8017}))
    assert running_at() == ""  # left behind by one that ended
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert configured()["address"] == "http://localhost:8017"
        settings.DRY_RUN = False
        [told] = checks.one_click()
        assert "http://localhost:8017" in told.msg and "8000" not in told.msg
        settings.BASE_URL = "https://outreach.example.com"
        assert configured()["address"] == "https://outreach.example.com"


def test_what_a_workspace_needs_before_its_first_e_mail_is_said_at_once():
    testing.make_workspace(sender_name="", postal_address=" ", time_zone="Europe/Zurich")
    found = report()
    assert found["workspaces"][0] == "default works by the clock of Europe/Zurich."
    lacks = [each for each in found["findings"] if each["id"] == "doctor.workspaces"]
    assert [each["level"] for each in lacks] == ["WARNING", "WARNING"]
    assert "no sender's name" in lacks[0]["message"] and "how to stop it" in lacks[1]["message"]
    assert "under Workspaces" in lacks[0]["hint"]
    testing.make_workspace(sender_name="Mira", postal_address="1 Sample Street")
    assert report()["workspaces"] == [
        "default works by the clock of Europe/Zurich and signs as Mira."
    ]


@pytest.mark.parametrize(
    ("dry_run", "of_server", "of_place", "told"),
    [
        (False, "Outreach <outreach@localhost>", "", True),
        (False, "Outreach <outreach@localhost>", "mira@example.com", False),
        (False, "Outreach <mira@example.com>", "", False),
        (True, "Outreach <outreach@localhost>", "", False),
    ],
)
def test_a_sender_that_nobody_can_answer_is_told_before_anything_leaves(
    settings, dry_run, of_server, of_place, told
):
    settings.DRY_RUN, settings.DEFAULT_FROM_EMAIL = dry_run, of_server
    testing.make_workspace(
        sender_name="Mira", sender_address=of_place, postal_address="1 Sample Street"
    )
    lacks = [each["message"] for each in report()["findings"] if each["id"] == "doctor.workspaces"]
    assert any("leave as Mira <outreach@localhost>" in each for each in lacks) == told


@pytest.mark.parametrize("theirs", ["DRY RUN", "LIVE", "", None])
def test_what_runs_here_with_another_environment_is_told(settings, tmp_path, theirs):
    """DRY_RUN was put into `.env`, and nothing restarted: commands said so, and mail left."""

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"badge": theirs}).encode() if theirs else b"<html>")

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    settings.DATA_DIR = tmp_path
    mine = controls.badge().text
    server = HTTPServer(("127.0.0.1", 0), Health)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    lock = tmp_path / "run.lock"
    lock.write_text(json.dumps({"pid": 1, "port": server.server_port}))
    assert running.otherwise(mine) == "", "left behind by one that ended"
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if theirs is None:
            server.server_close()
        told = [each for each in report()["findings"] if each["id"] == "doctor.started_otherwise"]
        out = io.StringIO()
        call_command("control", "--status", stdout=out)
    server.shutdown() if theirs is not None else server.server_close()
    differs = bool(theirs) and theirs != mine
    assert len(told) == differs and ("What runs here says" in out.getvalue()) == differs
    if differs:
        assert f"says {theirs}, this command {mine}" in told[0]["message"]

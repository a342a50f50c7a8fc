"""Every admin page: a GET changes nothing, tenants stay apart, and stops are POSTs that commit."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, reverse
from django.utils import timezone
from django.utils.html import escape

from approvals.models import Approval
from channels import settle, simulate, stop
from channels.liveness import SenderLock
from channels.models import Delivery, DeliveryStatus
from outreach import testing
from outreach.core import suppression
from outreach.core.models import (
    Activity,
    Agent,
    Contact,
    Import,
    Membership,
    Person,
    User,
    Workspace,
)
from outreach.core.principal import Principal
from outreach.edge import stop_page
from outreach.testing import WORKDAY
from safety import controls, events
from safety.models import ControlKey, SystemControl
from workflows.models import Run, Schedule

# What pages say and to whom; the walk over all of them puts each one's statements to both.
pytestmark = [pytest.mark.django_db, pytest.mark.once]
LISTS = (
    "approvals_approval", "core_person", "channels_delivery", "core_activity",
    "safety_safetyevent", "core_workspace", "core_membership", "core_agent",
)  # fmt: skip
ROUND = (
    "workspace", "draft", "revision", "human", "channel", "touch", "purpose", "digest",
    "created_at", "expires_at", "by_kind", "by_id", "by_label",
)  # fmt: skip
OURS = {"core", "safety", "approvals", "channels", "workflows"}


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(WORKDAY + timedelta(minutes=5), tick=True):
        yield


def enter(who: Principal | User, **options) -> Client:
    client = Client(**options)
    client.force_login(getattr(who, "user", who))
    return client


def root() -> User:
    return testing.make_user("root", is_superuser=True)


def words(response) -> str:
    return " ".join(str(message) for message in response.wsgi_request._messages)


def everything() -> dict[str, list]:
    """Every row of ours, whole: what a GET must not change."""
    return {
        model._meta.label: list(model._base_manager.order_by("pk").values())
        for model in apps.get_models()
        if model._meta.app_label in OURS
    }


def make_unknown() -> Delivery:
    item = testing.make_approved()
    Approval.objects.filter(pk=item.pk).update(taken_at=WORKDAY, dry_run=False)
    row = Delivery.objects.create(
        workspace=item.workspace, approval=item, human=item.human, channel="email",
        status=DeliveryStatus.UNKNOWN, since=WORKDAY, ended_at=WORKDAY, reason="connection lost",
    )  # fmt: skip
    Contact.objects.bulk_create([settle.contact_of(row, WORKDAY)])
    return row


def admin_addresses() -> list[str]:
    """Every address under /admin that the resolver knows, filled with rows that exist."""
    found = []
    for name, site in (("admin", get_resolver().namespace_dict["admin"][1]),):
        for pattern in site.url_patterns:
            for leaf in getattr(pattern, "url_patterns", [pattern]):
                if not leaf.name:
                    continue
                for arguments in ((), (1,), ("1",), ("core",)):
                    try:
                        found.append(reverse(f"{name}:{leaf.name}", args=arguments))
                    except NoReverseMatch:
                        continue
    return sorted({*found, reverse("emergency_stop"), reverse("controls"), reverse("safe_mode")})


@pytest.mark.both
def test_a_get_of_any_admin_page_changes_no_row():
    """As an admin; the architecture's tests walk the same pages as a superuser."""
    testing.make_pending()
    make_unknown()
    testing.make_agent()
    testing.make_approved()
    simulate.simulate_due(at=WORKDAY + timedelta(minutes=1))
    client = enter(testing.dora())
    before = everything()
    addresses = admin_addresses()
    assert len(addresses) > 50
    for address in addresses:
        if "logout" in address:
            continue
        assert client.get(address).status_code < 500, address
        client.get(
            address, {"action": "approve", "what": "block", "reason": "x", "answer": "arrived"}
        )
    after = everything()
    for label, rows in before.items():
        if label != "core.User":  # the walk opens the login page, which may note a login
            assert after[label] == rows, label


def test_no_list_offers_fields_to_edit_and_no_plain_theme_action_exists():
    for model, known in admin.site._registry.items():
        if model._meta.app_label not in OURS:
            continue
        assert not known.list_editable, model
        for kind in ("actions_list", "actions_row", "actions_detail", "actions_submit_line"):
            assert not getattr(known, kind, ()), (model, kind)
        for action in known.actions or ():
            function = getattr(known, action) if isinstance(action, str) else action
            assert getattr(function, "allowed_permissions", None), (model, action)


@pytest.mark.both
def test_tenants_see_nothing_of_each_other():
    other = testing.make_workspace("other")
    writer = Principal.of_user(testing.make_user("oscar", "creator", other))
    hidden = testing.make_pending(testing.make_person(other, "Secret Other"), by=writer)
    testing.make_pending(testing.make_person(name="Known Own"))
    client = enter(testing.dora())
    for name in LISTS:
        text = client.get(reverse(f"admin:{name}_changelist")).content.decode()
        assert "Secret Other" not in text and "oscar" not in text, name
    person = hidden.draft.person
    assert client.get(f"/admin/core/person/{person.pk}/change/").status_code == 404
    stopping = client.post(
        f"/admin/core/person/{person.pk}/stop/", {"what": "block", "reason": "x"}
    )
    assert stopping.status_code == 404
    assert client.get(f"/admin/channels/delivery/hand/{hidden.pk}/").status_code == 404
    assert client.post(f"/admin/channels/delivery/hand/{hidden.pk}/").status_code == 404
    workspace = client.get(f"/admin/core/workspace/{other.pk}/change/")
    assert workspace.status_code in (302, 403, 404)
    person.refresh_from_db()
    assert person.status == "active"


@pytest.mark.parametrize(
    ("model", "moment", "shown"),
    [(Import, "created_at", "show_when"), (Run, "created_at", "show_when"),
     (Schedule, "next_at", "show_next")],
)  # fmt: skip
def test_lists_tell_times_by_the_clock_of_whoever_looks_and_name_it(model, moment, shown):
    row = model(**{moment: datetime(2026, 11, 30, 7, 0, tzinfo=UTC)})
    page = admin.site.get_model_admin(model)
    with timezone.override("Europe/Zurich"):
        assert getattr(page, shown)(row) == "2026-11-30 08:00 CET"
    assert shown in page.list_display


def test_the_history_on_a_review_page_names_its_clock():
    place = testing.make_workspace(time_zone="Europe/Zurich")
    item = testing.make_pending(testing.make_person(place))
    Contact.objects.create(
        workspace=place, human=item.human, channel="email", direction="in", key="in:1",
        at=datetime(2026, 11, 30, 23, 30, tzinfo=UTC),
    )  # fmt: skip
    address = reverse("admin:approvals_approval_change", args=[item.pk])
    text = enter(testing.alice()).get(address).content.decode()
    assert "2026-12-01 00:30" in text and "By the clock in Europe/Zurich." in text


@pytest.mark.parametrize(
    "name",
    ["core_inboundmessage", "core_consent", "core_apikey", "core_voiceprofile",
     "workflows_artifact", "workflows_researchsnapshot", "workflows_schedule",
     "workflows_experiment"],
)  # fmt: skip
def test_an_empty_list_says_what_appears_there(name):
    client = enter(testing.dora())
    listed = reverse(f"admin:{name}_changelist")
    text = client.get(listed).content.decode()
    words = client.get(listed).context["cl"].model_admin.when_empty
    assert "Nothing is here yet." in text and words and escape(words) in text


def test_each_page_begins_with_a_way_past_its_menu_and_names_its_search():
    client = enter(testing.alice())
    for name in ("core_person", "channels_delivery", "core_activity", "approvals_approval"):
        text = client.get(reverse(f"admin:{name}_changelist")).content.decode()
        body = text[text.index("<body") :]
        assert body.index('href="#content"') < body.index("<nav"), name
        field = re.search(r'<input type="text"[^>]*name="q"[^>]*>', body)
        assert field is None or 'aria-label="Search' in field[0], name


def test_an_operator_without_membership_sees_no_message():
    item = testing.make_pending(testing.make_person(name="Private Person"))
    client = enter(testing.olaf())
    assert client.get("/admin/approvals/approval/").status_code == 403
    assert client.get("/admin/core/person/").status_code == 403
    assert client.get(f"/admin/approvals/approval/{item.pk}/change/").status_code == 404
    for address in ("/admin/", "/admin/controls/", "/admin/core/activity/"):
        assert "Private Person" not in client.get(address).content.decode()


# --- Badge and dashboard -------------------------------------------------------------------------


def test_the_badge_and_its_sentence_are_on_every_page():
    client = enter(testing.alice())
    for address in ("/admin/", "/admin/approvals/approval/", "/admin/controls/", "/admin/stop/",
                    "/admin/core/person/", "/admin/password_change/"):  # fmt: skip
        text = client.get(address).content.decode()
        assert "DRY RUN" in text and "DRY_RUN by the environment" in text, address
        assert 'id="emergency-stop"' in text, address


def test_the_badge_says_live_and_stopped(live):
    client = enter(testing.alice())
    assert "LIVE" in client.get("/admin/").content.decode()
    SystemControl.objects.filter(
        workspace=testing.make_workspace(), control_key="EMERGENCY_STOP"
    ).update(enabled=True, reason="odd replies", by_label="Dora")
    text = client.get("/admin/").content.decode()
    assert "STOPPED" in text and "odd replies" in text


def test_operators_see_on_top_which_workspace_is_stopped():
    client = enter(testing.olaf())
    assert "Whole system" not in client.get("/admin/").content.decode()
    SystemControl.objects.filter(
        workspace=testing.make_workspace(), control_key="EMERGENCY_STOP"
    ).update(enabled=True, reason="odd replies")
    text = client.get("/admin/").content.decode()
    assert "Whole system: DRY RUN" in text and "Default: STOPPED" in text


def test_a_viewer_has_no_emergency_button():
    text = enter(testing.carol()).get("/admin/").content.decode()
    assert 'id="emergency-stop"' not in text


def test_the_dashboard_counts_and_says_what_to_do_next():
    client, looker = enter(testing.alice()), enter(testing.carol())
    first = client.get("/admin/").content.decode()
    assert f'href="{reverse("admin:core_import_new")}">Import people</a> brings them in' in first
    assert "creator or above" in looker.get("/admin/").content.decode()
    testing.make_person()
    start = f'href="{reverse("admin:workflows_start_one", args=["email_drafts"])}">'
    for page in ("/admin/", "/admin/approvals/approval/"):
        text, looked = (each.get(page).content.decode() for each in (client, looker))
        assert start in text and start not in looked and "creator or above" in looked
        assert "manage.py" not in first + text + looked
    testing.make_pending(confidence=50)
    make_unknown()
    response = client.get("/admin/")
    tiles = response.context["queue_tiles"]
    assert [tile["number"] for tile in tiles] == ["0", "1", "0", "0", "0"]
    assert (tiles[-1]["words"], tiles[-1]["colour"]) == ("in the inbox", "")
    testing.make_inbound(received_at=timezone.now() - timedelta(hours=19))
    tile = client.get("/admin/").context["queue_tiles"][-1]
    assert (tile["number"], tile["words"]) == ("1", "in the inbox, the oldest for 19 h")
    assert tile["colour"] == "warning" and "inboundmessage" in tile["link"]
    assert len(response.context["unknown"]) == 1
    assert "Nobody knows whether these arrived" in response.content.decode()
    where = Workspace.objects.get()
    for code in ("dry_run", "dry_run", "quiet_hours"):
        events.record(
            event_type="send_email", action_blocked="a message", reason="held", code=code,
            by=Principal.system("sender"), at=timezone.now(), workspace=where,
        )  # fmt: skip
    told = {tile["words"]: tile["number"] for tile in client.get("/admin/").context["day_tiles"]}
    ruled = "message stopped, held or rewritten by a rule in 24 h; 2 more held by dry run alone"
    assert told[ruled] == "1"


def test_each_figure_of_the_overview_counts_a_message_once():
    now, item = timezone.now(), testing.make_approved(at=timezone.now())
    for code in ("quiet_hours", "cooling_off", "dry_run"):
        events.record(
            event_type="send_email", action_blocked="a message", reason="held", code=code,
            by=Principal.system("sender"), at=now, workspace=item.workspace, draft=item.draft,
        )  # fmt: skip
    ended = {name: getattr(item, name) for name in ROUND} | {"closed_at": now}
    expired = {"status": "expired", "closed_reason": "unanswered"}
    stopped = {"status": "withdrawn", "closed_reason": "emergency_stop"}
    earlier, *_ = (Approval.objects.create(**ended, **how) for how in (stopped, expired, expired))
    for row in (earlier, item):  # simulated, taken back by a stop, approved and simulated again
        Delivery.objects.create(
            workspace=row.workspace, approval=row, human_id=row.human_id, channel="email",
            status="simulated", since=now,
        )  # fmt: skip
    response = enter(testing.alice()).get("/admin/")
    told = {tile["words"]: tile["number"] for tile in response.context["day_tiles"]}
    assert told == {
        "messages sent in 24 h": "0",
        "message simulated in 24 h": "1",
        "message approved, not yet sent; of these 1 only simulated, never sent": "1",
        "message stopped, held or rewritten by a rule in 24 h, 2 times in all": "1",
        "message expired undecided in 7 d": "1",
    }


def test_somebody_without_a_workspace_is_told_so():
    text = enter(testing.make_user("nora")).get("/admin/").content.decode()
    assert "You belong to no workspace yet" in text


BRING = "brings them in"


def test_a_superuser_without_a_role_is_told_where_to_give_it():
    place, boss = testing.make_workspace(), testing.make_user("boss", is_superuser=True)
    client = enter(boss)
    page = client.get("/admin/").content.decode()
    assert "You have no role in any workspace yet" in page and BRING not in page
    asked = {"username": "boss", "workspace": str(place.pk), "role": "reviewer"}
    client.post("/admin/core/membership/add/", asked)
    page = client.get("/admin/").content.decode()
    assert "You have no role" not in page and BRING in page


def test_the_overview_names_nobody_who_waits_longest_where_all_wait_alike():
    client = enter(testing.alice())
    first = testing.make_pending(confidence=50)
    second = testing.make_pending(testing.make_person(name="Kim"), confidence=50)
    assert "All have waited" in client.get("/admin/").content.decode()
    Approval.objects.filter(pk=first.pk).update(created_at=second.created_at - timedelta(days=3))
    page = client.get("/admin/").content.decode()
    assert "Waits longest: " in page and "All have waited" not in page


def test_the_overview_leads_from_an_event_to_the_item_of_the_queue():
    """A message and its item have different numbers."""
    testing.make_draft()
    item, other = testing.make_pending(), testing.make_draft()
    assert item.pk != item.draft_id
    for draft in (item.draft, other):
        events.record(
            event_type="send_email", action_blocked=f"send_email for message {draft.pk}",
            reason="Quiet hours", code="quiet_hours", by=Principal.system("rules"),
            at=timezone.now(), workspace=draft.workspace, draft=draft,
        )  # fmt: skip
    page = enter(testing.alice()).get("/admin/").content.decode()
    link = f'<a class="oc-link" href="/admin/approvals/approval/{item.pk}/change/">#{item.pk}</a>'
    assert f"sending by e-mail, message {item.draft_id}, in the queue as {link}</span>" in page
    assert f"sending by e-mail, message {other.pk}</span>" in page


def test_the_login_leads_back_to_no_site_of_its_own():
    assert "Return to site" not in Client().get("/admin/login/").content.decode()


# --- Stopping ------------------------------------------------------------------------------------


def test_the_stop_page_has_chosen_what_most_would_choose():
    checked = re.compile(r'value="(\w+)" required checked')
    place = testing.make_workspace()
    operator, alice = enter(testing.olaf()), enter(testing.alice())
    page = operator.get("/admin/stop/").content.decode()
    assert checked.findall(page) == ["system"]
    assert re.search(r'name="reason"[^>]* required autofocus', page)
    assert checked.findall(alice.get("/admin/stop/").content.decode()) == [str(place.pk)]
    told = operator.post("/admin/stop/", {"scope": str(place.pk), "reason": ""}).content.decode()
    assert checked.findall(told) == [str(place.pk)], "what was chosen stays chosen"


@pytest.mark.both
def test_the_emergency_button_commits_and_says_stopped():
    item = testing.make_approved()
    client = enter(testing.alice())
    place = item.workspace
    answer = client.post("/admin/stop/", {"scope": str(place.pk), "reason": "odd replies"})
    assert controls.read().is_braking(ControlKey.EMERGENCY_STOP, place.pk)
    item.refresh_from_db()
    assert (item.status, item.closed_reason) == ("withdrawn", "emergency_stop")
    page = client.get(answer.url).content.decode()
    assert "waiting for 0 messages" in page
    report = client.post(answer.url, headers={"Accept": "application/json"}).json()
    assert report["stopped"] and report["sentence"].startswith("Stopped at")
    assert "Nothing more leaves" in client.post(answer.url).content.decode()


def test_the_emergency_button_needs_a_reason_and_a_scope_of_ones_own():
    client = enter(testing.alice())
    pk = str(testing.make_workspace().pk)
    for form in ({"scope": pk, "reason": " "}, {"scope": "system", "reason": "x"},
                 {"scope": "999", "reason": "x"}, {}):  # fmt: skip
        assert client.post("/admin/stop/", form).status_code == 400
    assert not SystemControl.objects.filter(control_key="EMERGENCY_STOP", enabled=True).exists()
    for name in ("bob", "carol"):
        lesser = enter(getattr(testing, name)())
        assert lesser.post("/admin/stop/", {"scope": pk, "reason": "x"}).status_code == 400
    assert not SystemControl.objects.filter(control_key="EMERGENCY_STOP", enabled=True).exists()


def test_an_operator_stops_the_whole_system():
    answer = enter(testing.olaf()).post("/admin/stop/", {"scope": "system", "reason": "drill"})
    assert answer.status_code == 302
    assert SystemControl.objects.get(workspace=None, control_key="EMERGENCY_STOP").enabled


@pytest.mark.both
def test_a_stop_waits_for_what_is_in_flight(monkeypatch):
    item = testing.make_approved()
    row = Delivery.objects.create(
        workspace=item.workspace, approval=item, human=item.human, channel="email",
        status=DeliveryStatus.SENDING, since=WORKDAY, sender="00000000-0000-4000-8000-000000000001",
        place="elsewhere", boot_id="b",
    )  # fmt: skip
    client = enter(testing.alice())
    answer = client.post("/admin/stop/", {"scope": str(item.workspace_id), "reason": "odd"})
    report = client.post(answer.url, headers={"Accept": "application/json"}).json()
    assert not report["stopped"] and "waiting for 1 message." in report["sentence"]
    Delivery.objects.filter(pk=row.pk).update(status=DeliveryStatus.SENT, ended_at=WORKDAY)
    report = client.post(answer.url, headers={"Accept": "application/json"}).json()
    assert report["stopped"] and [one["delivery"] for one in report["left_meanwhile"]] == [row.pk]


@pytest.mark.both
def test_an_operator_may_say_that_a_senders_machine_is_gone():
    item, sender = testing.make_approved(), "00000000-0000-4000-8000-000000000001"
    row = Delivery.objects.create(
        workspace=item.workspace, approval=item, human=item.human, channel="email",
        status=DeliveryStatus.SENDING, since=WORKDAY, sender=sender, place="elsewhere", boot_id="b",
    )  # fmt: skip
    form = {"scope": str(item.workspace_id), "reason": "odd"}
    address = enter(testing.alice()).post("/admin/stop/", form).url
    gone = {"gone": sender, "reason": "its disk burnt"}
    assert "may not do this for the whole system" in words(
        enter(testing.alice()).post(address, gone)
    )
    client = enter(testing.olaf())
    assert "gone for good" in client.post(address).content.decode()
    for bad in ({"gone": sender, "reason": ""}, {"gone": "x", "reason": "x"}):
        assert "Nothing was done" in words(client.post(address, bad))
    row.refresh_from_db()
    assert row.status == "sending"
    assert "Nothing more leaves" in client.post(address, gone).content.decode()
    row.refresh_from_db()
    assert row.status == "unknown" and "its disk burnt" in row.reason


def test_a_sender_of_this_machine_is_ended_before_it_is_called_gone():
    item, lock = testing.make_approved(), SenderLock.acquire()
    Delivery.objects.create(
        workspace=item.workspace, approval=item, human=item.human, channel="email",
        status=DeliveryStatus.SENDING, since=WORKDAY, sender=lock.uuid, place=lock.place,
        boot_id=lock.boot_id,
    )  # fmt: skip
    client = enter(testing.olaf())
    address = client.post("/admin/stop/", {"scope": "system", "reason": "odd"}).url
    told = words(client.post(address, {"gone": str(lock.uuid), "reason": "its disk burnt"}))
    lock.release(all_ended=True)
    assert "End that process first" in told
    assert Delivery.objects.get().status == "sending"


def test_a_progress_link_carries_no_rights():
    answer = enter(testing.alice()).post(
        "/admin/stop/", {"scope": str(testing.make_workspace().pk), "reason": "odd"}
    )
    assert enter(testing.carol()).get(answer.url).status_code == 404
    assert enter(testing.alice()).get("/admin/stop/forged/").status_code == 404


def test_blocking_a_person_rejects_what_waits_and_goes_on():
    item = testing.make_pending()
    following = "/admin/approvals/approval/?channel=email"
    client = enter(testing.alice())
    answer = client.post(
        f"/admin/core/person/{item.human_id}/stop/",
        {"what": "block", "reason": "rude", "next": following},
    )
    assert answer.url == following and "is blocked. Stopped at" in words(answer)
    assert "Nothing more leaves to them." in words(answer)  # it is no stop of everything
    item.refresh_from_db()
    assert item.status == "rejected" and Person.objects.get(pk=item.human_id).status == "blocked"


def test_the_page_says_that_a_request_to_stop_lies_under_a_block():
    person = testing.make_person()
    for status in ("desist", "blocked"):
        stop.stop_person(person, status, reason="x", by=testing.alice(), at=WORKDAY)
    Person.objects.update(desisted_at=timezone.now() - timedelta(days=9))
    client = enter(testing.alice())
    page = f"/admin/core/person/{person.pk}"
    assert "this lifts the block only" in client.get(f"{page}/change/").content.decode()
    answer = client.post(f"{page}/stop/", {"what": "lift", "reason": "by mistake"})
    assert "request to stop still stands" in words(answer)


def test_the_page_says_that_a_block_lies_under_a_request_to_stop():
    person = testing.make_person()
    for status in ("blocked", "desist"):
        stop.stop_person(person, status, reason="x", by=testing.alice(), at=WORKDAY)
    long_ago = timezone.now() - timedelta(days=9)
    Person.objects.update(desisted_at=long_ago, status_at=long_ago)
    client = enter(testing.alice())
    page = f"/admin/core/person/{person.pk}"
    assert "this lifts the request only" in client.get(f"{page}/change/").content.decode()
    answer = client.post(f"{page}/stop/", {"what": "lift", "reason": "wrote again"})
    assert "they are still blocked" in words(answer)


def test_a_persons_page_marks_an_address_that_is_suppressed():
    person = testing.make_person()
    page = f"/admin/core/person/{person.pk}/change/"
    assert "suppressed</span>" not in enter(testing.carol()).get(page).text
    address = person.addresses.get().normalised
    how = {"reason": "bounce", "by": testing.alice(), "at": timezone.now()}
    suppression.suppress(person.workspace, "email", address, **how)
    assert "suppressed</span>" in enter(testing.carol()).get(page).text


def test_a_person_is_stopped_and_lifted_with_reasons_only():
    person = testing.make_person()
    client = enter(testing.alice())
    send = lambda what, reason="", **more: client.post(  # noqa: E731
        f"/admin/core/person/{person.pk}/stop/", {"what": what, "reason": reason, **more}
    )
    assert "Say why" in words(send("block"))
    assert send("desist", "asked", next="https://evil.example/").url.startswith(
        "/admin/core/person"
    )
    assert "not before" in words(send("lift", "sorry"))
    send("automation_off", "sensitive")
    person.refresh_from_db()
    assert (person.status, person.automation_enabled) == ("desist", False)
    send("automation_on")
    person.refresh_from_db()
    assert person.automation_enabled
    assert "Nothing was done" in words(send("rename", "x"))


@pytest.mark.parametrize(
    ("what", "field", "before", "since"),
    [
        ("lift", "status", ["blocked"], "blocked"),
        ("lift", "status", ["desist"], "blocked"),
        ("lift", "status", ["desist", "blocked"], "blocked"),
        ("automation_on", "automation_enabled", [False], False),
    ],
)
def test_a_page_of_before_lets_go_of_no_stop_that_came_since(what, field, before, since):
    person = testing.make_person()

    def stop_them(how: str | bool, at: datetime) -> None:
        act = stop.set_automation if how is False else stop.stop_person
        act(person, how, reason="x", by=testing.alice(), at=at)

    for days, how in enumerate(before):
        stop_them(how, WORKDAY - timedelta(days=30 - days))
    client = enter(testing.dora())
    page = f"/admin/core/person/{person.pk}"

    def lift() -> Any:
        shown = client.get(f"{page}/change/").content.decode()
        form = re.search(f'value="{what}"><input type="hidden" name="seen" value="(.+?)"', shown)
        assert form
        return {"what": what, "reason": "settled", "seen": form[1]}

    opened = lift()
    stop_them(since, timezone.now())
    assert "after this page was opened" in words(client.post(f"{page}/stop/", opened))
    person.refresh_from_db()
    assert getattr(person, field) == since
    client.post(f"{page}/stop/", lift())
    person.refresh_from_db()
    assert getattr(person, field) != since


@pytest.mark.parametrize("name", ["bob", "carol"])
def test_lesser_roles_stop_nobody(name):
    person = testing.make_person()
    client = enter(getattr(testing, name)())
    answer = client.post(f"/admin/core/person/{person.pk}/stop/", {"what": "block", "reason": "x"})
    assert "may not stop person" in words(answer)
    person.refresh_from_db()
    assert person.status == "active"


# --- Controls ------------------------------------------------------------------------------------


def change(client: Client, scope: str, key: str, act: str, reason: str = "because", **more):
    form = {"scope": scope, "key": key, "act": act, "reason": reason, **more}
    return client.post("/admin/controls/", form)


def test_controls_are_set_and_lifted_with_reasons():
    place = testing.make_workspace()
    reviewer, boss = enter(testing.alice()), enter(testing.dora())
    scope, find = str(place.pk), SystemControl.objects.filter(workspace=place)
    change(reviewer, scope, "AUTO_REPLY_ENABLED", "brake", hours="24")
    row = find.get(control_key="AUTO_REPLY_ENABLED")
    assert not row.enabled and row.auto_restore_at is not None and row.by_label == "Alice"
    assert "may not lift" in words(change(reviewer, scope, "AUTO_REPLY_ENABLED", "lift"))
    assert "Say why" in words(change(boss, scope, "AUTO_REPLY_ENABLED", "lift", ""))
    change(boss, scope, "AUTO_REPLY_ENABLED", "lift")
    assert find.get(control_key="AUTO_REPLY_ENABLED").enabled
    answer = change(reviewer, scope, "MESSAGING_ENABLED", "brake")
    assert answer.url.startswith("/admin/stop/")
    text = boss.get("/admin/controls/").content.decode()
    assert "because" in text and "by Alice" in text


def test_that_approval_by_rule_is_off_is_said_when_nothing_of_it_is_in_flight():
    reviewer = enter(testing.alice())
    scope = str(testing.make_workspace().pk)
    watched = change(reviewer, scope, "AUTO_APPROVE_ENABLED", "brake").url
    assert watched.startswith("/admin/stop/")
    told = reviewer.post(watched).content.decode()
    assert "Nothing more leaves by rule; what people approved goes on." in told


def test_off_for_an_hour_on_top_of_off_for_good_is_told_as_it_is():
    reviewer, boss = enter(testing.alice()), enter(testing.dora())
    scope = str(testing.make_workspace().pk)
    change(boss, scope, "EXPERIMENT_ENABLED", "brake", "legal hold")
    answer = change(reviewer, scope, "EXPERIMENT_ENABLED", "brake", hours="1")
    said = words(answer)
    assert "is off in" in said and "until" not in said
    row = SystemControl.objects.get(workspace=scope, control_key="EXPERIMENT_ENABLED")
    assert (row.auto_restore_at, row.reason) == (None, "because; off already: legal hold")


@pytest.mark.both
@pytest.mark.django_db(transaction=True)
def test_an_operator_drills_the_stop_and_everybody_sees_when(live):
    operator, viewer = enter(testing.olaf()), enter(testing.carol())
    assert "never drilled" in viewer.get("/admin/controls/").content.decode()
    assert 'value="drill"' not in viewer.get("/admin/controls/").content.decode()
    assert "Ask an operator" in words(viewer.post("/admin/controls/", {"act": "drill"}))
    assert "PASSED: the stop works." in words(operator.post("/admin/controls/", {"act": "drill"}))
    assert "refused, stopped after" in viewer.get("/admin/controls/").content.decode()


def test_dry_run_is_set_here_and_never_lifted_here(live):
    place = testing.make_workspace()
    boss = enter(testing.dora())
    change(boss, str(place.pk), "DRY_RUN", "brake")
    assert "on the host" in words(change(boss, str(place.pk), "DRY_RUN", "lift"))
    assert SystemControl.objects.get(workspace=place, control_key="DRY_RUN").enabled
    assert "manage.py control --disable dry-run" in boss.get("/admin/controls/").content.decode()


def test_lifting_the_emergency_stop_tells_what_had_been_off():
    place, boss = testing.make_workspace(), enter(testing.dora())
    change(boss, str(place.pk), "EXPERIMENT_ENABLED", "brake", "odd figures")
    change(boss, str(place.pk), "EMERGENCY_STOP", "brake", "drill")
    said = words(change(boss, str(place.pk), "EMERGENCY_STOP", "lift", "drill is over"))
    assert "odd figures" in said and "Emergency stop lifted, experiments switched on." in said
    assert "Still braking: DRY_RUN by the environment" in said
    again = words(change(boss, str(place.pk), "EMERGENCY_STOP", "lift", "drill is over"))
    assert "Nothing was set, so nothing was lifted." in again


@pytest.mark.parametrize(
    ("lifts", "since"),
    [
        ("EMERGENCY_STOP", "EMERGENCY_STOP"),
        ("EMERGENCY_STOP", "MESSAGING_ENABLED"),
        ("MESSAGING_ENABLED", "MESSAGING_ENABLED"),
    ],
)
def test_a_page_of_before_lifts_no_control_that_was_set_since(lifts, since):
    scope, boss = str(testing.make_workspace().pk), enter(testing.dora())
    change(boss, scope, lifts, "brake", "the first")

    def seen() -> str:
        shown = boss.get("/admin/controls/").content.decode()
        form = f'name="scope" value="{scope}"><input type="hidden" name="key" value="{lifts}">'
        found = re.search(
            form + '<input .+?value="lift"><input .+?name="seen" value="(.+?)"', shown
        )
        assert found
        return found[1]

    opened = seen()
    change(enter(testing.alice()), scope, since, "brake", "worse than that")
    assert "after the page was opened" in words(change(boss, scope, lifts, "lift", seen=opened))
    assert controls.read().own(since, int(scope)), "who saw the first has not seen the second"
    change(boss, scope, lifts, "lift", seen=seen())
    assert not controls.read().own(since, int(scope))


@pytest.mark.parametrize("scope", ["system", "999", "x"])
def test_controls_of_others_are_refused(scope):
    answer = change(enter(testing.dora()), scope, "MESSAGING_ENABLED", "brake")
    assert answer.url == "/admin/controls/" and words(answer)
    assert not SystemControl.objects.filter(control_key="MESSAGING_ENABLED", enabled=False).exists()


# --- Deliveries ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "status", "draft"),
    [("arrived", "sent", "sent"), ("not_arrived", "failed", "draft"),
     ("send_again", "failed", "pending_approval")],
)  # fmt: skip
def test_an_unknown_outcome_is_settled_by_a_person(answer, status, draft):
    row = make_unknown()
    address = f"/admin/channels/delivery/{row.pk}/change/"
    client = enter(testing.alice())
    assert "Did it arrive?" in client.get(address).content.decode()
    enter(testing.carol()).post(address, {"answer": answer})
    row.refresh_from_db()
    assert row.status == "unknown"
    client.post(address, {"answer": answer, "note": "asked by phone"})
    row.refresh_from_db()
    row.approval.draft.refresh_from_db()
    assert (row.status, row.approval.draft.status) == (status, draft)
    assert "asked by phone" in row.reason
    assert "not unknown" in words(client.post(address, {"answer": answer}))


def test_whoever_asks_to_send_again_hears_that_they_may_not_be_written_to_any_more():
    row, client = make_unknown(), enter(testing.alice())
    stop.stop_person(row.human, "desist", reason="no more", by=testing.alice(), at=WORKDAY)
    address = f"/admin/channels/delivery/{row.pk}/change/"
    said = words(client.post(address, {"answer": "send_again"}))
    assert "not sent again, and its message has ended. This person asked us to stop: no m" in said
    assert "queue" not in said


def test_a_simulated_delivery_shows_what_would_have_left():
    item = testing.make_approved()
    simulate.simulate_due(at=WORKDAY + timedelta(minutes=1))
    client = enter(testing.alice())
    row = Delivery.objects.get()
    for address in (
        f"/admin/approvals/approval/{item.pk}/change/",
        f"/admin/channels/delivery/{row.pk}/change/",
    ):
        text = client.get(address).content.decode()
        assert "List-Unsubscribe" in text and "Simulated" in text
    assert "Would have left" in text and "would_leave_at" not in text
    assert "would_be_blocked" not in text and "[]" not in text  # what says nothing is not told
    text = client.get(f"/admin/approvals/approval/{item.pk}/change/").content.decode()
    left = re.search(r"It would have left <strong>([^<]*)</strong>", text)
    assert left and left[1].endswith(("their time", "workspace time")), "the outlook's own clock"
    assert "It would be simulated" not in text and "Nothing will be sent" not in text


def test_by_hand_shows_the_text_and_records_it_once():
    item = testing.make_approved()
    client = enter(testing.alice())
    address = f"/admin/channels/delivery/hand/{item.pk}/"
    assert "Copy this, unchanged" in client.get(address).content.decode()
    enter(testing.carol()).post(address)
    assert Delivery.objects.count() == 0
    client.post(address)
    row = Delivery.objects.get()
    assert row.status == "manual"
    assert "cannot be marked" in words(client.post(address))
    client.post(f"/admin/channels/delivery/{row.pk}/change/", {"answer": "take_back"})
    row.refresh_from_db()
    assert row.status == "released"
    for page in (f"approvals/approval/{item.pk}", f"channels/delivery/{row.pk}"):
        text = client.get(f"/admin/{page}/change/").content.decode()
        assert "Not sent</span>" in text and "Released" not in text


# --- Settings ------------------------------------------------------------------------------------


def workspace_form(place: Workspace, **changes) -> dict[str, str]:
    names = ("name", "time_zone", "autonomy_mode", "approval_expiry_hours", "daily_quota",
             "recheck_percent", "sender_name", "sender_address", "unsubscribe_address",
             "postal_address")  # fmt: skip
    return {**{name: str(getattr(place, name)) for name in names}, **changes}


def test_an_admin_changes_settings_within_the_rules():
    place = testing.make_workspace()
    client, address = enter(testing.dora()), f"/admin/core/workspace/{place.pk}/change/"
    client.post(address, workspace_form(place, four_eyes="on", time_zone="Europe/Zurich"))
    place.refresh_from_db()
    assert place.four_eyes and place.time_zone == "Europe/Zurich"
    told = Activity.objects.get(verb="workspaces.configured")
    assert told.codes["changed"] == ["four_eyes", "time_zone"]
    for bad in ({"time_zone": "Mars/Base"}, {"autonomy_mode": "autopilot"},
                {"approval_expiry_hours": "0"}, {"sender_address": "no"}):  # fmt: skip
        assert client.post(address, workspace_form(place, **bad)).status_code == 200
    page = client.post(address, workspace_form(place, postal_address="2 New Street"), follow=True)
    assert "written before do not carry this postal address" in page.text
    place.refresh_from_db()
    page = client.post(address, workspace_form(place, postal_address=" "), follow=True)
    assert "nor the line that says how to make us stop" in page.text
    place.refresh_from_db()
    page = client.post(address, workspace_form(place, sender_name="Mira"), follow=True)
    assert "approved to come from the old sender" in page.text
    place.refresh_from_db()
    page = client.post(address, workspace_form(place, safe_mode=""), follow=True)
    assert "the old sender" not in page.text
    assert "postal address:" not in page.text and "how to make us stop" not in page.text
    place.refresh_from_db()
    assert place.safe_mode and place.autonomy_mode == "managed"


@pytest.mark.parametrize("name", ["approval_expiry_hours", "daily_quota", "recheck_percent"])
@pytest.mark.parametrize("typed", ["-5", "0"])
def test_a_number_below_the_least_is_told_one_bound(name, typed):
    place = testing.make_workspace()
    address = f"/admin/core/workspace/{place.pk}/change/"
    text = enter(testing.dora()).post(address, workspace_form(place, **{name: typed}))
    assert "Give a number from 1 up." in text.content.decode()
    assert "from 0 up" not in text.content.decode()


@pytest.mark.both
@pytest.mark.django_db(transaction=True)
def test_a_quota_that_is_changed_frees_what_it_held_for_tomorrow():
    place, soon = testing.make_workspace(), WORKDAY + timedelta(hours=5)
    row = testing.make_approved()
    Approval.objects.filter(pk=row.pk).update(due_at=soon, not_before=soon, quota_until=soon)
    client, address = enter(testing.dora()), f"/admin/core/workspace/{place.pk}/change/"
    client.post(address, workspace_form(place, four_eyes="on"))
    row.refresh_from_db()
    assert row.due_at == soon
    page = client.post(address, workspace_form(place, daily_quota="500"), follow=True)
    row.refresh_from_db()
    assert row.due_at < soon and row.not_before is None
    assert "1 held for tomorrow by a quota" in words(page)


@pytest.mark.parametrize("name", ["alice", "bob", "carol"])
def test_settings_are_for_admins(name):
    place = testing.make_workspace()
    client = enter(getattr(testing, name)())
    form = workspace_form(place, name="Taken over")
    assert client.post(f"/admin/core/workspace/{place.pk}/change/", form).status_code == 403
    for model in ("workspace", "membership", "agent", "user"):
        assert client.get(f"/admin/core/{model}/").status_code == 403
        assert client.post(f"/admin/core/{model}/add/", {}).status_code == 403


def test_a_new_workspace_gets_its_controls_and_its_maker_as_admin():
    client = enter(testing.olaf())
    client.post("/admin/core/workspace/add/", {
        "name": "South", "slug": "south", "time_zone": "UTC", "autonomy_mode": "managed",
        "approval_expiry_hours": "72", "recheck_percent": "5",
    })  # fmt: skip
    place = Workspace.objects.get(slug="south")
    assert SystemControl.objects.filter(workspace=place).count() == len(ControlKey)
    assert Membership.objects.get(workspace=place).role == "admin"


def test_members_are_named_by_login_and_only_in_ones_own_workspace():
    own, other = testing.make_workspace(), testing.make_workspace("other")
    testing.make_user("nora")
    client = enter(testing.dora())
    add = "/admin/core/membership/add/"
    client.post(add, {"username": "nora", "workspace": other.pk, "role": "admin"})
    client.post(add, {"username": "nobody", "workspace": own.pk, "role": "admin"})
    assert not Membership.objects.filter(user__username="nora").exists()
    client.post(add, {"username": "nora", "workspace": own.pk, "role": "viewer"})
    member = Membership.objects.get(user__username="nora")
    client.post(f"/admin/core/membership/{member.pk}/change/", {"role": "reviewer"})
    member.refresh_from_db()
    assert (member.role, member.workspace) == ("reviewer", own)
    client.post(f"/admin/core/membership/{member.pk}/delete/", {"post": "yes"})
    assert not Membership.objects.filter(pk=member.pk).exists()
    verbs = list(Activity.objects.order_by("id").values_list("verb", flat=True))
    assert verbs.count("workspaces.member_set") == 3


def test_agents_are_made_without_keys_and_never_on_autopilot_in_safe_mode():
    place = testing.make_workspace()
    client, add = enter(testing.dora()), "/admin/core/agent/add/"
    form = {"workspace": place.pk, "name": "Helper", "scopes": ["drafts:write"], "is_active": "on"}
    client.post(add, {**form, "autonomy_override": "autopilot"})
    client.post(add, {**form, "scopes": ["approvals:write"]})
    assert not Agent.objects.exists()
    client.post(add, form)
    agent = Agent.objects.get()
    assert agent.scopes == ["drafts:write"]
    assert not agent.keys.exists()


def test_users_are_for_superusers():
    client = enter(root())
    assert client.get("/admin/core/user/").status_code == 200
    assert client.get("/admin/core/user/add/").status_code == 200
    who = testing.make_user("nora")
    assert client.get(f"/admin/core/user/{who.pk}/change/").status_code == 200
    assert client.post(f"/admin/core/user/{who.pk}/delete/", {"post": "yes"}).status_code == 403


# --- Requests ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "kept"),
    [("abcdef-123", True), ("0af7651916cd43dd8448eb211c80319c", True), ("x", False),
     ("Root=1-67891233-abcdef012345678912345678", True), ("bad\u00e9value", False),
     ("a" * 65, False), ("with space 12", False), ("anna.schmidt", False),
     ("anna-schmidt-1980", False)],
)  # fmt: skip
def test_a_sane_request_id_is_kept_and_told(given, kept):
    person = testing.make_person()
    client = enter(testing.alice())
    response = client.post(
        f"/admin/core/person/{person.pk}/stop/", {"what": "automation_off", "reason": "x"},
        headers={"X-Request-ID": given},
    )  # fmt: skip
    told = Activity.objects.get(verb="people.automation_disabled").request_id
    assert told == response.headers["X-Request-ID"]
    assert (told == given) is kept and len(told) >= 8


def test_admin_pages_allow_no_script_of_their_own():
    response = enter(testing.alice()).get("/admin/")
    policy = response.headers["Content-Security-Policy"]
    assert (
        "script-src 'self' 'unsafe-eval';" in policy
        and "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
    )


def test_a_watch_survives_its_token():
    item = stop_page.watch("Title", set_at=WORKDAY, humans=[1, 2], following="/admin/")
    assert stop_page.Watch.of(item.token()) == item

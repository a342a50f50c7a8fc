"""The queue in the admin: who sees what, who may decide, and what becomes of each post."""

from __future__ import annotations

import re
from datetime import timedelta
from io import StringIO
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from approvals import ahead, desk, proposing, queue, review, services, submission, taking, tasks
from approvals.models import Approval
from approvals.rounds import REOPENED
from outreach import testing
from outreach.core import drafts, people, suppression
from outreach.core.models import Account, Activity, Person, Revision, Workspace
from outreach.core.people import add_address
from outreach.core.principal import Principal
from outreach.testing import WORKDAY
from safety.models import SafetyEvent

# What pages say and to whom. Each decision is made on both databases by the tests of its service,
# and two at once by the races.
pytestmark = [pytest.mark.django_db, pytest.mark.once]
LIST = "/admin/approvals/approval/"


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(WORKDAY + timedelta(minutes=5), tick=True):
        yield


@pytest.fixture(autouse=True)
def woken(monkeypatch):
    calls: list[int] = []
    monkeypatch.setattr(
        tasks, "wake_sender", lambda *, after_seconds=0: calls.append(after_seconds)
    )
    return calls


def enter(who: Principal, **options) -> Client:
    client = Client(**options)
    client.force_login(who.user)
    return client


def page(item: Approval) -> str:
    return f"{LIST}{item.pk}/change/"


def post(client: Client, item: Approval, action: str, **more):
    return client.post(page(item), {"action": action, "digest": item.digest, **more})


def words(response) -> str:
    return " ".join(str(message) for message in response.wsgi_request._messages)


def console_text(item: Approval) -> str:
    out = StringIO()
    call_command("review", "--show", str(item.pk), stdout=out)
    return out.getvalue().replace("│", " ")


def state(item: Approval) -> str:
    item.refresh_from_db()
    return item.status


# --- The list ------------------------------------------------------------------------------------


@pytest.mark.both
def test_the_list_shows_critical_first_then_oldest_and_says_what_waits():
    calm = testing.make_pending(testing.make_person(name="Calm Late"), confidence=75)
    urgent = testing.make_pending(testing.make_person(name="Urgent High"), confidence=50)
    early = testing.make_pending(
        testing.make_person(name="Calm Early"), confidence=75, at=WORKDAY - timedelta(hours=2)
    )
    response = enter(testing.alice()).get(LIST)
    assert [row.pk for row in response.context["cl"].result_list] == [urgent.pk, early.pk, calm.pk]
    assert response.context["counts"].parts == [("3", "pending"), ("1", "high")]
    text = response.content.decode()
    assert "composed" in text and "Urgent High" in text and "99999" not in text


def test_the_list_shows_pending_unless_another_status_is_asked_for():
    given = testing.make_approved()
    waiting = testing.make_pending()
    client = enter(testing.alice())
    shown = lambda query: [row.pk for row in client.get(LIST + query).context["cl"].result_list]  # noqa: E731
    assert shown("") == [waiting.pk]
    assert shown("?status=approved") == [given.pk]
    assert shown("?status=all") == [waiting.pk, given.pk]
    assert shown("?status=nonsense") == [waiting.pk]


def test_list_and_filter_tell_what_ended_a_round_apart():
    back, taken, stopped, gone, undone = [testing.make_pending() for _ in range(5)]
    by, at = testing.alice(), WORKDAY + timedelta(minutes=5)
    services.return_(back.pk, by=by, at=at, feedback="Shorter, please.")
    proposing.withdraw(taken.draft, reason="An old price.", by=testing.bob(), at=at)
    services.approve(stopped.pk, by=by, at=at, digest=stopped.digest)
    taking.reopen_before_stop(workspace=None, decided_before=None, by=by, at=at)
    with transaction.atomic():
        taking.end_for_human([gone.human_id], sentence="They asked us to stop.", by=by, at=at)
    services.approve(undone.pk, by=by, at=at, digest=undone.digest)
    services.undo(undone.pk, by=by, at=at)
    client = enter(by)

    def shown(asked: str) -> dict[int, str]:
        found = client.get(f"{LIST}?status={asked}").context["cl"]
        return {row.pk: found.model_admin.show_status(row) for row in found.result_list}

    assert shown("sent_back") == {back.pk: "Sent back"}
    assert shown("by_author") == {taken.pk: "Withdrawn by its author"}
    assert shown("by_stop") == {stopped.pk: "Ended by a stop", gone.pk: "Ended by a stop"}
    every = shown("withdrawn")
    assert set(every) == {back.pk, taken.pk, stopped.pk, undone.pk}
    assert every[undone.pk] == "Withdrawn"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("status=banana", "There is no status “banana”, so the pending ones are shown. Choose "
         "Pending, Approved, Auto-approved, Rejected, Expired, Withdrawn, for any reason, Sent "
         "back, Withdrawn by its author, Ended by a stop or All."),
        ("priority=9", "There is no priority “9”, so all are shown. Choose Critical, High, Normal "
         "or Low."),
        ("channel=fax&purpose=x", "There is no channel “fax”"),
        ("channel=fax&purpose=x", "There is no purpose “x”"),
        ("touch=%3Cb%3E", "There is no touch “<b>”"),
        (f"status={'9' * 300}", f"There is no status “{'9' * 40}…”"),
    ],
)  # fmt: skip
def test_a_filter_with_a_value_that_is_none_is_told_with_the_choices(query, said):
    waiting = testing.make_pending()
    response = enter(testing.alice()).get(f"{LIST}?{query}")
    text = response.content.decode()
    assert said.replace("<", "&lt;").replace(">", "&gt;") in text
    assert [row.pk for row in response.context["cl"].result_list] == [waiting.pk]
    assert "_changelist_filters" not in text, "the round goes on without it"


@pytest.mark.parametrize("query", ["", "?status=", "?status=all&priority=", "?touch=initial"])
def test_an_empty_filter_and_a_choice_are_told_nothing(query):
    testing.make_pending()
    assert "There is no" not in enter(testing.alice()).get(LIST + query).content.decode()


@pytest.mark.both
@pytest.mark.parametrize(
    "words", ["élodie", "elodie", "ÉLODIE moreau", "elodie moreau", "NO", "#NO"]
)
def test_search_finds_in_any_letter_case_by_address_and_by_the_number_alone(words):
    person = testing.make_person(name="Élodie Moreau")
    person.addresses.update(normalised="elodie.moreau@example.com")
    item = testing.make_pending(person)
    other = testing.make_pending(testing.make_person(name="Ann Other"))
    other.draft.person.addresses.update(normalised="ann.other@example.com")  # without a number
    client = enter(testing.alice())
    asked = words.replace("NO", str(item.pk)).replace("#", "%23")
    found = list(client.get(f"{LIST}?q={asked}").context["cl"].result_list)
    assert found == [item] and other not in found


@pytest.mark.both
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Ioana Bălănescu", "balanescu IOANA"),
        ("Łukasz Świątek", "swiatek"),
        ("Soren Balanescu", "Bălănescu sören"),
        ("Жанна Орлова", "ОРЛОВА"),
        ("O'Neill (Ann)", "o'neill (ann"),
        ("Hannelore Brandt", "Brandt, Hannelore"),
        ("Sinéad O'Connor", "O’Connor"),
        ("Sinead O’Connor", "o'connor, sinéad"),
    ],
)
def test_search_finds_a_name_however_its_accents_are_written(name, words):
    person = testing.make_person(name=name)
    item, _ = testing.make_pending(person), testing.make_pending(testing.make_person(name="Bo Li"))
    client = enter(testing.alice())
    assert list(client.get(LIST, {"q": words}).context["cl"].result_list) == [item]
    people = client.get(reverse("admin:core_person_changelist"), {"q": words})
    assert list(people.context["cl"].result_list) == [person]
    asked = {"QUERY_STRING": urlencode({"name": words})}
    assert [row["full_name"] for row in client.get("/api/people", **asked).json()["results"]] == [
        name
    ]


def test_filters_and_search_find_by_person_company_and_number():
    account = Account.objects.create(
        workspace=testing.make_workspace(), name="Globex", key="globex"
    )
    mary = testing.make_pending(testing.make_person(name="Mary Johnson", account=account))
    testing.make_pending(testing.make_person(name="John Smith"))
    client = enter(testing.alice())
    assert f"#{mary.pk} · E-mail" in client.get(LIST).content.decode()  # as notices name it
    for query in ("?q=globex", "?q=mary+globex", f"?q=%23{mary.pk}"):
        assert [row.pk for row in client.get(LIST + query).context["cl"].result_list] == [mary.pk]
    assert not client.get(LIST + "?q=mary+initech").context["cl"].result_list
    assert not client.get(LIST + "?channel=whatsapp").context["cl"].result_list
    assert len(client.get(LIST + "?touch=initial&purpose=informational").context["cl"].result_list)


@pytest.mark.both
@pytest.mark.parametrize("sign", ["", "%23"])
def test_a_number_finds_the_round_and_the_message_of_that_number(sign):
    back, client = testing.make_pending(), enter(testing.alice())
    post(client, back, "approve")
    others = [testing.make_pending() for _ in range(2)]
    post(client, back, "undo")
    fresh = Approval.objects.get(draft=back.draft, status="pending")

    def found(number: int, status: str = "pending") -> list[int]:
        asked = f"{LIST}?q={sign}{number}&status={status}"
        return sorted(row.pk for row in client.get(asked).context["cl"].result_list)

    assert fresh.pk not in (back.draft_id, *(row.draft_id for row in others))
    assert found(fresh.pk) == [fresh.pk]
    assert fresh.pk in found(back.draft_id)  # by the message, whatever the round
    assert {back.pk, fresh.pk} <= {*found(back.draft_id, "all")}


def test_list_and_review_page_need_as_few_statements_for_sixty_as_for_one():
    client = enter(testing.alice())
    item = testing.make_pending()

    def asked() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as listed:
            client.get(LIST)
        with CaptureQueriesContext(connection) as reviewed:
            assert client.get(page(item)).status_code == 200
        return len(listed), len(reviewed)

    asked()
    alone = asked()
    for _ in range(59):
        testing.make_pending()
    assert asked() == alone
    assert alone[0] <= 12
    assert alone[1] <= 15


@pytest.mark.parametrize(("length", "is_told"), [(78, False), (79, True), (408, True)])
def test_a_subject_that_mail_programs_cut_is_told_and_blocks_nothing(length, is_told):
    item = testing.make_pending(subject="Minutes of Monday ".ljust(length, "x"))
    client = enter(testing.alice())
    said = f"The subject has {length} characters. Mail programs show about the first 78"
    assert (said in client.get(page(item)).content.decode()) is is_told
    post(client, item, "approve")
    item.refresh_from_db()
    assert item.status == "approved"


@pytest.mark.both
@pytest.mark.parametrize(
    "query",
    ["decided_by__password__startswith=a", "o=1.2.x", "p=99999", "p=x", "status=%00", "q=%00",
     "q=%23²", "undo=²", "after=²", "before=" + "9" * 30],
)  # fmt: skip
def test_tampered_addresses_do_no_harm(query):
    testing.make_pending()
    assert enter(testing.alice()).get(f"{LIST}?{query}").status_code in (200, 302, 400)


# --- The review page -----------------------------------------------------------------------------


def test_the_review_page_shows_what_a_decision_needs():
    person = testing.make_person(name="Mary Johnson", position="Buyer", time_zone="Europe/Zurich")
    item = testing.make_pending(person, confidence=65)
    item.notes = "Please check the date."
    item.save(update_fields=["notes"])
    text = enter(testing.alice()).get(page(item)).content.decode()
    for part in (
        "Mary Johnson", "Buyer", item.revision.text.split("'")[0], "Minutes of Monday",
        "Please check the date.", "confidence 65: below 70", "first message to this person",
        "If approved now, it would be simulated in 10 s unless undone: dry run sends nothing."
        " Live, it would be sent in 10 s unless undone.", "When dry run goes off",
        "May be written to.", "Europe/Zurich", f">message {item.draft_id}</a>",
        "FREQUENCY_CHECK", item.digest,
    ):  # fmt: skip
        assert part in text, part


def test_a_held_message_says_when_it_would_leave_by_their_clock():
    person = testing.make_person(time_zone="America/Los_Angeles")
    item = testing.make_pending(person)
    assert "Wed 11 Mar 08:00 their time" in enter(testing.alice()).get(page(item)).content.decode()


def test_while_stopped_the_page_does_not_promise_a_send():
    item = testing.make_pending()
    type(item.workspace).objects.get(pk=item.workspace_id).controls.filter(
        control_key="EMERGENCY_STOP"
    ).update(enabled=True, reason="odd replies")
    text = enter(testing.alice()).get(page(item)).content.decode()
    assert "would wait until the stop is lifted" in text and "odd replies" in text


@pytest.mark.parametrize(
    ("given", "due", "undo", "says"),
    [
        (False, None, 10, "in 10 s unless undone"), (False, None, 0, "at once"),
        (True, 10, 10, "in 10 s unless undone"), (True, 2.5, 10, "in 3 s unless undone"),
        (True, 0, 10, "at once"), (True, -60, 10, "at once"),
    ],
)  # fmt: skip
def test_nothing_leaves_at_once_that_may_be_undone_still(settings, given, due, undo, says):
    settings.APPROVAL_UNDO_SECONDS = undo
    due_at = None if due is None else WORKDAY + timedelta(seconds=due)
    assert ahead.soon(SimpleNamespace(is_given=given, due_at=due_at), WORKDAY) == says


def brake(item, key: str, enabled: bool) -> None:
    place = type(item.workspace).objects.get(pk=item.workspace_id)
    place.controls.filter(control_key=key).update(enabled=enabled, reason="odd replies")


@pytest.mark.parametrize("dry", [True, False])
@pytest.mark.parametrize(("key", "on"), [("EMERGENCY_STOP", True), ("MESSAGING_ENABLED", False)])
def test_while_stopped_an_approval_does_not_promise_a_send_either(request, key, on, dry):
    if not dry:
        request.getfixturevalue("live")
    item = testing.make_pending()
    brake(item, key, on)
    said = words(post(enter(testing.alice()), item, "approve"))
    assert "nothing leaves until the stop is lifted" in said and "at once" not in said


@pytest.mark.parametrize("dry", [True, False])
def test_what_is_held_for_its_person_is_not_promised(request, dry):
    if not dry:
        request.getfixturevalue("live")
    item, client = testing.make_pending(), enter(testing.alice())
    type(item.human).objects.update(
        automation_enabled=False, automation_disabled_at=WORKDAY, automation_disabled_reason="x"
    )
    held = "held until automation is on again for this person"
    before = client.get(page(item)).content.decode()
    assert f"would be {held}" in before and "sent at once" not in before
    assert "not until automation is on again" in client.get(LIST).content.decode()
    said = words(post(client, item, "approve"))
    assert held in said and "at once" not in said
    after = client.get(page(item)).content.decode()
    assert f"would be {held}" in after and "the sender looks" not in after
    link = f'/admin/core/person/{item.human_id}/change/">Let it go on, on their page'
    assert after.count(link) == 1
    shown = " ".join(console_text(item).split())
    assert f"would be {held}" in shown and f"--enable-automation {item.human.uuid}" in shown


def test_what_goes_by_hand_is_not_said_to_leave_by_itself(live):
    person = testing.make_person()
    add_address(person.workspace, person, "linkedin", "https://www.linkedin.com/in/ann-example")
    item = testing.make_pending(person, channel="linkedin", subject="")
    client = enter(testing.alice())
    assert "wait for a person to send it by hand" in client.get(page(item)).content.decode()
    assert "a person sends it by hand" in words(post(client, item, "approve"))


def test_one_bad_time_zone_does_not_hide_the_queue():
    item = testing.make_pending()
    type(item.human).objects.filter(pk=item.human_id).update(time_zone="Mars/Base")
    client = enter(testing.alice())
    assert client.get(LIST).status_code == 200
    text = client.get(page(item)).content.decode()
    assert "cannot be" in text and "Mars/Base" in text


def test_the_diff_against_the_revision_before_is_shown():
    item = testing.make_pending()
    services.edit(
        item.pk, drafts.Text(subject="Minutes of Tuesday", text="Here are others."),
        by=testing.alice(), at=WORKDAY, digest=item.digest,
    )  # fmt: skip
    text = enter(testing.alice()).get(page(item)).content.decode()
    assert "added: </span>Tuesday" in text and "removed: </span>Monday" in text


def test_a_finding_quotes_words_once():
    """The count stands in its sentence already; words of the text do not."""
    item = testing.make_pending(text="Here are the minutes. What is your date of birth?")
    text = enter(testing.alice()).get(page(item)).content.decode()
    assert "1/3 daily limit" in text and "<q>1/3</q>" not in text
    assert "<q>What is your date of birth</q>" in text


def test_a_finding_says_what_its_rule_is_about_before_its_code():
    item = testing.make_pending(text="Here are the minutes. What is your date of birth?")
    text = enter(testing.alice()).get(page(item)).content.decode()
    rules = text.partition("What the rules say")[2]
    assert (
        0 < rules.find("<strong>Asking for personal data.</strong>") < rules.find("CONTENT_CHECK")
    )
    assert 0 < rules.find("<strong>Their hours.</strong>") < rules.find("TIME_CHECK")


@pytest.mark.parametrize(
    ("finding", "said"),
    [
        ({"check": "FREQUENCY_CHECK", "text": "1/3"},
         "This one is counted: 2 more may go to them that day."),
        ({"check": "FREQUENCY_CHECK", "text": "3/3"},
         "This one is counted: no more may go to them that day."),
        ({"check": "FREQUENCY_CHECK", "text": "4/3"},
         "This one is counted: it is one too many that day."),
        ({"check": "FREQUENCY_CHECK"}, ""),
        ({"check": "TIME_CHECK", "text": "1/3"}, ""),
    ],
)  # fmt: skip
def test_a_count_says_that_the_message_before_one_is_in_it(finding, said):
    assert review._finding(finding)["counted"] == said


def test_the_page_says_what_its_count_means():
    item, client = testing.make_pending(), enter(testing.alice())
    text = client.get(page(item)).content.decode()
    assert "1/3 daily limit. This one is counted: 2 more may go to them that day." in text


def test_the_gravest_finding_stands_first_and_equal_words_once():
    item = testing.make_pending(text="Here are the minutes. What is your date of birth?")
    Approval.objects.update(touch="follow_up", purpose="follow_up")
    text = enter(testing.alice()).get(page(item)).content.decode()
    rules = text.partition("What the rules say")[2]
    order = re.findall(r"oc-rule--(\w+)", rules)
    assert order[0] == "warn" and order == sorted(order, key=review.GRAVITY.index)
    assert text.count('<span class="oc-badge">Follow-up</span>') == 1


def test_an_item_that_is_alone_can_be_skipped_all_the_same():
    item = testing.make_pending()
    text = enter(testing.alice()).get(page(item)).content.decode()
    assert '<button type="button" class="oc-button" id="skip">' in text
    testing.make_pending()
    text = enter(testing.alice()).get(page(item)).content.decode()
    assert '<a class="oc-button" id="skip"' in text


def test_after_the_decision_the_page_shows_receipt_and_who(woken):
    item = testing.make_pending()
    client = enter(testing.alice())
    post(client, item, "approve")
    text = client.get(page(item)).content.decode()
    assert "Approved by Alice" in text and "Approval receipt" in text and "holds" in text
    assert "it never leads to a send" in text


# --- Deciding ------------------------------------------------------------------------------------


def test_approving_opens_the_next_with_filters_kept_and_wakes_the_sender(
    settings, woken, django_capture_on_commit_callbacks
):
    settings.APPROVAL_UNDO_SECONDS = 10
    first = testing.make_pending(confidence=50)
    second = testing.make_pending(confidence=75)
    client = enter(testing.alice())
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(
            f"{page(first)}?_changelist_filters=channel%3Demail",
            {"action": "approve", "digest": first.digest},
        )
    assert state(first) == "approved"
    assert response.status_code == 302
    assert response.url == f"{page(second)}?_changelist_filters=channel%3Demail&undo={first.pk}"
    assert woken == [10]
    assert "Undo" in client.get(response.url).content.decode()


def test_the_last_decision_leads_back_to_the_list():
    item = testing.make_pending()
    response = post(enter(testing.alice()), item, "approve")
    assert response.url == f"{LIST}?undo={item.pk}"


@pytest.mark.both
def test_edit_and_approve_approves_exactly_the_typed_text():
    item = testing.make_pending()
    client = enter(testing.alice())
    post(client, item, "edit_approve", subject="Minutes", text="One line.\r\nAnother.")
    item = Approval.objects.select_related("revision").get(pk=item.pk)
    assert (item.status, item.edited) == ("approved", True)
    assert item.revision.text == "One line.\nAnother."
    assert item.revision.no == 2


def test_edit_and_approve_without_a_change_is_an_approval():
    item = testing.make_pending()
    post(enter(testing.alice()), item, "edit_approve", subject=item.revision.subject,
         text=item.revision.text)  # fmt: skip
    assert state(item) == "approved"
    assert Revision.objects.count() == 1 and not item.edited


def as_a_browser_posts(item: Approval) -> dict[str, str]:
    """The untouched form: CR LF, no blanks at the end, no line end at the start."""
    text, html = (
        value.removeprefix("\n").rstrip().replace("\n", "\r\n")
        for value in (item.revision.text, item.revision.html)
    )
    return {"subject": f"{item.revision.subject} ", "text": text, "html": html}


@pytest.mark.parametrize("html", ["", "<p>Our minutes\nare here.</p> \n"])
@pytest.mark.parametrize("action", ["save", "edit_approve"])
def test_an_untouched_edit_makes_no_revision(action, html):
    words_of = drafts.Text(subject="Minutes", text="\nOur minutes\nare here. \n\n", html=html)
    item = services.edit(testing.make_pending().pk, words_of, by=testing.dora(), at=WORKDAY,
                         digest=Approval.objects.get().digest)  # fmt: skip
    item = Approval.objects.select_related("revision").get(pk=item.pk)
    Approval.objects.update(edited=False)
    before = (item.digest, Revision.objects.count())
    told = Activity.objects.filter(verb__in=("drafts.revised", "approvals.edited"))
    logged = told.count()
    response = post(enter(testing.alice()), item, action, **as_a_browser_posts(item))
    assert response.status_code == 302
    assert state(item) == ("pending" if action == "save" else "approved")
    assert (item.digest, Revision.objects.count()) == before
    assert told.count() == logged and not item.edited
    said = words(response)
    assert ("Nothing was changed" if action == "save" else " is approved") in said
    assert "edit" not in said


def test_an_untouched_text_with_another_time_says_that_the_time_is_saved():
    item = testing.make_pending()
    typed = {**as_a_browser_posts(item), "scheduled_for": "2026-03-12 10:00"}
    response = post(enter(testing.alice()), item, "save", **typed)
    assert "its time is saved; the text is the same" in words(response)
    assert state(item) == "pending" and item.scheduled_for is not None
    assert Revision.objects.count() == 1


def test_a_saved_edit_stays_in_the_queue_with_its_number():
    item = testing.make_pending()
    response = post(enter(testing.alice()), item, "save", subject="Minutes", text="Shorter.")
    assert response.url == page(item)
    assert state(item) == "pending"
    assert item.draft.revisions.count() == 2


def test_requested_changes_and_rejections_reach_the_author():
    back, no = testing.make_pending(), testing.make_pending()
    client = enter(testing.alice())
    post(client, back, "return", feedback="", preset="Too long: cut it.")
    post(client, no, "reject", reason="Wrong person")
    assert (state(back), state(no)) == ("withdrawn", "rejected")
    back.draft.refresh_from_db()
    no.draft.refresh_from_db()
    assert (back.draft.status, back.draft.status_reason) == ("draft", "Too long: cut it.")
    assert (no.draft.status, no.draft.status_reason) == ("rejected", "Wrong person")


def test_a_rejection_without_a_reason_is_refused_and_nothing_typed_is_lost():
    item = testing.make_pending()
    client = enter(testing.alice())
    response = post(client, item, "reject", reason="  ")
    assert response.status_code == 400 and state(item) == "pending"
    assert "needs a reason" in words(response)
    response = post(client, item, "save", subject="", text="My long careful rewrite")
    assert response.status_code == 400
    assert "My long careful rewrite" in response.content.decode()


def test_a_stale_text_is_refused_and_the_typed_words_are_given_back():
    item = testing.make_pending()
    services.edit(item.pk, drafts.Text(subject="New", text="Somebody was faster."),
                  by=testing.dora(), at=WORKDAY, digest=item.digest)  # fmt: skip
    client = enter(testing.alice())
    response = post(client, item, "approve")
    assert response.status_code == 409 and state(item) == "pending"
    assert "changed since you opened it" in words(response)
    assert "Somebody was faster." in response.content.decode()
    for act, more in (("reject", {"reason": "No"}), ("return", {"feedback": "Shorter"})):
        response = post(client, Approval(pk=item.pk, digest="v1:other"), act, **more)
        assert response.status_code == 409 and state(item) == "pending"
    old = Approval(pk=item.pk, digest="v1:" + "0" * 64)
    response = post(client, old, "save", subject="Mine", text="My words")
    assert response.status_code == 409 and "My words" in response.content.decode()


@pytest.mark.both
def test_the_second_of_two_approvals_is_told_who_was_faster():
    item = testing.make_pending()
    post(enter(testing.dora()), item, "approve")
    response = post(enter(testing.alice()), item, "edit_approve", subject="x", text="Kept words")
    assert response.status_code == 409
    assert f"#{item.pk} is approved already by Dora" in words(response)
    assert "Kept words" in response.content.decode()


@pytest.mark.both
@pytest.mark.parametrize(
    ("act", "field", "ended"),
    [("reject", "reason", "rejected"), ("return", "feedback", "withdrawn")],
)
def test_a_no_from_a_page_opened_before_takes_no_yes_back_unasked(act, field, ended):
    item, client = testing.make_pending(), enter(testing.alice())
    post(enter(testing.dora()), item, "approve")
    response = post(client, item, act, **{field: "Wrong person"})
    assert response.status_code == 409 and state(item) == "approved"
    assert f"#{item.pk} is approved already by Dora" in words(response)
    text = response.content.decode()
    assert "Wrong person</textarea>" in text and "takes the approval back</button>" in text
    post(client, item, act, **{field: "Wrong person", "take_back": "1"})
    assert state(item) == ended
    response = post(client, item, act, **{field: "Wrong as well", "take_back": "1"})
    assert response.status_code == 409 and "Wrong as well</textarea>" in response.content.decode()


def test_an_approval_can_be_taken_back_before_it_leaves():
    item = testing.make_pending()
    client = enter(testing.alice())
    post(client, item, "approve")
    response = post(client, item, "undo")
    fresh = Approval.objects.get(status="pending")
    assert state(item) == "withdrawn" and response.url == page(fresh)


# One after the other, or all of one batch, where it stands before those that are like it.
@pytest.mark.parametrize(("minutes", "places"), [(1, (1, 0)), (0, (0, 1))])
def test_what_is_taken_back_stands_where_it_stood(minutes, places):
    items = [
        testing.make_pending(at=WORKDAY + timedelta(minutes=number * minutes))
        for number in range(3)
    ]
    client = enter(testing.alice())
    for done, place in zip((items[1], items[0]), places, strict=True):
        post(client, done, "approve")
        post(client, done, "undo")
        shown = [row.draft_id for row in client.get(LIST).context["cl"].result_list]
        assert shown.index(done.draft_id) == place
    fresh = Approval.objects.get(draft=items[0].draft, status="pending")
    assert fresh.expires_at > items[0].expires_at  # there is as much time as for a new one
    assert client.get(page(fresh)).context["waiting"] == "5 min"


def test_the_offer_to_undo_ends_with_its_seconds(settings):
    settings.APPROVAL_UNDO_SECONDS = 10
    item = testing.make_pending()
    client = enter(testing.alice())
    post(client, item, "approve")
    assert client.get(f"{LIST}?undo={item.pk}").context["undo"] == item
    assert enter(testing.dora()).get(f"{LIST}?undo={item.pk}").context["undo"] is None
    with time_machine.travel(WORKDAY + timedelta(minutes=6)):
        assert client.get(f"{LIST}?undo={item.pk}").context["undo"] is None
    for bad in ("x", "-1", "9" * 40):
        assert client.get(f"{LIST}?undo={bad}").context["undo"] is None
    assert client.get(f"{LIST}?undo=%00").status_code == 400


def test_hidden_characters_are_marked_and_need_a_tick():
    item = testing.make_pending(text="Here are the min\u200butes, \u202eas agreed.")
    client = enter(testing.alice())
    text = client.get(page(item)).content.decode()
    assert "U+200B ZERO WIDTH SPACE" in text and "U+202E RIGHT-TO-LEFT OVERRIDE" in text
    response = post(client, item, "approve")
    assert response.status_code == 400 and state(item) == "pending"
    post(client, item, "approve", seen_hidden="1")
    assert state(item) == "approved"


def test_line_breaks_as_browsers_send_them_are_no_hidden_characters():
    item = testing.make_pending()
    text = "Dear Anna,\r\nplease pay to GB33BUKB20201555555555.\r\nBob"
    response = post(enter(testing.alice()), item, "edit_approve", subject="x", text=text)
    assert response.status_code == 400
    page_ = response.content.decode()
    assert "GB33BUKB20201555555555" in page_
    assert "Hidden in what you typed" not in page_ and "CARRIAGE RETURN" not in page_


def test_an_approval_for_a_time_reads_the_recipients_clock():
    item = testing.make_pending(testing.make_person(time_zone="Europe/Zurich"))
    client = enter(testing.alice())
    response = post(client, item, "approve", scheduled_for="2026-03-29T02:30")
    assert "does not exist in Europe/Zurich" in words(response)
    for nonsense in ("soon", "9999-12-31T23:59", "0001-01-01T00:00"):
        assert post(client, item, "approve", scheduled_for=nonsense).status_code == 400
    post(client, item, "approve", scheduled_for="2026-03-12T10:00")
    item.refresh_from_db()
    assert item.scheduled_for.isoformat() == "2026-03-12T09:00:00+00:00"


def test_the_page_says_which_time_an_empty_field_keeps_and_takes_it_away_where_asked():
    anna = testing.make_person(time_zone="Europe/Zurich")
    item = testing.make_pending(anna, scheduled_for=WORKDAY + timedelta(days=1))
    client = enter(testing.alice())
    text = client.get(page(item)).content.decode()
    told = "Asked for: <strong>Thu 12 Mar 11:00 their time</strong>. Left empty, the field keeps it"
    assert text.count(told) == text.count('name="no_time" value="1"') == 1
    both = post(client, item, "approve", scheduled_for="2026-03-13T10:00", no_time="1")
    assert both.status_code == 400 and "remove the time, not both" in words(both)
    kept = re.findall(r'name="no_time" value="([^"]*)"( checked)?', both.content.decode())
    assert kept == [("1", " checked"), ("1", "")], "and with an edit"
    post(client, item, "approve", no_time="1")
    assert state(item) == "approved" and item.scheduled_for is None


@pytest.mark.both
def test_a_yes_to_a_time_that_a_colleague_has_changed_meanwhile_is_asked_again():
    """The page said Thursday; without its time the message would have left at once."""
    item = testing.make_pending(scheduled_for=WORKDAY + timedelta(days=1))
    client = enter(testing.alice())
    text = client.get(page(item)).content.decode()
    seen = re.findall(r'name="seen_time" value="(\d+)"', text)
    assert len(seen) == 2 and len(set(seen)) == 1, "and with an edit"
    bare = drafts.Text(subject=item.revision.subject, text=item.revision.text)
    by = testing.make_user("rita", "reviewer")
    services.edit(
        item.pk, bare, by=Principal.of_user(by), at=WORKDAY, digest=item.digest, no_time=True
    )
    edited = {"subject": bare.subject, "text": f"{bare.text} Bye."}
    for action, more in (("edit_approve", edited), ("approve", {})):
        answer = post(client, item, action, seen_time=seen[0], **more)
        assert answer.status_code == 409 and "there is none now" in words(answer)
        assert state(item) == "pending"
    assert 'name="seen_time" value="0"' in answer.content.decode()
    post(client, item, "approve", seen_time="0")
    assert state(item) == "approved"


def test_left_empty_the_field_keeps_the_time_asked_for():
    asked_for = WORKDAY + timedelta(days=1)
    item = testing.make_pending(scheduled_for=asked_for)
    post(enter(testing.alice()), item, "approve", scheduled_for="")
    assert state(item) == "approved" and item.scheduled_for == asked_for


def test_an_edit_is_approved_without_the_time_or_for_another():
    client = enter(testing.alice())
    for asked, then in (({"no_time": "1"}, None), ({"scheduled_for": "2026-03-13T10:00"}, 13)):
        item = testing.make_pending(scheduled_for=WORKDAY + timedelta(days=1))
        text = item.revision.text.replace("minutes", "notes")
        post(client, item, "edit_approve", text=text, **asked)
        assert state(item) == "approved"
        assert (item.scheduled_for and item.scheduled_for.day) == then


def test_an_edit_that_is_only_saved_takes_the_time_away_or_another():
    client = enter(testing.alice())
    item = testing.make_pending(scheduled_for=WORKDAY + timedelta(days=1))
    for asked, then in (
        ({}, 12),
        ({"scheduled_for": "2026-03-13T10:00"}, 13),
        ({"no_time": "1"}, 0),
    ):
        item.refresh_from_db()
        post(client, item, "save", text=item.revision.text.replace("minutes", "notes"), **asked)
        assert state(item) == "pending"
        assert (item.scheduled_for.day if item.scheduled_for else 0) == then


def test_a_time_that_was_typed_too_early_is_told_by_the_clock_it_names():
    item = testing.make_pending(testing.make_person(time_zone="Europe/Zurich"))
    told = words(post(enter(testing.alice()), item, "approve", scheduled_for="2020-01-01T10:00"))
    assert "The time asked for, 2020-01-01 09:00 UTC, has passed. Choose a later one." in told


def test_of_a_time_that_has_passed_the_page_says_so_and_offers_to_remove_it():
    item = testing.make_pending(scheduled_for=WORKDAY + timedelta(minutes=1))
    client = enter(testing.alice())
    text = client.get(page(item)).content.decode()
    assert "which has passed. Choose another, or remove it." in text
    assert "has passed: choose a new one, or remove it, to approve it." in text
    assert "or remove it on its page" in words(post(client, item, "approve"))
    post(client, item, "approve", no_time="1")
    assert state(item) == "approved"


def test_without_a_time_there_is_none_to_remove():
    text = enter(testing.alice()).get(page(testing.make_pending())).content.decode()
    assert "Remove the time" not in text and "Asked for:" not in text


def test_an_html_part_must_change_with_the_text():
    author = testing.bob()
    draft = drafts.write(
        testing.make_workspace(), testing.make_person(), "email",
        drafts.Text(subject="Hi", text="Old words", html="<p>Old words</p>"), by=author, at=WORKDAY,
    )  # fmt: skip
    from approvals import submission

    item = submission.submit(draft.pk, by=author, at=WORKDAY).approval
    client = enter(testing.alice())
    response = post(client, item, "edit_approve", subject="Hi", text="New words",
                    html="<p>Old words</p>")  # fmt: skip
    assert "HTML part with the old words" in words(response) and state(item) == "pending"
    post(client, item, "edit_approve", subject="Hi", text="New words", html="")
    assert state(item) == "approved"


# --- Who may -------------------------------------------------------------------------------------

OUTSIDERS = ("bob", "carol")
ACTIONS = sorted(desk.ACTIONS)


@pytest.mark.parametrize("name", OUTSIDERS)
def test_a_lesser_role_sees_the_item_and_decides_nothing(name):
    items = {"pending": testing.make_pending(), "approved": testing.make_approved()}
    client = enter(getattr(testing, name)())
    form = {"subject": "x", "text": "x", "reason": "x", "feedback": "x"}
    for action in ACTIONS:
        item = items["approved" if action == "undo" else "pending"]
        response = post(client, item, action, **form)
        assert response.status_code == 403 and "may not decide" in words(response), action
    for before, item in items.items():
        assert state(item) == before
        seen = client.get(page(item))
        assert seen.status_code == 200 and 'id="approve-form"' not in seen.content.decode()


def test_a_superuser_without_membership_sees_all_and_decides_nothing():
    item = testing.make_pending()
    client = enter(Principal.of_user(testing.make_user("root", is_superuser=True)))
    assert client.get(page(item)).status_code == 200
    for action in ACTIONS:
        post(client, item, action, subject="x", text="x", reason="x", feedback="x")
        assert state(item) == "pending", action


@pytest.mark.parametrize("who", ["operator", "other reviewer", "nobody"])
def test_strangers_to_a_workspace_see_none_of_it(who):
    item = testing.make_pending()
    other = testing.make_workspace("other")
    ruth = Principal.of_user(testing.make_user("ruth", "reviewer", other))
    client = {
        "operator": lambda: enter(testing.olaf()),
        "other reviewer": lambda: enter(ruth),
        "nobody": Client,
    }[who]()  # fmt: skip
    assert item.draft.person.full_name not in client.get(LIST).content.decode()
    unknown = client.get(f"{LIST}999999/change/")
    response = client.get(page(item))
    assert response.status_code in (302, 403, 404) and response.status_code == unknown.status_code
    post(client, item, "approve")
    client.post(f"{LIST}bulk/", {"item": f"{item.pk}:{item.digest}"})
    assert state(item) == "pending"


def test_four_eyes_refuses_the_author():
    testing.make_workspace(four_eyes=True)
    item = testing.make_pending(by=testing.alice())
    response = post(enter(testing.alice()), item, "approve")
    assert "four eyes" in words(response) and state(item) == "pending"


def test_a_right_withdrawn_counts_at_once():
    item = testing.make_pending()
    alice = testing.alice()
    client = enter(alice)
    client.get(page(item))
    alice.user.memberships.update(role="viewer")
    assert post(client, item, "approve").status_code == 403
    assert state(item) == "pending"


def test_a_post_without_token_is_refused():
    item = testing.make_pending()
    client = enter(testing.alice(), enforce_csrf_checks=True)
    assert post(client, item, "approve").status_code == 403
    assert client.post(f"{LIST}bulk/", {"item": f"{item.pk}:{item.digest}"}).status_code == 403
    assert state(item) == "pending"


def test_an_unknown_action_and_other_methods_change_nothing():
    item = testing.make_pending()
    client = enter(testing.alice())
    assert post(client, item, "").status_code == 400
    assert post(client, item, "__class__").status_code == 400
    client.put(page(item), b"action=approve", content_type="application/x-www-form-urlencoded")
    assert state(item) == "pending"


@pytest.mark.both
@pytest.mark.parametrize("number", ["0", "999999", "x", "-1", "9" * 40, "²", "1/../1"])
def test_a_number_that_is_none_of_ours_is_not_found(number):
    client = enter(testing.alice())
    assert client.get(f"{LIST}{number}/change/").status_code == 404
    assert client.post(f"{LIST}{number}/change/", {"action": "approve"}).status_code == 404


# --- Bulk ----------------------------------------------------------------------------------------


def make_low(**fields) -> Approval:
    item = testing.make_pending(confidence=95, **fields)
    Approval.objects.filter(pk=item.pk).update(priority=0)
    item.refresh_from_db()
    return item


def choose(client: Client, *items: Approval):
    return client.post(
        LIST, {"action": "bulk_approve", "_selected_action": [str(item.pk) for item in items]}
    )


def confirm(client: Client, *items: Approval):
    return client.post(f"{LIST}bulk/", {"item": [f"{item.pk}:{item.digest}" for item in items]})


def test_bulk_shows_each_text_first_and_decides_nothing_yet():
    low, high = make_low(text="The whole text is here."), testing.make_pending(confidence=50)
    response = choose(enter(testing.alice()), low, high)
    text = response.content.decode()
    assert "The whole text is here." in text and f"{low.pk}:{low.digest}" in text
    assert f"{high.pk}:{high.digest}" not in text and "its priority is high, not low" in text
    assert (state(low), state(high)) == ("pending", "pending")


@pytest.mark.parametrize(("given", "told"), [(95, "95 %"), (None, "none given")])
def test_bulk_tells_the_confidence_or_that_there_is_none(given, told):
    low = make_low()
    Approval.objects.filter(pk=low.pk).update(confidence=given)
    text = choose(enter(testing.alice()), low).content.decode()
    assert f"<dt>Confidence</dt><dd>{told}</dd>" in text


def test_bulk_shows_an_html_part_that_no_rule_finds_fault_with():
    """A link in it leads where no word says, and most people read it in place of the text."""
    client = enter(testing.alice())
    html = '<p>Read <a href="//else.io/x">our minutes</a>.</p>'
    low = make_low(text="Read our minutes.", html=html)
    text = choose(client, low).content.decode()
    assert f"{low.pk}:{low.digest}" in text and "//else.io/x" in text


def test_bulk_says_so_where_none_can_go_together():
    high = testing.make_pending(confidence=50)
    text = choose(enter(testing.alice()), high).content.decode()
    assert "None of these can be approved together" in text and "Approve 0" not in text
    assert "Read each text" not in text and "Approve the ticked ones" not in text
    assert "its priority is high, not low" in text and "Back to the queue" in text


def test_with_nothing_ticked_the_list_says_what_to_do_first():
    testing.make_pending()
    answer = enter(testing.alice()).post(LIST, {"action": "bulk_approve", "index": 0}, follow=True)
    assert "Tick at least one message first." in answer.text and "Items must" not in answer.text


@pytest.mark.both
def test_bulk_approves_each_for_itself_with_a_sentence_each():
    good, changed, high = make_low(), make_low(), testing.make_pending(confidence=50)
    stale = changed.digest
    services.edit(changed.pk, drafts.Text(subject="S", text="Changed."), by=testing.dora(),
                  at=WORKDAY, digest=stale)  # fmt: skip
    Approval.objects.filter(pk=changed.pk).update(priority=0)  # a first message is normal
    changed.digest = stale
    response = confirm(enter(testing.alice()), good, changed, high)
    said = {result.number: result for result in response.context["results"]}
    assert said[str(good.pk)].approved
    assert "changed since you opened it" in said[str(changed.pk)].sentence
    assert "not low" in said[str(high.pk)].sentence
    assert [state(item) for item in (good, changed, high)] == ["approved", "pending", "pending"]


def test_bulk_refuses_more_than_its_maximum(monkeypatch):
    monkeypatch.setattr("approvals.bulk.MOST", 2)
    items = [make_low() for _ in range(3)]
    confirm(enter(testing.alice()), *items)
    assert [state(item) for item in items].count("approved") == 2


@pytest.mark.both
@pytest.mark.parametrize("number", ["²", "9" * 30])
def test_bulk_finds_nothing_under_a_number_that_is_none(number):
    response = enter(testing.alice()).post(f"{LIST}bulk/", {"item": [f"{number}:v1"]})
    assert "no such item" in response.context["results"][0].sentence


def test_bulk_keeps_back_what_needs_a_look_of_its_own():
    night = make_low(person=testing.make_person(time_zone="America/Los_Angeles"))
    marked = make_low(text="An invisible\u200b one.")
    response = confirm(enter(testing.alice()), night, marked)
    assert not any(result.approved for result in response.context["results"])
    assert {state(night), state(marked)} == {"pending"}


def test_bulk_asks_the_rules_anew():
    """Nothing held it when it came in; at night its recipient's hours do."""
    item = make_low()
    with time_machine.travel(WORKDAY.replace(hour=23), tick=True):
        response = confirm(enter(testing.alice()), item)
    [result] = response.context["results"]
    assert f"#{item.pk} needs a look of its own: a rule found something" in result.sentence
    item.refresh_from_db()
    assert (item.status, item.receipt) == ("pending", {})


@pytest.mark.parametrize("name", OUTSIDERS)
def test_bulk_is_not_offered_to_lesser_roles(name):
    item = make_low()
    client = enter(getattr(testing, name)())
    assert "bulk_approve" not in client.get(LIST).content.decode()
    choose(client, item)
    assert confirm(client, item).status_code == 302
    assert state(item) == "pending"


def test_who_comes_back_to_the_bulk_page_is_led_to_the_queue():
    """By a reload, or by a log-in in between, which asks for the same address anew."""
    item = make_low()
    response = enter(testing.alice()).get(f"{LIST}bulk/", {"item": item.pk}, follow=True)
    assert response.redirect_chain == [(LIST, 302)]
    assert "Nothing was approved" in response.content.decode() and state(item) == "pending"


# --- Text from outside ---------------------------------------------------------------------------

XSS = (
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "'-alert(1)-'",
    "</textarea><script>alert(1)</script>", "javascript:alert(1)", "{{ settings.SECRET_KEY }}",
    "{% debug %}", "<svg/onload=alert(1)>", "</title><script>alert(1)</script>", "\u202egpj.exe",
)  # fmt: skip


def test_confidence_is_told_once_and_never_without_a_word_of_its_author():
    """Each part with what it could have been; the sum of them in words only where it says more."""
    parts = ({"name": "facts", "points": 20, "of": 25, "why": "4 of 5 facts known"},)
    told = "Written from reconnect. Confidence 20 of 100: 4 of 5 facts known (20 of 25)."
    client = enter(testing.alice())
    for words, shown in (
        (told, "Written from reconnect."),
        (f"{told} The model: sure.", f"{told} The model: sure."),
        ("Confidence is low: ask first.", "Confidence is low: ask first."),
    ):
        person = testing.make_person()
        text = drafts.Text(
            subject="Minutes", text="Here they are.", confidence=20, reasoning=words,
            confidence_parts=parts,
        )  # fmt: skip
        draft = drafts.write(person.workspace, person, "email", text, by=testing.bob(), at=WORKDAY)
        item = submission.submit(draft.pk, by=testing.bob(), at=WORKDAY).approval
        page = client.get(f"{LIST}{item.pk}/change/")
        assert page.context["reasoning"] == shown
        assert '<td class="oc-points">20 of 25</td>' in page.content.decode()


def evil_item(evil: str) -> tuple[Approval, Person]:
    """An item of which all that came from outside reads like this."""
    account = Account.objects.create(
        workspace=testing.make_workspace(), name=evil, key=evil[:300].lower()
    )
    person = testing.make_person(
        name=evil, account=account, position=evil, notes=evil, facts={evil: [evil, {evil: evil}]},
        source=evil, profile_url=evil,
    )  # fmt: skip
    draft = drafts.write(
        person.workspace, person, "email",
        drafts.Text(subject=evil, text=evil, html=evil, confidence=50, reasoning=evil,
                    confidence_parts=({"name": evil, "points": evil, "reason": evil},),
                    context={evil: evil}),
        by=testing.bob(), at=WORKDAY,
    )  # fmt: skip
    from approvals import submission

    item = submission.submit(draft.pk, by=testing.bob(), at=WORKDAY, notes=evil).approval
    assert item is not None, draft.status_reason
    return item, person


def is_harmless(response) -> None:
    text = response.content.decode()
    assert "alert(1)</script>" not in text and "<img src=x" not in text
    assert "<svg/onload" not in text and 'href="javascript:' not in text
    assert "only-for-tests" not in text


@pytest.mark.first  # one walk writes and reads them all
@pytest.mark.both
@pytest.mark.parametrize("evil", XSS)
def test_text_from_outside_never_becomes_markup(evil):
    """On the pages of one item; those of many show them all at once in the test below."""
    item, person = evil_item(evil)
    client = enter(testing.alice())
    rejected = post(client, item, "reject", reason="")
    pages = [
        client.get(page(item)), rejected,
        post(client, item, "save", subject="", text=evil, reason=evil, feedback=evil),
        client.get(f"/admin/core/person/{person.pk}/change/"),
    ]  # fmt: skip
    for response in pages:
        is_harmless(response)


@pytest.mark.both
def test_text_from_outside_never_becomes_markup_where_many_are_listed():
    """Each page lists the texts beside each other, as it would one alone."""
    items = [evil_item(evil)[0] for evil in XSS]
    client = enter(testing.alice())
    # The overview shows the one that waits longest: each in turn, the last for a start.
    is_harmless(choose(client, *items))
    for path in (LIST, "/admin/core/person/"):
        response = client.get(path)
        assert response.content.decode().count("settings.SECRET_KEY") >= 1, "they are listed"
        is_harmless(response)
    for item in items:
        is_harmless(client.get("/admin/"))
        Approval.objects.filter(pk=item.pk).update(created_at=WORKDAY + timedelta(minutes=4))


# --- Locked doors --------------------------------------------------------------------------------


def test_nothing_of_the_record_can_be_added_or_deleted_even_by_a_superuser():
    item = testing.make_approved()
    client = enter(Principal.of_user(testing.make_user("root", is_superuser=True)))
    for name, pk in (
        ("approvals_approval", item.pk),
        ("safety_safetyevent", 1),
        ("core_activity", Activity.objects.first().pk),
        ("channels_delivery", 1),
    ):
        assert client.get(reverse(f"admin:{name}_add")).status_code == 403
        assert client.post(reverse(f"admin:{name}_add"), {}).status_code == 403
        assert client.post(
            reverse(f"admin:{name}_delete", args=[pk]), {"post": "yes"}
        ).status_code in (302, 403)
        client.post(
            reverse(f"admin:{name}_changelist"),
            {"action": "delete_selected", "_selected_action": [pk], "post": "yes"},
        )
    assert Approval.objects.count() == 1 and Activity.objects.count() > 2
    assert SafetyEvent.objects.count() == 0


def test_an_edit_the_rules_rewrite_is_saved_shown_and_not_approved():
    item = testing.make_pending()
    client = enter(testing.alice())
    typed = "Here are the minutes of Monday. Act now, this is your last chance!"
    response = post(client, item, "edit_approve", subject="Minutes of Monday", text=typed)
    item = Approval.objects.select_related("revision").get(pk=item.pk)
    assert item.status == "pending" and item.revision.text != typed
    assert "saved, not approved" in words(response)
    text = response.content.decode()
    assert response.context["typed"] is None and item.revision.digest in text
    assert "removed: </span>" in text
    post(client, item, "approve")
    assert state(item) == "approved"


def test_an_edit_that_loses_the_footer_is_refused_and_gets_it_back():
    testing.make_workspace(sender_name="Mira", postal_address="1 Sample Street")
    item = testing.make_pending()
    client = enter(testing.alice())
    form = {"action": "edit_approve", "digest": item.digest, "subject": "Other",
            "text": "Only my own words."}  # fmt: skip
    answer = client.post(f"{LIST}{item.pk}/change/", form)
    text = answer.content.decode()
    assert answer.status_code == 400 and "It is back below" in text
    assert "The end of the message is gone" in text
    item.refresh_from_db()
    assert (item.status, item.edited) == ("pending", False)
    back = answer.context["typed"]["text"]
    assert back.startswith("Only my own words.\n\n-- \nMira · 1 Sample Street")
    client.post(f"{LIST}{item.pk}/change/", {**form, "text": back})
    item.refresh_from_db()
    assert item.status == "approved"


def test_what_must_have_been_in_sight_ends_before_a_footer_that_no_rule_minds():
    testing.make_workspace(sender_name="Mira", postal_address="1 Sample\u00adStreet")
    item = testing.make_pending()
    client = enter(testing.alice())
    shown = client.get(f"{LIST}{item.pk}/change/").context
    own, foot = (
        [(part.text or part.mark[:6]) for part in shown[key]] for key in ("text", "footer")
    )
    assert foot[0] == "\n\n-- \nMira · 1 Sample" and foot[1] == "U+00AD"
    assert "".join(own) == item.revision.text.partition("\n\n-- \n")[0]
    told = [{"span": [start, start + 4], "text": "Mira", "message": "x", "status": "warn"}
            for start in [item.revision.text.index("Mira")]]  # fmt: skip
    assert review.told(item, told)[1][review._own(item, review.told(item, told)[1]) :] == []
    Workspace.objects.update(postal_address="2 Other Street")
    shown = client.get(f"{LIST}{item.pk}/change/").context
    assert shown["footer"] == [], "no footer of ours: every line of it is read"


def test_words_added_to_the_footer_are_named_so_and_stand_above_it():
    testing.make_workspace(sender_name="Mira", postal_address="1 Sample Street")
    item = testing.make_pending()
    client = enter(testing.alice())
    typed = item.revision.text + " PS from Rita"
    form = {"action": "save", "digest": item.digest, "subject": "Other", "text": typed}
    answer = client.post(f"{LIST}{item.pk}/change/", form)
    assert "The end of the message was changed" in answer.content.decode()
    letter, foot = answer.context["typed"]["text"].split("\n\n-- \n")
    assert letter.endswith("PS from Rita") and foot.startswith("Mira · 1 Sample Street\n")
    assert answer.context["typed"]["text"].count("rather not hear from us") == 1


def test_the_queue_says_what_goes_together_and_a_dry_run_what_becomes_of_a_yes():
    item = testing.make_pending(testing.make_person(name="info@example.com"))
    client = enter(testing.alice())
    assert (
        "Only low priority (normal too, where the workspace lets it) that nothing holds"
        in client.get(LIST).content.decode()
    )
    text = client.get(page(item)).content.decode()
    assert "it comes back to the queue" in text


def test_without_scripts_a_refused_edit_is_passed_over_only_by_a_tick():
    testing.make_workspace(sender_name="Mira", postal_address="1 Sample Street")
    item = testing.make_pending()
    client = enter(testing.alice())
    assert "without_edit" not in client.get(page(item)).content.decode()
    form = {"digest": item.digest, "subject": "Other", "text": "Only mine.", "action": "save"}
    text = client.post(f"{LIST}{item.pk}/change/", form).content.decode()
    assert 'name="without_edit" value="1" required' in text
    assert "Your edit is not saved." in text and 'data-refused="edit-text"' in text
    form = {"digest": item.digest, "action": "reject", "reason": ""}
    text = client.post(f"{LIST}{item.pk}/change/", form).content.decode()
    assert 'data-refused="reason"' in text and "without_edit" not in text


def test_confidence_is_said_to_be_of_the_text_before_an_edit():
    person, bob = testing.make_person(), testing.bob()
    told = drafts.Text("Minutes", "As agreed.", confidence=85, reasoning="All facts are known.")
    draft = drafts.write(person.workspace, person, "email", told, by=bob, at=WORKDAY)
    item = submission.submit(draft.pk, by=bob, at=WORKDAY).approval
    client = enter(testing.alice())
    assert "before the edit" not in client.get(f"{LIST}{item.pk}/change/").content.decode()
    form = {"action": "save", "digest": item.digest, "subject": "Other", "text": "Other words."}
    client.post(f"{LIST}{item.pk}/change/", form)
    assert "85 %, before the edit" in client.get(f"{LIST}{item.pk}/change/").content.decode()
    assert "All facts are known." in client.get(f"{LIST}{item.pk}/change/").content.decode()
    assert "85 %, before the edit" in client.get(LIST).content.decode()


def test_the_page_warns_of_what_may_have_arrived_already():
    item = testing.make_pending()
    client = enter(testing.alice())
    assert 'id="sent-before"' not in client.get(page(item)).content.decode()
    Approval.objects.filter(pk=item.pk).update(priority_reasons=[REOPENED["send_again"]])
    assert 'id="sent-before"' in client.get(page(item)).content.decode()


def test_who_asked_us_to_stop_once_is_shown_with_who_lifted_it_and_when():
    person, admin = testing.make_person(), testing.dora()
    asked, lifted = WORKDAY - timedelta(days=40), WORKDAY - timedelta(days=20)
    with transaction.atomic():
        people.set_status(person, "desist", reason="Too many.", by=admin, at=asked)
        people.set_status(person, "active", reason="Wrote again.", by=admin, at=lifted)
    item = testing.make_pending(person)
    text = enter(testing.alice()).get(page(item)).content.decode()
    assert (
        f"asked us to stop on {asked:%Y-%m-%d} UTC; lifted by Dora on {lifted:%Y-%m-%d} UTC" in text
    )
    assert "Wrote again." in text and "Nothing has passed between us" not in text
    assert " once.</p>" not in text.replace("at once.", "") and "May be written to.</p>" not in text


def test_a_stop_is_not_joined_to_what_once_stood_against_the_person():
    person, admin = testing.make_person(), testing.dora()
    asked = WORKDAY - timedelta(days=4)
    with transaction.atomic():
        people.set_status(person, "desist", reason="Too many.", by=admin, at=asked)
        people.set_status(person, "active", reason="Wrote again.", by=admin, at=WORKDAY)
    item = testing.make_pending(person)
    brake(item, "EMERGENCY_STOP", True)
    text = enter(testing.alice()).get(page(item)).content.decode()
    lifted = f"lifted by Dora on {WORKDAY:%Y-%m-%d} UTC, because: Wrote again."
    again = f"May be written to again: asked us to stop on {asked:%Y-%m-%d} UTC; {lifted}</p>"
    assert again in text and text.count(FOR_ALL) == 1


FOR_ALL = "A stop holds the messages to everybody, not to them alone"


def shown_of_the_person(item: Approval) -> str:
    text = enter(testing.alice()).get(page(item)).content.decode()
    return text[text.index('aria-label="About this item"') :]


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize(("key", "on"), [("EMERGENCY_STOP", True), ("MESSAGING_ENABLED", False)])
def test_a_stop_is_told_beside_the_persons_own_standing(key, on, closed):
    item = testing.make_pending()
    if closed:
        services.reject(item.pk, by=testing.alice(), at=WORKDAY, reason="Not now.")
    assert FOR_ALL not in shown_of_the_person(item)
    brake(item, key, on)
    text = shown_of_the_person(item)
    assert "May be written to.</p>" in text and FOR_ALL in text
    with transaction.atomic():
        people.set_status(item.human, "blocked", reason="Rude.", by=testing.dora(), at=WORKDAY)
    text = shown_of_the_person(item)
    assert "Person is blocked.</strong> Blocked by us" in text and FOR_ALL in text
    assert "May be written to" not in text


def test_a_suppressed_address_is_told_beside_the_person():
    item = testing.make_pending()
    assert "May be written to.</p>" in shown_of_the_person(item)
    with transaction.atomic():
        suppression.suppress(
            item.workspace, "email", item.revision.address, reason="bounce",
            by=testing.dora(), at=WORKDAY,
        )  # fmt: skip
    text = shown_of_the_person(item)
    assert "May be written to" not in text and "Not by this address: it is suppressed." in text


def test_who_is_blocked_and_has_automation_off_is_shown_with_both():
    item = testing.make_pending()
    with transaction.atomic():
        people.set_status(item.human, "blocked", reason="Rude.", by=testing.dora(), at=WORKDAY)
        people.set_automation(item.human, False, reason="Ill.", by=testing.dora(), at=WORKDAY)
    text = shown_of_the_person(item)
    assert "<strong>Automation disabled: Ill. Person is blocked.</strong>" in text


def test_who_is_blocked_is_shown_with_when_and_why():
    person, admin = testing.make_person(), testing.dora()
    item = testing.make_pending(person)
    with transaction.atomic():
        people.set_status(person, "blocked", reason="Rude.", by=admin, at=WORKDAY)
    said = f"Blocked by us ({WORKDAY:%Y-%m-%d %H:%M} UTC): Rude."
    client = enter(testing.alice())
    for address in (page(item), reverse("admin:core_person_change", args=[person.pk])):
        assert said in client.get(address).content.decode()


def test_in_dry_run_the_page_says_what_the_job_does_and_what_would_be_live():
    person = testing.make_person(time_zone="Pacific/Auckland")  # past eleven at night there
    item = testing.make_pending(person, purpose="promotional")
    text = enter(testing.alice()).get(f"{LIST}{item.pk}/change/").content.decode()
    assert "it would be simulated in 10 s unless undone: dry run sends nothing" in text
    assert "Live, it would be sent Thu 12 Mar 09:00 their time." in text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "· in the queue for 5 d"),
        ({"status": "expired", "closed_at": WORKDAY + timedelta(days=3)},
         "was in the queue for 3 d"),
        ({"status": "withdrawn", "decided_at": WORKDAY + timedelta(hours=3),
          "closed_at": WORKDAY + timedelta(days=3)}, "was in the queue for 3 h"),
    ],
)  # fmt: skip
def test_a_closed_item_says_how_long_it_was_in_the_queue(fields, said):
    item = testing.make_pending()
    Approval.objects.filter(pk=item.pk).update(created_at=WORKDAY, **fields)
    with time_machine.travel(WORKDAY + timedelta(days=5)):
        client = enter(testing.alice())
        assert said in client.get(page(item)).content.decode()


def test_the_page_says_that_its_own_message_is_among_those_that_wait(monkeypatch):
    items = [testing.make_pending(confidence=50), testing.make_pending(), testing.make_pending()]
    client = enter(testing.alice())

    def line(item) -> str:
        text = client.get(page(item)).content.decode()
        found = re.search(r'<p class="oc-counts".*?</p>', text, re.DOTALL)
        return " ".join(re.sub("<[^>]+>", "", found[0]).split())

    assert line(items[0]) == "3 wait: this one and 2 more 1 high"
    assert "in the whole queue" not in client.get(LIST).content.decode()
    assert "in the whole queue" in client.get(f"{LIST}?q=nobody").content.decode()
    narrowed = client.get(f"{page(items[0])}?_changelist_filters=q%3Dx").content.decode()
    assert "more</strong>" not in narrowed and "in the whole queue" in narrowed
    post(client, items[0], "approve")
    assert line(items[0]) == "2 wait"
    assert line(items[1]) == "2 wait: this one and 1 more"
    post(client, items[1], "approve")
    assert line(items[2]) == "Only this one waits"
    testing.make_pending()
    monkeypatch.setattr(queue, "COUNT_LIMIT", 1)
    assert line(items[2]) == "1+ wait: this one and more"

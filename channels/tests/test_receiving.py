"""Taking in a message: whose it is, what it asks for, and what becomes of it."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from anymail.inbound import AnymailInboundMessage

from channels import inbound, provider_mail, receiving
from channels.incoming import Incoming
from channels.mail.reading import read
from channels.mail.tests.test_reports import arf, dsn
from channels.models import Delivery, ProviderEvent
from channels.receiving import take_in
from outreach import testing
from outreach.core import suppression
from outreach.core.models import Activity, Contact, InboundMessage, Person
from outreach.core.people import add_address
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db(transaction=True)
LATER = WORKDAY + timedelta(minutes=5)


def letter(person=None, text: str = "Tuesday suits me.", **fields) -> Incoming:
    """A mail from this person, or from a stranger."""
    sender = person.addresses.get(channel="email").normalised if person else "eve@example.net"
    given = {"message_id": "<m1@example.com>", "at": LATER, "subject": "Re: Minutes", **fields}
    return Incoming(channel="email", sender=sender, text=text, **given)


def delivered(person=None, state: str = "sent", **fields) -> tuple[Delivery, str]:
    """A delivery of ours and its Message-ID."""
    approval = testing.make_approved(person, **fields)
    delivery = Delivery.objects.create(
        workspace=approval.workspace,
        approval=approval,
        human=approval.human,
        channel="email",
        status=state,
        since=WORKDAY,
    )
    return delivery, f"<{approval.draft.uuid}.{approval.pk}@example.org>"


# --- Whose it is ---------------------------------------------------------------------------------


def test_an_id_that_only_looks_like_ours_keeps_no_request_to_stop_from_being_heard():
    ann = testing.make_person()
    take_in(
        letter(ann, "Please stop writing to me.", answers=(f"<{'a' * 36}.1@x.example>",)), at=LATER
    )
    ann.refresh_from_db()
    assert ann.status == "desist"


def test_an_answer_is_tied_to_the_person_and_the_message_it_answers():
    person = testing.make_person()
    delivery, number = delivered(person)
    [row] = take_in(letter(person, answers=("<other@x>", number)), at=LATER)
    assert (row.person, row.in_reply_to) == (person, delivery.approval.draft)
    assert (row.status, row.verdict, row.alert) == ("wants_reply", "none", "")
    contact = Contact.objects.get(direction="in")
    assert (contact.human, contact.at) == (person, LATER)
    verbs = ["channels.inbound_stored", "channels.heard", "channels.inbound_read"]
    told = Activity.objects.filter(verb__in=verbs).order_by("id").values_list("verb", flat=True)
    assert list(told) == verbs


def test_an_answer_from_another_address_is_known_by_its_thread():
    person = testing.make_person()
    _, number = delivered(person)
    [row] = take_in(letter(None, "Unsubscribe", answers=(number,)), at=LATER)
    person.refresh_from_db()
    assert (row.person, person.status) == (person, "desist")
    assert suppression.is_suppressed(person.workspace, "email", "eve@example.net")


def test_the_address_it_came_from_says_more_than_the_thread():
    person, colleague = testing.make_person(), testing.make_person()
    _, number = delivered(person)
    [row] = take_in(
        letter(colleague, "Please remove me from your list", answers=(number,)), at=LATER
    )
    person.refresh_from_db()
    assert (row.person, person.status) == (colleague, "active")


@pytest.mark.parametrize(
    "text",
    [
        "Remove him from your list.",
        "Please do not write to us.",
        "Ann passed away last week.",
        "Ok.",
    ],
)
def test_who_was_written_to_is_held_where_another_whom_we_know_may_speak_for_them(text):
    """Their assistant, say: that one was stopped, and the follow-up to them went out."""
    person, assistant = testing.make_person(), testing.make_person()
    _, number = delivered(person)
    [row] = take_in(letter(assistant, text, answers=(number,)), at=LATER)
    person.refresh_from_db()
    assert person.automation_enabled == (text == "Ok.")
    assert row.status == ("wants_reply" if text == "Ok." else "needs_person")


def test_a_duplicate_writes_as_the_human_being():
    person, copy = testing.make_person(), testing.make_person()
    copy.merged_into = person
    copy.save()
    [row] = take_in(letter(copy), at=LATER)
    assert row.person == person


def test_a_message_id_of_ours_quoted_by_a_stranger_workspace_stays_where_it_belongs():
    theirs = testing.make_person(testing.make_workspace("other"))
    person = testing.make_person()
    _, number = delivered(person)
    rows = take_in(letter(theirs, answers=(number,)), at=LATER)
    assert [row.workspace for row in rows] == [person.workspace]


def test_every_workspace_that_knows_the_sender_hears_a_stop():
    here, there = testing.make_person(), testing.make_person(testing.make_workspace("other"))
    for person in (here, there):
        add_address(person.workspace, person, "email", "both@example.com")
    incoming = Incoming("email", "both@example.com", "<m1@x>", LATER, text="STOP")
    rows = take_in(incoming, at=LATER)
    assert {row.workspace for row in rows} == {here.workspace, there.workspace}
    for person in (here, there):
        person.refresh_from_db()
        assert person.status == "desist"
    assert take_in(incoming, at=LATER)[0].pk in {row.pk for row in rows}
    assert InboundMessage.objects.count() == 2


def test_mail_to_a_workspaces_own_address_is_only_its_own():
    place = testing.make_workspace("other", sender_address="sales@example.org")
    here, there = testing.make_person(), testing.make_person(place)
    for person in (here, there):
        add_address(person.workspace, person, "email", "both@example.com")
    incoming = Incoming("email", "both@example.com", "<m1@x>", LATER, text="STOP",
                        to=("sales@example.org",))  # fmt: skip
    assert [row.person for row in take_in(incoming, at=LATER)] == [there]
    here.refresh_from_db()
    assert here.status == "active"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("+525512345678", "+5215512345678"),
        ("+5491123456789", "+541123456789"),
        ("+5511987654321", "+551187654321"),
        ("+551187654321", "+5511987654321"),
        ("+442079460123", "+442079460123"),
    ],
)
def test_a_number_is_known_with_and_without_its_mobile_digit(ours, theirs):
    person = testing.make_person()
    add_address(person.workspace, person, "whatsapp", ours)
    [row] = take_in(Incoming("whatsapp", theirs, "wamid.1", LATER, text="STOP"), at=LATER)
    assert row.person == person


def test_a_number_known_by_phone_only_is_the_same_human_being():
    person = testing.make_person()
    add_address(person.workspace, person, "phone", "+442079460123")
    [row] = take_in(Incoming("whatsapp", "+442079460123", "wamid.1", LATER, text="hi"), at=LATER)
    assert row.person == person


def test_a_tag_in_an_address_hides_nobody_who_asks_us_to_stop():
    ann = testing.make_person()
    ways = [("email", "ann+shop@example.com"), ("linkedin", "linkedin.com/in/ann-meier")]
    for channel, address in ways:
        add_address(ann.workspace, ann, channel, address)
    incoming = Incoming("email", "Ann@example.com", "<m1@x>", LATER, text="Stop, on any channel.")
    [row] = take_in(incoming, at=LATER)
    ann.refresh_from_db()
    assert (row.person, ann.status) == (ann, "desist")
    assert suppressed(ann) == set(ann.addresses.values_list("normalised", flat=True))


@pytest.mark.parametrize("other", ["joann@example.com", "ann@example.org", "ann%@example.com"])
def test_a_like_address_is_somebody_elses(other):
    person = testing.make_person()
    add_address(person.workspace, person, "email", "ann+shop@example.com")
    [row] = take_in(Incoming("email", other, "<m1@x>", LATER, text="Unsubscribe"), at=LATER)
    assert row.person is None


def test_the_very_address_says_more_than_the_same_mailbox_under_a_tag():
    tagged, plain = testing.make_person(), testing.make_person()
    add_address(tagged.workspace, tagged, "email", "ann+shop@example.com")
    add_address(plain.workspace, plain, "email", "ann@example.com")
    [row] = take_in(Incoming("email", "ann@example.com", "<m1@x>", LATER, text="Hi"), at=LATER)
    assert row.person == plain


def test_who_asked_us_to_stop_before_we_knew_them_is_not_written_to_by_another_way():
    zoe = testing.make_person()
    take_in(letter(None, "Unsubscribe"), at=LATER)
    add_address(zoe.workspace, zoe, "linkedin", "linkedin.com/in/zoe")
    assert suppressed(zoe) == set()
    add_address(zoe.workspace, zoe, "email", "eve+news@example.net")
    assert suppressed(zoe) == set(zoe.addresses.values_list("normalised", flat=True))
    add_address(zoe.workspace, zoe, "whatsapp", "+442079460123")
    assert "+442079460123" in suppressed(zoe)


@pytest.mark.parametrize(
    ("wrote", "channel", "brought"),
    [
        ("+442079460123", "phone", "+442079460123"),
        ("+5215512345678", "whatsapp", "+525512345678"),
        ("+5511987654321", "phone", "+551187654321"),
    ],
)
def test_a_number_that_asked_us_to_stop_is_known_however_it_is_brought(wrote, channel, brought):
    """As a number to call, or with a mobile digit more or less: their mail went on."""
    zoe = testing.make_person()
    take_in(Incoming("whatsapp", wrote, "wamid.1", LATER, text="STOP"), at=LATER)
    add_address(zoe.workspace, zoe, channel, brought)
    assert suppressed(zoe) == set(zoe.addresses.values_list("normalised", flat=True))


def test_a_number_that_two_have_is_closed_for_whoever_asked():
    ann, ben = testing.make_person(), testing.make_person()
    add_address(ann.workspace, ann, "whatsapp", "+442079460123")
    add_address(ben.workspace, ben, "phone", "+442079460123")
    take_in(Incoming("whatsapp", "+442079460123", "wamid.1", LATER, text="STOP"), at=LATER)
    assert "+442079460123" in suppressed(ann)
    assert suppressed(ben) == set()


def suppressed(person) -> set[str]:
    rows = person.addresses.values_list("workspace_id", "channel", "normalised")
    return {address for _, _, address in suppression.suppressed_among(set(rows))}


# --- Once ----------------------------------------------------------------------------------------


def test_a_replay_has_no_second_effect():
    person = testing.make_person()
    first = take_in(letter(person), at=LATER)
    again = take_in(letter(person), at=LATER + timedelta(days=1))
    assert first == again
    assert Contact.objects.count() == 1


def test_one_id_from_two_senders_is_two_messages():
    """Whoever copies an id cannot make somebody's stop disappear."""
    person = testing.make_person()
    take_in(letter(None, "hi"), at=LATER)
    take_in(letter(person, "STOP"), at=LATER)
    person.refresh_from_db()
    assert person.status == "desist"


def test_a_crash_between_storing_and_judging_is_made_good_by_the_sweep(monkeypatch):
    person = testing.make_person()
    with monkeypatch.context() as patch:
        patch.setattr(receiving, "judge", lambda row, at: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            take_in(letter(person, "STOP"), at=LATER)
    row = InboundMessage.objects.get()
    assert row.status == "new"
    assert receiving.sweep(at=row.created_at) == 0, "whoever stored it may be at it"
    assert receiving.sweep(at=row.created_at + 2 * receiving.GRACE) == 1
    person.refresh_from_db()
    assert person.status == "desist"


def test_what_cannot_be_judged_at_all_is_held_for_a_person(monkeypatch, caplog):
    person = testing.make_person()
    monkeypatch.setattr(receiving, "judge", lambda row, at: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        take_in(letter(person), at=LATER)
    row = InboundMessage.objects.get()
    receiving.sweep(at=row.created_at + 2 * receiving.GIVE_UP)
    row.refresh_from_db()
    person.refresh_from_db()
    assert (row.status, person.automation_enabled) == ("needs_person", False)
    assert "cannot be judged" in caplog.text


# --- What it asks for ----------------------------------------------------------------------------

QUOTE = "\n\nOn 11 Mar 2026, Zoe <zoe@example.org> wrote:\n> Answer STOP to unsubscribe.\n"
JUDGED = [
    ("Tuesday suits me." + QUOTE, {}, "none", "", "wants_reply", True),
    ("STOP" + QUOTE, {}, "stop", "", "handled", True),
    ("Not interested", {}, "unclear", "unclear_stop", "needs_person", False),
    ("Не пишите мне больше", {}, "unclear", "unclear_stop", "needs_person", False),
    ("Nie piszcie do mnie więcej", {}, "unclear", "unclear_stop", "needs_person", False),
    ("", {"subject": "구독을 취소해 주세요"}, "unclear", "unclear_stop", "needs_person", False),
    ("Tuesday suits me.", {"subject": "Встреча"}, "none", "", "wants_reply", True),
    ("Fine.\n\n-----Original Message-----\nВстреча", {}, "none", "", "wants_reply", True),
    ("Fine.\n\n-----Original Message-----\nplease stop emailing me", {}, "unclear",
     "unclear_stop", "needs_person", False),
    ("", {"subject": "Unsubscribe"}, "stop", "", "handled", True),
    ("Thanks", {"subject": "Please remove me from your list"}, "stop", "", "handled", True),
    ("Thanks", {"subject": "Re: Stop wasting time on minutes"}, "none", "", "wants_reply", True),
    ("You will hear from my lawyer.", {}, "none", "legal", "needs_person", False),
    ("My father passed away yesterday.", {}, "none", "distress", "needs_person", False),
    ("Your offer was unacceptable.", {}, "none", "complaint", "needs_person", True),
    ("", {"attachments": ("scan.pdf",)}, "none", "", "needs_person", True),
    ("> Hello\n> there", {}, "none", "", "needs_person", True),
    ("", {"subject": "Re: unsubscribe"}, "stop", "", "handled", True),
    ("Thanks", {"subject": "Re: unsubscribe"}, "none", "", "wants_reply", True),
    ("", {"unread": "reply.txt"}, "unclear", "unclear_stop", "needs_person", False),
    ("", {"unread": "reply.txt", "subject": "STOP"}, "stop", "", "handled", True),
    ("Tuesday suits me.", {"unread": "agenda.txt"}, "none", "", "wants_reply", True),
    ("Hello Zoe,\n> Please stop writing to me.", {}, "unclear", "unclear_stop", "needs_person",
     False),
    ("", {"media": "audio"}, "unclear", "unclear_stop", "needs_person", False),
    ("", {"media": "interactive"}, "unclear", "unclear_stop", "needs_person", False),
    ("", {"media": "of_next_year"}, "unclear", "unclear_stop", "needs_person", False),
    ("", {"media": "image"}, "none", "", "needs_person", True),
    ("", {"media": "reaction"}, "none", "", "handled", True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "more", "verdict", "alert", "status", "automation"), JUDGED, ids=range(len(JUDGED))
)
def test_a_message_is_judged_by_their_own_words(text, more, verdict, alert, status, automation):
    person = testing.make_person()
    [row] = take_in(letter(person, text, **more), at=LATER)
    row.refresh_from_db()
    person.refresh_from_db()
    assert (row.verdict, row.alert, row.status) == (verdict, alert, status), row.reason
    assert person.automation_enabled == automation
    assert (person.status == "desist") == (verdict == "stop")


def test_our_own_subject_above_nothing_is_no_request():
    person = testing.make_person()
    _, number = delivered(person, subject="How to unsubscribe from the minutes")
    subject = "RE: AW: How to unsubscribe from the minutes"
    [row] = take_in(letter(person, "", subject=subject, answers=(number,)), at=LATER)
    assert (row.verdict, row.reason) == ("none", "it has no words of their own")


def test_an_automatic_reply_that_cannot_be_read_holds_nobody():
    person = testing.make_person()
    [row] = take_in(letter(person, "", unread="winmail.dat", automatic="auto"), at=LATER)
    assert (row.status, person.automation_enabled) == ("handled", True)


def test_our_own_opt_out_line_quoted_without_marks_is_no_request():
    person = testing.make_person()
    line = "To unsubscribe from the minutes, please answer with the word STOP."
    delivery, number = delivered(person, text=f"Here are the minutes.\n\n{line}")
    assert line in delivery.approval.revision.text
    quote = f"From: Zoe\nSent: Wednesday\n\nHere are the minutes.\n\n{line[:40]}\n{line[40:]}"
    text = f"Fine.\n\n{quote}"
    [row] = take_in(letter(person, text, answers=(number,)), at=LATER)
    assert (row.text, row.verdict, row.status) == ("Fine.", "none", "wants_reply")


@pytest.mark.parametrize(
    ("head", "verdict"),
    [
        ("From: Zoe May <zoe@minutes.example>\nSent: Monday 9:12\nSubject: Offers", "none"),
        ("Von: Zoe <z@minutes.example>\nGesendet: Montag, 9:12\nBetreff: AW: Offers", "none"),
        ("From: Zoe <z@minutes.example>\nSent: Monday 9:12\nSubject: stop writing", "unclear"),
    ],
)
def test_our_own_subject_quoted_is_no_request(head, verdict):
    person = testing.make_person()
    _, number = delivered(person, subject="Offers")
    [row] = take_in(letter(person, f"Fine, call me.\n\n{head}\n", answers=(number,)), at=LATER)
    assert row.verdict == verdict


@pytest.mark.parametrize(
    ("subject", "verdict"),
    [
        ("FW: Offers", "none"), ("[Desk] Re: Offers", "none"), ("[#4812] Offers", "none"),
        ("Unsubscribe: Offers", "stop"), ("FW: Offers - please stop writing to me", "stop"),
    ],
)  # fmt: skip
def test_what_a_program_adds_to_our_subject_is_no_request(subject, verdict):
    person = testing.make_person()
    _, number = delivered(person, subject="Offers")
    answer = letter(person, "Fine, call me.", answers=(number,), subject=subject)
    [row] = take_in(answer, at=LATER)
    assert row.verdict == verdict


def test_a_lists_footer_below_a_quote_is_no_request():
    person = testing.make_person()
    quote = "On 3 Mar 2026 at 10:00, Zoe <z@minutes.example> wrote:\n\nHello Ann"
    footer = "To unsubscribe from this group, send an email to b+unsubscribe@x.example."
    [row] = take_in(letter(person, f"Fine, call me.\n\n{quote}\n\n{footer}"), at=LATER)
    assert row.verdict == "none"


def test_who_asks_us_to_stop_in_the_words_we_offered_is_heard():
    person = testing.make_person()
    text = "Shall we meet?\n\nIf not, just answer “please remove me” and I write no more."
    _, number = delivered(person, text=text)
    quote = "On Mon, 1 Jun 2026 at 10:00, Zoe <zoe@example.org> wrote:\n> Shall we meet?"
    take_in(letter(person, f"Please remove me\n\n{quote}", answers=(number,)), at=LATER)
    person.refresh_from_db()
    assert person.status == "desist"


def test_the_unsubscribe_button_of_a_mail_program_stops_whoever_it_was_sent_to():
    person = testing.make_person()
    delivery, _ = delivered(person)
    subject = f"unsubscribe {delivery.approval.draft.uuid}"
    take_in(letter(None, "", subject=subject), at=LATER)
    person.refresh_from_db()
    assert person.status == "desist"


def test_the_button_stops_whoever_it_was_sent_to_from_whatever_mailbox_it_was_pressed():
    """A mail that was passed on, or a mailbox of another record: the wrong one was stopped."""
    ann, office = testing.make_person(name="Ann Lee"), testing.make_person(name="The Office")
    add_address(ann.workspace, ann, "email", "ann.lee@example.org")
    delivery, _ = delivered(ann)
    subject = f"unsubscribe {delivery.approval.draft.uuid}"
    [row] = take_in(letter(office, "", subject=subject), at=LATER)
    for person in (ann, office):
        person.refresh_from_db()
        assert person.status == "desist"
        assert suppressed(person) == set(person.addresses.values_list("normalised", flat=True))
    assert (row.person, row.status, row.verdict) == (office, "handled", "stop")


def test_the_button_of_a_mail_to_somebody_erased_is_heard_for_whoever_pressed_it():
    ann, office = testing.make_person(), testing.make_person()
    delivery, _ = delivered(ann)
    Person.objects.filter(pk=ann.pk).update(erased_at=WORKDAY)
    subject = f"unsubscribe {delivery.approval.draft.uuid}"
    [row] = take_in(letter(office, "", subject=subject), at=LATER)
    office.refresh_from_db()
    assert (office.status, row.status) == ("desist", "handled")


def test_the_button_is_a_persons_though_a_machine_writes_the_mail():
    person = testing.make_person()
    delivery, _ = delivered(person)
    subject = f"unsubscribe {delivery.approval.draft.uuid}"
    [row] = take_in(letter(None, "", subject=subject, automatic="Auto-Submitted: yes"), at=LATER)
    person.refresh_from_db()
    assert (person.status, row.status) == ("desist", "handled")


def test_an_alert_brings_what_waits_to_the_top():
    person = testing.make_person()
    approval = testing.make_pending(person)
    take_in(letter(person, "Your offer was unacceptable."), at=LATER)
    approval.refresh_from_db()
    assert approval.get_priority_display() == "critical"
    assert "complaint" in approval.priority_reasons[-1]


def test_a_stranger_who_asks_us_to_stop_is_suppressed():
    place = testing.make_workspace()
    [row] = take_in(letter(None, "Unsubscribe"), at=LATER)
    assert (row.person, row.status, row.verdict) == (None, "needs_person", "stop")
    assert suppression.is_suppressed(place, "email", "eve@example.net")
    assert not Contact.objects.exists()


# --- Machines ------------------------------------------------------------------------------------


def test_an_out_of_office_reply_is_no_answer():
    person = testing.make_person()
    incoming = letter(person, "I am away until Monday.", automatic="Auto-Submitted: auto-replied")
    [row] = take_in(incoming, at=LATER)
    assert (row.kind, row.status) == ("auto_reply", "handled")
    assert not Contact.objects.exists()


def test_a_mail_a_provider_could_only_hand_over_as_it_is_is_known_for_a_machines_too():
    headers = "Auto-Submitted: auto-replied\nSubject: Minutes\n"
    message = AnymailInboundMessage.construct(raw_headers=headers, text="I am away.")
    event = SimpleNamespace(message=message, event_id="e1", event_type="inbound", timestamp=LATER)
    incoming = provider_mail._as_it_is(event)
    assert (incoming.kind, incoming.automatic) == ("auto_reply", "Auto-Submitted: auto-replied")


def test_a_mail_handed_over_as_it_is_is_read_in_html_too():
    message = AnymailInboundMessage.construct(raw_headers="Subject: Hi\n", html="<p>STOP</p>")
    event = SimpleNamespace(message=message, event_id="e2", event_type="inbound", timestamp=LATER)
    assert provider_mail._as_it_is(event).text == "STOP"


def test_an_automatic_reply_in_another_language_holds_nobody():
    person = testing.make_person()
    text = "Ik ben niet op kantoor en lees geen mails."
    [row] = take_in(letter(person, text, automatic="auto-replied"), at=LATER)
    person.refresh_from_db()
    assert (row.status, person.automation_enabled) == ("handled", True)


@pytest.mark.parametrize(
    "text",
    [
        "please stop dziękuję za wiadomość i nie mam czasu",
        "är på semester och kommer tillbaka please stop",
    ],
)
def test_a_foreign_text_that_may_not_be_theirs_is_held_where_a_request_stands_in_it(text):
    """It is neither let pass nor taken for a stop, which suppresses for good."""
    assert inbound.judge_text(text, is_their_own=False).kind == "unclear"


def test_an_automatic_reply_that_may_ask_us_to_stop_is_for_a_person():
    person = testing.make_person()
    incoming = letter(person, "Please remove me from your list.", automatic="Precedence: bulk")
    [row] = take_in(incoming, at=LATER)
    person.refresh_from_db()
    assert (row.status, row.verdict) == ("needs_person", "unclear")
    assert (person.status, person.automation_disabled_reason) == ("active", inbound.UNCLEAR)


def test_an_automatic_answer_that_may_ask_us_to_stop_holds_whoever_was_written_to():
    person, desk = testing.make_person(), testing.make_person()
    _, number = delivered(person)
    text = "Please remove Ann from your list."
    [row] = take_in(letter(desk, text, automatic="auto-replied", answers=(number,)), at=LATER)
    person.refresh_from_db()
    assert (row.status, person.automation_disabled_reason) == ("needs_person", receiving.FOR_THEM)


@pytest.mark.parametrize(
    ("automatic", "more", "status"),
    [
        ("Auto-Submitted: auto-replied", {"subject": "Away"}, "needs_person"),
        ("Precedence: bulk", {}, "needs_person"),
        ("Precedence: bulk", {"subject": "Away", "answers": ("<x@y>",)}, "needs_person"),
        ("Precedence: bulk", {"subject": "Spring offers"}, "handled"),
        ("a mailing list sent it", {"subject": "Spring offers"}, "handled"),
    ],
)
def test_a_machines_answer_from_an_address_nobody_has_is_seen_where_it_may_ask_us_to_stop(
    automatic, more, status
):
    """What every newsletter says below itself asks us nothing."""
    text = "Please remove me from your list."
    [row] = take_in(letter(None, text, automatic=automatic, **more), at=LATER)
    assert (row.status, row.person) == (status, None)
    assert not suppression.is_suppressed(row.workspace, "email", "eve@example.net")


def mail(raw: bytes, *, number: str = "m1", sent=LATER) -> Incoming:
    found = Incoming.of_letter(read(raw.replace(b"dsn1@", number.encode() + b"@")))
    return Incoming(**{**vars_of(found), "at": sent})


def vars_of(incoming: Incoming) -> dict:
    return {name: getattr(incoming, name) for name in Incoming.__slots__}


def test_a_hard_bounce_suppresses_and_proves_that_the_message_left():
    delivery, number = delivered(state="unknown")
    address = delivery.approval.revision.address
    [row] = take_in(mail(dsn("5.1.1", original=number)), at=LATER)
    delivery.refresh_from_db()
    assert (row.kind, row.status, row.in_reply_to) == ("bounce", "handled", delivery.approval.draft)
    assert suppression.find(delivery.workspace, "email", address).reason == "bounce"
    assert delivery.status == "sent"
    assert not Contact.objects.filter(direction="in").exists()


def test_three_soft_bounces_within_two_weeks_suppress():
    delivery, number = delivered()
    place, address = delivery.workspace, delivery.approval.revision.address
    for turn in range(3):
        assert not suppression.is_suppressed(place, "email", address)
        report = mail(dsn("4.2.2", original=number), number=f"m{turn}")
        for _ in range(2):  # a replay is not counted
            take_in(report, at=LATER)
    assert suppression.is_suppressed(place, "email", address)
    assert ProviderEvent.objects.filter(bounced="soft").count() == 3


def test_soft_bounces_far_apart_are_forgotten():
    delivery, number = delivered()
    for turn in range(3):
        when = LATER + timedelta(days=10 * turn)
        report = mail(dsn("4.2.2", original=number), number=f"m{turn}", sent=when)
        take_in(report, at=when)
    address = delivery.approval.revision.address
    assert not suppression.is_suppressed(delivery.workspace, "email", address)


def test_a_report_about_nothing_of_ours_suppresses_nobody():
    """Anybody can forge a report to make us stop writing to somebody else."""
    person = testing.make_person()
    raw = dsn("5.1.1").replace(b"Ann@Example.com", person.addresses.get().normalised.encode())
    [row] = take_in(mail(raw), at=LATER)
    assert row.status == "needs_person"
    assert not suppression.is_suppressed(
        person.workspace, "email", person.addresses.get().normalised
    )


def test_a_report_without_the_message_counts_where_we_wrote_to_that_address():
    delivery, _ = delivered()
    address = delivery.approval.revision.address
    raw = dsn("5.1.1", original="").replace(b"Ann@Example.com", address.encode())
    take_in(mail(raw), at=LATER)
    assert suppression.is_suppressed(delivery.workspace, "email", address)


def test_a_complaint_suppresses_and_makes_what_waits_critical():
    delivery, number = delivered()
    waiting = testing.make_pending(delivery.human)
    [row] = take_in(mail(arf(original=number)), at=LATER)
    waiting.refresh_from_db()
    address = delivery.approval.revision.address
    assert (row.kind, row.alert) == ("complaint", "complaint")
    assert suppression.find(delivery.workspace, "email", address).reason == "complaint"
    assert waiting.get_priority_display() == "critical"


def test_a_complaint_closes_every_address_of_whoever_complained():
    """A complaint about one mailbox left their other ones open, until one more was written down."""
    delivery, number = delivered()
    person = delivery.human
    for channel, address in [("email", "own+x@example.org"), ("whatsapp", "+442079460123")]:
        add_address(person.workspace, person, channel, address)
    take_in(mail(arf(original=number)), at=LATER)
    assert suppressed(person) == set(person.addresses.values_list("normalised", flat=True))
    other = suppression.find(person.workspace, "whatsapp", "+442079460123")
    assert (other.reason, other.complained_at) == ("stop_request", None), (
        "one complaint counts once"
    )


@pytest.mark.parametrize("named", ["by its message", "by the address alone"])
@pytest.mark.parametrize("kind", ["bounce", "complaint"])
def test_a_report_counts_in_the_workspace_it_is_about(kind, named):
    """One mailbox takes in the reports of several workspaces; what it is named after is another."""
    testing.make_person()
    there = testing.make_person(testing.make_workspace("other"))
    _, number = delivered(there)
    address = there.addresses.get().normalised
    original = number if named == "by its message" else ""
    raw = dsn("5.1.1", original=original) if kind == "bounce" else arf(original=original)
    told = raw.replace(b"ann@example.com", address.encode())
    [row] = take_in(mail(told.replace(b"Ann@Example.com", address.encode())), at=LATER)
    assert (row.workspace, row.status) == (there.workspace, "handled")
    assert suppression.find(there.workspace, "email", address).reason == kind


@pytest.mark.parametrize("kind", ["bounce", "complaint"])
def test_a_report_imported_into_another_workspace_counts_where_its_message_is(kind):
    here = testing.make_person().workspace
    there = testing.make_person(testing.make_workspace("other"))
    _, number = delivered(there)
    raw = dsn("5.1.1", original=number) if kind == "bounce" else arf(original=number)
    [row] = take_in(mail(raw), at=LATER, workspace=here)
    assert (row.workspace, row.person, row.status) == (here, None, "handled")
    address = there.addresses.get().normalised
    assert suppression.find(there.workspace, "email", address).reason == kind
    assert not suppression.is_suppressed(here, "email", address)


@pytest.mark.parametrize("kind", ["letter", "report"])
def test_what_is_stored_before_judging_comes_back_the_same(kind):
    incoming = letter(answers=("<a@x>",)) if kind == "letter" else mail(dsn("5.1.1"))
    assert Incoming.from_dict(incoming.as_dict()) == incoming


def test_one_that_cannot_even_be_given_to_a_person_holds_up_no_other(monkeypatch):
    ill = testing.make_inbound(testing.make_person(name="Ill"), status="new")
    well = testing.make_inbound(testing.make_person(name="Well"), status="new", text="Please stop.")
    InboundMessage.objects.update(created_at=WORKDAY)
    judge, hold = receiving.judge, receiving.inbound.hold

    def fail(row, **more):
        if row.pk == ill.pk:
            raise LookupError("ill")
        judge(row, **more)

    def refuse(person, *args, **more):
        if person.pk == ill.person_id:
            raise LookupError("ill")
        hold(person, *args, **more)

    monkeypatch.setattr(receiving, "judge", fail)
    monkeypatch.setattr(receiving.inbound, "hold", refuse)
    assert receiving.sweep(at=WORKDAY + 2 * receiving.GIVE_UP) == 1
    well.person.refresh_from_db()
    ill.refresh_from_db()
    assert (well.person.status, ill.status) == ("desist", "new")

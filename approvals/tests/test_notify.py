"""Lines to our own people: grouped, without personal data, and never in the queue's way."""

from __future__ import annotations

import socket
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail import EmailMessage

from approvals import expiry, notify, outbox, rounds, services, submission, tasks
from approvals.models import Approval, Notice, QuotaUse
from outreach import testing
from outreach.core.models import Agent, Membership, User
from outreach.testing import WORKDAY

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:'imghdr' is deprecated"),  # apprise asks for it
]
AT = WORKDAY + timedelta(minutes=1)
NAME, WORDS = "Ana Prominent", "Here are the minutes of Monday's meeting, as agreed."


@pytest.fixture(autouse=True)
def no_network(monkeypatch, settings):
    """Whoever opens a connection to anything but the database fails the test."""

    def connect(self, address):
        if isinstance(address, tuple) and address[1] != 5432:
            raise AssertionError(f"a notifier reached for the network: {address}")
        return original(self, address)

    original = socket.socket.connect
    monkeypatch.setattr(socket.socket, "connect", connect)
    settings.NOTIFY_URLS = ["room://somewhere"]
    settings.BASE_URL = "https://outreach.example.org"


@pytest.fixture
def room():
    """A chat room of apprise that lives in this process."""
    import apprise
    from apprise.decorators import notify as listen

    heard = []

    @listen(on="room")
    def hear(body, title, notify_type, *args, **kwargs):
        heard.append((title, body))
        return True

    yield heard
    apprise.plugins.N_MGR.remove("room")


def urgent(count=1, at=WORKDAY, **fields):
    person = testing.make_person(name=NAME)
    return [
        testing.make_pending(person, at=at, confidence=50, text=WORDS, **fields)
        for _ in range(count)
    ]


def later(minutes):
    return AT + timedelta(minutes=minutes)


def test_a_burst_of_urgent_items_is_one_line_in_the_chat(room):
    urgent(7)
    testing.make_pending()
    assert notify.alert_urgent(at=AT) == 1
    assert outbox.deliver(at=AT) == 1
    [(title, body)] = room
    assert title == "Default: 7 high to review"
    assert "https://outreach.example.org/admin/approvals/approval/" in body
    assert notify.alert_urgent(at=later(60)) == 0


def test_no_text_name_or_address_leaves_the_house(room):
    [row] = urgent()
    services.reject(row.pk, by=testing.alice(), at=AT, reason="Ana asked for something else")
    notify.tell_authors(at=WORKDAY)
    for line in Notice.objects.all():
        for secret in (NAME, "Ana", row.revision.address, "minutes", "something else"):
            assert secret not in line.subject + line.body


def test_what_comes_within_five_minutes_waits_for_the_next_line():
    urgent()
    assert notify.alert_urgent(at=AT) == 1
    urgent(2, at=later(1))
    assert notify.alert_urgent(at=later(2)) == 0
    assert notify.alert_urgent(at=later(5)) == 1
    assert Notice.objects.last().subject == "Default: 2 high to review"


def test_without_a_chat_nothing_is_put_down(settings):
    settings.NOTIFY_URLS = []
    urgent()
    assert notify.alert_urgent(at=AT) == 0
    assert not Notice.objects.exists()


def test_low_and_normal_items_alert_nobody():
    testing.make_pending()
    assert notify.alert_urgent(at=AT) == 0


# --- Quotas --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("used", "lines"), [(15, 0), (16, 2), (20, 2)])
def test_a_quota_warns_from_eighty_percent_on_and_once(used, lines):
    testing.alice()
    place = testing.make_workspace()
    QuotaUse.objects.create(workspace=place, day=AT.date(), used=used, lim=20)
    assert notify.warn_quotas(at=AT) == lines
    assert notify.warn_quotas(at=AT) == 0
    if lines:
        assert Notice.objects.first().subject == f"Default: {used} of 20 of the daily quota used"


def test_no_limit_warns_never():
    QuotaUse.objects.create(workspace=testing.make_workspace(), day=AT.date(), used=10_000)
    assert notify.warn_quotas(at=AT) == 0


def test_long_names_of_a_workspace_and_an_agent_silence_nobody(room):
    place = testing.make_workspace(name="W" * 120)
    agent = testing.make_agent(place).agent
    Agent.objects.filter(pk=agent.pk).update(name="A" * 120)
    QuotaUse.objects.create(workspace=place, agent=agent, day=AT.date(), used=20, lim=20)
    assert notify.collect(at=AT) == 1
    assert outbox.deliver(at=AT) == 1
    assert len(room[0][0]) == 200


def test_a_fault_in_one_silences_no_other(room, monkeypatch):
    def broken(at):
        raise ValueError

    monkeypatch.setattr(notify, "warn_quotas", broken)
    urgent()
    assert notify.collect(at=AT) == 1


# --- Authors -------------------------------------------------------------------------------------


@pytest.fixture
def reading():
    """The log is read from here on."""
    testing.alice(), testing.bob()
    notify.tell_authors(at=WORKDAY)


def news(at=None):
    notify.tell_authors(at=at or later(5))
    outbox.deliver(at=later(10_000))
    return [(letter.to, letter.subject, letter.body) for letter in mail.outbox]


def test_an_author_hears_that_the_message_in_the_queue_was_sent_by_hand(reading):
    item = testing.make_pending()
    rounds.withdraw([item], reason="sent_by_hand", by=testing.alice(), at=AT)
    [(_, _, body)] = news(AT + timedelta(hours=1))
    assert f"#{item.pk} was sent by hand" in body and "came back" not in body


def test_an_author_hears_of_rejection_return_and_expiry_in_one_letter(reading):
    rejected, returned, expired = (testing.make_pending() for _ in range(3))
    services.reject(rejected.pk, by=testing.alice(), at=AT, reason="too long")
    services.return_(returned.pk, by=testing.alice(), at=AT, feedback="shorter")
    expiry.expire_due(at=AT + timedelta(hours=73))
    [(to, subject, body)] = news(AT + timedelta(hours=74))
    assert to == ["bob@example.org"]
    assert subject == "Default: news of 3 of your messages"
    assert f"#{rejected.pk} was rejected" in body
    assert f"#{returned.pk} came back to you" in body
    assert f"#{expired.pk} expired" in body
    assert "too long" not in body


def test_an_author_hears_of_a_block_and_of_a_rewrite(reading):
    card = testing.make_draft(text="The card is 4111 1111 1111 1111, please book it.")
    submission.submit(card.pk, by=testing.bob(), at=AT)
    pushy = testing.make_draft(text="Act now! The minutes of Monday's meeting, as agreed.")
    submission.submit(pushy.pk, by=testing.bob(), at=AT)
    [(_, _, body)] = news()
    assert f"Message {card.pk} was kept back by a rule." in body
    assert f"Message {pushy.pk} was reworded by a rule." in body


def test_nobody_hears_of_what_they_did_themselves(reading):
    row = testing.make_pending(by=testing.alice())
    services.reject(row.pk, by=testing.alice(), at=AT, reason="on second thoughts")
    assert news() == []


def test_an_agent_and_somebody_without_an_address_get_no_letter(reading):
    User.objects.filter(username="bob").update(email="")
    for row in (testing.make_pending(), testing.make_pending(by=testing.make_agent())):
        services.reject(row.pk, by=testing.alice(), at=AT, reason="no")
    assert news() == []


def test_an_author_who_left_the_workspace_hears_no_more_of_it(reading):
    row = testing.make_pending()
    Membership.objects.filter(user__username="bob").delete()
    services.reject(row.pk, by=testing.alice(), at=AT, reason="no")
    assert news() == []
    assert not Notice.objects.exists()


def test_the_log_is_told_once_however_often_it_is_read(reading):
    row = testing.make_pending()
    services.reject(row.pk, by=testing.alice(), at=AT, reason="no")
    assert len(news()) == 1
    assert len(news()) == 1


def test_the_first_reading_tells_no_old_stories():
    row = testing.make_pending()
    services.reject(row.pk, by=testing.alice(), at=AT, reason="no")
    assert news() == []


# --- The outbox ----------------------------------------------------------------------------------


def put(key="test:1", **more):
    users = [testing.alice().user] if not more.get("chat") else []
    place = testing.make_workspace()
    return outbox.put(key, place, subject="Hello", body="1", at=AT, users=users, **more)


def broken(row):
    raise outbox.NotCarried("The server says no.")


def test_a_line_is_put_down_once():
    assert (put(), put()) == (1, 0)


def test_a_failure_is_kept_tried_again_and_given_up():
    put()
    for turn in range(outbox.MOST_ATTEMPTS):
        due = Notice.objects.get().due_at
        assert outbox.deliver(at=due, mail=broken) == 0
        assert Notice.objects.get().attempts == turn + 1
    row = Notice.objects.get()
    assert (row.due_at, row.sent_at) == (None, None)
    assert row.fault == "NotCarried: The server says no."


def test_a_fault_never_keeps_words_of_others():
    put()

    def leak(row):
        raise OSError("could not connect to smtp://user:secret@host")

    outbox.deliver(at=AT, mail=leak)
    assert Notice.objects.get().fault == "OSError"


def test_a_line_that_another_scheduler_carries_is_left_to_it():
    put()

    def meanwhile(row):
        assert outbox.deliver(at=AT, mail=broken) == 0

    assert outbox.deliver(at=AT, mail=meanwhile) == 1
    assert Notice.objects.get().sent_at == AT


def test_one_failure_does_not_hold_up_the_others():
    put("test:1")
    put("test:2")
    seen = []

    def first_fails(row):
        seen.append(row.key)
        if len(seen) == 1:
            broken(row)

    assert outbox.deliver(at=AT, mail=first_fails) == 1


def test_an_address_that_cannot_be_read_is_named_by_number_only(settings):
    settings.NOTIFY_URLS = ["room//secret-token"]
    put(chat=True)
    outbox.deliver(at=AT)
    assert Notice.objects.get().fault == (
        "NotCarried: Address 1 of NOTIFY_URLS cannot be read by apprise."
    )


def test_whoever_was_switched_off_gets_nothing():
    put()
    User.objects.update(is_active=False)
    assert outbox.deliver(at=AT) == 0
    assert mail.outbox == []


def test_whoever_left_the_workspace_meanwhile_gets_nothing():
    put()
    Membership.objects.all().delete()
    assert outbox.deliver(at=AT) == 0
    assert mail.outbox == []
    assert "no member" in Notice.objects.get().fault


def test_a_room_that_is_down_has_the_others_hear_a_line_once(room, settings):
    settings.NOTIFY_URLS = ["room://somewhere", "room//cannot-be-read"]
    assert put(chat=True) == 2
    for turn in range(outbox.MOST_ATTEMPTS):
        outbox.deliver(at=AT + turn * outbox.LAST_RETRY)
    assert room == [("Hello", "1")]
    assert Notice.objects.filter(sent_at=None).get().attempts == outbox.MOST_ATTEMPTS


def test_a_line_for_a_room_that_is_no_longer_named_goes_to_no_other(room, settings):
    settings.NOTIFY_URLS = ["room://somewhere", "room://elsewhere"]
    put(chat=True)
    settings.NOTIFY_URLS = ["room://somewhere"]
    assert outbox.deliver(at=AT) == 1
    assert len(room) == 1


def test_a_broken_notifier_never_touches_the_queue(monkeypatch):
    def explode(*args, **kwargs):
        raise OSError("down")

    monkeypatch.setattr(EmailMessage, "send", explode)
    monkeypatch.setattr(outbox, "by_chat", explode)
    [row] = urgent()
    before = list(Approval.objects.values())
    tasks.tell_colleagues()
    assert list(Approval.objects.values()) == before
    services.reject(row.pk, by=testing.alice(), at=AT, reason="still works")
    assert Approval.objects.get(pk=row.pk).status == "rejected"


def test_letters_say_that_a_machine_wrote_them():
    put()
    outbox.deliver(at=AT)
    assert mail.outbox[0].extra_headers["Auto-Submitted"] == "auto-generated"

"""The suppression list: keyed, gravest reason first, lifted by people only, outliving all."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured

from outreach import testing
from outreach.core import opt_outs, suppression
from outreach.core.models import Activity, Suppression
from outreach.core.own_keys import own_key
from outreach.core.people import add_address
from outreach.core.permissions import NotAllowed
from outreach.core.principal import Principal
from outreach.core.suppression import SuppressionRefused, is_suppressed, suppress
from outreach.testing import WORKDAY
from safety import facts, gate
from safety.gate import Moment
from safety.verdict import Level

pytestmark = pytest.mark.django_db
SYSTEM = Principal.system("webhook")
MONTH = timedelta(days=30)


def put(address="ann@example.com", channel="email", reason="unsubscribe", at=WORKDAY, by=SYSTEM):
    return suppress(testing.make_workspace(), channel, address, reason=reason, by=by, at=at)


def holds(address, channel="email", workspace=None):
    return is_suppressed(workspace or testing.make_workspace(), channel, address)


@pytest.mark.parametrize(
    ("put_in", "asked", "channel"),
    [
        ("Ann@Example.COM", "ann@example.com", "email"),
        ("ann+shop@example.com", "ann@example.com", "email"),
        ("ann@example.com", "ann+other@example.com", "email"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example", "email"),
        ("+44 20 7946 0123", "+442079460123", "whatsapp"),
        ("@Ann.Smith", "ann.smith", "instagram"),
        ("https://www.linkedin.com/in/Ann/", "linkedin.com/in/ann", "linkedin"),
        ("not an Address", "not  an address", "email"),
        ("+only@example.com", "+only@example.com", "email"),
    ],
)
def test_the_same_address_is_caught_however_it_is_written(put_in, asked, channel):
    put(put_in, channel)
    assert holds(asked, channel)


def test_other_addresses_channels_and_workspaces_are_left_alone():
    put()
    assert not holds("bob@example.com")
    assert not holds("ann@example.com", "linkedin")
    assert not holds("ann@example.com", workspace=testing.make_workspace("there"))


def test_no_address_stands_in_the_table_or_the_log():
    row = put("zebulon@example.com")
    shown = " ".join(str(value) for value in vars(row).values())
    shown += str(list(Activity.objects.values()))
    assert "zebulon" not in shown
    assert "example.com" not in shown
    assert len(row.digest) == 64


def test_the_gravest_reason_stays_and_a_repetition_is_not_told():
    row = put(reason="bounce")
    put(reason="complaint", at=WORKDAY + timedelta(hours=1))
    put(reason="unsubscribe", at=WORKDAY + timedelta(hours=2))
    put(reason="complaint", at=WORKDAY + timedelta(hours=1))
    row.refresh_from_db()
    assert (row.reason, row.at) == ("complaint", WORKDAY + timedelta(hours=1))
    assert Activity.objects.filter(verb="safety.suppressed").count() == 2


def test_who_may_suppress_and_who_may_lift():
    row = put(by=testing.alice())
    for who in (testing.bob(), testing.make_agent(None, "people:write")):
        with pytest.raises(NotAllowed):
            put(by=who)
        with pytest.raises(NotAllowed):
            suppression.lift(row, reason="agreed", by=who, at=WORKDAY)
    with pytest.raises(NotAllowed, match="A reviewer has to"):
        suppression.lift(row, reason="agreed", by=SYSTEM, at=WORKDAY)
    with pytest.raises(SuppressionRefused, match="Say why"):
        suppression.lift(row, reason=" ", by=testing.alice(), at=WORKDAY)
    with pytest.raises(SuppressionRefused, match="empty address"):
        put(" ")


def test_lifting_is_told_and_a_further_request_holds_again():
    row = put(reason="complaint")
    later = WORKDAY + timedelta(days=3)
    suppression.lift(row, reason="She wrote and asked for it.", by=testing.alice(), at=later)
    assert not holds("ann@example.com")
    with pytest.raises(SuppressionRefused, match="lifted already"):
        suppression.lift(row, reason="again", by=testing.alice(), at=later)
    assert Activity.objects.get(verb="safety.suppression_lifted").object_id == str(row.pk)
    put(reason="bounce", at=later)
    row.refresh_from_db()
    assert (row.reason, row.at, row.lifted_at) == ("bounce", later, None)
    assert row.complained_at == WORKDAY  # lifting does not unsay a complaint
    assert holds("ann@example.com")


def test_everything_of_a_human_being_at_once():
    original, copy = testing.make_person(), testing.make_person()
    copy.merged_into = original
    copy.save()
    add_address(copy.workspace, copy, "whatsapp", "+442079460123")
    count = opt_outs.suppress_human(copy, reason="stop_request", by=SYSTEM, at=WORKDAY)
    assert (count, Suppression.objects.count()) == (3, 4)  # the number to call as well
    places = {
        (row.workspace_id, row.channel, row.normalised)
        for person in (original, copy)
        for row in person.addresses.all()
    }
    assert suppression.suppressed_among({*places, (copy.workspace_id, "email", "")}) == places


@pytest.mark.parametrize(("known", "anew"), [("phone", "whatsapp"), ("whatsapp", "phone")])
def test_a_number_that_is_brought_anew_on_the_other_channel_is_closed_there(known, anew):
    """By a list or a program, as another record: an opt-out counts for the human being."""
    person, number = testing.make_person(), "+41446681800"
    add_address(person.workspace, person, known, number)
    opt_outs.suppress_human(person, reason="stop_request", by=SYSTEM, at=WORKDAY)
    again = testing.make_person()
    add_address(again.workspace, again, anew, number)
    draft = testing.make_draft(again, channel=anew)
    assert "asked us to stop" in facts.gather([draft], at=WORKDAY)[draft.pk].suppressed


def test_a_number_that_comes_after_the_opt_out_is_closed_on_both_channels_but_for_what_was_lifted():
    person, _ = human("", "unsubscribe")
    add_address(person.workspace, person, "phone", "+41446681800")
    assert holds("+41446681800", "phone") and holds("+41446681800", "whatsapp")
    row = suppression.find(person.workspace, "whatsapp", "+41446681800")
    suppression.lift(row, reason="She asked for it.", by=testing.alice(), at=WORKDAY)
    add_address(person.workspace, person, "whatsapp", "+442079460123")
    assert not holds("+41446681800", "whatsapp") and holds("+442079460123", "phone")


def test_a_number_that_another_has_on_the_other_channel_stays_theirs():
    person, other = testing.make_person(), testing.make_person()
    add_address(person.workspace, person, "phone", "+41446681800")
    add_address(other.workspace, other, "whatsapp", "+41446681800")
    opt_outs.suppress_human(person, reason="stop_request", by=SYSTEM, at=WORKDAY)
    assert holds("+41446681800", "phone") and not holds("+41446681800", "whatsapp")


def human(*reasons):
    """Somebody with a mailbox of each reason for which it is suppressed; "" for none."""
    person = testing.make_person()
    for number, reason in enumerate(reasons):
        address = f"way{number}@example.com"
        if reason:
            put(address, reason=reason)
        add_address(person.workspace, person, "email", address)
    return person, suppression.suppressed_among(
        set(person.addresses.values_list("workspace_id", "channel", "normalised"))
    )


@pytest.mark.parametrize("reason", ["unsubscribe", "erasure", "stop_request", "complaint"])
def test_an_opt_out_counts_for_whatever_other_address_they_have(reason):
    person, found = human("", reason)
    assert len(found) == person.addresses.count() == 3
    reasons = Suppression.objects.order_by("pk").values_list("reason", flat=True)
    assert set(reasons[1:]) == {"stop_request" if reason == "complaint" else reason}
    assert Suppression.objects.filter(complained_at=None).count() >= 2


@pytest.mark.parametrize("reason", ["import", "bounce", "manual"])
def test_what_became_of_one_mailbox_is_no_opt_out(reason):
    _, found = human("", reason)
    assert len(found) == 1


def test_what_a_person_lifted_since_stays_lifted():
    person, _ = human("unsubscribe", "")
    row = suppression.find(person.workspace, "email", "way1@example.com")
    suppression.lift(row, reason="they called", by=testing.alice(), at=WORKDAY + timedelta(days=1))
    add_address(person.workspace, person, "linkedin", "linkedin.com/in/zoe")
    assert suppression.is_suppressed(person.workspace, "linkedin", "linkedin.com/in/zoe")
    assert not suppression.is_suppressed(person.workspace, "email", "way1@example.com")


def test_the_newest_opt_out_counts_against_what_was_lifted_and_the_gravest_names_it():
    person, _ = human("", "stop_request")
    mine = suppression.find(person.workspace, "email", "way0@example.com")
    day = timedelta(days=1)
    suppression.lift(mine, reason="they called", by=testing.alice(), at=WORKDAY + day)
    put("way2@example.com", at=WORKDAY + 2 * day)
    add_address(person.workspace, person, "email", "way2@example.com")
    mine.refresh_from_db()
    assert (mine.lifted_at, mine.reason, mine.at) == (None, "stop_request", WORKDAY + 2 * day)


def test_what_two_human_beings_share_tells_nothing_of_the_other_ways_of_either():
    alice, bob = testing.make_person(), testing.make_person()
    for person, tag in ((alice, "alice"), (bob, "bob")):
        add_address(person.workspace, person, "email", f"team+{tag}@example.com")
    put("team+bob@example.com")
    add_address(alice.workspace, alice, "email", "alice@example.org")
    assert holds("team+alice@example.com")  # one mailbox
    assert not holds("alice@example.org")
    put("alice@example.org")
    add_address(alice.workspace, alice, "linkedin", "linkedin.com/in/alice")
    assert holds("linkedin.com/in/alice", "linkedin")


def test_two_records_of_one_human_being_share_nothing_with_another():
    ann = testing.make_person()
    copy = testing.make_person(merged_into=ann)
    add_address(ann.workspace, ann, "email", "team+ann@example.com")
    add_address(ann.workspace, copy, "email", "team+annie@example.com")
    put("team@example.com")
    add_address(ann.workspace, ann, "email", "ann@example.org")
    assert holds("ann@example.org")


def test_what_holds_already_is_not_asked_for_again(django_assert_max_num_queries):
    person, _ = human("unsubscribe", "")
    with django_assert_max_num_queries(4) as log:
        assert opt_outs.follow([person.pk], at=WORKDAY) == []
    assert not any("UPDATE" in each["sql"] for each in log)


# --- The key -------------------------------------------------------------------------------------


def test_the_list_survives_a_new_secret_key(settings):
    put()
    settings.SECRET_KEY = "another secret key, " + "y" * 40
    assert holds("ann@example.com")


def test_a_list_written_with_another_key_stops_everything(monkeypatch):
    draft = testing.make_draft()
    row = put()
    monkeypatch.setenv("SUPPRESSION_KEY", "another key " + "z" * 40)
    known = facts.gather([draft], at=WORKDAY)[draft.pk]
    assert "another key" in known.suppressed
    for moment in Moment:
        assert gate.judge_message(known, moment, WORKDAY).level is Level.BLOCK
    Suppression.objects.filter(pk=row.pk).update(lifted_at=WORKDAY, lifted_reason="test")
    assert facts.gather([draft], at=WORKDAY)[draft.pk].suppressed == ""


def test_the_key_is_made_once_and_kept_for_its_owner_only(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    first = suppression.key()
    own_key.cache_clear()
    assert suppression.key() == first
    assert (tmp_path / "suppression_key").stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir()] == ["suppression_key"]


def test_a_key_that_cannot_be_used_is_said(settings, tmp_path, monkeypatch):
    settings.DATA_DIR = tmp_path / "nowhere"
    with pytest.raises(ImproperlyConfigured, match="cannot be used"):
        suppression.key()
    monkeypatch.setenv("SUPPRESSION_KEY", "short")
    with pytest.raises(ImproperlyConfigured, match="shorter than 32"):
        suppression.key()


# --- What the gate reads -------------------------------------------------------------------------


def test_complaints_of_the_last_month_reach_the_facts_with_what_left(live):
    person = testing.make_person()
    draft = testing.make_draft(person, purpose="promotional")
    for number, days in enumerate((1, 2, 40)):
        put(f"{number}@example.com", reason="complaint", at=WORKDAY - timedelta(days=days))
    known = facts.gather([draft], at=WORKDAY)[draft.pk]
    assert len(known.complaints) == 2
    assert known.left_count == 0
    other = testing.make_person(testing.make_workspace("there"))
    there = testing.make_draft(other, by=testing.bob(other.workspace))
    assert facts.gather([there], at=WORKDAY)[there.pk].complaints == ()


def test_the_gate_reads_as_often_for_twenty_messages_as_for_one(django_assert_num_queries):
    rows = [testing.make_draft() for _ in range(20)]
    loaded = list(type(rows[0]).objects.select_related("current", "workspace"))
    for some in (loaded[:1], loaded):
        with django_assert_num_queries(4):
            facts.gather(some, at=WORKDAY)


def test_two_ways_to_write_one_address_are_one_digest():
    put("ann@example.com")
    place = testing.make_workspace().pk
    both = [(place, "email", "ann@example.com"), (place, "email", "ann+x@example.com")]
    standing = suppression.standing(both, complaints_since=WORKDAY - MONTH)
    assert all(standing.against(each) for each in both)
    assert "suppressed" in str(Suppression.objects.get())

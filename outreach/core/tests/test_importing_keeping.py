"""What an import leaves beside its people: consents, suppressions, doubts, history; and undo."""

from __future__ import annotations

from datetime import timedelta

import pytest

from outreach import testing
from outreach.core import consent, history, importing, merging, suppression
from outreach.core.importing import BadChoice, Choices, UndoRefused, read_file, undo
from outreach.core.models import (
    Account,
    Activity,
    Address,
    Consent,
    Contact,
    Duplicate,
    Import,
    ImportChange,
    Merge,
    Person,
)
from outreach.core.principal import Principal
from outreach.core.tests.test_importing_formats import CONNECTIONS, INVITATIONS, MESSAGES, zipped

pytestmark = pytest.mark.django_db
AT = testing.WORKDAY
LATER = AT + timedelta(hours=1)
PLACE = ("workspace_id", "channel", "normalised")


@pytest.fixture
def workspace():
    return testing.make_workspace()


@pytest.fixture
def bring(workspace):
    """Import as Bob; the preview before says the same but for what an archive tells."""
    by = testing.bob(workspace)

    def go(text, *, at=AT, **choices):
        chosen = Choices.of(**choices)
        table = read_file(text.encode() if isinstance(text, str) else text, name="people.csv")
        seen = importing.preview(workspace, table, choices=chosen)
        report = importing.apply(workspace, table, by=by, at=at, choices=chosen)
        assert seen.tally() == report.tally()
        return report

    return go


def stored():
    return [
        list(model.objects.order_by("pk").values())
        for model in (Person, Address, Account, Consent, Contact, Duplicate, Import, Activity)
    ]


def people():
    """What a person sees of the people, whatever their numbers."""
    return sorted(
        (p.full_name, p.position, p.notes, p.account and p.account.name, p.time_zone,
         *sorted(p.addresses.values_list("normalised", flat=True)))
        for p in Person.objects.all()
    )  # fmt: skip


TWO = "Name,Email,Phone\nA B,a@example.com,+41446681800\nC D,c@example.com,\n"


# --- Source and consent ---------------------------------------------------------------------------


def test_each_address_knows_the_file_that_brought_it(bring):
    bring(TWO)
    row = Import.objects.get()
    assert set(Address.objects.values_list("source", flat=True)) == {row.pk}
    assert (row.file, row.by_label, row.applied_at) == ("people.csv", "Bob", AT)
    assert row.report["counts"]["new"] == 2


def test_a_basis_is_recorded_for_each_new_address_once(bring):
    bring(TWO, basis="customer")
    row = Import.objects.get()
    found = Consent.objects.order_by("pk")
    assert [(c.channel, c.basis) for c in found] == [
        ("email", "customer"), ("phone", "customer"), ("email", "customer"),
    ]  # fmt: skip
    assert {c.source for c in found} == {f"people.csv, 2026-03-11, import {row.pk}"}
    assert {(c.at, c.by_label) for c in found} == {(AT, "Bob")}
    before = stored()
    assert not bring(TWO, basis="customer").writes
    assert stored() == before


@pytest.mark.parametrize("by_duplicate", [False, True])
def test_no_list_brings_back_a_consent_that_was_withdrawn(bring, workspace, by_duplicate):
    """With a new mailbox of theirs in a file they were opted in again, against their own word."""
    ann, ben = testing.make_person(name="Ann Lee"), testing.make_person(name="Ben Ray")
    other = testing.make_person(name="Ann B. Lee")
    if by_duplicate:
        Person.objects.filter(pk=other.pk).update(merged_into=ann)
    whose, proof = (other if by_duplicate else ann), {"source": "form", "by": testing.alice()}
    consent.grant(whose, "email", "customer", at=AT, **proof)
    consent.withdraw(ann, reason="by letter", by=testing.alice(), at=AT)
    mail = {each: f"{each.addresses.get().normalised}; new{each.pk}@example.org"
            for each in (ann, ben)}  # fmt: skip
    rows = f"Ann Lee,{mail[ann]},+41791234501\nBen Ray,{mail[ben]},+41791234502\n"
    bring(f"Name,Email,Phone\n{rows}", at=LATER, basis="opt_in", text_shown="I agree to mails.")
    given = Consent.objects.filter(withdrawn_at=None, basis="opt_in")
    assert set(given.values_list("person", "channel")) == {
        (ann.pk, "phone"), (ben.pk, "email"), (ben.pk, "phone"),
    }  # fmt: skip


def test_without_a_basis_no_consent_is_invented(bring):
    bring(TWO)
    assert not Consent.objects.exists()


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ({"basis": "hope"}, "'hope' is no basis"),
        ({"basis": "opt_in"}, "needs the text"),
        ({"country": "Atlantis"}, "no country"),
        ({"time_zone": "CEST+1"}, "no time zone"),
    ],
)
def test_a_choice_that_cannot_be_kept_is_refused(choice, words):
    with pytest.raises(BadChoice, match=words):
        Choices.of(**choice)


@pytest.mark.parametrize(
    ("row", "chosen", "zone"),
    [
        ("A,,CH,", "", "Europe/Zurich"),
        ("A,,Germany,", "", "Europe/Berlin"),  # two zones, one clock
        ("A,+47 406 12 345,,", "", "Europe/Oslo"),  # not Spitsbergen's, whose clock is the same
        ("A,,US,", "", ""),  # nobody knows
        ("A,,US,", "America/Chicago", "America/Chicago"),
        ("A,,US,", "Europe/Rome", ""),  # the choice cannot be right
        ("A,+41446681800,,", "", "Europe/Zurich"),
        ("A,+41446681800,,", "Europe/Rome", "Europe/Zurich"),
        ("A,+79161234567,,", "Europe/Rome", ""),
        ("A,,,", "Europe/Rome", "Europe/Rome"),
        ("A,,CH,Europe/Paris", "Europe/Rome", "Europe/Paris"),
    ],
)
def test_a_zone_comes_from_row_country_phone_or_choice(bring, row, chosen, zone):
    bring(f"Name,Phone,Country,Time zone\n{row}\n", time_zone=chosen)
    assert Person.objects.get().time_zone == zone


# --- Suppressed -----------------------------------------------------------------------------------


def test_a_suppressed_address_comes_in_suppressed_and_counted(bring, workspace):
    by = testing.alice(workspace)
    suppression.suppress(workspace, "email", "a@example.com", reason="unsubscribe", by=by, at=AT)
    report = bring(TWO)
    assert (report.new, report.counts["suppressed"]) == (2, 1)
    assert [row.suppressed for row in report.rows()] == ["on the suppression list here", ""]
    assert suppression.is_suppressed(workspace, "email", "a@example.com")


def test_who_opted_out_elsewhere_is_suppressed_here_once(bring, workspace):
    text = "Name,Email,Unsubscribed from all email\nA,a@example.com,true\nB,b@example.com,false\n"
    report = bring(text)
    assert (report.counts["opted_out"], report.counts["suppressed"]) == (1, 1)
    assert suppression.is_suppressed(workspace, "email", "a@example.com")
    assert not suppression.is_suppressed(workspace, "email", "b@example.com")
    before = stored()
    again = bring(text)
    assert (again.writes, again.counts["opted_out"], again.counts["suppressed"]) == (False, 0, 1)
    assert stored() == before


# --- Without a name -------------------------------------------------------------------------------


def test_somebody_with_a_number_alone_is_listed_by_it_and_known_again(bring):
    report = bring("Name,Phone\n,+447911123456\n")
    [row] = report.rows()
    assert (row.name, row.greeting, row.is_nameless) == ("+44 7911 123456", "", True)
    person = Person.objects.get()
    assert (person.full_name, person.greeting_name, person.is_nameless) == (row.name, "", True)
    assert not bring("Name,Phone\n,+447911123456\n").writes
    Person.objects.update(full_name="+447911123456")  # as it was stored before
    assert not bring("Name,Phone\n,+447911123456\n").writes


def test_a_number_in_the_cell_of_the_name_is_no_name(bring):
    bring("Name,Phone\n+41 79 000 00 00,+41 79 765 43 21\nann@example.com,+41 79 765 43 22\n")
    names = Person.objects.order_by("pk").values_list("full_name", "first_name")
    assert list(names) == [("+41 79 765 43 21", ""), ("+41 79 765 43 22", "")]


def test_who_has_the_number_fills_the_name_and_a_number_alone_adds_nobody(bring):
    bring("Name,Phone\n,+447911123456\n")
    report = bring("Name,Phone\nHarry Hill,+447911123456\n")
    assert (report.new, report.changed) == (0, 1)
    person = Person.objects.get()
    assert (person.full_name, person.greeting_name, person.is_nameless) == (
        "Harry Hill", "Harry", False,
    )  # fmt: skip
    assert not bring("Name,Phone\n,+447911123456\n").writes
    other = bring("Name,Phone\nTina Bell,+447911123456\n")
    assert (other.new, other.counts["conflicts"]) == (1, 1), "colleagues may share a number"


# --- Doubts ---------------------------------------------------------------------------------------


def test_namesakes_of_one_company_are_suggested_and_not_joined(bring):
    bring("Name,Email,Company\nA B,a@example.com,ACME\n")
    bring("Name,Email,Company\nA B,a.b@example.com,ACME\nA B,ab@example.com,Acme.\n", at=LATER)
    first, second, third = Person.objects.order_by("pk")
    found = sorted(Duplicate.objects.values_list("one", "other", "reason"))
    assert found == [(first.pk, second.pk, "name_company"), (first.pk, third.pk, "name_company")]


def test_namesakes_within_one_file_are_suggested(bring):
    bring("Name,Email,Company\nA B,a@example.com,ACME\nA B,b@example.com,ACME\n")
    one, other = Person.objects.order_by("pk")
    assert list(Duplicate.objects.values_list("one", "other")) == [(one.pk, other.pk)]


def test_a_row_with_addresses_of_two_people_is_left_out_and_suggests_them(bring):
    bring("Name,Email\nA B,a@example.com\nA. B,b@example.com\n")
    report = bring("Name,Email\nA B,a@example.com; b@example.com\n", at=LATER)
    assert report.reasons == {"two_people": 1}
    assert Duplicate.objects.get().reason == "one_row"


# --- History --------------------------------------------------------------------------------------


def archive():
    return zipped(Connections=CONNECTIONS, messages=MESSAGES, Invitations=INVITATIONS)


def test_messages_of_an_archive_count_as_contact_once(bring, workspace):
    report = bring(archive())
    assert (report.counts["contacts"], report.counts["contacts_of_nobody"]) == (3, 1)
    anna = Person.objects.get()
    assert [(c.direction, c.channel, c.draft) for c in anna.contacts.order_by("at")] == [
        ("out", "linkedin", None), ("out", "linkedin", None), ("in", "linkedin", None),
    ]  # fmt: skip
    assert history.touch_for(anna.pk) == "reply"
    before = stored()
    assert not bring(archive()).writes
    assert stored() == before


# --- Undo -----------------------------------------------------------------------------------------


def test_undoing_takes_everything_back(bring, workspace):
    bring("Name,Email\nKnown Kay,k@example.com\n")
    before = people()
    text = TWO + "Known Kay,k@example.com,+41446681802\n"
    bring(text, at=LATER, basis="customer")
    row = Import.objects.latest("pk")
    done = undo(row, by=testing.bob(workspace), at=LATER + timedelta(minutes=1))
    assert (done.people, done.changed) == (2, 1)
    assert people() == before
    assert not Consent.objects.exists()
    assert not ImportChange.objects.exists()
    row.refresh_from_db()
    assert row.status == "undone"
    assert Activity.objects.latest("pk").verb == "imports.undone"
    assert bring(text, at=LATER + timedelta(minutes=2)).new == 2


def test_undoing_an_archive_takes_its_history_back(bring, workspace):
    bring(archive())
    undo(Import.objects.get(), by=testing.bob(workspace), at=LATER)
    assert not Contact.objects.exists()
    assert not Account.objects.exists()


def test_what_was_suppressed_stays_suppressed(bring, workspace):
    bring("Name,Email,Opt out\nA,a@example.com,yes\n")
    undo(Import.objects.get(), by=testing.bob(workspace), at=LATER)
    assert suppression.is_suppressed(workspace, "email", "a@example.com")


@pytest.mark.parametrize("touch", ["draft", "change", "merge", "draft to a known one"])
def test_an_import_whose_people_were_touched_stays(bring, workspace, touch):
    bring("Name,Email\nKnown Kay,k@example.com\n")
    bring(TWO + "Known Kay,k@example.com,+41446681802\n", at=LATER)
    anna, kay = Person.objects.get(full_name="A B"), Person.objects.get(full_name="Known Kay")
    if touch == "draft":
        testing.make_draft(anna)
    elif touch == "draft to a known one":
        testing.make_draft(kay, at=LATER + timedelta(hours=1))
    elif touch == "change":
        anna.notes = "likes tea"
        anna.save()
    else:
        Person.objects.filter(pk=kay.pk).update(merged_into=anna)
    before = stored()
    with pytest.raises(UndoRefused):
        undo(Import.objects.latest("pk"), by=testing.bob(workspace), at=LATER)
    assert stored() == before


def test_every_reason_is_told_at_once_with_how_often(bring, workspace):
    bring(
        "Name,Email\nA B,a@example.com\nC D,c@example.com\nE F,e@example.com\nG H,g@example.com\n"
    )
    one, two, three, four = Person.objects.order_by("pk")
    Person.objects.filter(pk=three.pk).update(updated_at=LATER)
    for person in (one, one, two):
        testing.make_draft(person)
    merging.merge(one, four, take=(), by=testing.bob(workspace), at=LATER)
    with pytest.raises(UndoRefused) as refused:
        undo(Import.objects.get(), by=testing.bob(workspace), at=LATER)
    assert str(refused.value) == (
        "People of people.csv were merged since: G H into A B. Undo each merge first (Same "
        "person?, on the person's page), the last one first; then undo the import. 1 of the "
        "people of people.csv was changed since. People of people.csv have drafts (3) by now. "
        "Correct, block or merge single people instead."
    )


def test_who_was_merged_before_an_import_and_changed_since_holds_it(bring, workspace):
    bring("Name,Email\nKnown Kay,k@example.com\nKay K,kk@example.com\n")
    kay, other = Person.objects.order_by("pk")
    merging.merge(kay, other, take=(), by=testing.bob(workspace), at=AT + timedelta(minutes=5))
    bring("Name,Email,Position\nKnown Kay,k@example.com,Buyer\n", at=LATER)
    Person.objects.filter(pk=kay.pk).update(position="Head", updated_at=LATER + timedelta(hours=1))
    with pytest.raises(UndoRefused, match="1 of the people"):
        undo(Import.objects.latest("pk"), by=testing.bob(workspace), at=LATER)


def merged_by_hand(bring, workspace):
    """A known person and a new one of an import, merged since."""
    bring("Name,Email,Company\nAda Ott,ada@example.com,Ott AG\n")
    bring(TWO + "Ada Ott,,+41446681802\n", at=LATER)
    kept = Person.objects.get(addresses__normalised="ada@example.com")
    new = Person.objects.get(full_name="Ada Ott", addresses__normalised="+41446681802")
    return kept, new, merging.merge(kept, new, take=(), by=testing.bob(workspace), at=LATER)


def test_an_import_is_undone_after_the_merge_of_its_people_was(bring, workspace):
    kept, _, merge = merged_by_hand(bring, workspace)
    row, by = Import.objects.latest("pk"), testing.bob(workspace)
    with pytest.raises(UndoRefused, match=r"Ada Ott into Ada Ott\. Undo each merge first"):
        undo(row, by=by, at=LATER)
    merging.undo(merge, by=by, at=LATER)
    assert undo(row, by=by, at=LATER).people == 3
    assert list(Person.objects.all()) == [kept]


def test_an_import_that_filled_a_record_merged_away_names_the_merge(bring, workspace):
    bring("Name,Email\nAda Ott,ada@example.com\n")
    bring("Name,Email,Position\nAda Ott,ada@example.com,CEO\n", at=LATER)
    row, ada, by = Import.objects.latest("pk"), Person.objects.get(), testing.bob(workspace)
    kept, after = testing.make_person(workspace, "Ada Alt"), LATER + timedelta(minutes=1)
    merge = merging.merge(kept, ada, take=(), by=by, at=after)
    with pytest.raises(UndoRefused, match=r"Ada Ott into Ada Alt\. Undo each merge first"):
        undo(row, by=by, at=after)
    merging.undo(merge, by=by, at=after)
    assert undo(row, by=by, at=after).changed == 1


def test_an_import_is_undone_after_merges_of_merges_were(bring, workspace):
    bring("Name,Email\nAda Ott,ada@example.com\n")
    row, ada, by = Import.objects.get(), Person.objects.get(), testing.bob(workspace)
    one, other = testing.make_person(workspace), testing.make_person(workspace)
    merges = [
        merging.merge(one, ada, take=(), by=by, at=LATER),
        merging.merge(other, one, take=(), by=by, at=LATER + timedelta(minutes=1)),
    ]
    for merge in reversed(merges):
        merging.undo(Merge.objects.get(pk=merge.pk), by=by, at=LATER + timedelta(minutes=2))
    assert undo(row, by=by, at=LATER + timedelta(minutes=3)).people == 1


def test_what_was_changed_beside_a_merge_keeps_its_import(bring, workspace):
    _, new, merge = merged_by_hand(bring, workspace)
    new.refresh_from_db()
    new.notes = "likes tea"
    new.save()
    merge.refresh_from_db()
    merging.undo(merge, by=testing.bob(workspace), at=LATER)
    with pytest.raises(UndoRefused, match=r"^1 of the people of .* was changed since"):
        undo(Import.objects.latest("pk"), by=testing.bob(workspace), at=LATER)


def test_an_import_whose_people_withdrew_their_consent_since_is_not_undone(bring, workspace):
    """Forgotten with the record, the same list would let us write to them again."""
    by, text = testing.bob(workspace), "Name,Email\nAnn Lee,ann@example.com\n"
    said = {"basis": "opt_in", "text_shown": "Yes, write to me."}
    bring(text, **said)
    ann = Person.objects.get()
    assert consent.withdraw(ann, reason="by phone", by=by, at=AT + timedelta(minutes=5)) == 1
    with pytest.raises(UndoRefused, match=r"1 of the consents that people\.csv brought was with"):
        undo(Import.objects.get(), by=by, at=LATER)
    bring(text, at=LATER, **said)
    assert not Consent.objects.filter(withdrawn_at=None).exists()


def test_an_import_is_undone_once_and_by_who_may_import(bring, workspace):
    from outreach.core.permissions import NotAllowed

    bring(TWO)
    row = Import.objects.get()
    with pytest.raises(NotAllowed):
        undo(row, by=testing.carol(workspace), at=LATER)
    undo(row, by=testing.bob(workspace), at=LATER)
    with pytest.raises(UndoRefused, match=r"people\.csv is undone"):
        undo(row, by=testing.bob(workspace), at=LATER)


def test_whom_an_opted_out_address_belongs_to_is_not_reached_by_another(bring, workspace):
    system = Principal.system("test")

    def opts_out(address):
        suppression.suppress(workspace, "email", address, reason="unsubscribe", by=system, at=AT)

    opts_out("a@example.com")
    bring(TWO)
    held = suppression.suppressed_among(set(Address.objects.values_list(*PLACE)))
    assert {address for _, _, address in held} == {"a@example.com", "+41446681800"}
    opts_out("c@example.com")
    bring("Name,Email,Phone\nC D,c@example.com,+41446681801\n", at=LATER)
    assert suppression.is_suppressed(workspace, "phone", "+41446681801")

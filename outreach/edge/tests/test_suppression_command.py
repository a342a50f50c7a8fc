"""The suppression list on the command line: in, out, and what no list may do."""

from __future__ import annotations

import csv
import io
import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from channels.liveness import SenderLock
from channels.models import Delivery
from outreach import testing
from outreach.core import suppression
from outreach.core.models import Activity, Suppression
from outreach.core.people import add_address

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def alice():
    return testing.alice()


def run(*words: str) -> str:
    out = StringIO()
    call_command("suppression", *words, "--as", "alice", stdout=out)
    return out.getvalue()


def test_one_address_is_added_listed_and_lifted():
    place = testing.make_workspace()
    run("add", "Ann+Shop@Example.com")
    assert suppression.is_suppressed(place, "email", "ann@example.com")
    assert "manual" in run("list")
    with pytest.raises(CommandError, match="Say why"):
        run("lift", "ann@example.com")
    run("lift", "ann@example.com", "--reason", "she called")
    assert not suppression.is_suppressed(place, "email", "ann@example.com")
    told = Activity.objects.filter(verb__startswith="safety.suppress").order_by("pk")
    assert list(told.values_list("verb", flat=True)) == [
        "safety.suppressed",
        "safety.suppression_lifted",
    ]


def test_what_is_no_address_or_not_suppressed_is_refused():
    with pytest.raises(CommandError, match="no e-mail address"):
        run("add", "nobody")
    with pytest.raises(CommandError, match="not suppressed"):
        run("lift", "ann@example.com", "--reason", "x")


def test_a_list_comes_in_once_and_goes_out_again(tmp_path):
    place, other = testing.make_workspace(), testing.make_workspace("other")
    testing.alice(other)
    person = testing.make_person(place)
    kept = person.addresses.get().normalised
    file = tmp_path / "list.csv"
    file.write_text(
        f"Email;Reason;Channel\n{kept};complaint;\nann@example.com;;email\n\n"
        "'+442079460123;unsubscribe;whatsapp\nAnn@Example.com;;\n"
    )
    assert "4 rows: 3 new, 1 known." in run("import", str(file))
    assert "4 rows: 0 new, 4 known." in run("import", str(file))
    assert suppression.find(place, "email", kept).reason == "complaint"
    assert suppression.is_suppressed(place, "whatsapp", "+442079460123")
    out = tmp_path / "out.csv"
    assert "3 suppressed addresses" in run("export", str(out))
    rows = list(csv.DictReader(out.open(newline="")))
    assert {row["address"] for row in rows} == {kept, ""}
    digests = {row["digest"] for row in rows}
    assert "1 suppressed address in" in run("list", "--channel", "whatsapp")
    Suppression.objects.all().delete()
    run("import", str(out))
    assert set(Suppression.objects.values_list("digest", flat=True)) == digests
    assert Activity.objects.filter(verb="exports.ended", codes__kind="suppression").count() == 1


def two_mailboxes():
    """Somebody with two mailboxes, and a page of theirs."""
    person = testing.make_person()
    for channel, address in [("email", "ann+a@example.com"), ("linkedin", "linkedin.com/in/ann")]:
        add_address(person.workspace, person, channel, address)
    return person


@pytest.mark.parametrize(("reason", "closed"), [("unsubscribe", 3), ("bounce", 1), ("", 1)])
def test_an_opt_out_in_a_list_closes_whatever_other_address_they_have(tmp_path, reason, closed):
    person, other = two_mailboxes(), testing.make_person()
    file = tmp_path / "list.csv"
    file.write_text(f"address,reason\nann@example.com,{reason}\nzoe@example.org,{reason}\n")
    run("import", str(file))
    assert len(holding(person)) == closed
    assert not holding(other)


def test_an_opt_out_written_down_by_hand_does_so_too():
    person = two_mailboxes()
    client = Client()
    client.force_login(testing.alice().user)
    form = {"workspace": person.workspace_id, "channel": "email", "address": "ann@example.com",
            "act": "suppress", "reason": "stop_request"}  # fmt: skip
    client.post(reverse("admin:core_suppression_add"), form)
    assert len(holding(person)) == 3


def holding(person) -> set[suppression.Place]:
    ways = person.addresses.values_list("workspace_id", "channel", "normalised")
    return suppression.suppressed_among(set(ways))


def test_no_cell_of_an_export_is_a_formula(tmp_path):
    place = testing.make_workspace()
    person = testing.make_person(place)
    from outreach.core.people import add_address

    add_address(place, person, "whatsapp", "+442079460123")
    add_address(place, person, "instagram", "@ann")
    for channel, address in (("whatsapp", "+442079460123"), ("instagram", "@ann")):
        run("add", address, "--channel", channel)
    text = run("export", "-")
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert "'+442079460123" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t"))]


BAD = [
    (b"", "empty"),
    (b"name,city\nx,y\n", "No column is called address or email. Found: name, city"),
    ("email\nann@exämple".encode("latin-1"), "Byte 12 is not UTF-8"),
    (b"email\nann@example.com\nnobody\n", "line 3: 'nobody' is no e-mail address"),
    (b"email,channel\nann@example.com,fax\n", "line 2: 'fax' is no channel"),
    (b"digest\nabc\n", "line 2: It has neither"),
    (b"digest,key_id\n" + b"a" * 64 + b",other\n", "another key"),
    (b'email\n"ann@example.com\n', "no CSV"),
    (b"email\0\n", "NUL"),
]


@pytest.mark.parametrize(("raw", "sentence"), BAD, ids=range(len(BAD)))
def test_a_bad_list_stores_nothing_and_says_why(raw, sentence, tmp_path):
    (tmp_path / "list.csv").write_bytes(raw)
    with pytest.raises(CommandError, match=sentence):
        run("import", str(tmp_path / "list.csv"))
    assert not Suppression.objects.exists()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        run("import", str(tmp_path / "nowhere.csv"))


def test_a_creator_may_not_touch_the_list():
    testing.bob()
    with pytest.raises(CommandError, match="may not stop person"):
        call_command("suppression", "list", "--as", "bob")


def test_as_json(tmp_path):
    (tmp_path / "list.csv").write_text("email\nann@example.com\n")
    told = json.loads(run("import", str(tmp_path / "list.csv"), "--json"))
    assert told == {"rows": 1, "new": 1, "known": 0}
    [row] = json.loads(run("list", "--json"))["rows"]
    assert (row["channel"], row["reason"], row["address"]) == ("email", "import", "")


def test_a_suppression_outlives_the_person():
    place = testing.make_workspace()
    person = testing.make_person(place)
    address = person.addresses.get().normalised
    run("add", address)
    person.delete()
    assert suppression.is_suppressed(place, "email", address)


def test_an_import_takes_no_channel_because_its_file_tells_it(tmp_path):
    with pytest.raises(CommandError, match="unrecognized arguments: --channel"):
        call_command("suppression", "import", str(tmp_path / "a.csv"), "--channel", "whatsapp")


@pytest.fixture
def in_flight(settings):
    """A message to ann@example.com that a sender past its last look holds, on this machine."""
    settings.STOP_PATIENCE_SECONDS = 0
    person = testing.make_person()
    add_address(person.workspace, person, "email", "ann@example.com")
    given = testing.make_approved(person)
    assert given.revision.address
    lock = SenderLock.acquire()
    row = Delivery.objects.create(
        workspace=given.workspace, approval=given, human=given.human, channel="email",
        status="sending", sender=lock.uuid, place=lock.place, boot_id=lock.boot_id,
        since=timezone.now(),
    )  # fmt: skip
    yield row
    lock.release(all_ended=True)


@pytest.mark.parametrize("act", ["add", "import"])
def test_what_is_under_way_there_is_waited_for_and_told(act, in_flight, tmp_path):
    """It said "nothing goes there any more" while the message went."""
    (tmp_path / "list.csv").write_text(f"email\n{in_flight.approval.revision.address}\n")
    what = in_flight.approval.revision.address if act == "add" else str(tmp_path / "list.csv")
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("suppression", act, what, "--as", "alice", stdout=out)
    assert ended.value.code == 3
    assert f"NOT YET STOPPED\napproval #{in_flight.approval_id}: sending" in out.getvalue()
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("suppression", act, what, "--as", "alice", "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert told["stopped"] is False
    assert [row["approval"] for row in told["still_open"]] == [in_flight.approval_id]


def test_what_is_under_way_to_others_is_nobodys_concern(in_flight):
    assert "NOT YET" not in run("add", "somebody.else@example.net")


def test_the_page_says_that_one_may_still_arrive(in_flight):
    client, place = Client(), in_flight.workspace
    client.force_login(testing.alice(place).user)
    page = client.post(
        reverse("admin:core_suppression_add"),
        {
            "workspace": place.pk, "channel": "email", "act": "suppress", "reason": "manual",
            "address": in_flight.approval.revision.address,
        },
        follow=True,
    )  # fmt: skip
    assert "is being handed over" in page.text

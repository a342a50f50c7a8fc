"""`/stop/TOKEN`: looking changes nothing, one press stops, and nothing tells the address."""

from __future__ import annotations

import fcntl
import io
import json
import logging
import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from channels import stop, stop_link
from channels.models import Delivery
from outreach import testing
from outreach.core.models import Activity
from outreach.edge import stop_told
from safety.models import SystemControl

# What the page says; links are made and followed on both by channels/tests/test_stop_link.py.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
WRONG = "/stop/eyJ9.wrong"


@pytest.fixture(autouse=True)
def clean(live):
    cache.clear()
    yield
    cache.clear()


def path_of(by=None, place=None, days=90, at=None):
    given = {"by": by or testing.olaf(), "workspace": place, "days": days}
    return "/stop/" + stop_link.make(**given, at=at or timezone.now()).token()


def stops():
    rows = SystemControl.objects.filter(control_key="EMERGENCY_STOP", enabled=True)
    return [row.workspace_id for row in rows]


def under_way(**changes):
    given = testing.make_approved(testing.make_person(name="Zacharias Unseen"))
    return Delivery.objects.create(
        workspace=given.workspace, approval=given, human_id=given.human_id, channel="email",
        since=timezone.now(), boot_id="another", **{"status": "sending", "place": "elsewhere",
        "sender": "00000000-0000-0000-0000-000000000001", **changes},
    )  # fmt: skip


def test_looking_stops_nothing(client):
    path = path_of()
    for method in (client.get, client.head):
        assert method(path).status_code == 200
    assert client.put(path).status_code == 405
    page = client.get(path).content.decode()
    assert "Stop the whole system?" in page and "Olaf" in page and "Stop now" in page
    assert "stopped already" not in page and "<script" not in page
    assert stops() == []


@pytest.mark.both
def test_one_press_stops_in_the_name_of_its_maker_and_shows_how_far_it_is(client):
    place, row = testing.make_workspace(), under_way()
    path = path_of(testing.alice(), place)
    answer = client.post(path, {"reason": "wrong list"}, follow=True)
    assert stops() == [place.pk]
    assert "waiting for 1 message" in answer.content.decode()
    again = answer.request["PATH_INFO"]
    looked = client.post(again)
    assert f"Delivery {row.pk} of #{row.approval_id} by email" in looked.content.decode()
    assert "Not yet stopped" in looked.content.decode()
    told = client.post(again, headers={"Accept": "application/json"})
    assert told.json()["stopped"] is False
    Delivery.objects.filter(pk=row.pk).update(status="unknown", ended_at=timezone.now())
    ended = client.post(again, headers={"Accept": "application/json"}).json()
    assert ended["stopped"] and "Nothing more leaves" in ended["sentence"]
    assert ended["may_have_left"] == [
        {"delivery": row.pk, "approval": row.approval_id, "channel": "email"}
    ]
    assert "Stopped at" in client.post(again).content.decode()
    for page in (answer, looked, told):
        for unseen in ("Zacharias", str(row.sender), str(row.token), "example.com", "elsewhere"):
            assert unseen not in page.content.decode()
    assert "stopped already" in client.get(path).content.decode()


def test_a_form_from_elsewhere_is_refused_and_the_page_s_own_is_not():
    strict = Client(enforce_csrf_checks=True, headers={"host": "localhost"})
    path = path_of()
    refused = strict.post(path, secure=True)
    assert refused.status_code == 403 and stops() == []
    assert "Open the link again" in refused.content.decode()
    check_quiet(refused)
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)', strict.get(path).content.decode())[1]
    form = {"csrfmiddlewaretoken": token}
    assert strict.post(path, form, secure=True, headers={"Origin": "null"}).status_code == 403
    assert stops() == []
    origin = {"Origin": "https://localhost"}
    assert strict.post(path, form, secure=True, headers=origin).status_code == 302
    assert stops() == [None]


LONG = ("application/x-www-form-urlencoded", b"reason=" + b"y" * 2_000_000)
MANY = ("application/x-www-form-urlencoded", b"&".join(b"f%d=1" % n for n in range(5000)))
PART = b'--b\r\nContent-Disposition: form-data; name="f"\r\n\r\n%b\r\n'
PARTS = ("multipart/form-data; boundary=b", PART % b"1" * 5000 + b"--b--\r\n")
LONG_PART = ("multipart/form-data; boundary=b", PART % (b"y" * 2_000_000) + b"--b--\r\n")
NO_PARTS = ("multipart/form-data", b"reason=fire")


@pytest.mark.parametrize(("kind", "body"), [LONG, MANY, PARTS, LONG_PART, NO_PARTS])
def test_a_form_that_cannot_be_read_stops_all_the_same(kind, body):
    strict = Client(enforce_csrf_checks=True, headers={"host": "localhost"})
    path = path_of()
    strict.get(path)
    origin = {"Origin": "https://localhost"}
    elsewhere = {"Origin": "https://elsewhere.example"}
    for headers in (elsewhere, {}):
        assert strict.post(path, body, kind, secure=True, headers=headers).status_code == 403
    new = Client(enforce_csrf_checks=True, headers={"host": "localhost"})
    assert new.post(path, body, kind, secure=True, headers=origin).status_code == 403
    assert stops() == []
    assert strict.post(path, body, kind, secure=True, headers=origin).status_code == 302
    assert stops() == [None]


def test_what_was_lifted_is_watched_no_more(client, monkeypatch):
    under_way()
    again = client.post(path_of(), follow=True).request["PATH_INFO"]
    stop.enable_all(workspace=None, reason="over", by=testing.olaf(), at=timezone.now())
    monkeypatch.setattr("outreach.edge.stop_page.look", lambda item: pytest.fail("looked"))
    assert "lifted since" in client.post(again).content.decode()
    told = client.post(again, headers={"Accept": "application/json"}).json()
    assert (told["stopped"], told["over"]) == (False, True)
    assert "lifted since" in client.get(again).content.decode()


def test_what_one_link_watches_no_other_does(client):
    again = client.post(path_of(), follow=True).request["PATH_INFO"]
    seen = again.rsplit("/", 1)[1]
    other = path_of(testing.alice(), testing.make_workspace())
    assert client.get(again).status_code == 200
    assert client.get(f"{other}/{seen}").status_code == 404
    assert client.get(f"{other}/{seen[:-1]}").status_code == 404


def test_wrong_and_void_look_alike_and_what_ended_says_so(client):
    by = testing.olaf()
    old = path_of(by, days=1, at=timezone.now() - timedelta(days=2))
    ended = client.post(old)
    assert ended.status_code == 410 and "come to its end" in ended.content.decode()
    void = path_of(by)
    by.user.set_password("another horse 77")
    by.user.save()
    pages = [client.post(path) for path in (void, old, WRONG)]
    assert [page.status_code for page in pages] == [404] * 3
    assert len({page.content for page in pages}) == 1
    assert "control --emergency-stop" in pages[0].content.decode() and stops() == []


def check_quiet(answer):
    assert answer["Referrer-Policy"] == "strict-origin"
    assert "no-store" in answer["Cache-Control"] and "noindex" in answer["X-Robots-Tag"]
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]


def test_every_answer_is_quiet(client):
    path = path_of()
    press = client.post(path)
    for answer in (
        client.get(path), press, client.get(press["Location"]), client.post(press["Location"]),
        client.get(WRONG), client.get(path_of(days=1, at=timezone.now() - timedelta(days=2))),
        client.put(path), client.get(f"{path}/x"),
    ):  # fmt: skip
        check_quiet(answer)


def test_no_line_of_the_log_has_a_link(client):
    said = io.StringIO()
    names = ("django.request", "django.security.csrf", "django.server")
    handler = logging.StreamHandler(said)
    for name in names:
        logging.getLogger(name).addHandler(handler)
    try:
        path = path_of(days=1, at=timezone.now() - timedelta(days=2))
        client.get(path)
        client.put(path_of())
        Client(enforce_csrf_checks=True).post(path_of())
        client.get("/welcome/secret/secret-part/x")
        logging.getLogger("django.server").info('"%s" %s', f"GET {path} HTTP/1.1", 410)
    finally:
        for name in names:
            logging.getLogger(name).removeHandler(handler)
    lines = said.getvalue().splitlines()
    assert len(lines) == 6 and all("/…" in line for line in lines), lines
    assert "secret" not in said.getvalue() and path[6:] not in said.getvalue()


@pytest.mark.both
def test_wrong_links_are_counted_and_a_good_one_always_stops(client):
    path = path_of()
    assert {client.get(WRONG).status_code for _ in range(30)} == {404}
    often = client.get(WRONG)
    assert often.status_code == 429 and int(often["Retry-After"]) > 0
    check_quiet(often)
    assert client.get(WRONG, REMOTE_ADDR="10.0.0.9").status_code == 404
    assert client.post(path).status_code == 302 and stops() == [None]


# --- Making one ----------------------------------------------------------------------------------


def run(*words):
    out, err = io.StringIO(), io.StringIO()
    call_command("control", "--stop-link", *words, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_the_command_makes_one_for_who_runs_it(client, settings):
    testing.olaf()
    out, err = run("--days", "7")
    assert "in the name of Olaf until" in out and "Not https" in err
    settings.BASE_URL = "https://outreach.example.org"
    words = ("--workspace", "default", "--as", testing.alice().user.username, "--json")
    out, err = run(*words)
    found = json.loads(out)
    assert (found["stops"], err) == (testing.make_workspace().name, "")
    assert found["link"].startswith("https://outreach.example.org/stop/")
    assert client.post(found["link"].removeprefix(settings.BASE_URL)).status_code == 302
    assert stops() == [testing.make_workspace().pk]
    assert Activity.objects.filter(verb="safety.stop_link_made", codes__door="command").exists()


def test_the_command_prints_the_address_that_is_served_whatever_port_this_shell_has(
    settings, tmp_path
):
    testing.olaf()
    settings.DATA_DIR, settings.PORT, settings.BASE_URL = tmp_path, 8000, "http://localhost:8000"
    out, err = run()
    assert out.startswith("http://localhost:8000/stop/")
    assert "does not run here now, so http://localhost:8000 is assumed" in err
    lock = tmp_path / "run.lock"
    lock.write_text(json.dumps({"pid": 1, "port": 8123}))
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        out, err = run()
        assert out.startswith("http://localhost:8123/stop/") and "assumed" not in err
        assert "(http://localhost:8123/admin/stop/)" in stop_told.not_yet()
    settings.BASE_URL = "https://outreach.example.org"
    assert run()[1] == ""


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--days", "366"], "from 1 to 365 days"),
        (["--as", "bob", "--workspace", "default"], "bob|Bob"),
        (["--as", "dora"], "operator"),
    ],
)
def test_the_command_refuses_in_a_sentence(words, why):
    testing.olaf(), testing.bob(), testing.dora()
    with pytest.raises(CommandError, match=why):
        run(*words)
    with pytest.raises(CommandError, match="--days goes with"):
        call_command("control", "--emergency-stop", "--days", "3", "--as", "olaf")


def test_the_controls_page_shows_one_once(client):
    client.force_login(testing.alice().user)
    form = {"act": "stop_link", "scope": str(testing.make_workspace().pk), "days": "30"}
    page = client.post("/admin/controls/", form)
    address = re.search(r'value="http://testserver(/stop/[^"]+)"', page.content.decode())[1]
    assert "no-store" in page["Cache-Control"]
    assert "/stop/" not in client.get("/admin/controls/").content.decode().replace(
        "/admin/stop/", ""
    )
    assert Client().post(address).status_code == 302
    assert stops() == [testing.make_workspace().pk]


def test_the_page_with_a_link_that_is_loaded_again_makes_no_second_link():
    client = Client(enforce_csrf_checks=True)
    client.force_login(testing.olaf().user)

    def token():
        page = client.get("/admin/controls/").content.decode()
        return re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]

    form = {"act": "stop_link", "scope": "system", "csrfmiddlewaretoken": token()}
    client.post("/admin/controls/", form | {"days": "0"})  # refused: the form stays unused
    assert (
        'id="stop-link"' in client.post("/admin/controls/", form | {"days": "3"}).content.decode()
    )
    again = client.post("/admin/controls/", form | {"days": "3"}).content.decode()
    assert 'id="stop-link"' not in again and "sent before" in again
    assert Activity.objects.filter(verb="safety.stop_link_made").count() == 1
    form["csrfmiddlewaretoken"] = token()
    assert (
        'id="stop-link"' in client.post("/admin/controls/", form | {"days": "3"}).content.decode()
    )


@pytest.mark.parametrize("days", ["", "0", "366", "-1", "x", "9" * 30, "²"])
def test_the_controls_page_refuses_a_span_that_is_none(client, days):
    client.force_login(testing.olaf().user)
    page = client.post("/admin/controls/", {"act": "stop_link", "scope": "system", "days": days})
    assert (
        "from 1 to 365 days" in page.content.decode()
        and 'id="stop-link"' not in page.content.decode()
    )


def test_a_lesser_role_gets_no_link_from_the_page(client):
    client.force_login(testing.bob().user)
    for scope in (str(testing.make_workspace().pk), "system", "99999", "x"):
        page = client.post("/admin/controls/", {"act": "stop_link", "scope": scope, "days": "9"})
        assert 'id="stop-link"' not in page.content.decode()
    assert "A link that stops" not in client.get("/admin/controls/").content.decode()

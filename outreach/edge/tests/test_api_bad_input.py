"""What the REST face says to odd input: status, code, field and words; and nothing is stored.

The numbers are those of the catalogue of bad input that the project keeps for its API.
"""

from __future__ import annotations

import base64
import json
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from outreach import testing
from outreach.core.models import Agent
from outreach.edge.tests import api

pytestmark = pytest.mark.django_db
GONE = "00000000-0000-4000-8000-000000000000"
LONG = "9" * 30


@pytest.fixture(scope="module")
def place(made_once):
    return made_once(_furnish)


def _furnish() -> SimpleNamespace:
    agent = testing.make_agent(None, *api.EVERY_SCOPE)
    person, draft = testing.make_person(), testing.make_draft(by=agent)
    pending = testing.make_pending(by=agent)
    secret = api.key_of(agent)
    words = {"PERSON": str(person.uuid), "DRAFT": str(draft.uuid), "ITEM": str(pending.pk),
             "DIGEST": draft.current.digest, "PLACE": str(pending.workspace_id)}  # fmt: skip
    return SimpleNamespace(
        words=words, agent=agent.agent, secret=secret, reviewer=api.key_of(testing.alice())
    )


def rows() -> dict[str, int]:
    """How many rows each table has, asked in one statement."""
    tables = sorted({model._meta.db_table for model in apps.get_models() if model._meta.managed})
    asked = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM \"{name}\"" for name in tables)
    with connection.cursor() as cursor:
        cursor.execute(asked)
        return dict(cursor.fetchall())


def send(place, route: str, body=None, *, key: str = "", **meta):
    """What the server answers to this; a `str` in the body may be the name of something."""
    method, path = route.split(" ", 1)
    for name, value in place.words.items():
        path = path.replace(name, value)
    if not isinstance(body, bytes):
        body = b"" if body is None else json.dumps(filled(body, place.words)).encode()
    how = {"HTTP_AUTHORIZATION": f"Bearer {key or place.secret}", **meta}
    kind = how.pop("CONTENT_TYPE", "application/json")
    client = Client(raise_request_exception=False)
    return client.generic(method, path, body, kind, **how)


def filled(value, words):
    if isinstance(value, dict):
        return {name: filled(each, words) for name, each in value.items()}
    return words.get(value, value) if isinstance(value, str) else value


def refused(answer, status, code, attr, said):
    first = answer.json()["errors"][0]
    seen = (answer.status_code, first["code"], first["attr"])
    assert seen == (status, code, attr), answer.content
    assert said in first["detail"], first
    assert "Traceback" not in first["detail"]


def nothing_stored(place, *case, key: str = "", **meta):
    route, body, *due = case
    before = rows()
    refused(send(place, route, body, key=key, **meta), *due)
    assert rows() == before


# --- Bodies --------------------------------------------------------------------------------------

PROPOSE = "POST /api/drafts"
MADE = {"person": "PERSON", "channel": "email", "text": "Hello there.", "subject": "Hello"}
ONCE = {"HTTP_IDEMPOTENCY_KEY": "k"}
UNREAD = (400, "parse_error", None)


@pytest.mark.parametrize(("raw", "said"), [
    (b"nonsense", "byte 0"), (b'{"a": 1', "byte 7"), (b'{"a": 1}x', "byte 8"),  # A1
    (b"\xef\xbb\xbf{}", "BOM"), (b'{"text": "\xff"}', "UTF-8 at byte 10"),
    ('{"a": 1}'.encode("utf-16"), "UTF-8 at byte 0"),
    (b'{"a": 1, "b": {"c": 1, "c": 2}}', "key twice: 'c'"),  # A9
    (b'{"b": 1, "a": 1, "b": 1, "a": 1}', "key twice: 'a', 'b'"),
    (b'{"confidence": Infinity}', "no JSON number"),  # A10
    (b'{"confidence": -1e999}', "too large"),
    (b'{"confidence": ' + b"9" * 5000 + b"}", "too many digits"),
    (b"[" * 40 + b"]" * 40, "32 levels"), (b'{"a":' * 9999 + b"1" + b"}" * 9999, "nested"),  # A11
    (b'{"text": "\\ud800"}', "half a character"), (b'{"\\udfff": 1}', "half a character"),  # A12
    (b'{"text": "a\\u0000"}', "NUL"), (b'{"a\\u0000b": 1}', "NUL"), (b"\x1f\x8b\x08", "UTF-8"),
])  # fmt: skip
def test_a_body_that_cannot_be_read_in_one_way_says_where(place, raw, said):
    nothing_stored(place, PROPOSE, raw, *UNREAD, said, **ONCE)


@pytest.mark.parametrize("kind", [
    "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
    "application/xml", "application/json5", "nonsense", "application/vnd.api+json",
])  # fmt: skip
def test_a_body_of_another_kind_is_415(place, kind):  # A2
    due = (415, "unsupported_media_type", None, "Unsupported media type")
    nothing_stored(place, PROPOSE, b'{"a": 1}', *due, CONTENT_TYPE=kind, **ONCE)


def test_a_large_body_is_413_before_it_is_read(place, settings):  # A3
    big = b'{"text": "' + b"x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE * 10 + b'"}'
    nothing_stored(place, PROPOSE, big, 413, "too_large", None, "larger than", **ONCE)
    file = json.dumps({"attachments": [{"name": "a.pdf", "content": "A" * (len(big) // 10)}]})
    told = "a colleague adds it to the draft in the admin"
    nothing_stored(place, PROPOSE, file.encode(), 413, "too_large", None, told, **ONCE)


@pytest.mark.parametrize(("more", "code", "attr", "said"), [
    ({"surprise": 1}, "unknown_field", "surprise", "Unknown field. Known: attachments,"),  # A4
    ({"attachments": {}}, "not_a_list", "attachments", "list of items"),  # A24
    ({"attachments": [{"name": "a.txt", "content": "%"}]}, "invalid", "attachments.0.content",
     "not base64"),
    ({"attachments": [{"name": "a.txt"}]}, "required", "attachments.0.content", "required"),
    ({"attachments": [{"name": "a", "content": "", "path": "/"}]}, "unknown_field",
     "attachments.0.path", "Unknown field."),
    ({"status": "approved"}, "unknown_field", "status", "Set by the server."),  # A5
    ({"approved_by": 1}, "unknown_field", "approved_by", "Set by the server."),
    ({"workspace": "other"}, "unknown_field", "workspace", "Set by the server."),
    ({"subject": "a\r\nBcc: b@example.com"}, "invalid", None, "one line"),  # A13
    ({"text": ""}, "blank", "text", "not be blank"), ({"text": " \n"}, "invalid", None, "empty"),
    ({"text": None}, "null", "text", "may not be null"),  # A16
    ({"text": 5}, "invalid", "text", "in quotes"),
    ({"text": ["x"]}, "invalid", "text", "in quotes"),
    ({"text": "x" * 100_001}, "max_length", "text", "no more than"),
    ({"confidence": "85"}, "invalid", "confidence", "without quotes"),
    ({"confidence": True}, "invalid", "confidence", "whole number"),
    ({"confidence": 10**18}, "max_value", "confidence", "less than or equal to 100"),
    ({"person": GONE}, "invalid", "person", "no such person"),
    ({"person": "x"}, "invalid", "person", "UUID"),
    ({"person": int(LONG)}, "invalid", "person", ""),
    ({"channel": "fax"}, "invalid_choice", "channel", "fax"),
    ({"scheduled_for": "2026-03-11T10:00:00"}, "invalid", "scheduled_for", "offset"),  # A17
    ({"scheduled_for": "2001-01-01T00:00:00Z"}, "invalid", "scheduled_for", "a year"),  # A18
    ({"scheduled_for": "9999-12-31T23:59:59-23:59"}, "invalid", "scheduled_for", "calendar"),
    ({"scheduled_for": "2026-02-30T00:00:00Z"}, "invalid", "scheduled_for", "ISO 8601"),
    ({"scheduled_for": 1e308}, "invalid", "scheduled_for", "as text"),
])  # fmt: skip
def test_a_proposal_that_makes_no_sense_names_its_field(place, more, code, attr, said):
    nothing_stored(place, PROPOSE, {**MADE, **more}, 400, code, attr, said, **ONCE)


@pytest.mark.parametrize(("more", "status", "code", "said"), [
    ({"full_name": "x" * 399}, 409, "person_refused", "at most 200"),
    ({"full_name": "\u0958" * 300}, 409, "person_refused", "at most"),
    ({"addresses": [{"channel": "linkedin", "address": "linkedin.com/in/" + "x" * 410}]},
     400, "invalid", "too long for an address"),
    ({"addresses": [{"channel": "email", "address": "x" * 65 + "@example.com"}]},
     400, "invalid", "has 65 bytes before the @"),
])  # fmt: skip
def test_what_grows_longer_than_its_column_is_refused(place, more, status, code, said):
    body = {"full_name": "Zoë", **more}
    nothing_stored(place, "POST /api/people", body, status, code, None, said)


@pytest.mark.parametrize("body", [[], "x", 5, None, True, [{}]])
def test_a_body_that_is_no_object_is_refused(place, body):
    before = rows()
    raw = json.dumps(body).encode()
    for route in (PROPOSE, "POST /api/people", "POST /api/actions/validate"):
        assert send(place, route, raw, **ONCE).status_code == 400, route
    assert rows() == before


@pytest.mark.parametrize(("address", "channel"), [
    ("a@example.com, b@example.com", "email"), ("Group: a@example.com;", "email"),  # A14
    ("a@example.com (hello)", "email"), ("Ann <a@example.com>\nBcc: b@c.de", "email"),
    ("a@xn--a", "email"), ("a@\u2488com", "email"), ("a@-example.com", "email"),  # A15
    ("", "email"), ("no address", "email"), ("12", "whatsapp"), ("+999999999999999", "whatsapp"),
])  # fmt: skip
def test_an_address_that_is_not_exactly_one_is_refused(place, address, channel):
    body = {"full_name": "X", "addresses": [{"channel": channel, "address": address}]}
    before = rows()
    answer = send(place, "POST /api/people", body)
    assert answer.status_code == 400, answer.content
    assert answer.json()["errors"][0]["detail"]
    assert rows() == before


@pytest.mark.parametrize("value", ["false", "no", "", 0, 1, None, []])
def test_a_switch_is_true_or_false_and_nothing_else(place, value):
    body = {"enabled": value, "reason": "x", "control": "messaging"}
    for route in ("POST /api/controls", "POST /api/people/PERSON/automation"):
        given = body if "controls" in route else {"enabled": value, "reason": "x"}
        before = rows()
        answer = send(place, route, given, key=place.reviewer)
        assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "enabled"), route
        assert rows() == before


# --- Headers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "code", "said"), [
    ("", "required", "Send Idempotency-Key"), ("x" * 256, "invalid", "at most 255"),  # A6, A8
    ("a\x00b", "invalid", "printable"), ("a\tb", "invalid", "printable"),
    ("a\x7f", "invalid", "printable"), ("\xa0", "invalid", "printable"),
])  # fmt: skip
def test_an_idempotency_key_is_a_short_printable_text(place, key, code, said):
    meta = {"HTTP_IDEMPOTENCY_KEY": key}
    nothing_stored(place, PROPOSE, MADE, 400, code, "Idempotency-Key", said, **meta)


@pytest.mark.parametrize("match", [
    "*", "W/*", '"a", "b"', "a\x00b", "\xff", '"', '""', "x" * 8000, "v1:" + "0" * 64,
])  # fmt: skip
def test_an_odd_if_match_changes_nothing(place, match):
    before = rows()
    answer = send(place, "PATCH /api/drafts/DRAFT", {"text": "Other"}, HTTP_IF_MATCH=match)
    code = answer.json()["errors"][0]["code"]
    assert (answer.status_code, code) in ((400, "required"), (409, "stale"))
    assert rows() == before


@pytest.mark.parametrize("given", [
    "Bearer", "Bearer ", "Bearer a b", "Bearer \xff", "Bearer \x00", "Bearer occ_x", "Basic eDp4",
    "x" * 9000, "bearer occ_" + "x" * 12 + "_" + "y" * 43, "",
])  # fmt: skip
def test_a_key_that_is_none_is_401(place, given):  # A21
    before = rows()
    answer = send(place, "GET /api/people", HTTP_AUTHORIZATION=given)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert rows() == before


@pytest.mark.parametrize("cookie", [
    'sessionid="\\000\\000\\000\\000\\000\\000\\000\\000\\000"', "sessionid=\xff\xff", "sessionid",
    "sessionid=" + "x" * 5000, "=;=;", 'sessionid="\\377', "csrftoken=\x00",
])  # fmt: skip
def test_an_odd_cookie_is_nobody(place, cookie):
    meta = {"HTTP_AUTHORIZATION": "", "HTTP_COOKIE": cookie}
    for route in ("GET /api/people", "POST /api/people"):
        assert send(place, route, {}, **meta).status_code == 401, route


@pytest.mark.parametrize("wanted", ["text/html", "application/xml", "nonsense", "image/*"])
def test_only_json_is_served(place, wanted):
    refused(send(place, "GET /api/people", HTTP_ACCEPT=wanted), 406, "not_acceptable", None, "")


@pytest.mark.parametrize(("route", "body", "attr", "known"), [
    (PROPOSE, {"channel": "fax"}, "channel",
     "email, whatsapp, instagram, linkedin, phone"),
    (PROPOSE, {"purpose": "fax"}, "purpose", "informational, promotional, personal, "),
    ("POST /api/workflow-runs", {"name": "fax"}, "name", "account_research, call_prep, "),
])  # fmt: skip
def test_a_choice_that_is_none_is_refused_by_those_that_are(place, route, body, attr, known):
    errors = send(place, route, body, HTTP_IDEMPOTENCY_KEY="k").json()["errors"]
    said = {error["attr"]: error["detail"] for error in errors}
    assert said[attr].startswith(f'"fax" is not a valid choice; it must be one of {known}')


# --- Addresses and filters -----------------------------------------------------------------------


@pytest.mark.parametrize("number", [
    LONG, "-1", "1e3", "%00", "%ff", "%ED%A0%80", "%D9%A1", "0x1", "1%0A", "..%2f1", "NaN", "'--",
    str(2**63), "x" * 3000,
])  # fmt: skip
def test_a_number_that_no_row_has_is_404(place, number):
    for name in ("approvals", "people", "drafts", "accounts", "workflow-runs", "workspaces"):
        answer = send(place, f"GET /api/{name}/{number}")
        assert answer.status_code == 404, (name, answer.content)
        assert answer.json()["errors"][0]["code"] == "not_found"


def cursor(*values: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


@pytest.mark.parametrize("value", [
    "nonsense", "%00", "%ff", "====", cursor(), cursor(False), cursor(False, "x"),
    cursor(False, int(LONG)), cursor(False, None), cursor(False, {}), cursor(False, 1, 2),
    cursor(False, 1e308), cursor(False, "\0"), cursor(*range(99)), "bnVsbA==",
    base64.b64encode(b"p=abc").decode(), base64.b64encode(b"[" * 9000).decode(),
])  # fmt: skip
def test_a_cursor_that_is_not_ours_is_404(place, value):
    for path in ("/api/people", "/api/approvals?status=pending"):
        sign = "&" if "?" in path else "?"
        refused(send(place, f"GET {path}{sign}cursor={value}"), 404, "not_found", None, "cursor")


@pytest.mark.parametrize(("query", "attr", "said"), [
    ("people?nmae=x", "nmae", "no such filter"), ("drafts?status=", "status", "Give a value"),
    ("drafts?status=draft&status=sent", "status", "more than once"),
    ("people?name=a%00b", "name", "Null characters"), ("people?workspace=", "workspace", "Give"),
    ("people?channel=fax", "channel", "no such filter"),
    ("drafts?channel=fax", "channel",
     '"fax" is not a valid choice; it must be one of email, whatsapp, instagram, linkedin, phone.'),
    ("workflow-runs?status=odd", "status", '"odd" is not a valid choice; it must be one of '),
    ("workflow-runs?name=odd", "name",
     '"odd" is not a valid choice; it must be one of account_research, call_prep, '),
    ("activity?verb=approved", "verb",
     '"approved" is no verb; one begins with people., drafts., approvals., '),
    ("people?automation_enabled=null", "automation_enabled", "valid choice"),
    ("people?automation_enabled=1", "automation_enabled", "valid choice"),
    ("drafts?person=x", "person", "UUID"), ("drafts?person=%00", "person", ""),
    ("drafts?since=yesterday", "since", "ISO 8601"), ("drafts?since=%00", "since", ""),
    ("drafts?since=9999-12-31T23:59:59-12:00", "since", "ISO 8601"),
    ("drafts?since=0001-01-01T00:00:00%2B12:00", "since", "ISO 8601"),
    ("drafts?since=" + LONG, "since", "ISO 8601"), ("approvals?priority=4", "priority", "choice"),
    ("people?page_size=0", "page_size", "1 to 200"), ("people?page_size=-1", "page_size", "1 to"),
    ("people?page_size=1000000000", "page_size", "1 to 200"),  # A23
    ("people?page_size=0000000019999", "page_size", "1 to 200"),
    ("people?page_size=%D9%A1", "page_size", "1 to 200"), ("people?order=name", "order", "newest"),
    ("drafts/DRAFT/decision?wait=31", "wait", "0 to 30"),
    ("activity?object_id=%00", "object_id", ""),
    ("drafts/DRAFT/decision?wait=-0", "wait", "0 to 30"),
    ("drafts/DRAFT/decision?timeout=30", "timeout", "Known: wait, workspace."),
    ("controls?place=default", "place", "Known: workspace."),
    ("drafts/DRAFT/decision?wait=0000999999", "wait", "0 to 30"),
])  # fmt: skip
def test_a_filter_that_makes_no_sense_is_refused(place, query, attr, said):
    answer = send(place, f"GET /api/{query}")
    first = answer.json()["errors"][0]
    assert (answer.status_code, first["attr"]) == (400, attr), answer.content
    assert said in first["detail"]


@pytest.mark.parametrize("query", [
    "people?name=%ED%A0%80", "people?name=%ff%fe", "people?name=%25%5F%5C'%22",
    "people?name=%F0%9F",
    "people?address=" + "x" * 4000, "activity?object_id=" + LONG, "safety-events?code=%E2%80%AE",
    "drafts?since=2026-01-01T00:00:00%2B19:45", "drafts?since=2026-01-01",
    "inbound?status=%20new%20",
])  # fmt: skip
def test_odd_signs_in_a_filter_find_nothing_and_break_nothing(place, query):
    answer = send(place, f"GET /api/{query}")
    assert answer.status_code in (200, 400), answer.content
    if answer.status_code == 200 and "since" not in query:
        assert answer.json()["results"] == []


@pytest.mark.parametrize("slug", ["%00", "elsewhere", "%ff", "x" * 4000])
def test_a_workspace_that_is_not_ours_is_404(place, slug):
    nothing_stored(
        place, f"POST /api/people?workspace={slug}", {"full_name": "X"},
        404, "not_found", None, "There is no workspace",
    )  # fmt: skip
    for path in ("people", "approvals", "controls"):
        answer = send(place, f"GET /api/{path}?workspace={slug}")
        assert answer.status_code == 404, path


# --- Standing ------------------------------------------------------------------------------------


def test_a_claimed_message_is_not_edited_any_more(place):  # A25
    given = testing.make_approved()
    type(given).objects.filter(pk=given.pk).update(taken_at=given.decided_at)
    body = {"digest": given.digest, "text": "Other words."}
    for act in ("edit", "edit-and-approve", "approve"):
        words = body if act != "approve" else {"digest": given.digest}
        answer = send(place, f"POST /api/approvals/{given.pk}/{act}", words, key=place.reviewer)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "lost"), act


def test_while_stopped_a_proposal_is_taken_and_told_that_it_is_held(place):  # A27
    stop = {"control": "emergency-stop", "enabled": True, "reason": "wrong list"}
    assert send(place, "POST /api/controls", stop, key=place.reviewer).status_code == 200
    answer = send(place, PROPOSE, MADE, **ONCE)
    assert answer.status_code == 201, answer.content
    held = answer.json()["outcome"]["held"]
    assert "Nothing leaves" in held
    assert "wrong list" in held


def test_an_agent_that_is_switched_off_is_nobody(place):
    Agent.objects.filter(pk=place.agent.pk).update(is_active=False)
    assert send(place, "GET /api/people").status_code == 401


def test_a_queue_of_equals_is_paged_without_loss_and_lists_cost_the_same(place):
    """Rows with equal values are told apart, forwards and back, and queries do not grow."""
    for _ in range(4):
        testing.make_pending()
    pages, path, costs = [], "/api/approvals?status=pending&page_size=2", []
    while path:
        with CaptureQueriesContext(connection) as told:
            answer = send(place, f"GET {path}").json()
        costs.append(len(told))
        pages.append([row["id"] for row in answer["results"]])
        path, back = (answer[name] and answer[name][17:] for name in ("next", "previous"))
    assert [len(page) for page in pages] == [2, 2, 1]
    assert len({number for page in pages for number in page}) == 5
    earlier = send(place, f"GET {back}").json()
    assert [row["id"] for row in earlier["results"]] == pages[1]
    assert max(costs[1:]) == min(costs[1:]) <= costs[0]
    newest = send(place, "GET /api/approvals").json()["results"]
    assert [row["id"] for row in newest] == sorted((row["id"] for row in newest), reverse=True)


def test_an_unknown_field_names_the_known_and_no_key_names_the_header(place):
    answer = send(place, "POST /api/workflow-runs", {"workflow": "zzz"}, **ONCE)
    refused(answer, 400, "unknown_field", "workflow", "Unknown field. Known: name, options")
    answer = send(place, "POST /api/actions/validate", {"payload": {}, "x": 1})
    refused(answer, 400, "unknown_field", "x", "Unknown field. Known: at, history, payload.")
    answer = Client().get("/api/people")
    refused(answer, 401, "not_authenticated", None, "Authorization: Bearer occ_")
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_every_address_of_the_page_has_a_summary(place):
    paths = Client().get("/api/schema?format=json", HTTP_AUTHORIZATION=f"Bearer {place.secret}")
    bare = [
        (path, verb)
        for path, verbs in paths.json()["paths"].items()
        for verb, told in verbs.items()
        if verb in ("get", "post", "patch", "put", "delete") and not told.get("summary")
    ]
    assert bare == []

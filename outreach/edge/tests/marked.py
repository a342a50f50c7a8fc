"""One human being in every table, by the services that fill them, each word of theirs marked.

`MARKS` stand in whatever is of or about them: their names, addresses, texts, and what colleagues
and programs wrote of them. `OTHER` stands in what is about somebody else in the same rows.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.models import JSONField

from approvals import outbox, services, submission
from approvals.models import Recheck
from channels import events as provided
from channels import merging, receiving, registry, sending, simulate, stop
from channels.adapters.memory import MemoryAdapter
from channels.incoming import Incoming
from channels.meta_events import Event
from channels.models import Delivery, EventKind
from outreach import testing
from outreach.core import consent, drafts, files, person_editing, suppression
from outreach.core.importing import jobs
from outreach.core.importing.choices import Choices
from outreach.core.models import Address, Draft, Import, Person
from outreach.core.models.workspace import SettingChange
from outreach.core.people import add_address
from outreach.edge.models import Webhook, WebhookEvent
from outreach.edge.privacy import reading, subject
from outreach.edge.privacy.declared import RULES, How, model_of
from outreach.edge.tests import api
from outreach.testing import WORKDAY
from safety import events, override
from workflows import engine, schedules
from workflows import services as flows
from workflows.models import RunStatus

MARKS = ("zqx", "446681877")
OTHER = "Otto Kept"
NAME = "Zqxanna Zqxmeier"
FILE = (
    "Name,Email,Company,Position,Notes\n"
    f"{NAME},zqxanna@zqxmail.example,Acme Ltd,Zqxchief of data,zqxnotes of hers\n"
    f"{NAME},zqxanna@@broken,Acme Ltd,,\n"
    f"{OTHER},otto@example.org,Acme Ltd,Clerk,\n"
)  # fmt: skip
URL = "https://www.linkedin.com/in/zqxanna"
LATER = WORKDAY + timedelta(minutes=1)
OFFER = b"Zqxoffer.txt for zqxanna. "


def found_anywhere(marks=MARKS) -> list[str]:
    """`table.column` of every place in the database where a mark stands, whatever its type."""
    return sorted({place for place, text in _cells() if any(mark in text for mark in marks)})


def every_mark() -> set[str]:
    """Every marked word of the database."""
    return {word for _, text in _cells() for word in re.findall(r"zqx[a-z@.]*", text)}


def _cells() -> Iterator[tuple[str, str]]:
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            names = [f"{table}.{column[0]}" for column in cursor.description]
            for row in cursor.fetchall():
                for place, value in zip(names, row, strict=True):
                    if place != "users.password":  # made of random letters, once of these three
                        yield place, _plain(value).casefold()


def _plain(value) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", errors="ignore")
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def upload(place, by, text, **choices) -> Import:
    row = jobs.start(
        place, io.BytesIO(text.encode()), "people.csv", choices=Choices(**choices), by=by, at=LATER
    )
    jobs.work(clock=lambda: LATER)
    return row


def imported(place, by) -> tuple[Person, Person]:
    """She and another come from one file; the file is then uploaded once more, and waits."""
    row = upload(place, by, FILE, basis="opt_in", text_shown="I agree to be written to.")
    jobs.ask_apply(row, by=by, at=LATER)
    jobs.work(clock=lambda: LATER)
    upload(place, by, FILE.replace("Clerk", "Head clerk"))
    return Person.objects.get(full_name=NAME), Person.objects.get(full_name=OTHER)


def upload_more(place, by) -> None:
    """A second file fills what was empty of her, and waits for nobody's word."""
    Person.objects.filter(full_name=NAME).update(notes="")
    text = f"First Name,Last Name,URL,Notes\nZqxanna,Zqxmeier,{URL},zqxnotes again\n"
    row = upload(place, by, text)
    jobs.ask_apply(row, by=by, at=LATER)
    jobs.work(clock=lambda: LATER)


def written_down(place, person, by) -> Person:
    """Changed by hand, a second record of her merged, consents, stops, and the words about them."""
    words = {"notes": "zqxnotes of hers, changed", "time_zone": "Europe/Zurich", "country": "ch",
             "greeting_name": "Zqxanna", "full_name": "Zqxanna Zqxwed"}  # fmt: skip
    ways = [("phone", "+41 44 668 18 77"), ("linkedin", "https://linkedin.com/in/zqxanna/")]
    person_editing.change(person, words, addresses=ways, by=by, at=LATER)
    person_editing.change(person, {"full_name": NAME}, by=by, at=LATER)
    Person.objects.filter(pk=person.pk).update(facts={"hobby": "zqxsailing"})
    second = person_editing.create(
        place, {"full_name": "Zqxanna Zqxborn", "position": "Zqxintern"},
        addresses=[("email", "zqxold@zqxmail.example")], account="Zqxsolo Ltd", by=by, at=LATER,
    )  # fmt: skip
    person.refresh_from_db()
    merging.merge(person, second, take=["position"], by=by, at=LATER)
    consent.grant(person, "phone", "customer", source="zqxcontract", by=by, at=LATER)
    consent.withdraw(person, reason="zqxchanged her mind", channel="phone", by=by, at=LATER)
    stop.set_automation(person, False, reason="zqxill", by=by, at=LATER)
    stop.set_automation(person, True, reason="", by=by, at=LATER)
    row = suppression.suppress(
        place, "email", "zqxanna@zqxmail.example", reason="manual", by=by, at=LATER
    )
    suppression.lift(row, reason=f"{NAME} asked for it", by=by, at=LATER)
    return second


def messages(person, by) -> dict[str, Draft]:
    """One of each fate: sent, simulated, refused, rejected, returned, an emergency."""
    reviewer, made = testing.alice(person.workspace), {}
    words = drafts.Text(
        subject="Zqxsubject", text="Zqxtext of a message, as agreed.", html="<p>Zqxhtml</p>",
        confidence=90, confidence_parts=({"name": "zqxpart", "points": 3},),
        reasoning="zqxreasoning", context={"zqxkey": "zqxcontext"},
        attachments=(files.item("zqxoffer.txt", "text/plain", OFFER),),
    )  # fmt: skip
    with transaction.atomic():
        files.keep(person.workspace, OFFER, by=by, at=LATER)
    how = {"by": by, "at": LATER, "purpose": "informational"}
    for fate in ("sent", "refused", "rejected", "returned", "left", "pending"):
        made[fate] = drafts.write(person.workspace, person, "email", words, **how)
    bad = drafts.Text(subject="Zqx", text="Zqxanna, URGENT: act now or zqxelse, last chance!!!")
    made["blocked"] = drafts.write(person.workspace, person, "email", bad, **how)
    for fate in ("blocked", "rejected", "returned"):
        submission.submit(made[fate].pk, by=by, at=LATER, notes="zqxnote to the reviewer")
    open_ = {row.draft_id: row for row in person.approvals.filter(status="pending")}
    services.reject(open_[made["rejected"].pk].pk, by=reviewer, at=LATER, reason="zqxno")
    services.return_(open_[made["returned"].pk].pk, by=reviewer, at=LATER, feedback="zqxshorter")
    _leave(made["sent"], by, reviewer)
    submission.submit(made["pending"].pk, by=by, at=LATER, notes="zqxwaits")
    return made


def _leave(draft: Draft, by, reviewer) -> None:
    approval = submission.submit(draft.pk, by=by, at=LATER, notes="zqxsend it").approval
    services.approve(approval.pk, by=reviewer, at=LATER, digest=approval.digest, undo_seconds=0)
    simulate.simulate_due(at=LATER)
    with registry.override("email", MemoryAdapter("email")):
        sending.process(clock=lambda: LATER)
    Delivery.objects.filter(approval__draft=draft).update(
        provider_id="<zqx@provider>", evidence={"reply": "250 zqxanna accepted"}, reason="zqxdone"
    )
    Recheck.objects.create(
        workspace=draft.workspace, approval=approval, drawn_at=LATER, would_approve=False,
        reason="zqxbold", answered_by=reviewer.user, answered_at=LATER,
    )  # fmt: skip
    override.EmergencyOverride.objects.create(
        workspace=draft.workspace, draft=draft, category="medical", declared_at=LATER,
        justification="zqxhospital", **by.fields(),
    )  # fmt: skip


def heard(place, person) -> None:
    """What she wrote, from a known and an unknown address, and what providers tell of her."""
    letter = {"channel": "email", "at": LATER, "message_id": "<zqxm@zqxmail.example>"}
    sent = {"subject": "Re: zqxreply", "text": "Zqxtuesday suits me.\n\n> zqxquoted\n"}
    for sender in ("zqxanna@zqxmail.example", "zqxold@zqxmail.example"):
        receiving.take_in(
            Incoming(sender=sender, sender_name="Zqxanna Z.", **letter, **sent), at=LATER
        )
    stray = Incoming(sender="zqxanna@zqxmail.example", **{**letter, "message_id": "<zqx2>"}, **sent)
    receiving.take_in(stray, at=LATER, workspace=place)
    address = {"recipient": "zqxanna@zqxmail.example", "channel": "email"}
    provided.take(
        [
            Event("postmark", "zqx-bounce", EventKind.BOUNCED, LATER, {**address, "permanent": 0}),
            Event("postmark", "zqx-other", EventKind.OTHER, LATER, {**address}),
        ],
        at=LATER,
    )


def worked(place, person, by, other) -> None:
    """Workflows that looked at both of them, and one that is to call her every Monday."""
    for name, asked in (
        ("account_research", {"account": "Acme Ltd", "text": _pasted()}),
        ("prospect_shortlist", {"roles": "chief, data", "days": 0}),
        (
            "call_prep",
            {"person": str(person.uuid), "goal": "Ask her of zqxgoal", "about": "We keep records."},
        ),
        ("follow_up_sequence", {"days": 0, "per_day": 50, "about": "We keep records in order."}),
        ("daily_plan", {}),
    ):
        run = flows.start(name, place, asked, by=by, at=LATER)
        engine.work(run.pk, clock=lambda: LATER)
        run.refresh_from_db()
        assert run.status == RunStatus.DONE, (name, run.error)
    schedules.save(
        place, "call_prep",
        {"person": str(person.uuid), "goal": "zqxgoal", "about": "We keep records."},
        weekdays=[0], time_of_day=LATER.time(), by=by, at=LATER,
    )  # fmt: skip


def _pasted() -> str:
    return (
        f"{NAME} was appointed as zqxhead of everything at Acme Ltd in spring.\n"
        "Acme Ltd has opened a new office with 40 employees in the north."
    )


def told(place, person, draft, bot, by) -> None:
    """Rows that name her in passing: a program's kept answer, reasons, notices, the admin's log."""
    body = {"person": str(person.uuid), "channel": "email", "subject": "Zqxapi",
            "text": "Zqxtext by a program.", "purpose": "informational"}  # fmt: skip
    said = bot.post("/api/drafts", body, Idempotency_Key="invite zqxanna@zqxmail.example")
    assert said.status_code == 201, said.content
    stop.set_brake("AUTO_REPLY_ENABLED", workspace=place, reason=f"{NAME} rang", by=by, at=LATER)
    SettingChange.objects.create(
        workspace=place, settings={"daily_quota": 5}, reason=f"For {NAME}\nand for {OTHER}",
        at=LATER, **by.fields(),
    )  # fmt: skip
    outbox.put(
        "x", place, subject=f"About {NAME}", body=f"{NAME} is back.\n{OTHER} is back.", at=LATER,
        users=[by.user],
    )  # fmt: skip
    hook = Webhook.objects.create(
        workspace=place, url="https://example.org/", created_at=LATER, **by.fields()
    )
    for number, said in ((draft.uuid, "zqxno"), ("another", "kept")):
        WebhookEvent.objects.create(
            workspace=place, webhook=hook, kind="decision.rejected", created_at=LATER,
            body=json.dumps({"data": {"draft": str(number), "feedback": said}}), due_at=LATER,
        )  # fmt: skip
    LogEntry.objects.create(
        user_id=by.user.pk, content_type=ContentType.objects.get_for_model(Person),
        object_id=str(person.pk), object_repr=NAME, action_flag=CHANGE, change_message="",
    )  # fmt: skip


def fill(place, person, by) -> None:
    """Whatever column the services have left without a mark gets one: it might get it one day."""
    who = subject.of(person)
    for label, rule in RULES.items():
        rows = reading.mine(label, who) if rule.find and label not in GUARDED else ()
        for row in rows:
            for name in rule.own:
                _put(row, name, "zqxmark", {"zqx": 1}, unique=rule.own[name] is How.NUMBER)
        if rule.cut and not rule.heard and label not in ("core.ImportPart", *GUARDED):
            found = reading.scope(model_of(label), who)
            found &= ~rule.find(who) if rule.find else found
            row = model_of(label)._base_manager.filter(found).order_by("pk").first()
            for name in rule.cut:
                told = [{"person": person.pk, "text": "zqx"}, {"text": OTHER}]
                _put(row, name, f"{NAME}\n{OTHER}", {**(getattr(row, name) or {}), "told": told}
                     if isinstance(getattr(row, name), dict) else told)  # fmt: skip
    old = person.drafts.first().current
    old.pk, old.no, old.voice_reasons = None, 99, ["zqxword"]
    old.save(force_insert=True)
    with transaction.atomic():
        events.record(
            event_type="send", action_blocked="send", reason="zqxreason", code="x", by=by, at=LATER,
            workspace=place, draft=person.drafts.first(),
        )  # fmt: skip
        events.record(
            event_type="send", action_blocked="send", reason=f"{NAME} again", code="y", by=by,
            at=LATER, workspace=place,
        )  # fmt: skip


GUARDED = ("core.Revision", "safety.SafetyEvent")


def _put(row, name, text, data, *, unique=False) -> None:
    field = row._meta.get_field(name)
    if any(mark in _plain(getattr(row, name)).casefold() for mark in MARKS):
        return
    value = data if isinstance(field, JSONField) else f"{text}{row.pk if unique else ''}"
    if isinstance(field, JSONField) and field.default is list and not isinstance(data, list):
        value = [data]
    type(row)._base_manager.filter(pk=row.pk).update(**{name: value[: field.max_length]
        if isinstance(value, str) and field.max_length else value})  # fmt: skip


def everywhere(by) -> SimpleNamespace:
    """All of it. Needs a live deployment and `WORKDAY` as the time."""
    place = testing.make_workspace(sender_name="Mira Keller", postal_address="1 Sample Street")
    bot = api.agent()
    person, other = imported(place, by)
    second = written_down(place, person, by)
    person.refresh_from_db()
    add_address(place, other, "linkedin", "https://linkedin.com/in/otto")
    made = messages(person, by)
    worked(place, person, by, other)
    heard(place, person)
    told(place, person, made["sent"], bot, by)
    upload_more(place, by)
    fill(place, person, by)
    assert Address.objects.filter(person__in=[person, second]).count() >= 4
    return SimpleNamespace(
        place=place, person=person, second=second, other=other, drafts=made, bot=bot
    )

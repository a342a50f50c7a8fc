"""What is known of a company, gathered: people, past, pasted text, sources, gaps, where to start.

People are named by number; the page looks their names up, so that an erased person is gone here
as well.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from outreach.core.models import Account, Channel, InboundMessage, Person, Workspace
from outreach.core.models.people import PersonStatus
from outreach.core.plurals import plural
from safety.contract.localtime import local
from workflows import extracts, recipients
from workflows.drafting import facts as known
from workflows.drafting.sentences import DOTS
from workflows.models import ResearchSnapshot
from workflows.recipients import Recipient
from workflows.roles import FIELD_NAMES, LEVEL_NAMES, classify
from workflows.words import joined

MOST_PEOPLE, MOST_WORDS, LONGEST_QUOTE = 100, 20, 400
RANK = {"top": 0, "head": 1, "manager": 2, "senior": 3, "staff": 4, "junior": 5, "": 6}
OLD_DAYS = 730


def of_accounts(
    workspace: Workspace, ids: Sequence[int], *, at: datetime, pasted: str = ""
) -> dict[int, dict[str, Any]]:
    """One dossier for each company, in a constant number of statements."""
    at = local(at, workspace.time_zone)  # days are those of the workspace
    accounts = Account.objects.filter(workspace=workspace).in_bulk(list(ids))
    rows = Person.objects.filter(account__in=accounts, merged_into__isnull=True)
    people: dict[int, list[int]] = defaultdict(list)
    for account, pk in rows.order_by("pk").values_list("account_id", "pk"):
        people[account or 0].append(pk)
    everybody = [pk for pks in people.values() for pk in pks]
    found = recipients.load(everybody)
    heard = _heard(everybody)
    before = _pasted_before(list(accounts))
    return {
        pk: _of_one(
            accounts[pk],
            [found[person] for person in people[pk]],
            heard,
            extracts.with_new(before.get(pk, []), pasted, accounts[pk].name, at),
            at=at,
            zone=workspace.time_zone,
        )
        for pk in ids
        if pk in accounts
    }


def _heard(people: Sequence[int]) -> dict[int, list[InboundMessage]]:
    found: dict[int, list[InboundMessage]] = defaultdict(list)
    rows = InboundMessage.objects.filter(person__in=people, kind=InboundMessage.Kind.MESSAGE)
    for row in rows.order_by("-received_at", "-pk"):
        if len(found[row.person_id or 0]) < MOST_WORDS:
            found[row.person_id or 0].append(row)
    return found


def _pasted_before(accounts: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """What was pasted about each in earlier research: a snapshot forgets nothing of it."""
    rows = (
        ResearchSnapshot.objects.filter(account__in=accounts)
        .order_by("account_id", "pk")
        .values_list("account_id", "data__pasted")
    )
    return {account: pasted or [] for account, pasted in rows}


def _of_one(
    account: Account,
    people: Sequence[Recipient],
    heard: dict[int, list[InboundMessage]],
    pasted: list[dict[str, Any]],
    *,
    at: datetime,
    zone: str,
) -> dict[str, Any]:
    ranked = sorted(people, key=_rank)
    lines = [_person(each, zone) for each in ranked[:MOST_PEOPLE]]
    said = [row for each in people for row in heard.get(each.person.pk, ())]
    said.sort(key=lambda row: row.received_at, reverse=True)
    return {
        "known": len(people),
        "summary": _summary(account, ranked, pasted, zone),
        "people": lines,
        "start_with": _start_with(ranked),
        "conversation": [_quoted(row, zone) for row in said[:MOST_WORDS]],
        "pasted": pasted,
        "sources": _sources(people, pasted, said, zone),
        "gaps": _gaps(people, pasted, at.date()),
    }


def _rank(each: Recipient) -> tuple[int, int, str]:
    answered = 0 if each.they_wrote else 1
    return (RANK[_role(each).level], answered, each.person.full_name)


def _role(each: Recipient) -> Any:
    return classify(known.title_on_file(each.person))


def _day(when: datetime, zone: str) -> str:
    """The day on the workspace's clock."""
    return local(when, zone).date().isoformat()


def _person(each: Recipient, zone: str) -> dict[str, Any]:
    person, role = each.person, _role(each)
    words = each.words
    return {
        "person": person.pk,
        "position": person.position,
        "level": LEVEL_NAMES[role.level],
        "field": FIELD_NAMES.get(role.field, "") if role.field != "leadership" else "",
        "connected_on": person.connected_on.isoformat() if person.connected_on else "",
        "ways": sorted(str(Channel(channel).label) for channel in each.ways),
        "wrote": each.they_wrote,
        "got": len(words) - each.they_wrote,
        "last_at": _day(words[-1].at, zone) if words else "",
        "standing": "" if person.status == PersonStatus.ACTIVE else person.get_status_display(),
        "notes": person.notes[:LONGEST_QUOTE],
    }


def _summary(
    account: Account, people: Sequence[Recipient], pasted: Sequence[Any], zone: str
) -> list[str]:
    """A few sentences somebody can read on the way to a call."""
    if not people:
        return [f"Nobody at {account.name} is known to us."]
    known_there = plural(len(people), "person", "people")
    told = [DOTS.sub(r"\1", f"We know {known_there} at {account.name}{_fields(people)}.")]
    top = [each for each in people if RANK[_role(each).level] <= RANK["head"]]
    if top:
        titles = joined(list(dict.fromkeys(known.title_on_file(each.person) for each in top))[:3])
        word = "leads" if len(top) == 1 else "lead"
        told.append(f"{len(top)} of them {word} the company or a department: {titles}.")
    days = [each.person.connected_on for each in people if each.person.connected_on]
    if days:
        told.append(f"The latest connection is from {known.month(max(days))}.")
    told.append(_past(people, zone))
    if pasted:
        texts = plural(len(pasted), "text")
        told.append(f"We have {texts} about it, the latest of {pasted[-1]['at']}.")
    return told


def _fields(people: Sequence[Recipient]) -> str:
    fields = [field for each in people if (field := _role(each).field) not in ("", "leadership")]
    counts = Counter(FIELD_NAMES[field] for field in fields)
    top = [name for name, _ in counts.most_common(3)]
    return f", mostly in {joined(top)}" if top else ""


def _past(people: Sequence[Recipient], zone: str) -> str:
    wrote = [each for each in people if each.words]
    if not wrote:
        return "Nothing has passed between us yet."
    answered = sum(bool(each.they_wrote) for each in wrote)
    last = max(each.words[-1].at for each in wrote)
    return (
        f"Messages have passed with {len(wrote)} of them, and {answered or 'none'} wrote to us; "
        f"the last is from {_day(last, zone)}."
    )


def _start_with(people: Sequence[Recipient]) -> list[dict[str, Any]]:
    """Whom to approach first: who answers before who decides, and never who must be left alone."""
    able = [
        each for each in people if each.ways and each.person.status == PersonStatus.ACTIVE
        and each.person.automation_enabled
    ]  # fmt: skip
    able.sort(key=lambda each: (not each.they_wrote, each.unanswered > 1, *_rank(each)))
    return [{"person": each.person.pk, "why": _why(each)} for each in able[:3]]


def _why(each: Recipient) -> str:
    told = []
    if each.they_wrote:
        told.append("has written to us before")
    told.append(LEVEL_NAMES[_role(each).level])
    if each.person.connected_on:
        told.append(f"connected since {known.month(each.person.connected_on)}")
    ways = sorted(str(Channel(channel).label) for channel in each.ways)
    told.append(f"can be reached by {joined(ways)}")
    return "; ".join(told)


def _quoted(row: InboundMessage, zone: str) -> dict[str, Any]:
    return {
        "person": row.person_id,
        "at": _day(row.received_at, zone),
        "channel": str(Channel(row.channel).label),
        "subject": row.subject[:200],
        "text": row.text[:LONGEST_QUOTE],
    }


def _sources(
    people: Sequence[Recipient], pasted: Sequence[Any], said: Sequence[Any], zone: str
) -> list[dict[str, Any]]:
    """Where each thing is from, and how fresh it is."""
    by_source: dict[str, list[datetime]] = defaultdict(list)
    for each in people:
        by_source[each.person.source or "entered by hand"].append(each.person.updated_at)
    rows = [
        {"source": name, "what": plural(len(days), "person", "people"),
         "newest": _day(max(days), zone)}
        for name, days in sorted(by_source.items())
    ]  # fmt: skip
    words = [word.at for each in people for word in each.words]
    if words:
        newest = _day(max(words), zone)
        rows.append({"source": "contacts", "what": plural(len(words), "message"), "newest": newest})
    if said:
        newest = _day(said[0].received_at, zone)
        rows.append({"source": "inbox", "what": plural(len(said), "message"), "newest": newest})
    if pasted:
        what = plural(len(pasted), "text")
        rows.append({"source": "pasted", "what": what, "newest": pasted[-1]["at"]})
    return rows


def _gaps(people: Sequence[Recipient], pasted: Sequence[Any], today: date) -> list[str]:
    """What is not known, each with what would close it."""
    gaps = []
    if not pasted:
        gaps.append("What the company does: paste a text about it where you start this.")
    total = len(people)
    for count, what, cure in (
        (sum(Channel.EMAIL not in each.ways for each in people), "no e-mail address",
         "ask them on LinkedIn, or import a list that has it"),
        (sum(not {Channel.PHONE, Channel.WHATSAPP} & set(each.ways) for each in people),
         "no phone number", "ask before a call is planned"),
        (sum(not each.person.position for each in people), "no position", "look at their profile"),
        (sum(not each.person.time_zone for each in people), "no time zone",
         "ask where they work; until then our own hours count"),
        (sum(not each.person.notes for each in people), "no notes of ours",
         "write down what you know of them"),
    ):  # fmt: skip
        if count:
            who = f"all {total}" if count == total else f"{count} of {total}"
            gaps.append(f"{what.capitalize()}: {who}; {cure}.")
    old = sum((today - each.person.updated_at.date()).days > OLD_DAYS for each in people)
    if old:
        gaps.append(f"Older than two years: {old} of {total}; titles may have changed.")
    if total and all(RANK[_role(each).level] > RANK["manager"] for each in people):
        gaps.append(
            "No title there tells us who leads a team or more: look at their profiles, or ask for "
            "an introduction."
        )
    return gaps

"""Judging one message by the law table: every row by itself, joined, so a row can only narrow.

Pure. A country nobody knows is judged by every country's rows at once, but never worse than
"a person looks" (docs/decisions/0006).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import phonenumbers

from safety.contract.frequency import Contact
from safety.contract.localtime import local
from safety.contract.reach import claims_thread
from safety.contract.timing import is_promotional
from safety.law.hours import check_hours
from safety.law.table import TABLE, Row, Table
from safety.question import ConsentOnFile, Facts, Moment
from safety.verdict import Finding, Level, Verdict, join

GRAVITY = {"pass": 0, "info": 1, "warn": 2, "fail": 3}
# Where the law of a country holds, or one that was made after it, under another code.
PART_OF = {
    "UK": "GB", "EL": "GR", "AX": "FI", "SJ": "NO", "IC": "ES", "EA": "ES",
    **dict.fromkeys(("GG", "IM", "JE"), "GB"),
    **dict.fromkeys(("GF", "GP", "MF", "MQ", "RE", "YT", "BL", "PM"), "FR"),
    **dict.fromkeys(("PR", "VI", "GU", "MP", "AS", "UM"), "US"),
}  # fmt: skip
# Places without a numbering plan of their own are no countries for phonenumbers.
KNOWN = frozenset(phonenumbers.SUPPORTED_REGIONS) | {"AQ", "BV", "GS", "HM", "PN", "TF"}
_Judge = Callable[[Row, Facts, Moment, datetime], Verdict]


def country_of(country: str, phone: str = "") -> str:
    """ISO code of the person's country, else of their number; empty where neither tells.

    A part of a country that has a code of its own counts as that country, and a code that no
    country has tells nothing.
    """
    name = country.strip().upper()
    if name:
        name = PART_OF.get(name, name)
        return name if name in KNOWN else ""
    if not phone.startswith("+"):
        return ""
    try:
        number = phonenumbers.parse(phone, None)
    except phonenumbers.NumberParseException:
        return ""
    region = phonenumbers.region_code_for_number(number) or ""
    return PART_OF.get(region, region) if region in KNOWN else ""


def state_of(country: str, known: object) -> str:
    """A state of the United States that somebody wrote down ("TX", "US-TX"), else empty."""
    name = known.strip().upper().removeprefix("US-") if isinstance(known, str) else ""
    return name if country == "US" and name in TABLE.us_states else ""


def check_law(facts: Facts, moment: Moment, at: datetime, *, table: Table = TABLE) -> Verdict:
    """Every row that is about this message, joined. Only narrows."""
    sure: list[Verdict] = []
    perhaps: list[tuple[Row, Verdict]] = []
    purpose = "promotional" if is_promotional(facts.purpose) else facts.purpose
    today = at.date()
    for row in table.rows:
        if row.valid_from > today or not _is_about(row, facts, purpose):
            continue
        verdict = JUDGES[row.kind](row, facts, moment, at)
        if row.countries and not facts.country:
            perhaps.append((row, verdict))
        else:
            sure.append(verdict)
    verdict = join(*sure, _unknown_country(perhaps))
    return Verdict(verdict.level, verdict.not_before, _gravest(verdict.findings))


def _is_about(row: Row, facts: Facts, purpose: str) -> bool:
    return (
        (not row.channels or facts.channel in row.channels)
        and (not row.purposes or purpose in row.purposes)
        and (not row.touches or facts.touch in row.touches)
        and facts.address.startswith(row.prefix)
        and (
            not row.countries
            or not facts.country
            or not row.countries.isdisjoint({facts.country, *facts.also})
        )
        and (not row.states or facts.state in row.states)
    )


def _unknown_country(perhaps: list[tuple[Row, Verdict]]) -> Verdict:
    """The strictest of all countries, softened to a person's look; holds stay, and say why."""
    strict = [row for row, verdict in perhaps if verdict.level > Level.ALLOW]
    holds = [_perhaps(verdict) for _, verdict in perhaps if verdict.not_before is not None]
    if not strict:
        return join(*holds)
    countries = sorted({name for row in strict for name in row.countries})
    named = ", ".join(countries[:4]) + (f" and {len(countries) - 4} more" if countries[4:] else "")
    message = (
        f"The country is unknown, and in {named} the law would refuse this as it stands. "
        "Add the person's country, or make sure yourself that you may write"
    )
    finding = Finding("LAW_CHECK", "country_unknown", "warn", message, family="law")
    return join(Verdict(Level.REVIEW, None, (finding,)), *holds)


def _perhaps(held: Verdict) -> Verdict:
    """What holds a message where nobody knows whether that law holds."""
    more = (
        ". The country is unknown, so this holds here too: "
        "add the person's country if it is another"
    )
    told = (replace(each, message=f"{each.message}{more}") for each in held.findings)
    return Verdict(not_before=held.not_before, findings=tuple(told))


def _gravest(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Where two rows say the same thing with different force, the stronger one is told."""
    worst: dict[str, int] = {}
    for finding in findings:
        worst[finding.code] = max(worst.get(finding.code, 0), GRAVITY[finding.status])
    return tuple(f for f in findings if GRAVITY[f.status] == worst[f.code])


def _said(row: Row, code: str, status: str, more: str = "") -> Finding:
    doubt = ". No lawyer has confirmed this row" if row.needs_lawyer and status == "fail" else ""
    return Finding("LAW_CHECK", code, status, f"{row.says}{more}{doubt}", family="law", rule=row.id)


def _look(row: Row, code: str, more: str = "") -> Verdict:
    return Verdict(Level.REVIEW, None, (_said(row, code, "warn", more),))


def _refuse(row: Row, code: str, more: str = "") -> Verdict:
    return Verdict(Level.BLOCK, None, (_said(row, code, "fail", more),))


# --- One judge per kind of row -------------------------------------------------------------------


def _hours(row: Row, facts: Facts, moment: Moment, at: datetime) -> Verdict:
    """Solicitation hours at the recipient's place; a declared emergency is no solicitation."""
    until = None if facts.is_urgent else check_hours(row.asks, facts.zones, at)
    if until is None:
        return Verdict()
    return Verdict(Level.ALLOW, until, (_said(row, "law_hours", "warn"),))


def _cap(row: Row, facts: Facts, moment: Moment, at: datetime) -> Verdict:
    """So many in so many hours on this channel; one more waits until the first has aged."""
    span, most = timedelta(hours=row.asks["hours"]), row.asks["most"]
    recent = [c.at for c in facts.contacts if _ours(c, facts.channel) and at - span < c.at <= at]
    if facts.is_urgent or len(recent) < most:
        return Verdict()
    return Verdict(Level.ALLOW, recent[-most] + span, (_said(row, "law_cap", "warn"),))


def _consent(row: Row, facts: Facts, moment: Moment, at: datetime) -> Verdict:
    """What has to be on file before we write on this channel."""
    if facts.touch == "reply" and not row.asks.get("replies"):
        return Verdict()
    on_file = {
        c.basis: c
        for c in facts.consents
        if c.channel == facts.channel and _lasts(row, c, facts, at)
    }
    good = [*row.asks["accepts"], *(row.asks.get("company_accepts", ()) if facts.company else ())]
    found = next((on_file[basis] for basis in good if basis in on_file), None)
    if found is not None:
        given = local(found.at, facts.our_zone or "UTC")
        words = f". On file: {_words(found.basis)} of {given:%Y-%m-%d}"
        return Verdict(findings=(_said(row, "consent", "pass", words),))
    doubtful = [basis for basis in row.asks.get("doubtful", ()) if basis in on_file]
    if doubtful:
        claim = _words(doubtful[0])
        return _look(row, "consent_doubtful", f". On file is only: {claim}. Is that enough here?")
    if facts.company and row.asks.get("company") == "review":
        return _look(
            row,
            "consent_company",
            ". They work for a company: decide whether that changes anything here, and record why",
        )
    if not row.asks.get("replies") and any(c.direction == "in" for c in facts.contacts):
        return _look(
            row, "consent_conversation", ". They wrote to us lately: is this still an answer to it?"
        )
    kinds = ", ".join(_words(basis) for basis in row.asks["accepts"])
    remedy = f". None is on file for {facts.channel}: record what there is ({kinds}), or do not"
    return _refuse(row, "consent_missing", f"{remedy} write here{_unheard(row, facts)}")


def _unheard(row: Row, facts: Facts) -> str:
    """Why a company that stands on the person's page changes nothing here."""
    if not (facts.company_hearsay and row.asks.get("company")):
        return ""
    return (
        ". Only an agent told which company they work for, so it does not count: a colleague who "
        "knows it saves it on the person's page"
    )


def _lasts(row: Row, consent: ConsentOnFile, facts: Facts, at: datetime) -> bool:
    """Whether this record still counts under this row."""
    days = row.asks.get("lasts_days", {}).get(consent.basis)
    hours = row.asks.get("lapse_hours", {}).get(consent.basis)
    return (
        consent.is_valid(at)
        and (days is None or at < consent.at + timedelta(days=days))
        and (hours is None or _wrote_within(facts, timedelta(hours=hours), at))
    )


def _words(basis: str) -> str:
    return basis.replace("_", " ")


def _refusal(row: Row, facts: Facts, moment: Moment, at: datetime) -> Verdict:
    return _refuse(row, "law_refused")


def _postal_address(row: Row, facts: Facts, moment: Moment, at: datetime) -> Verdict:
    """The workspace's address, and really in each part: an edit may have cut the footer off."""
    address = _folded(facts.postal_address)
    if not address:
        more = ". Set the workspace's postal address, then write the message again"
    elif address not in _folded(facts.text):
        more = f". Put “{facts.postal_address}” back at the end of the text"
    elif facts.html and address not in _folded(facts.shown):
        more = f". Put “{facts.postal_address}” back at the end of the HTML part"
    else:
        return Verdict()
    if row.asks["effect"] == "block":
        return _refuse(row, "postal_address", more)
    return _look(row, "postal_address", more)


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _honest_subject(row: Row, facts: Facts, moment: Moment, at: datetime) -> Verdict:
    if not claims_thread(facts.subject):
        return Verdict()
    if facts.touch == "reply" or any(c.platform == "email" for c in facts.contacts):
        return Verdict()
    if facts.touch == "initial":
        return _refuse(row, "false_thread", ". Take it out of the subject: this is the first one")
    return _look(row, "false_thread", ". None by e-mail in the last 30 days: is this one real?")


def _person_first(row: Row, facts: Facts, moment: Moment, at: datetime) -> Verdict:
    """A follower who never wrote is for a person's own hand, never for the program."""
    if _wrote_within(facts, timedelta(hours=row.asks["hours"]), at):
        return Verdict()
    if facts.follows_us and moment is not Moment.SENDING:
        return _look(row, "person_first", ". This follower has not: only a person may, by hand")
    return _refuse(row, "person_first", ". They have not written in that time")


def _template_window(row: Row, facts: Facts, moment: Moment, at: datetime) -> Verdict:
    if _wrote_within(facts, timedelta(hours=row.asks["hours"]), at):
        return Verdict()
    return _notice(row, facts, moment, at)


def _notice(row: Row, facts: Facts, moment: Moment, at: datetime) -> Verdict:
    return Verdict(findings=(_said(row, row.id, "info"),))


def _ours(contact: Contact, channel: str) -> bool:
    return contact.direction == "out" and contact.platform == channel


def _wrote_within(facts: Facts, span: timedelta, at: datetime) -> bool:
    """Whether they wrote on this channel not longer ago than that."""
    return any(
        c.direction == "in" and c.platform == facts.channel and at - span < c.at <= at
        for c in facts.contacts
    )


JUDGES: dict[str, _Judge] = {
    "hours": _hours,
    "cap": _cap,
    "consent": _consent,
    "refuse": _refusal,
    "postal_address": _postal_address,
    "honest_subject": _honest_subject,
    "person_first": _person_first,
    "notice": _notice,
    "template_window": _template_window,
}

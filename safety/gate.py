"""The gate: facts in, ordered checks, one joined verdict out. Pure; the same at every moment.

Every check can only tighten (see `verdict.join`). A check that raises blocks and says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from outreach.core.addresses import too_long
from safety.actions import BY_HAND, judge
from safety.attachments import check_attachments
from safety.complaints import check_complaints
from safety.contract import POLICY_VERSION, frequency, timing
from safety.contract.localtime import clock_24
from safety.contract.quoting import own_words
from safety.emergency import check_override, lift_frequency, lift_hours
from safety.law.law import check_law
from safety.law.table import TABLE
from safety.question import Facts as Facts
from safety.question import Moment as Moment
from safety.verdict import Finding, Level, Verdict, join
from safety.words import check_parts, check_personal_data, check_words

CARRY_FILES = ("email",)
GATE_VERSION = f"gate-10+{POLICY_VERSION}+law-{TABLE.version}"

Check = Callable[[Facts, Moment, datetime], Verdict]


def _block(check: str, code: str, message: str) -> Verdict:
    return Verdict(Level.BLOCK, None, (Finding(check, code, "fail", message),))


def _note(check: str, code: str, message: str) -> Verdict:
    return Verdict(findings=(Finding(check, code, "info", message),))


def check_action(facts: Facts, moment: Moment, at: datetime) -> Verdict:
    """Only known actions; LinkedIn and phone are written here and done by hand."""
    if facts.action in BY_HAND or facts.action == "by_hand":
        if moment is Moment.SENDING:
            return _block("ACTION_CHECK", "by_hand", "This channel is used by hand only.")
        return _note("ACTION_CHECK", "by_hand", "A person sends this by hand and marks it as sent.")
    result = judge(facts.action)
    return Verdict() if result.allowed else _block("ACTION_CHECK", result.code, result.reason)


def check_emergency(facts: Facts, moment: Moment, at: datetime) -> Verdict:
    """Nothing leaves; programs may not even submit. People may write and decide."""
    if not facts.emergency:
        return Verdict()
    message = f"Emergency stop: {facts.emergency}"
    if moment is Moment.SENDING or (moment is Moment.SUBMISSION and facts.by_kind != "user"):
        return _block("CONTROL_CHECK", "emergency_stop", message)
    return _note("CONTROL_CHECK", "emergency_stop", f"{message}. Nothing will leave until lifted.")


def check_messaging(facts: Facts, moment: Moment, at: datetime) -> Verdict:
    """Everything goes on but sends; approved messages wait."""
    if not facts.messaging:
        return Verdict()
    if moment is Moment.SENDING:
        return _block("CONTROL_CHECK", "messaging_stopped", f"Messaging is off: {facts.messaging}")
    return _note("CONTROL_CHECK", "messaging_stopped", "Messaging is off: approved messages wait.")


def check_dry_run(facts: Facts, moment: Moment, at: datetime) -> Verdict:
    """Sends are simulated, never done."""
    if not facts.dry_run:
        return Verdict()
    if moment is Moment.SENDING:
        return _block("DRY_RUN_CHECK", "dry_run", "DRY_RUN active")
    return _note("DRY_RUN_CHECK", "dry_run", "DRY_RUN active: the send will be simulated.")


def check_person(facts: Facts, moment: Moment, at: datetime) -> Verdict:
    """Who asked us to stop, or whom we blocked, gets nothing; automation off holds programs."""
    because = f": {facts.status_reason}" if facts.status_reason else ""
    if facts.person_status == "desist":
        return _block(
            "PERSON_CHECK", "person_desist", f"They do not want to be written to{because}"
        )
    if facts.person_status == "blocked":
        return _block("PERSON_CHECK", "person_blocked", f"Person is blocked{because}")
    if facts.person_status != "active":
        message = f"Person status {facts.person_status!r} is unknown, which counts as stopped"
        return _block("PERSON_CHECK", "person_status_unknown", message)
    if facts.automation_enabled:
        return Verdict()
    message = f"Automation disabled: {facts.automation_reason}"
    programs = facts.by_kind != "user"
    if moment is Moment.SENDING or (programs and moment is Moment.SUBMISSION):
        return _block("PERSON_CHECK", "automation_off", message)
    return _note("PERSON_CHECK", "automation_off", f"{message}. The message is held until then.")


def check_address(facts: Facts, moment: Moment, at: datetime) -> Verdict:
    """There is one that can be written to, and it is not another's since: their stops and limits
    would not be asked."""
    if facts.anothers:
        message = "Its address belongs to another person by now. Write a new message to this one"
        return _block("ADDRESS_CHECK", "address_of_another", message)
    if fault := too_long(facts.channel, facts.address):
        return _block("ADDRESS_CHECK", "address_too_long", fault.rstrip("."))
    if facts.address:
        return Verdict()
    return _block(
        "ADDRESS_CHECK",
        "no_address",
        f"This person has no {facts.channel} address. Add one, then submit again.",
    )


def check_hours(facts: Facts, moment: Moment, at: datetime) -> Verdict:
    """The recipient's hours, never the sender's: a hold until the next allowed minute."""
    if facts.zone_fault:
        return _block(
            "TIME_CHECK",
            "zone_unknown",
            f"The stored time zone {facts.zone_fault!r} is none that IANA knows. Correct it on the "
            "person or the workspace; until then nobody can tell their hours",
        )
    verdict = timing.check_timing(
        channel=facts.channel, purpose=facts.purpose, at=at, zones=facts.zones, clock=clock_24
    )
    return lift_hours(verdict, facts)


def check_frequency(facts: Facts, moment: Moment, at: datetime) -> Verdict:
    """Limits and rests of the human being, over contacts that left."""
    verdict = frequency.check_frequency(
        channel=facts.channel,
        touch=facts.touch,
        at=at,
        zones=facts.zones,
        contacts=facts.contacts,
        text="\n".join(own_words(part, facts.received) for part in (facts.text, facts.shown)),
    )
    return lift_frequency(verdict, facts, at)


def check_suppression(facts: Facts, moment: Moment, at: datetime) -> Verdict:
    """Who unsubscribed, complained or bounced gets nothing at that address, whoever they are."""
    if not facts.suppressed:
        return Verdict()
    return _block("SUPPRESSION_CHECK", "suppressed", f"{facts.suppressed}. Nothing goes there.")


def check_files(facts: Facts, moment: Moment, at: datetime) -> Verdict:
    """What goes with the message: whether it can, whether it is there, and what it really is."""
    return join(
        check_attachments(facts.attachments, channel=facts.channel),
        check_carried(facts.attachments, facts.channel),
    )


def check_carried(items: Sequence[Mapping[str, Any]], channel: str) -> Verdict:
    """Only e-mail carries files; and none may leave whose bytes are not stored."""
    if items and channel not in CARRY_FILES:
        message = f"By {channel} no files can be sent from here. Send a link, or write an e-mail"
        return _block("ATTACHMENT_CHECK", "attachments_not_carried", message)
    gone = ", ".join(str(each.get("name", "")) for each in items if each.get("missing"))
    if gone:
        message = f"The bytes of {gone} are not stored. Attach the file again"
        return _block("ATTACHMENT_CHECK", "attachment_missing", message)
    return Verdict()


CHECKS: tuple[Check, ...] = (
    check_action,
    check_emergency,
    check_messaging,
    check_dry_run,
    check_person,
    check_address,
    check_suppression,
    check_override,
    check_hours,
    check_frequency,
    check_law,
    check_complaints,
    check_files,
    check_words,
    check_parts,
    check_personal_data,
)


def judge_message(
    facts: Facts, moment: Moment, at: datetime, *, checks: tuple[Check, ...] = CHECKS
) -> Verdict:
    """Every check, joined. Nothing is skipped: the whole ordered list is stored and shown."""
    return join(*(_run(check, facts, moment, at) for check in checks))


def _run(check: Check, facts: Facts, moment: Moment, at: datetime) -> Verdict:
    try:
        return check(facts, moment, at)
    except Exception as error:  # noqa: BLE001 - a rule that cannot run must stop the message
        name = getattr(check, "__name__", "check")
        return _block(
            name.upper(),
            "check_failed",
            f"{name} could not run ({type(error).__name__}); what cannot be checked is not sent.",
        )


def earliest(facts: Facts, moment: Moment, at: datetime) -> tuple[Verdict, datetime]:
    """The verdict at `at`, and the first moment from then on when nothing holds the message.

    Applies all rules again at each time they name, until nothing moves. The findings are those
    of `at`, so that they say why it waits; if a later look is stricter, they are that look's. A
    blocked message comes back with the time it was asked for.
    """
    first = verdict = judge_message(facts, moment, at)
    when = at
    for _ in range(20):
        if verdict.not_before is None or verdict.not_before <= when:
            break
        when = verdict.not_before
        verdict = judge_message(facts, moment, when)
    told = first if first.level >= verdict.level else verdict
    return replace(
        told, not_before=when if when > at else None, cooling_off=first.cooling_off
    ), when


# What names a time before which nothing may go; whatever else warns holds nothing up.
HOLDS = {
    "quiet_hours", "business_hours", "daily_limit", "cooling_off", "cross_platform", "spacing",
    "law_hours", "law_cap", "complaints_paused",
}  # fmt: skip


def holding(verdict: Verdict) -> list[str]:
    """The codes of what holds this message until `not_before`; empty where nothing does."""
    if verdict.not_before is None:
        return []
    return [item.code for item in verdict.findings if item.code in HOLDS]


def without_brakes(facts: Facts) -> Facts:
    """The same message in a system without brakes: what dry run would have done."""
    return replace(facts, dry_run="", emergency="", messaging="")


def policy(words: Sequence[str] = ()) -> str:
    """Names the rules a text was judged by: ours, and the words a workspace has added."""
    if not words:
        return GATE_VERSION
    told = hashlib.sha256("\n".join(sorted(words)).encode()).hexdigest()
    return f"{GATE_VERSION}+own-{told[:12]}"


def as_decision(
    verdict: Verdict, known: Facts, *, at: datetime, leaves_at: datetime | None
) -> dict[str, Any]:
    """What is stored with the message and shown to the reviewer; `known` is what was judged."""
    return {
        "gate": policy(known.own_words),
        "purpose": known.purpose,
        "at": at.isoformat(),
        "level": verdict.level.name,
        "not_before": verdict.not_before.isoformat() if verdict.not_before else None,
        "would_leave_at": leaves_at.isoformat() if leaves_at else None,
        "findings": [finding.as_dict() for finding in verdict.findings],
    }

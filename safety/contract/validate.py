"""`validate_action`: what a payload and its history say, judged as ALLOW, REWRITE or BLOCK.

Pure: no database and no clock of its own. A payload that cannot be judged raises PayloadError.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from safety.contract import CONTRACT_VERSION, POLICY_VERSION
from safety.contract.content import Hit, effective_purpose, find
from safety.contract.decision import Check, Decision, Rewritten
from safety.contract.frequency import Contact, active_rests, check_frequency, held_by_stops
from safety.contract.lines import (
    PURPOSE_WORDS,
    content_lines,
    delay_note,
    lifted_frequency,
    lifted_time,
    merged,
)
from safety.contract.localtime import LocalZones, local, resolve_zones
from safety.contract.payload import (
    Payload,
    PayloadError,
    parse_history,
    parse_instant,
    parse_payload,
)
from safety.contract.quoting import own_words
from safety.contract.reach import reach_findings
from safety.contract.reasons import content_reason, frequency_reason
from safety.contract.rewrite import needs_rewrite, rewrite
from safety.contract.timing import check_timing, next_allowed, sells
from safety.verdict import CoolingOff, Finding, Verdict

EMERGENCY_MARK = "EMERGENCY:"


@dataclass(frozen=True, slots=True)
class _Case:
    """Everything that was looked at, before an outcome is drawn from it."""

    payload: Payload
    at: datetime
    zones: LocalZones
    contacts: tuple[Contact, ...]
    purpose: str
    time: Verdict
    frequency: Verdict
    hits: tuple[Hit, ...]
    reach: tuple[Finding, ...]

    @property
    def is_answering(self) -> bool:
        return any(c.direction == "in" and c.at <= self.at for c in self.contacts)

    @property
    def is_urgent(self) -> bool:
        return self.payload.emergency is not None and not sells(self.purpose)

    @property
    def is_too_frequent(self) -> bool:
        return bool(self.frequency.blockers)

    @property
    def zone(self) -> str:
        return self.zones.zones[0]


def validate_action(
    payload: Mapping[str, Any],
    *,
    at: datetime | str,
    history: Sequence[Any] | None = None,
    default_zone: str = "UTC",
    extra_words: tuple[str, ...] = (),
) -> Decision:
    """Judge one message as it would leave at `at`; `extra_words` are a workspace's own.

    An empty history says that nothing passed between us; with none given that is not judged.
    """
    case = _looked_at(payload, at, history, default_zone, extra_words)
    frequency_lines = merged(case.frequency.findings)
    checks = [*merged(case.time.findings), *frequency_lines]
    if case.is_too_frequent:
        return _blocked(case, checks, frequency_reason(case.frequency, case.zone))
    checks += content_lines(case.payload, case.hits, case.reach)
    reason = content_reason(case.hits, case.reach, case.time)
    if reason:
        return _blocked(case, checks, reason)
    return _sendable(case, checks, extra_words)


def _looked_at(
    raw: Mapping[str, Any],
    at: datetime | str,
    history: Sequence[Any] | None,
    default_zone: str,
    extra: tuple[str, ...],
) -> _Case:
    payload, moment, contacts = _parsed(raw, at, () if history is None else history)
    phone = payload.recipient if payload.platform == "whatsapp" else ""
    zones = resolve_zones(timezone=payload.timezone, phone=phone, default=default_zone)
    subject, text = _unmarked(payload, payload.subject or ""), _unmarked(payload, payload.content)
    received = _received(contacts)
    purpose = effective_purpose(payload.message_type, subject=subject, text=text, received=received)
    channel = payload.platform
    sent = sorted((c for c in contacts if c.direction == "out" and c.content), key=lambda c: c.at)
    time = check_timing(channel=channel, purpose=purpose, at=moment, zones=zones)
    frequency = check_frequency(
        channel=channel,
        touch="follow_up" if payload.message_type == "follow_up" else "",
        at=moment,
        zones=zones,
        contacts=contacts,
        text=own_words(text, received),
    )
    # Words that sell are no emergency, whatever they are called.
    lifting = replace(payload, emergency=None) if sells(purpose) else payload
    stops = held_by_stops(contacts, moment) if lifting.emergency else Verdict()
    return _Case(
        payload,
        moment,
        zones,
        contacts,
        purpose,
        lifted_time(lifting, time, zones, moment),
        lifted_frequency(lifting, frequency, stops),
        find(
            channel=channel,
            subject=subject,
            text=text,
            previous=[c.content for c in sent if c.at <= moment],
            extra=extra,
            received=received,
        ),
        reach_findings(payload, contacts, moment, is_told=history is not None),
    )


def _received(contacts: Sequence[Contact]) -> list[str]:
    return [c.content for c in contacts if c.direction == "in" and c.content]


def _parsed(
    raw: Mapping[str, Any], at: datetime | str, history: Sequence[Any]
) -> tuple[Payload, datetime, tuple[Contact, ...]]:
    """All three inputs, or every fault of all three."""
    faults: list[str] = []
    results: list[Any] = []
    readers = (
        lambda: parse_payload(raw),
        lambda: parse_instant(at, "at"),
        lambda: parse_history(history),
    )
    for read in readers:
        try:
            results.append(read())
        except PayloadError as error:
            faults.extend(error.faults)
    if faults:
        raise PayloadError(faults)
    return results[0], results[1], results[2]


def _unmarked(payload: Payload, text: str) -> str:
    """The emergency mark is not judged as an urgent word; blanks keep every place the same."""
    if payload.emergency and text.startswith(EMERGENCY_MARK):
        return " " * len(EMERGENCY_MARK) + text[len(EMERGENCY_MARK) :]
    return text


def _marked(case: _Case, text: str) -> str:
    if not case.is_urgent or text.startswith(EMERGENCY_MARK):
        return text
    return f"{EMERGENCY_MARK} {text.strip()}"


def _decision(case: _Case, outcome: str, checks: Sequence[Check], **more: Any) -> Decision:
    return Decision(
        contract_version=CONTRACT_VERSION,
        policy_version=POLICY_VERSION,
        outcome=outcome,
        checks=tuple(checks),
        local_time=local(case.at, case.zone).isoformat(),
        local_zone=case.zone,
        **more,
    )


def _blocked(case: _Case, checks: Sequence[Check], reason: str) -> Decision:
    rests: tuple[CoolingOff, ...] = ()
    if case.is_too_frequent:
        running = active_rests(
            channel=case.payload.platform, at=case.at, zones=case.zones, contacts=case.contacts
        )
        rests = (*case.frequency.cooling_off, *running)
    return _decision(
        case,
        "BLOCK",
        checks,
        needs_person=False,
        block_reason=reason,
        deliver_not_before=_iso(case, _held_until(case)),
        cooling_off_until=_iso(case, max((rest.until for rest in rests), default=None)),
        cooling_off=rests,
    )


def _sendable(case: _Case, checks: list[Check], extra: tuple[str, ...]) -> Decision:
    """ALLOW, or REWRITE where the text or the time has to change."""
    until = _held_until(case)
    new = _new_text(case, extra)
    is_rewrite = until is not None or new is not None
    rests = () if until else case.frequency.cooling_off
    if case.payload.emergency or (is_rewrite and new is None):
        checks.append(Check("URGENCY_ASSESSMENT", "info", _urgency(case)))
    return _decision(
        case,
        "REWRITE" if is_rewrite else "ALLOW",
        checks,
        needs_person=_needs_person(case) or new is not None,
        rewritten=_rewritten(case, until, new) if is_rewrite else None,
        deliver_not_before=_iso(case, until),
        cooling_off_until=_iso(case, max((rest.until for rest in rests), default=None)),
        cooling_off=rests,
    )


def _urgency(case: _Case) -> str:
    emergency = case.payload.emergency
    if emergency:
        words = emergency.category.replace("_", " ")
        lifts = "" if case.is_urgent else ": these words sell, so nothing is lifted"
        return f"Emergency declared by {emergency.declared_by} ({words}){lifts}"
    return f"Non-urgent {PURPOSE_WORDS.get(case.payload.message_type, 'message')}"


def _needs_person(case: _Case) -> bool:
    findings = (*case.frequency.findings, *case.reach)
    warned = any(f.status in ("warn", "fail") and f.code != "spacing" for f in findings)
    return bool(case.hits) or warned or case.payload.emergency is not None


def _held_until(case: _Case) -> datetime | None:
    """When nothing of time and frequency is in the way; quiet hours name the time they know."""
    hold = case.frequency.not_before
    if hold is not None and hold > case.at:
        later = next_allowed(
            channel=case.payload.platform, purpose=case.purpose, at=hold, zones=case.zones
        )
        return max(later, case.time.not_before or later)
    return case.time.not_before


def _new_text(case: _Case, extra: tuple[str, ...]) -> Rewritten | None:
    """The payload with a gentler text, or marked as an emergency; None where nothing changes."""
    payload = case.payload
    subject, text, notes, caution = payload.subject or "", payload.content, [], ""
    if needs_rewrite(case.hits):
        proposal = rewrite(
            channel=payload.platform,
            subject=_unmarked(payload, subject),
            text=_unmarked(payload, text),
            hits=case.hits,
            answers_request=case.is_answering,
            extra=extra,
            received=_received(case.contacts),
        )
        subject, text, caution = proposal.subject, proposal.text, proposal.caution
        notes = list(proposal.notes)
    marked = (_marked(case, subject) if subject else subject, _marked(case, text))
    if marked != (subject, text):
        notes.append("Marked as emergency communication")
    if marked == (payload.subject or "", payload.content):
        return None
    changed = {**payload.raw, "content": marked[1]}
    if payload.subject is not None:
        changed["subject"] = marked[0]
    return Rewritten(changed, tuple(notes), is_new_text=True, caution=caution)


def _rewritten(case: _Case, until: datetime | None, new: Rewritten | None) -> Rewritten:
    notes = []
    if until is not None:
        notes.append(delay_note(local(case.at, case.zone), local(until, case.zone)))
    if new is not None:
        return replace(new, notes=(*notes, *new.notes))
    notes.append("Content unchanged" if case.hits else "Content unchanged (appropriate)")
    if case.time.not_before is not None:
        notes.append('Added note: "Sent during business hours for your convenience"')
    return Rewritten(dict(case.payload.raw), tuple(notes), is_new_text=False)


def _iso(case: _Case, moment: datetime | None) -> str | None:
    return None if moment is None else local(moment, case.zone).isoformat()

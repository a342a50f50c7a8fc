"""Taking in what people write: stored first, judged after, once each.

Every way in (webhook, mailbox, provider) ends here. What cannot be judged is read again by the
sweep; what still cannot is held and given to a person, never taken for harmless.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import OperationalError, transaction

from channels import bounces, inbound, matching, moving, storing
from channels.incoming import WORDLESS, Incoming
from channels.mail.automatic import LISTS
from channels.mail.heads import beside, without_marks
from outreach.core import inbox, suppression
from outreach.core.models import InboundMessage, Workspace
from outreach.core.models.consent import SuppressionReason
from outreach.core.models.inbound import Alert, InboundKind, InboundStatus, Verdict
from outreach.core.patience import READING, impatient
from outreach.core.people import canonical
from safety.alerts import HOLDS, detect_alert
from safety.contract.stop_request import StopRequest, is_faint

INBOUND = inbound.INBOUND
GRACE = timedelta(seconds=30)  # whoever stored it judges it; after that the sweep does
GIVE_UP = timedelta(minutes=10)
FOR_THEM = "somebody else answered their message and may speak for them: a person must look"
NOBODY = "nobody here had this address when it came"
logger = logging.getLogger(__name__)


def take_in(
    incoming: Incoming, *, at: datetime, workspace: Workspace | None = None
) -> list[InboundMessage]:
    """Store one message wherever it belongs and judge it. A replay changes nothing.

    What the database does not take now, such as a stop of whose record somebody holds, is stored:
    the sweep takes it up, and nothing goes to them before. Must not be called within a
    transaction: a stop commits by itself, at once.
    """
    found = matching.matches(incoming, workspace)
    rows = [storing.store(incoming, match, at=at) for match in found]
    for row in rows:
        if row.status == InboundStatus.NEW:
            try:
                judge(row, at=at)
            except OperationalError as error:
                logger.warning("Inbound message %s is judged later: %s", row.pk, error)
    return rows


# --- Judging -------------------------------------------------------------------------------------


def judge(row: InboundMessage, *, at: datetime) -> None:
    """Read a stored message and do what it asks for. Harmless twice."""
    if row.kind in (InboundKind.BOUNCE, InboundKind.COMPLAINT):
        bounces.of_mail(row, at=at)
        return
    request = _request(row)
    # The button of a mail program is a person's, whatever writes the mail for it.
    if row.kind == InboundKind.AUTO_REPLY and not matching.unsubscribes(row.subject):
        _judge_automatic(row, request, at=at)
        return
    row.verdict = Verdict(request.kind)
    if row.person is None:
        _judge_stranger(row, request, at=at)
        return
    inbound.hear(
        row.person,
        row.channel,
        row.text,
        at=at,
        key=inbound.key_of(row),
        written_at=row.received_at,
        request=request,
    )
    if request.kind == "stop":
        _suppress_sender(row, at=at)
    status, reason = _standing(row, request, at=at)
    if (request.kind != "none" or row.alert in HOLDS) and _stop_reader(row, at=at):
        status, reason = InboundStatus.NEEDS_PERSON, f"{reason}; who was written to is held"
    _close(row, status, reason, at=at)


def _close(row: InboundMessage, status: str, reason: str, *, at: datetime) -> None:
    with transaction.atomic():
        inbox.judged(row, status, reason=reason, by=INBOUND, at=at)


def _request(row: InboundMessage) -> StopRequest:
    """Whether they ask us to stop, in their own words, their subject, or a button they pressed."""
    if matching.unsubscribes(row.subject):
        return StopRequest("stop", text="unsubscribe")
    by_hand, is_bare = row.kind != InboundKind.AUTO_REPLY, not row.text.strip()
    request = inbound.judge_text(row.text, is_their_own=by_hand, beside=not by_hand)
    if request.kind != "stop" and (subject := _subject_of(row)):
        by_subject = inbound.judge_text(subject, is_their_own=by_hand and is_bare)
        if by_subject.kind == "stop" or request.kind == "none":
            request = by_subject
    if request.kind == "none" and row.details.get("doubtful"):
        below = inbound.judge_text(row.details["doubtful"], is_their_own=False, beside=not is_bare)
        if below.kind != "none":
            return StopRequest("unclear", text=below.text)
    if request.kind == "none" and by_hand and is_bare and (unheard := _unheard(row)):
        return StopRequest("unclear", text=unheard)
    return request


def _subject_of(row: InboundMessage) -> str:
    """Their subject. That of an answer is ours, unless they say nothing else and it is not."""
    subject, rest = row.subject.strip(), without_marks(row.subject)
    ours = row.in_reply_to.current.subject if row.in_reply_to and row.in_reply_to.current else ""
    said = beside(subject, ours)
    if said is not None:  # a program adds to it: the name of a desk, the number of a ticket
        return "" if is_faint(said) else said
    if rest == subject:
        return subject
    return "" if row.text.strip() else rest


def _unheard(row: InboundMessage) -> str:
    """What stands in place of words and may be some, by its name; a picture shows what it is."""
    media = str(row.details.get("media", ""))
    return media if media and media not in WORDLESS else str(row.details.get("unread", ""))


def _standing(row: InboundMessage, request: StopRequest, *, at: datetime) -> tuple[str, str]:
    """What becomes of a message of a known person, and why, in a sentence."""
    person = row.person
    if request.kind == "stop" or person is None:
        return InboundStatus.HANDLED, f"asked us to stop: {request.text!r}"
    alert = detect_alert(f"{row.subject}\n{row.text}")
    row.alert = alert.kind or (Alert.UNCLEAR_STOP if request.kind == "unclear" else "")
    if alert.kind:
        reason = f"{Alert(alert.kind).label.lower()}: a person must look"
        if alert.kind in HOLDS:
            inbound.hold(person, reason, at=at)
        else:
            inbound.to_the_top(person, reason, at=at)
        return InboundStatus.NEEDS_PERSON, f"{Alert(alert.kind).label}: {alert.text!r}"
    if request.kind == "unclear":
        return InboundStatus.NEEDS_PERSON, f"may ask us to stop: {request.text!r}"
    if row.text.strip():
        return InboundStatus.WANTS_REPLY, ""
    if row.details.get("media") == "reaction":
        return InboundStatus.HANDLED, "a reaction"
    return InboundStatus.NEEDS_PERSON, "it has no words of their own"


def _judge_automatic(row: InboundMessage, request: StopRequest, *, at: datetime) -> None:
    """A machine's answer is no answer; but what may ask us to stop is held for a person."""
    row.details = {**row.details, "quote": request.text}
    moved = moving.follow(row, at=at)
    if request.kind != "none" and (row.person is not None or not _is_news(row)):
        row.verdict = Verdict.UNCLEAR
        if row.person is not None:
            inbound.hold(row.person, inbound.UNCLEAR, at=at)
            _stop_reader(row, at=at)
        nobody = "" if row.person else f"; {NOBODY}"
        reason = f"an automatic reply that may ask us to stop: {request.text!r}{nobody}"
        _close(row, InboundStatus.NEEDS_PERSON, reason, at=at)
        return
    reason = moved or f"automatic reply ({row.details.get('automatic', 'a report')})"
    _close(row, InboundStatus.NEEDS_PERSON if moved else InboundStatus.HANDLED, reason, at=at)


def _is_news(row: InboundMessage) -> bool:
    """Whether a list sent it and it answers nothing: a newsletter tells how to leave it."""
    answers = row.details.get("references") or without_marks(row.subject) != row.subject.strip()
    return row.details.get("automatic") in LISTS and not answers


def _judge_stranger(row: InboundMessage, request: StopRequest, *, at: datetime) -> None:
    """Nobody we know: a request to stop holds for their address, and a person looks."""
    row.alert = detect_alert(f"{row.subject}\n{row.text}").kind
    reason = NOBODY
    if request.kind == "stop":
        _suppress_sender(row, at=at)
        reason = f"asked us to stop ({request.text!r}); their address is suppressed, {reason}"
    _close(row, InboundStatus.NEEDS_PERSON, reason, at=at)


def _suppress_sender(row: InboundMessage, *, at: datetime) -> None:
    """The address this came from, in whatever way it may be brought anew."""
    human = row.person.human_id if row.person else None
    for channel, address in matching.ways(row.workspace, row.channel, row.sender, human=human):
        suppression.suppress(
            row.workspace,
            channel,
            address,
            reason=SuppressionReason.STOP_REQUEST,
            by=INBOUND,
            at=at,
        )


def _stop_reader(row: InboundMessage, *, at: datetime) -> bool:
    """The button stops whom its mail was written to, also where another's mailbox pressed it.
    Words that another wrote may speak for either: they are held, and True says so."""
    draft = row.in_reply_to
    reader = canonical(draft.person) if draft and row.person else None
    if reader is None or reader == row.person or reader.erased_at is not None:
        return False  # to the erased nothing goes any more
    if matching.unsubscribes(row.subject):
        inbound.unsubscribed(reader, row.channel, at=at)
        return False
    inbound.hold(reader, FOR_THEM, at=at)
    return True


# --- What was left over ---------------------------------------------------------------------------


def sweep(*, at: datetime, most: int = 200) -> int:
    """Judge what was stored and never judged, such as after a crash; returns how many."""
    rows = InboundMessage.objects.filter(
        status=InboundStatus.NEW, created_at__lt=at - GRACE
    ).select_related("workspace", "person__merged_into")
    done = 0
    with impatient(READING):
        for row in rows.order_by("id")[:most]:
            try:
                judge(row, at=at)
                done += 1
            except Exception:
                logger.exception("Inbound message %s cannot be judged.", row.pk)
                if row.created_at < at - GIVE_UP:
                    _give_up(row.pk, at=at)
    return done


def _give_up(pk: int, *, at: datetime) -> None:
    """To a person. What fails even then stays unread, where the inbox shows it and the door holds
    what would answer it; it holds up no other."""
    try:
        _to_a_person(pk, at=at)
    except Exception:
        logger.exception("Inbound message %s cannot be given to a person.", pk)


def _to_a_person(pk: int, *, at: datetime) -> None:
    row = InboundMessage.objects.select_related("workspace", "person").get(pk=pk)
    row.verdict = Verdict.UNCLEAR
    if row.person is not None:
        inbound.hold(row.person, "a message that could not be judged: a person must look", at=at)
    _close(row, InboundStatus.NEEDS_PERSON, "the program could not judge it", at=at)

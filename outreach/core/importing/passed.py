"""What a LinkedIn archive tells of messages and invitations: with whom, which way, when.

No text is kept: the history counts towards limits and tells a first message from a follow-up.
Whose archive it is, the profile says that takes part in every message, or Profile.csv.
"""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

from outreach.core.addresses import BadAddress, profile
from outreach.core.importing import delimited, encoding
from outreach.core.importing.columns import fold
from outreach.core.importing.source import BadFile, Source
from outreach.core.importing.table import Passed

WORDS = {
    "from": "from", "sender": "from", "to": "to", "date": "date", "sentat": "date",
    "senderprofileurl": "from_url", "inviterprofileurl": "from_url",
    "recipientprofileurls": "to_url", "recipientprofileurl": "to_url",
    "inviteeprofileurl": "to_url", "conversationid": "conversation", "content": "content",
    "message": "content", "direction": "direction", "subject": "subject",
    "isdraft": "draft", "ismessagedraft": "draft",
}  # fmt: skip
FORMS = (
    "%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%m/%d/%y, %I:%M %p",
    "%m/%d/%Y, %I:%M %p", "%m/%d/%y %H:%M", "%d.%m.%y, %H:%M", "%d/%m/%Y, %H:%M",
)  # fmt: skip
Row = dict[str, str]


def rows_of(place: Source) -> Iterator[Row]:
    """The rows of messages.csv or Invitations.csv, by our word for each column."""
    found = encoding.detect(place)
    with delimited.text(place, found.codec) as handle:
        lines = delimited.Lines(handle, place.name)
        header: dict[int, str] = {}
        for cells in csv.reader(lines):
            if not header:
                known = {i: WORDS[w] for i, cell in enumerate(cells) if (w := fold(cell)) in WORDS}
                header = known if len(known) >= 3 else {}
                continue
            yield {word: cells[i].strip() for i, word in header.items() if i < len(cells)}
    if not header:
        raise BadFile(f"{place.name} has no header line with From, To and Date.")


def owner_of(messages: Source | None, invitations: Source | None, own_name: str) -> str:
    """The profile of the archive's owner, or empty when it cannot be told."""
    taking_part: Counter[str] = Counter()
    by_own_name: Counter[str] = Counter()
    for place, is_invitation in ((messages, False), (invitations, True)):
        for row in rows_of(place) if place else ():
            sender = _profile(row.get("from_url", ""))
            others = _profiles(row.get("to_url", ""))
            if is_invitation and row.get("direction", "").upper() in ("INCOMING", "OUTGOING"):
                is_out = row["direction"].upper() == "OUTGOING"
                mine = [sender] if is_out else others[:1]
                by_own_name.update(filter(None, mine))
            if own_name and row.get("from", "").casefold() == own_name and sender:
                by_own_name[sender] += 1
            taking_part.update(filter(None, {sender, *others}))
    for counted in (by_own_name, taking_part):
        best = counted.most_common(2)
        if best and (len(best) == 1 or best[0][1] > best[1][1]):
            return best[0][0]
    return ""


def name_in(profile_csv: Source | None) -> str:
    """The owner's name as Profile.csv has it, folded."""
    if profile_csv is None:
        return ""
    found = encoding.detect(profile_csv)
    with delimited.text(profile_csv, found.codec) as handle:
        rows = list(islice(csv.reader(handle), 2))
    if len(rows) < 2:
        return ""
    cells = dict(zip((fold(cell) for cell in rows[0]), rows[1], strict=False))
    return f"{cells.get('firstname', '')} {cells.get('lastname', '')}".strip().casefold()


def messages_of(place: Source, owner: str) -> Iterator[Passed]:
    """Each message once for everybody who took part beside the owner. Drafts never left."""
    for row in rows_of(place):
        at, sender = _moment(row.get("date", "")), _profile(row.get("from_url", ""))
        if not at or not sender or row.get("draft", "").casefold() in ("yes", "true"):
            continue
        is_ours = sender == owner
        others = _profiles(row.get("to_url", "")) if is_ours else [sender]
        for other in dict.fromkeys(others):
            if other and other != owner:
                yield Passed(other, is_ours, at, _key("message", row, sender, other, at))


def invitations_of(place: Source, owner: str) -> Iterator[Passed]:
    """Invitations we sent; of those that came, the ones with words in them: they wrote to us."""
    for row in rows_of(place):
        at = _moment(row.get("date", ""))
        sender = _profile(row.get("from_url", ""))
        other = next(iter(_profiles(row.get("to_url", ""))), "")
        direction = row.get("direction", "").upper()
        is_ours = direction == "OUTGOING" or (not direction and sender == owner)
        who = other if is_ours else sender
        if at and who and who != owner and (is_ours or row.get("content")):
            yield Passed(who, is_ours, at, _key("invitation", row, sender, other, at))


def _key(kind: str, row: Row, sender: str, other: str, at: str) -> str:
    parts = (kind, row.get("conversation", ""), sender, other, at, row.get("content", ""))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _profile(text: str) -> str:
    try:
        return profile(text) if text else ""
    except BadAddress:
        return ""


def _profiles(text: str) -> list[str]:
    return [found for part in text.replace(";", ",").split(",") if (found := _profile(part))]


def _moment(text: str) -> str:
    """The time in ISO form and UTC; empty when it cannot be read."""
    for form in FORMS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC).isoformat()
        except ValueError:
            continue
    return ""

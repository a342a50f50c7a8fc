"""What a row says against writing to somebody: an opt-out, no calls, a dead mailbox. Pure.

It is kept with the file's own words, so that the report says why an address came in suppressed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from outreach.core.importing.columns import Columns, fold
from outreach.core.importing.ways import CHANNELS
from outreach.core.models import Channel

# What a cell says when somebody must not be written to; "false" and "subscribed" say nothing.
OPTED_OUT_WORDS = (
    "true|yes|y|1|x|ja|oui|si|sim|da|tak|evet|да|はい|是|checked|wahr|vrai|verdadero|verdadeiro|vero|"
    "waar|prawda|doğru|истина|unsubscribed|opted out|opt out|out|abgemeldet|désabonné|baja|"
    "no consent|archived|never|complained|do not email|do not contact|non-marketing contact"
)
OPTED_OUT = frozenset(fold(word) for word in OPTED_OUT_WORDS.split("|"))
# In a column about opting out these speak of the mailbox, not of what its owner wants.
DEAD_WORDS = "bounced|hard bounced|hard bounce|cleaned|invalid|undeliverable"
DEAD = frozenset(fold(word) for word in DEAD_WORDS.split("|"))
# In a column about bounces everything is a bounce for good but these.
ALIVE_WORDS = (
    "false|no|n|0|nein|non|nie|falsch|faux|falso|none|never|valid|verified|ok|active|deliverable|"
    "delivered|soft|soft bounce|soft bounced|temporary|transient"
)
ALIVE = frozenset(fold(word) for word in ALIVE_WORDS.split("|"))
DATED = re.compile(r"\d{1,4}[-/.]\d\d?[-/.]\d{2,4}")  # "unsubscribed at"
# HubSpot's word for whom it bills: no opt-out, so it closes nothing unless somebody says so.
BILLING = "marketingcontactstatus"
BILLING_NOTICE = (
    "{column} tells whom HubSpot bills for, not who opted out: it suppresses nobody. If it means "
    "that here, say that the column means opted out."
)
BY_PHONE = (str(Channel.PHONE), str(Channel.WHATSAPP))
LONGEST = 60


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing may go by one channel: the column and what stands in it."""

    column: str
    words: str
    is_bounce: bool = False


Refused = dict[str, Refusal]  # by channel


def notice(header: Sequence[str], columns: Columns) -> tuple[str, ...]:
    """What is to be said of columns that look like an opt-out and are none."""
    read = columns.get("opted_out", ())
    return tuple(
        BILLING_NOTICE.format(column=cell.strip())
        for index, cell in enumerate(header)
        if fold(cell) == BILLING and index not in read
    )


class Refusals:
    """Reads what the rows of one table say against writing."""

    def __init__(self, columns: Columns, header: Sequence[str]) -> None:
        self.cells = [
            (name, index, header[index].strip())
            for name in ("opted_out", "do_not_call", "bounced")
            for index in columns.get(name, ())
        ]

    def read(self, cells: Sequence[str]) -> Refused:
        """By channel, the gravest first; empty when nothing stands against writing."""
        found: Refused = {}
        for name, index, column in self.cells:
            cell = cells[index].strip()
            if not cell:
                continue
            channels, is_bounce = _meaning(name, cell)
            for channel in channels:
                if channel not in found:
                    found[channel] = Refusal(column, _shown(column, cell), is_bounce)
        return found


def _meaning(name: str, cell: str) -> tuple[tuple[str, ...], bool]:
    """The channels this cell closes, and whether it is for a bounce."""
    word = fold(cell)
    is_dead = word not in ALIVE if name == "bounced" else word in DEAD
    if name != "do_not_call" and is_dead:
        return (str(Channel.EMAIL),), True
    if name == "bounced" or not (word in OPTED_OUT or DATED.match(cell)):
        return (), False
    return BY_PHONE if name == "do_not_call" else tuple(CHANNELS.values()), False


def _shown(column: str, cell: str) -> str:
    """What a server said may name the mailbox; then the column is enough."""
    return column if "@" in cell else f"{column}: {cell[:LONGEST]}"

"""What the answers of Meta's Graph API mean for a message: one table, pure. No Django.

Sources: "Error Codes" of the WhatsApp Cloud API, "Error Codes" of the Messenger Platform, and
"Handling Errors" of the Graph API (developers.facebook.com). A code that is not here is judged by
its HTTP status; what is not a clear refusal is UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from channels.base import Fault, Outcome, Receipt
from channels.http import Answer
from channels.wire import printable

DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a refusal means; `wait` is in seconds, where the platform names none."""

    outcome: Outcome
    fault: Fault
    wait: float | None = None


NOT_THIS = Meaning(Outcome.REFUSED, Fault.MESSAGE)
SLOWER = Meaning(Outcome.TRY_LATER, Fault.RATE)
MEND_US = Meaning(Outcome.TRY_LATER, Fault.AUTH)
RESTRICTED = Meaning(Outcome.TRY_LATER, Fault.POLICY)
NOT_NOW = Meaning(Outcome.TRY_LATER, Fault.MESSAGE)

ERRORS: dict[int, Meaning] = {
    # --- our token, rights, number or account -----------------------------------------------------
    **dict.fromkeys((0, 3, 10, 102, 190), MEND_US),
    **dict.fromkeys(range(200, 300), MEND_US),
    **dict.fromkeys((131005, 131042, 131045, 133000, 133005, 133006, 133010), MEND_US),
    # --- too many at once -------------------------------------------------------------------------
    **dict.fromkeys((4, 17, 32, 341, 613, 80006, 80007, 130429), SLOWER),
    131056: Meaning(Outcome.TRY_LATER, Fault.MESSAGE, 60.0),  # too many to this one number
    133016: SLOWER,
    # --- the platform restricts us ----------------------------------------------------------------
    **dict.fromkeys((368, 130497, 131031, 131048), RESTRICTED),
    # --- this message or this person --------------------------------------------------------------
    **dict.fromkeys((100, 551, 2018001, 2018278), NOT_THIS),
    **dict.fromkeys((131008, 131009, 131021, 131026, 131047, 131050, 131051, 131052), NOT_THIS),
    **dict.fromkeys((131053, 130472, 135000), NOT_THIS),
    **dict.fromkeys((132000, 132001, 132005, 132007, 132012, 132015, 132016, 132068), NOT_THIS),
    131049: Meaning(Outcome.TRY_LATER, Fault.MESSAGE, DAY),  # they got enough marketing today
    1200: Meaning(Outcome.TRY_LATER, Fault.SERVICE),  # "temporary send message failure"
}
# With subcodes Instagram says more than with the code: (code, subcode).
SUBCODES: dict[tuple[int, int], Meaning] = {
    (10, 2018278): NOT_THIS,  # outside the allowed window
    (10, 2534022): NOT_THIS,  # the same, Instagram
    (10, 2018065): NOT_THIS,
    (100, 2534014): NOT_THIS,  # no such recipient
    (100, 33): MEND_US,  # the account or number of the address does not exist for this token
}
# A refusal by whoever answered on the way, without Meta's own words: about us, not the message.
PLAIN_REFUSALS = {
    **dict.fromkeys((401, 403), Fault.AUTH),
    **dict.fromkeys((404, 405, 407, 413, 415, 421, 426), Fault.SERVICE),
    429: Fault.RATE,
}
RIGHTS = range(400, 500)  # only a 4xx says that the request was refused
NOT_REFUSALS = frozenset({408, 409, 423, 424, 425, 499})


def judge(answer: Answer) -> Receipt:
    """The receipt of one posted message. 200 without a message's id is UNKNOWN."""
    if answer.status == 200:
        number = message_id(answer.said)
        if number:
            return Receipt(Outcome.SENT, reply=f"{answer.status} accepted", provider_id=number)
        return _unknown(answer, "200 without a message id")
    meaning, words = _meaning(answer)
    if meaning is None:
        return _unknown(answer, words)
    wait = answer.retry_after if answer.retry_after is not None else meaning.wait
    return Receipt(
        meaning.outcome,
        reply=printable(words),
        retry_after=wait if meaning.outcome is Outcome.TRY_LATER else None,
        fault=meaning.fault,
    )


def message_id(said: Mapping[str, Any]) -> str:
    """The id Meta gave the message; empty where it gave none."""
    found = said.get("message_id")
    messages = said.get("messages")
    if found is None and isinstance(messages, list) and messages and isinstance(messages[0], dict):
        found = messages[0].get("id")
    return found[:255] if isinstance(found, str) else ""


def _meaning(answer: Answer) -> tuple[Meaning | None, str]:
    error = answer.said.get("error")
    if not isinstance(error, dict) or not isinstance(error.get("code"), int):
        words = f"{answer.status} {answer.text[:200]}".strip()
        fault = PLAIN_REFUSALS.get(answer.status)
        return (Meaning(Outcome.TRY_LATER, fault) if fault else None), words
    code, subcode = error["code"], error.get("error_subcode")
    words = f"{answer.status} ({code}) {_words(error)}"
    if answer.status not in RIGHTS or answer.status in NOT_REFUSALS:
        return None, words
    found = SUBCODES.get((code, subcode)) if isinstance(subcode, int) else None
    return found or ERRORS.get(code) or _by_status(answer.status), words


def _by_status(status: int) -> Meaning | None:
    """A code Meta added since: only a status that speaks for itself is a clear refusal."""
    if status in (401, 403):
        return MEND_US
    return SLOWER if status == 429 else None


def _words(error: Mapping[str, Any]) -> str:
    """Meta's own words for a person; `error_data.details` says most."""
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, dict) else None
    parts = [part for part in (error.get("message"), details) if isinstance(part, str)]
    return ": ".join(dict.fromkeys(parts))[:400]


def _unknown(answer: Answer, words: str) -> Receipt:
    return Receipt(Outcome.UNKNOWN, reply=printable(words), fault=Fault.SERVICE)

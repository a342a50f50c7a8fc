"""Why a decision was not taken, for people in a sentence and for programs in a code."""

from __future__ import annotations

from safety.verdict import Verdict, sentences


class Refused(Exception):
    """A decision was not taken. `code` is for programs, the sentence for people."""

    code = "refused"

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code or self.code


class Lost(Refused):
    """Somebody else was faster; the sentence says what became of the item."""

    code = "lost"


class Overtaken(Lost):
    """It was approved meanwhile; to take that back is another decision, made knowing it."""

    code = "overtaken"


class Stale(Refused):
    """The text changed since it was opened."""

    code = "stale"


class Unseen(Refused):
    """The text has what nobody sees at a glance; with `field` a door says that it was seen."""

    def __init__(self, message: str, code: str, field: str) -> None:
        super().__init__(message, code)
        self.field = field


class Blocked(Refused):
    """The gate says no to this text or this person; `verdict` says why."""

    code = "blocked"

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(sentences(verdict.blockers))
        self.verdict = verdict

"""The figures of a rehearsal: how many, by rule, and what these figures do not know."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from channels.rehearsal.item import Fate, Item
from safety.gate import GATE_VERSION

DAY = timedelta(hours=24)
SHADOWED = (Fate.SENT, Fate.HELD, Fate.BLOCKED)


@dataclass(slots=True)
class Totals:
    """Messages by fate; rules by fate (a message may be stopped by several).

    `delayed`: of those sent, how many only after a hold. `close`: of those sent, how many go to
    somebody who would have got another within a day; the limits of a person did not count that.
    `policies`: under which version of the rules those sent, held and blocked were judged.
    `would`: of those that the rules would have approved with Safe Mode off, what people made of
    them; `would_not`: why the others would have gone to a person; `unshadowed`: not kept.
    """

    fates: Counter[Fate] = field(default_factory=Counter)
    rules: dict[Fate, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    delayed: int = 0
    close: int = 0
    policies: Counter[str] = field(default_factory=Counter)
    judged_from: datetime | None = None
    judged_to: datetime | None = None
    would: Counter[str] = field(default_factory=Counter)
    would_not: Counter[str] = field(default_factory=Counter)
    unseen: int = 0
    unshadowed: int = 0
    _last: dict[int, datetime] = field(default_factory=dict, repr=False)

    @property
    def messages(self) -> int:
        return self.fates.total()

    @property
    def outdated(self) -> int:
        """Judged under other rules than those in force, or nobody knows under which."""
        return self.policies.total() - self.policies[GATE_VERSION]

    def add(self, item: Item) -> None:
        self.fates[item.fate] += 1
        self.rules[item.fate].update(set(item.rules))
        if item.fate in SHADOWED:
            self._judged(item)
        if item.fate is Fate.SENT and item.leaves_at is not None:
            self.delayed += bool(item.rules)
            before = self._last.get(item.human)
            self.close += before is not None and abs(item.leaves_at - before) < DAY
            self._last[item.human] = item.leaves_at
        if item.approval:
            self._shadow(item)

    def _judged(self, item: Item) -> None:
        # Our rules count here; a workspace's own words, which follow, may change from day to day.
        self.policies[(item.judged_by or "not recorded").partition("+own-")[0]] += 1
        if item.judged_at is not None:
            self.judged_from = min(self.judged_from or item.judged_at, item.judged_at)
            self.judged_to = max(self.judged_to or item.judged_at, item.judged_at)

    def _shadow(self, item: Item) -> None:
        if item.shadow is None:
            self.unshadowed += 1
        elif item.shadow.get("would_approve"):
            self.would[item.people] += 1
        else:
            self.unseen += 1
            self.would_not.update(item.shadow.get("why", ()))

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {
            **{str(fate): self.fates[fate] for fate in Fate},
            "messages": self.messages,
            "by_rule": {str(fate): dict(self.rules[fate].most_common()) for fate in Fate},
            "sent_after_a_hold": self.delayed,
            "sent_close_to_another": self.close,
            "judged_by": dict(self.policies.most_common()),
            "judged_from": self.judged_from.isoformat() if self.judged_from else None,
            "judged_to": self.judged_to.isoformat() if self.judged_to else None,
            "with_safe_mode_off": {
                "rules_would_approve": self.would.total(),
                "of_these_people": dict(self.would.most_common()),
                "rules_would_ask_a_person": self.unseen,
                "why": dict(self.would_not.most_common()),
                "not_kept": self.unshadowed,
            },
        }


def total(items: Iterable[Item]) -> Totals:
    """All figures in one pass."""
    found = Totals()
    for item in items:
        found.add(item)
    return found

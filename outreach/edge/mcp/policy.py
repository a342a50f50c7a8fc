"""What an agent may read of the rules: made from the very tables that judge."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import groupby
from typing import Any

from safety.contract import frequency, rulebook, timing
from safety.contract import limits as limit_table


def rules() -> str:
    """Every content rule: family, force, and what it looks for. Never its patterns."""
    known = sorted(rulebook.book().rules, key=lambda rule: (rule.family, rule.id))
    lines = [
        "# What the rules look for",
        "A *fail* refuses the message; a *warn* is taken out by a rewrite or needs a person.",
    ]
    for family, found in groupby(known, key=lambda rule: rule.family):
        lines.append(f"\n## {family.replace('_', ' ')}")
        for rule in found:
            where = f" ({', '.join(rule.channels)})" if rule.channels else ""
            lines.append(f"- **{rule.severity}** `{rule.id}`{where}: {rule.explanation}")
    return "\n".join(lines)


def limits() -> str:
    """Limits for each human being over all channels, and the hours at their place."""
    daily = "\n".join(f"- {name}: {most} a day" for name, most in limit_table.LIMITS.items())
    return f"""\
# How often and when

At the recipient's place, never yours:
- quiet from {timing.QUIET_FROM:%H:%M} to {timing.QUIET_UNTIL:%H:%M}; what falls into it waits
- promotional messages from {timing.BUSINESS_FROM:%H:%M} to {timing.BUSINESS_UNTIL:%H:%M}, Monday
  to Friday

To one human being:
{daily}
- another channel within {_hours(frequency.ESCALATION_WINDOW)} without an answer is held
- after a request to stop: nothing, until a person lifts it
- refused: one more after messages on {frequency.PERSISTENT_DAYS} of their days within
  {frequency.PERSISTENT_WINDOW.days} days, in a row or not, none of them answered
- a follow-up after {frequency.FOLLOW_UPS} or more unanswered messages is looked at by a person,
  and refused over the day's limit

A workspace and each agent have a daily quota on top; `read_status` says whether anything leaves
now.
"""


def _hours(span: timedelta) -> str:
    return f"{int(span.total_seconds() // 3600)} hours"


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)

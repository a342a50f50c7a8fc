"""What the controls say, as rows and sentences: for the command `control`, and for REST."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from channels import letting
from outreach.core.clock import SECONDS, by_clock
from outreach.core.models import Workspace
from safety import controls
from safety.models import BRAKES, ControlKey, SystemControl

TITLES = ("Scope", "Control", "State", "Since when, by whom and why")


@dataclass(frozen=True, slots=True)
class Back:
    """When what was put off comes back by itself: as asked (None: never), and as it is now.

    It is later than was asked for where it was off for longer already (`stop.set_brake`).
    """

    key: str
    asked: datetime | None
    at: datetime | None
    leaving: int | None = None

    @classmethod
    def of(cls, row: SystemControl, asked: datetime | None) -> Back:
        """What was put off just now, and how many messages its coming back lets go."""
        return cls(row.control_key, asked, row.auto_restore_at, letting.leaving_then(row))

    def sentence(self) -> str:
        """That it is off, until when, whether that is later than was asked for, and what then."""
        ends = f"until {by_clock(self.at)}" if self.at else "until somebody switches it on"
        then = "" if self.leaving is None else f"; {letting.told_then(self.leaving)}"
        if self.asked != self.at:
            return f"{self.key} stays off {ends}: it was off for that long already{then}"
        return f"{self.key} is off {ends}{then}"

    def as_dict(self) -> dict[str, Any]:
        """The same as fields; none of a brake, which never lifts itself."""
        if self.key in BRAKES:
            return {}
        at = self.at.isoformat() if self.at else None
        then = {} if self.leaving is None else {"leaving_then": self.leaving}
        return {"restores_at": at, "was_off_for_longer": self.asked != self.at, **then}


def badge_of(place: Workspace | None) -> tuple[controls.Badge, dict[str, str], str]:
    """The badge of that scope, the workspaces that have another one, and all that in a sentence."""
    state = controls.read()
    badge = controls.badge(place.pk if place else None, state)
    badges, others = {}, {}
    if place is None:
        badges = {
            item.slug: controls.badge(item.pk, state).text
            for item in Workspace.objects.order_by("slug")
        }
        others = {slug: text for slug, text in badges.items() if text != badge.text}
    listed = ", ".join(f"{slug} ({text})" for slug, text in others.items())
    if not others:
        return badge, others, f"{badge.text}: {badge.sentence}"
    if badge.text != "LIVE":  # what brakes the system brakes there, too
        return badge, others, f"{badge.text}, and more than that in {listed}: {badge.sentence}"
    if len(others) == len(badges):  # its sentence would hold nowhere
        return badge, others, f"LIVE for the system, but in no workspace: {listed}."
    return badge, others, f"LIVE, except in {listed}: {badge.sentence}"


def now_on(key: ControlKey, place: Workspace | None) -> str:
    """Of a switch just put on: that it is, and what keeps it off in that scope all the same."""
    other = elsewhere(controls.read(), place.pk if place else None, key)
    return f"is on here, but still off {other}" if other else "is on"


def rows_of(place: Workspace | None) -> list[dict[str, Any]]:
    """The controls of the system, of this workspace (None: of every one) and of the environment."""
    state = controls.read()
    scopes: list[tuple[int | None, str]] = [(None, "system")]
    places = [place] if place else list(Workspace.objects.order_by("slug"))
    scopes += [(item.pk, item.slug) for item in places]
    rows = [
        {**_row(str(key), name, state.rows.get((pk, key))), "elsewhere": elsewhere(state, pk, key)}
        for pk, name in scopes
        for key in ControlKey
    ]
    rows += [
        {
            "scope": "environment",
            "control": key,
            "state": "braking",
            "reason": "only a deployment changes it",
            "by": "",
            "changed_at": None,
            "auto_restore_at": None,
            "elsewhere": "",
        }
        for key, braking in settings.ENVIRONMENT_BRAKES.items()
        if braking
    ]
    return rows


def told(row: dict[str, Any]) -> list[str]:
    """One row for people: what holds before what is set here, and its moments to the second."""
    word = "braking" if row["control"] in BRAKES else "OFF"
    here = f"{word} {row['elsewhere']}; here: {row['state']}" if row["elsewhere"] else row["state"]
    since = f"since {_moment(row['changed_at'])} " if row["changed_at"] else ""
    by = f"by {row['by']}" if row["by"] else ""
    told = ": ".join(word for word in (f"{since}{by}".strip(), row["reason"]) if word)
    back = f"; comes back {_moment(row['auto_restore_at'])}" if row["auto_restore_at"] else ""
    return [row["scope"], row["control"], here, f"{told}{back}"]


def elsewhere(state: controls.Controls, place: int | None, key: ControlKey) -> str:
    """What brakes this control whatever is set here; empty where it is braking itself."""
    row = state.rows.get((place, key))
    if row is None or row.is_braking:
        return ""
    found = (brake.source == "environment" for brake in state.brakes(key, place))
    said = ("by the environment" if outside else "for the whole system" for outside in found)
    return " and ".join(dict.fromkeys(said))


def _moment(stamp: str | None) -> str:
    return by_clock(datetime.fromisoformat(stamp), SECONDS) if stamp else ""


def _row(key: str, scope: str, found: Any) -> dict[str, Any]:
    if found is None:
        return {
            "scope": scope, "control": key, "state": "missing, counts as stopped", "reason": "",
            "by": "", "changed_at": None, "auto_restore_at": None,
        }  # fmt: skip
    if key in BRAKES:
        word = "braking" if found.is_braking else "off"
    else:
        word = "OFF" if found.is_braking else "on"
    return {
        "scope": scope,
        "control": key,
        "state": word,
        "reason": found.reason,
        "by": found.by_label,
        "changed_at": found.changed_at.isoformat() if found.changed_at else None,
        "auto_restore_at": found.auto_restore_at.isoformat() if found.auto_restore_at else None,
    }

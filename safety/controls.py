"""Six keys: what each stops, how it is read (fresh, missing = stopped), and who may write it.

`read` is one statement over a small table and is never cached. `write` is called by
`channels.stop` only (architecture test), because setting a brake is half of the stop protocol.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError, transaction

from outreach.core import activity, reasons, sql
from outreach.core.clock import SECONDS, by_clock
from outreach.core.models import Workspace
from outreach.core.principal import Principal
from safety.models import BRAKES, SWITCHES, ControlKey, SystemControl

logger = logging.getLogger(__name__)
# What people type (SPEC §12) and the key it means.
WORDS: dict[str, ControlKey] = {
    "messaging": ControlKey.MESSAGING_ENABLED,
    "auto-reply": ControlKey.AUTO_REPLY_ENABLED,
    "auto-approve": ControlKey.AUTO_APPROVE_ENABLED,
    "experiment": ControlKey.EXPERIMENT_ENABLED,
    "dry-run": ControlKey.DRY_RUN,
}
MISSING = "its control row is missing or cannot be read, which counts as stopped"
_COLUMNS = (
    "id", "workspace_id", "control_key", "enabled", "reason", "by_label", "changed_at",
    "auto_restore_at",
)  # fmt: skip
# A bare `enabled` would be read by SQLite's driver, for which whatever is not 1 is a no.
READ = (
    "SELECT id, workspace_id, control_key, CASE WHEN enabled = TRUE THEN 1 WHEN enabled = FALSE "
    "THEN 0 END, reason, by_label, changed_at, auto_restore_at FROM system_controls"
)


@dataclass(frozen=True, slots=True)
class Brake:
    """One reason why something is stopped: which key, by what, since when and why."""

    key: str
    source: str  # environment | system | workspace | missing
    reason: str = ""
    by: str = ""
    at: datetime | None = None

    def sentence(self) -> str:
        if self.source == "missing":
            return f"{self.key}: {MISSING}"
        # A switch brakes by being off; "MESSAGING_ENABLED since" would say the contrary.
        name = self.key if self.key in BRAKES else f"{self.key} off"
        if self.source == "environment":
            return f"{name} by the environment"
        when = f" since {by_clock(self.at, SECONDS)}" if self.at else ""
        who = f" by {self.by}" if self.by else ""
        why = f": {self.reason}" if self.reason else ""
        return f"{name} ({self.source}){when}{who}{why}"


@dataclass(frozen=True, slots=True)
class Controls:
    """All controls at one moment. Off anywhere is off; what is missing is stopped."""

    rows: dict[tuple[int | None, str], SystemControl]
    readable: bool = True

    def brakes(self, key: str, workspace_id: int | None = None) -> list[Brake]:
        """Why `key` is braking for this workspace (None: for the system alone)."""
        found = []
        if settings.ENVIRONMENT_BRAKES.get(key, True):
            found.append(Brake(key, "environment"))
        scopes: Iterable[int | None] = (None,) if workspace_id is None else (None, workspace_id)
        return found + [brake for scope in scopes if (brake := self.own(key, scope))]

    def own(self, key: str, scope: int | None) -> Brake | None:
        """The brake that is set in that very scope, whatever brakes it from elsewhere."""
        row = self.rows.get((scope, key))
        if row is None:
            return Brake(key, "missing")
        if not row.is_braking:
            return None
        source = "system" if scope is None else "workspace"
        return Brake(key, source, row.reason, row.by_label, row.changed_at)

    def is_braking(self, key: str, workspace_id: int | None = None) -> bool:
        return bool(self.brakes(key, workspace_id))

    def stop_mark(self, workspace_id: int) -> tuple[object, ...]:
        """Changes whenever an emergency stop that concerns this workspace is set or lifted."""
        rows = [self.rows.get((scope, ControlKey.EMERGENCY_STOP)) for scope in (None, workspace_id)]
        return tuple((row.enabled, row.changed_at) if row else None for row in rows)

    def sentence(self, key: str, workspace_id: int | None = None) -> str:
        """The first reason in words; empty when nothing brakes."""
        found = self.brakes(key, workspace_id)
        return found[0].sentence() if found else ""

    def stopped(self, workspace_id: int | None = None) -> str:
        """What stops every send there, in words; empty where nothing does. Dry run is no stop."""
        return self.sentence(ControlKey.EMERGENCY_STOP, workspace_id) or self.sentence(
            ControlKey.MESSAGING_ENABLED, workspace_id
        )


def read() -> Controls:
    """Every control, read now. A failed read is a stop, not an error."""
    try:
        rows = [_control(row) for row in sql.fetch(READ)]
    except DatabaseError:
        return Controls({}, readable=False)
    return Controls({(row.workspace_id, row.control_key): row for row in rows})


def _control(values: tuple[object, ...]) -> SystemControl:
    row = sql.instance(SystemControl, _COLUMNS, values)
    # SQLite keeps any value; what is neither yes nor no stays None: unreadable, so stopped.
    row.enabled = bool(row.enabled) if row.enabled in (0, 1) else row.enabled
    row.changed_at = sql.to_moment(row.changed_at)
    row.auto_restore_at = sql.to_moment(row.auto_restore_at)
    return row


def provision(workspace: Workspace | None) -> None:
    """Make the six rows of a new workspace (or of the system) as shipped; keeps what is there."""
    for key in ControlKey:
        SystemControl.objects.get_or_create(
            workspace=workspace, control_key=key, defaults={"enabled": key in SWITCHES}
        )


def write(
    key: str,
    enabled: bool,
    *,
    workspace: Workspace | None,
    reason: str,
    by: Principal,
    at: datetime,
    auto_restore_at: datetime | None = None,
) -> SystemControl:
    """Set one control in the caller's transaction and tell it. Only `channels.stop` calls this."""
    reason = _one_line(reason)[:500]
    before = _before(key, workspace)
    row, _ = SystemControl.objects.update_or_create(
        workspace=workspace,
        control_key=key,
        defaults={
            "enabled": enabled,
            "reason": reason,
            "changed_at": at,
            "auto_restore_at": None if key in BRAKES else auto_restore_at,
            **by.fields(),
        },
    )
    change = _keep_reason(row, before, by=by, at=at)
    activity.record(
        activity.Entry(
            verb="safety.control_set",
            object_type="systemcontrol",
            object_id=str(row.pk),
            workspace_id=row.workspace_id,
            codes={"key": str(key), "enabled": enabled, **change},
        ),
        by=by,
        at=at,
    )
    return row


def _keep_reason(
    row: SystemControl, before: dict[str, object], *, by: Principal, at: datetime
) -> dict[str, int]:
    """What the log names it by. No stop fails for it: a stop's row says why by itself."""
    to = {reasons.CONTROL: str(row.control_key), "enabled": row.enabled}
    try:
        with transaction.atomic():
            number = reasons.keep(
                row.workspace_id, to, reason=row.reason, before=before, by=by, at=at
            )
    except DatabaseError as error:
        if not row.is_braking:
            raise
        logger.warning("Why %s was set is not kept beside the log: %s", row.control_key, error)
        return {}
    return {"change": number}


def _before(key: str, workspace: Workspace | None) -> dict[str, object]:
    """Since when it was as it is until now, by whom and why: what `write` is about to replace."""
    row = SystemControl.objects.filter(workspace=workspace, control_key=key).first()
    if row is None or row.changed_at is None:
        return {}
    at = row.changed_at.isoformat()
    return {"enabled": row.enabled, "reason": row.reason, "by": row.by_label, "at": at}


def _one_line(reason: str) -> str:
    """A reason as every table and terminal can show it, with nothing that steers one."""
    return " ".join("".join(c if c.isprintable() else " " for c in reason).split())


@dataclass(frozen=True, slots=True)
class Badge:
    """STOPPED, DRY RUN or LIVE, with the sentence behind it."""

    text: str
    colour: str
    sentence: str


def badge(workspace_id: int | None = None, controls: Controls | None = None) -> Badge:
    """What every page and every command that concerns sending shows on top."""
    state = controls or read()
    if stopped := state.stopped(workspace_id):
        return Badge("STOPPED", "danger", f"Nothing leaves. {stopped}.")
    dry = state.sentence(ControlKey.DRY_RUN, workspace_id)
    if dry:
        return Badge("DRY RUN", "warning", f"Nothing leaves; sends are simulated. {dry}.")
    return Badge("LIVE", "success", "Approved messages leave.")

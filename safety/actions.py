"""Dry run's allowlist (seed A, SPEC §2): what is known to be safe, what goes out, what is unknown.

Pure: `services.check_safety` asks it and writes the event.
"""

from __future__ import annotations

from dataclasses import dataclass

SAFE = frozenset(
    {
        "generate_draft", "run_research", "build_shortlist", "create_plan", "prepare_call",
        "import_contacts", "log_activity", "export_data",
    }
)  # fmt: skip
OUTBOUND = frozenset({"send_email", "send_whatsapp", "send_instagram_dm"})
BY_HAND = frozenset({"send_linkedin_message", "connect_request", "send_inmail", "post_comment"})

SEND_ACTION = {
    "email": "send_email",
    "whatsapp": "send_whatsapp",
    "instagram": "send_instagram_dm",
    "linkedin": "send_linkedin_message",
}


def is_by_hand(channel: str) -> bool:
    """Whether a person hands over what goes by this channel, and never a program."""
    return SEND_ACTION.get(channel) not in OUTBOUND


@dataclass(frozen=True, slots=True)
class SafetyCheck:
    """Whether an action may happen; `reason` is "OK" or says why not."""

    allowed: bool
    reason: str
    code: str = ""


def judge(action: str, *, dry_run: str = "") -> SafetyCheck:
    """The allowlist alone, pure. `dry_run` is the reason dry run is on, empty when it is off."""
    if action in SAFE:
        return SafetyCheck(True, "OK")
    if action in BY_HAND:
        return SafetyCheck(
            False, f"{action}: by hand only. A person does this and marks it as sent.", "by_hand"
        )
    if action in OUTBOUND:
        if dry_run:
            return SafetyCheck(False, "DRY_RUN active", "dry_run")
        return SafetyCheck(True, "OK")
    return SafetyCheck(
        False, f"{action!r} is no known action; what is unknown is refused.", "unknown_action"
    )

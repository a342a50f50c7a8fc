"""The receipt of an approval: what was approved, under which rules, by whom, bound by a digest."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from approvals import templates
from approvals.models import Approval
from outreach.core import senders
from outreach.core.clock import SECONDS, by_clock
from outreach.core.digest import canonical, sha256
from outreach.core.models import Channel

DOMAIN = b"outreach/receipt/v1\0"


def make(
    approval: Approval, *, decided_by_id: int, decided_at: str, decision: dict[str, Any]
) -> dict[str, Any]:
    """The receipt as stored with the approval; `seal` covers everything else in it."""
    body = {
        "version": 1,
        "approval": approval.pk,
        "workspace": approval.workspace_id,
        "message": approval.digest,
        "policy": decision.get("gate", ""),
        "purpose": decision.get("purpose", ""),
        "checks": [
            {key: item[key] for key in ("check", "code", "status")}
            for item in decision.get("findings", [])
        ],
        "approved_by": decided_by_id,
        "approved_at": decided_at,
    }
    if approval.channel == Channel.EMAIL:
        body["from"] = senders.shown(approval.workspace, approval.channel)
    if approval.channel == Channel.WHATSAPP:
        body["template"] = templates.name_of(approval)
    return {**body, "seal": seal(body)}


def seal(body: dict[str, Any]) -> str:
    return sha256(DOMAIN, canonical(body))


def export(approval: Approval) -> dict[str, Any]:
    """The receipt and the letter it is about, for `tools/verify_receipt.py`.

    `letter` is None where its text was erased: the receipt outlives it, and no digest can be
    computed from nothing.
    """
    revision = approval.revision
    letter = {
        "workspace": approval.workspace_id,
        "channel": approval.channel,
        "address": revision.address,
        "subject": revision.subject,
        "text": revision.text,
        "html": revision.html,
        "attachments": [
            {key: item[key] for key in ("name", "type", "size", "sha256")}
            for item in revision.attachments
        ],
    }
    return {"receipt": approval.receipt, "letter": None if revision.erased_at else letter}


def told(approval: Approval) -> list[tuple[str, str, bool]]:
    """What it says, whole or broken, in words and in order; True beside a code."""
    kept = approval.receipt
    if not isinstance(kept, dict) or not kept:
        return []
    checks = [f"{item.get('check')} {item.get('status')}" for item in kept.get("checks", [])]
    rule = ", ".join(f"{key} {item}" for key, item in kept.get("rule", {}).items())
    lines = [
        ("Approved by", f"{approval.decided_by_label} (user {kept.get('approved_by')})", False),
        ("Approved at", _moment(str(kept.get("approved_at", ""))), False),
        ("By rule", rule, False),
        ("Comes from", _sender(kept), False),
        ("Judged as", str(kept.get("purpose", "")).replace("_", " "), False),
        ("As the template", str(kept.get("template", "")), False),
        ("Checks shown", ", ".join(checks), False),
        ("Rules in force", str(kept.get("policy", "")), True),
        ("Digest of the letter", str(kept.get("message", "")), True),
        ("Seal", str(kept.get("seal", "")), True),
    ]
    return [line for line in lines if line[1]]


def _sender(kept: dict[str, Any]) -> str:
    """Who it comes from; an older receipt names what the workspace itself had chosen."""
    return str(kept.get("from") or kept.get("sender", "")).removesuffix("<>").strip()


def _moment(stamp: str) -> str:
    try:
        return by_clock(datetime.fromisoformat(stamp), SECONDS)
    except ValueError:
        return stamp


def names_another_sender(approval: Approval) -> bool:
    """Whether it would come from another by now than the receipt says; old ones may not say."""
    kept, workspace = approval.receipt, approval.workspace
    if "from" in kept:
        return bool(kept["from"] != senders.shown(workspace, approval.channel))
    chosen = senders.chosen(workspace)
    return bool(kept.get("sender", chosen) != chosen)


def holds(approval: Approval) -> bool:
    """Whether the stored receipt is whole and is about exactly this approval and digest."""
    receipt = dict(approval.receipt or {})
    found = receipt.pop("seal", "")
    return (
        bool(found)
        and found == seal(receipt)
        and receipt.get("approval") == approval.pk
        and receipt.get("workspace") == approval.workspace_id
        and receipt.get("message") == approval.digest
    )

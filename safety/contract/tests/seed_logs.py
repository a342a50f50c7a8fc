"""The five test logs of the seed, read as data: payload, history the log implies, exact output."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class SeedLog:
    """One test log; `log` is what the seed prints, but for RESULT, which was not done here."""

    name: str
    at: str
    payload: dict[str, Any]
    log: str
    done: str
    would: str
    history: list[dict[str, Any]] = field(default_factory=list)


LOGS = [
    SeedLog(
        name="whatsapp_allow",
        at="2024-01-15T14:30:00+00:00",
        payload={
            "platform": "whatsapp",
            "recipient": "+1234567890",
            "content": (
                "Hi! Just wanted to share that weather update you asked about. Tomorrow looks "
                "sunny with temps around 75°F. Have a great day!"
            ),
            "message_type": "informational",
        },
        log="""VALIDATION_LOG:
[14:30:00.001] TIME_CHECK: 2:30 PM - Within acceptable hours ✓
[14:30:00.002] FREQUENCY_CHECK: Recipient contact count: 1/5 daily limit ✓
[14:30:00.003] EMOTIONAL_CHECK: No manipulation patterns detected ✓
[14:30:00.004] CONTENT_CHECK: Informational, respectful tone ✓
[14:30:00.005] DECISION: ALLOW

""",
        done="RESULT: Message sent successfully",
        would="RESULT: Message would be sent",
    ),
    SeedLog(
        name="email_rewrite",
        at="2024-01-15T23:45:00+00:00",
        payload={
            "platform": "email",
            "recipient": "user@example.com",
            "subject": "URGENT: You need to see this immediately!",
            "content": (
                "This is really important and you need to respond right away or you might miss "
                "out on something big!"
            ),
            "message_type": "promotional",
        },
        history=[{"platform": "email", "at": "2024-01-15T10:00:00+00:00", "direction": "out"}],
        log="""VALIDATION_LOG:
[23:45:00.001] TIME_CHECK: 11:45 PM - Quiet hours violation ⚠️
[23:45:00.002] FREQUENCY_CHECK: Recipient contact count: 2/3 daily limit ✓
[23:45:00.003] EMOTIONAL_CHECK: Urgency inflation detected ⚠️
[23:45:00.004] CONTENT_CHECK: Pressure tactics detected ⚠️
[23:45:00.005] DECISION: REWRITE

REWRITE_APPLIED:
- Delayed until 8:00 AM next day
- Subject: "Information you requested"
- Content: "Here's the information you asked about. Review when convenient."

""",
        done="RESULT: Message rewritten and scheduled for morning delivery",
        would="RESULT: Message would be rewritten and scheduled for morning delivery",
    ),
    SeedLog(
        name="instagram_block",
        at="2024-01-15T16:20:00+00:00",
        payload={
            "platform": "instagram",
            "recipient": "@user123",
            "content": (
                "Hey, I've been thinking about you a lot. You're the only person who really gets "
                "me. Can we talk more privately? I really need someone like you in my life."
            ),
            "message_type": "personal",
        },
        log="""VALIDATION_LOG:
[16:20:00.001] TIME_CHECK: 4:20 PM - Within acceptable hours ✓
[16:20:00.002] FREQUENCY_CHECK: Recipient contact count: 1/2 daily limit ✓
[16:20:00.003] EMOTIONAL_CHECK: Dependency creation detected ❌
[16:20:00.004] CONTENT_CHECK: Inappropriate intimacy detected ❌
[16:20:00.005] BOUNDARY_CHECK: Personal relationship violation ❌
[16:20:00.006] DECISION: BLOCK

BLOCK_REASON: "Emotional manipulation and inappropriate personal boundary violation"
""",
        done="RESULT: Message blocked, user notified of policy violation",
        would="RESULT: Message would be blocked, user would be notified of policy violation",
    ),
    SeedLog(
        name="whatsapp_contact_abuse",
        at="2024-01-15T18:00:00+00:00",
        payload={
            "platform": "whatsapp",
            "recipient": "+1234567890",
            "content": "Hi again! Just following up on my previous messages. Did you see them?",
            "message_type": "follow_up",
        },
        history=[
            {"platform": "whatsapp", "at": f"2024-01-15T{hour}:00+00:00", "direction": "out"}
            for hour in ("08:00", "10:00", "12:00", "14:00", "16:00")
        ],
        log="""VALIDATION_LOG:
[18:00:00.001] TIME_CHECK: 6:00 PM - Within acceptable hours ✓
[18:00:00.002] FREQUENCY_CHECK: Recipient contact count: 6/5 daily limit ❌
[18:00:00.003] ABUSE_PATTERN: Daily limit exceeded ❌
[18:00:00.004] ESCALATION_CHECK: Multiple follow-ups detected ❌
[18:00:00.005] DECISION: BLOCK

BLOCK_REASON: "Daily contact limit exceeded (6/5 messages)"
COOLING_OFF: 24 hours required before next contact
""",
        done="RESULT: Message blocked, cooling-off period initiated",
        would="RESULT: Message would be blocked, cooling-off period would be initiated",
    ),
    SeedLog(
        name="email_quiet_hours",
        at="2024-01-15T02:30:00+00:00",
        payload={
            "platform": "email",
            "recipient": "colleague@work.com",
            "subject": "Project update",
            "content": (
                "Hi! Here's the project status update you requested. Everything is on track for "
                "the deadline."
            ),
            "message_type": "work_update",
        },
        log="""VALIDATION_LOG:
[02:30:00.001] TIME_CHECK: 2:30 AM - Quiet hours violation ⚠️
[02:30:00.002] FREQUENCY_CHECK: Recipient contact count: 1/3 daily limit ✓
[02:30:00.003] EMOTIONAL_CHECK: No manipulation patterns detected ✓
[02:30:00.004] CONTENT_CHECK: Professional, appropriate content ✓
[02:30:00.005] URGENCY_ASSESSMENT: Non-urgent work update
[02:30:00.006] DECISION: REWRITE (Delay)

REWRITE_APPLIED:
- Scheduled for 8:00 AM delivery
- Content unchanged (appropriate)
- Added note: "Sent during business hours for your convenience"

""",
        done="RESULT: Message scheduled for morning delivery",
        would="RESULT: Message would be scheduled for morning delivery",
    ),
]

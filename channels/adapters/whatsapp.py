"""WhatsApp over the Cloud API: text within the 24 hours after their message, else a template."""

from __future__ import annotations

import re
from typing import Any

from channels.adapters.meta import MetaAdapter, refuse_unfit
from channels.base import WHATSAPP_MOST, Envelope
from channels.wire import Unsendable

MAX_PARAMETER = 1024
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_NO_PARAMETER = re.compile(r"[\r\n\t]| {5,}")  # Meta refuses such a parameter


def compose(envelope: Envelope) -> dict[str, Any]:
    """The JSON that Meta gets. Raises Unsendable with a sentence; never shortens, never splits."""
    if not _NUMBER.fullmatch(envelope.recipient):
        raise Unsendable("The recipient is no phone number with + and country code.")
    refuse_unfit(envelope, "WhatsApp")
    if len(envelope.text) > WHATSAPP_MOST:
        raise Unsendable(
            f"The text has {len(envelope.text)} characters; WhatsApp takes {WHATSAPP_MOST}."
        )
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": envelope.recipient.removeprefix("+"),
        # Comes back with every receipt, also where we never heard the answer to this request.
        "biz_opaque_callback_data": envelope.token,
        **_content(envelope),
    }


def _content(envelope: Envelope) -> dict[str, Any]:
    if envelope.answering:
        return {"type": "text", "text": {"preview_url": False, "body": envelope.text}}
    template = envelope.template
    if template is None:
        raise Unsendable(
            "They have not written within 24 hours, and the text is none of the approved templates."
        )
    for value in template.parameters:
        if not value or len(value) > MAX_PARAMETER or _NO_PARAMETER.search(value):
            raise Unsendable(
                f"{value[:40]!r} cannot be put into a template: no line break, no tab, no row of "
                f"blanks, 1 to {MAX_PARAMETER} characters."
            )
    filled = [{"type": "text", "text": value} for value in template.parameters]
    content: dict[str, Any] = {
        "name": template.name,
        "language": {"code": template.language},
    }
    if filled:
        content["components"] = [{"type": "body", "parameters": filled}]
    return {"type": "template", "template": content}


class WhatsAppAdapter(MetaAdapter):
    """One way out for WhatsApp: the business number named in the environment."""

    channel = "whatsapp"
    platform = "WhatsApp"
    api_url = "WHATSAPP_API_URL"
    needs = ("WHATSAPP_TOKEN", "WHATSAPP_PHONE_NUMBER_ID")
    compose = staticmethod(compose)

    def shown(self, envelope: Envelope) -> str:
        text = super().shown(envelope)
        if envelope.answering or envelope.template is None:
            return text
        return f"Template: {envelope.template.name} ({envelope.template.language})\n{text}"

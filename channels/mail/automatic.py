"""Whether a machine wrote a mail: by the headers that say so (RFC 3834), then by its subject."""

from __future__ import annotations

import re
from collections.abc import Mapping

_MARKS = ("x-autoreply", "x-autorespond", "x-autoresponder", "x-autoreply-from", "x-mail-autoreply")
_PRECEDENCE = frozenset(("auto_reply", "auto-reply", "bulk", "junk", "list"))
_FORWARDS = r"(?:(?:re|aw|rv|res|ris|回复|回覆)\s*[:：]\s*)*"
# English, German, French, Spanish, Portuguese, Italian, Chinese; only where the subject begins.
_SUBJECT = re.compile(
    _FORWARDS + r"(?:\W*(?:out[ -]of[ -](?:the[ -])?office\b"
    r"(?! (?:furniture|supplies|space|hours|lunch|party))"
    r"|auto(?:matic|mated)?[ -]?(?:reply|response|responder|answer)\b|i am (?:away|out of)\b"
    r"|on (?:vacation|annual leave|parental leave|holiday)\b[:\s]*(?:until|re:|$)"
    r"|abwesenheits?(?:notiz|meldung|nachricht|benachrichtigung|assistent)?\b|abwesend\b"
    r"|automatische antwort\b|automatisch(?:e|er) antwort|nicht im (?:b[üu]ro|haus)\b"
    r"|r[ée]ponse automatique\b|absence du bureau\b|absent(?:e)? du bureau\b|message d'absence\b"
    r"|respuesta autom[áa]tica\b|fuera de (?:la )?oficina\b|ausente de la oficina\b"
    r"|resposta autom[áa]tica\b|fora do escrit[óo]rio\b|aus[êe]ncia (?:do|tempor[áa]ria)\b"
    r"|risposta automatica\b|fuori (?:ufficio|sede)\b|assenza dall'ufficio\b"
    r"|自动(?:回复|答复)|自動(?:回覆|回復|答覆)|休假(?:通知|中)|外出(?:通知|中)))",
    re.IGNORECASE,
)


def automatic(headers: Mapping[str, str]) -> str:
    """Why this mail is a machine's, in a few words; empty when somebody wrote it.

    `headers` are decoded, their names in small letters.
    """
    submitted = headers.get("auto-submitted", "").partition(";")[0].strip().lower()
    if submitted and submitted != "no":
        return f"Auto-Submitted: {submitted[:40]}"
    for name in _MARKS:
        if headers.get(name, "no").strip().lower() not in ("no", "false", "0", ""):
            return f"the header {name}"
    for name in ("precedence", "x-precedence"):
        if headers.get(name, "").strip().lower() in _PRECEDENCE:
            return f"Precedence: {headers[name].strip().lower()}"
    if headers.get("list-id"):
        return "a mailing list sent it"
    if headers.get("return-path", "").strip() == "<>":
        return "it asks for no answer (empty Return-Path)"
    if _SUBJECT.match(headers.get("subject", "").strip()):
        return "its subject says so"
    return ""

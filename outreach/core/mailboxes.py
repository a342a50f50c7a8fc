"""Which e-mail addresses are one mailbox: by their tags, and by what Google makes of its own.

Google gives every spelling of a name with dots, at gmail.com and at googlemail.com, to one person.
"""

from __future__ import annotations

from django.db.models import Q, Value
from django.db.models.functions import Replace
from django.db.models.lookups import In, StartsWith

GOOGLE = ("gmail.com", "googlemail.com")


def one(normalised: str) -> str:
    """The one form of a mailbox: without a tag, and Google's without dots, at gmail.com."""
    local, at, domain = normalised.rpartition("@")
    if not at:
        return normalised
    local = local.partition("+")[0] or local
    if domain in GOOGLE:
        return f"{local.replace('.', '') or local}@{GOOGLE[0]}"
    return f"{local}@{domain}"


def forms(normalised: str) -> list[str]:
    """The one form, then those under which the list may have it from before: there are too many
    ways to put dots to know them all."""
    local, at, domain = normalised.rpartition("@")
    mailbox = one(normalised)
    if not at or domain not in GOOGLE:
        return [mailbox]
    written = (local.partition("+")[0] or local, mailbox.rpartition("@")[0])
    return list(
        dict.fromkeys([mailbox, *(f"{each}@{name}" for name in GOOGLE for each in written)])
    )


def is_googles(address: str) -> bool:
    return address.rpartition("@")[2].strip().lower() in GOOGLE


def same(mailbox: str) -> Q:
    """The addresses of this mailbox, which is in its one form: without a tag and with any."""
    local, _, domain = mailbox.rpartition("@")
    if domain not in GOOGLE:
        tagged = Q(normalised__startswith=f"{local}+", normalised__endswith=f"@{domain}")
        return Q(normalised=mailbox) | tagged
    dotless = Replace("normalised", Value("."), Value(""))
    theirs = Q(In(dotless, [f"{local}@{name.replace('.', '')}" for name in GOOGLE]))
    at_google = Q(normalised__endswith=f"@{GOOGLE[0]}") | Q(normalised__endswith=f"@{GOOGLE[1]}")
    theirs |= Q(StartsWith(dotless, f"{local}+")) & at_google
    return Q(normalised__startswith=local[:1]) & theirs

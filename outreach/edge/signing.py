"""Whether each workspace can sign what it writes, from where its e-mails come, and by whose clock
it works, for `doctor`."""

from __future__ import annotations

from django.conf import settings

from outreach.core import senders
from outreach.core.models import Channel, Workspace
from outreach.edge.platforms import Told

HINT = "An admin sets it in the admin under Workspaces."
# What goes wrong without it, as whoever meets it first would say.
NEEDED = {
    "sender_name": "no sender's name, so no template can sign",
    "postal_address": "no postal address, so its e-mails tell nobody who writes and how to stop it",
}


def sentences() -> list[Told]:
    """A sentence for each workspace, and a warning for what its e-mails need and lack."""
    rows = Workspace.objects.order_by("slug")
    told = [one for place in rows for one in _of(place)]
    return told or [("", "There is no workspace: run `manage.py migrate`, which makes one.", "")]


def _of(place: Workspace) -> list[Told]:
    lacks = [words for name, words in NEEDED.items() if not getattr(place, name).strip()]
    if not settings.DRY_RUN and (nowhere := _nowhere(place)):
        lacks.append(nowhere)
    clock = f"{place.slug} works by the clock of {place.time_zone}"
    if lacks:
        return [
            ("", f"{clock}.", ""),
            *(("WARNING", f"{place.slug} has {why}.", HINT) for why in lacks),
        ]
    return [("", f"{clock} and signs as {place.sender_name}.", "")]


def _nowhere(place: Workspace) -> str:
    """That its e-mails would come from no mailbox that anybody else can reach."""
    shown = senders.shown(place, Channel.EMAIL)
    host = shown.rpartition("@")[2].rstrip(">")
    if "." in host:
        return ""
    return (
        f"no sender's address: its e-mails leave as {shown}, which many servers refuse and nobody "
        "can answer (or set DEFAULT_FROM_EMAIL)"
    )

"""People who opted out where a list comes from: their addresses are suppressed here as well.

It can only brake, so whoever may bring the list may do it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from outreach.core import activity, suppression
from outreach.core.models import Suppression, Workspace
from outreach.core.models.consent import SuppressionReason
from outreach.core.principal import Principal
from outreach.core.suppression import Place

REASON = SuppressionReason.IMPORT


def suppress(workspace: Workspace, places: Iterable[Place], *, by: Principal, at: datetime) -> None:
    """Suppress these addresses, a lifted suppression again. Needs a transaction."""
    wanted = {suppression.digest_of(*place): place for place in places}
    there = set(Suppression.objects.filter(digest__in=wanted).values_list("digest", flat=True))
    rows = Suppression.objects.bulk_create(
        Suppression(
            workspace=workspace,
            channel=place[1],
            digest=digest,
            key_id=suppression.key_id(),
            reason=REASON,
            at=at,
            **by.fields(),
        )
        for digest, place in wanted.items()
        if digest not in there
    )
    entries = [
        activity.entry("safety.suppressed", row, channel=row.channel, reason=str(REASON))
        for row in rows
    ]
    activity.record(*entries, by=by, at=at)
    for digest in there:
        _, channel, address = wanted[digest]
        system = Principal.system("import")
        suppression.suppress(workspace, channel, address, reason=REASON, by=system, at=at)

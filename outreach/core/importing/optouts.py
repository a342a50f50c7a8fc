"""People who opted out where a list comes from: their addresses are suppressed here as well.

It can only brake, so whoever may bring the list may do it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from outreach.core import activity, suppression
from outreach.core.models import Suppression, Workspace
from outreach.core.models.consent import SuppressionReason
from outreach.core.principal import Principal
from outreach.core.suppression import Place


def suppress(
    workspace: Workspace, places: Mapping[Place, bool], *, by: Principal, at: datetime
) -> None:
    """Suppress these addresses, a lifted suppression again; of each, whether it bounced.

    Needs a transaction.
    """
    wanted: dict[str, Place] = {}
    forms: dict[str, str] = {}
    for place in sorted(places, key=lambda each: places[each]):  # a bounce says the least
        wanted.setdefault(suppression.as_one(forms, suppression.digests_of(*place)), place)
    rows_there = Suppression.objects.filter(digest__in=forms)
    there = {forms[digest] for digest in rows_there.values_list("digest", flat=True)}
    rows = Suppression.objects.bulk_create(
        Suppression(
            workspace=workspace,
            channel=place[1],
            digest=digest,
            key_id=suppression.key_id(),
            reason=_reason(places[place]),
            at=at,
            **by.fields(),
        )
        for digest, place in wanted.items()
        if digest not in there
    )
    entries = [
        activity.entry("safety.suppressed", row, channel=row.channel, reason=row.reason)
        for row in rows
    ]
    activity.record(*entries, by=by, at=at)
    for digest in there:
        place = wanted[digest]
        _, channel, address = place
        system = Principal.system("import")
        reason = _reason(places[place])
        suppression.suppress(workspace, channel, address, reason=reason, by=system, at=at)


def _reason(is_bounce: bool) -> str:
    return SuppressionReason.BOUNCE.value if is_bounce else SuppressionReason.IMPORT.value

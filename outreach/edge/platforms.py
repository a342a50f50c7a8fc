"""How WhatsApp and Instagram stand, check by check, for `doctor`. No secret is ever in a sentence.

Looks at settings and our own tables only; whether Meta takes a token, the first wave says.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings

from channels import aside
from channels.models import PlatformTemplate, ProviderEvent
from outreach.core.models import Workspace
from outreach.core.plurals import plural
from workflows.words import joined

Told = tuple[str, str, str]  # level ("" is a plain sentence), sentence, what to do

META = ("graph.facebook.com", "graph.instagram.com")
MOST_NAMED = 10


def sentences() -> list[Told]:
    """Every check of both platforms, and of the webhook by which both are heard."""
    whatsapp = _account("WhatsApp", "WHATSAPP", "WHATSAPP_PHONE_NUMBER_ID", "phone number id")
    instagram = _account("Instagram", "INSTAGRAM", "INSTAGRAM_ACCOUNT_ID", "account id")
    if len(whatsapp) > 1:
        whatsapp.append(_templates())
    heard = _heard() if len(whatsapp) > 1 or len(instagram) > 1 else []
    return [*whatsapp, *instagram, *heard]


def _account(platform: str, prefix: str, account: str, kind: str) -> list[Told]:
    """Token, account and address; one sentence where the platform is not used at all."""
    token = f"{prefix}_TOKEN"
    missing = [name for name in (token, account) if not getattr(settings, name)]
    if len(missing) == 2:
        return [("", f"{platform} is not set up ({joined(missing)}): nothing goes there.", "")]
    url = urlsplit(getattr(settings, f"{prefix}_API_URL"))
    own = "" if url.hostname in META else ", which is not Meta's own"
    fault = f"{platform} cannot be used while it is missing."
    return [
        _needed(token, f"{platform}'s token ({token})", fault),
        _needed(
            account, f"{platform}'s {kind} ({account})", fault, str(getattr(settings, account))
        ),
        ("", f"{platform} is asked at {url.hostname or 'no host'}{own}.", ""),
    ]


def _needed(name: str, words: str, fault: str, shown: str = "") -> Told:
    """One setting that must be there; `shown` is its value where that is no secret."""
    if getattr(settings, name):
        return ("", f"{words} is {shown or 'set'}.", "")
    return ("WARNING", f"{words} is missing. {fault}", f"Set {name} in the environment.")


def _templates() -> Told:
    """Outside the 24 hours after their last message only an approved template can go."""
    places = Workspace.objects.order_by("slug")
    used = PlatformTemplate.objects.filter(is_active=True)
    count, having = used.count(), set(used.values_list("workspace_id", flat=True))
    bare = [place.slug for place in places if place.pk not in having]
    told = f"{plural(count, 'WhatsApp template is', 'WhatsApp templates are')} in use."
    if not bare:
        return ("", told, "")
    more = [f"{len(bare) - MOST_NAMED} more"] if len(bare) > MOST_NAMED else []
    where = joined([*bare[:MOST_NAMED], *more])
    return (
        "WARNING",
        f"{told} None in {where}: there only answers within 24 hours can leave.",
        "Add each under WhatsApp templates in the admin, word for word as Meta approved it.",
    )


def _heard() -> list[Told]:
    """The app's secret (its absence is outreach.E009, an error of its own) and the handshake."""
    count = len(settings.META_APP_SECRET.split())
    if count:
        said = f"is set, {plural(count, 'secret')}: signed events are heard."
    else:
        said = "is missing: no answer and no request to stop is heard."
    word = "The webhook's own word (META_VERIFY_TOKEN)"
    return [
        ("", f"Meta's app secret (META_APP_SECRET) {said}", ""),
        _needed("META_VERIFY_TOKEN", word, "Meta cannot subscribe it."),
    ]


def events() -> list[Told]:
    """What providers told us that could not be judged, perhaps a request to stop among it."""
    told = []
    failing = ProviderEvent.objects.filter(judged_at__isnull=True, tries__gt=0).count()
    if failing:
        words = plural(failing, "event of a provider", "events of providers")
        line = f"{words} could not be judged yet; tried {aside.TRIES} times in all."
        told.append(("WARNING", line, "Look for it in the server's log; it may be one to stop."))
    if left := aside.rows().count():
        words = plural(left, "event of a provider is", "events of providers are")
        line = f"{words} set aside after {aside.TRIES} tries. It may be a request to stop."
        hint = "Look under Events set aside in the admin; mend the cause, then have it tried again."
        told.append(("ERROR", line, hint))
    return told or [("", "Every event of a provider was judged.", "")]

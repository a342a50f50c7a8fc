"""Every text and data column there is: whether it can tell of one human being, and what then.

One table for the export and the erasure. A column in neither `own`, `cut` nor `plain` fails the
build: who adds one says here what it may hold. Columns of fixed choices, and who wrote a row
(`by_*`: colleagues and agents), need no word.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Q

from outreach.core import reasons
from outreach.core.models import Merge
from outreach.edge.privacy import about
from outreach.edge.privacy.subject import Subject

ERASED = "Erased."
TEXTUAL = (models.CharField, models.TextField, models.JSONField, models.BinaryField)
WRITERS = ("by_kind", "by_id", "by_label")


class How(Enum):
    """What erasure leaves of a column of a row that is about this human being."""

    EMPTY = auto()  # nothing
    MARK = auto()  # ERASED where something stood, because a rule wants a word there
    NAME = auto()  # "Erased person 12"
    NUMBER = auto()  # "erased:12", where every value must be another one


EMPTY, MARK, NAME, NUMBER = How.EMPTY, How.MARK, How.NAME, How.NUMBER
ONCE = object()  # the time of the erasure, unless a time stands there
GONE = {  # what a program gets that repeats a request about them
    "type": "client_error",
    "errors": [{"code": "erased", "attr": None, "detail": "The person this was about was erased. "
                "Nothing is kept of the first answer. Do not write to them again."}],
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """One table. `find` says which rows are about this human being alone; `own` is what of them is
    personal. `heard`: which of the rows that name them are theirs as well. `gone`: erasure deletes
    the rows. `cut`: columns of other rows, of which only their part is told and goes, or, where a
    word marks it, all; `fixed`: rows that keep it. `also`: columns without text, with what erasure
    sets them to. `wide`: their position names them, too, in rows of their company. `waits`: rows
    still to be judged, which may be somebody else's request to stop: erasure leaves them alone.
    `hides`: columns of a row of theirs that are another's.
    """

    section: str = ""
    find: Callable[[Subject], Q] | None = None
    own: dict[str, How] = field(default_factory=dict)
    cut: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    also: dict[str, Any] = field(default_factory=dict)
    gone: bool = False
    heard: Callable[[Any, Subject], bool] | None = None
    fixed: Q | None = None
    hides: Callable[[Any, Subject], tuple[str, ...]] | None = None
    wide: bool = False
    waits: Q | None = None


def _by(*paths: str) -> Callable[[Subject], Q]:
    """Rows that point at one of the records by any of these ways."""

    def find(who: Subject) -> Q:
        found = Q(pk__in=[])
        for path in paths:
            found |= Q(**{f"{path}__in": who.people})
        return found

    return find


def _other_side(row: Merge, who: Subject) -> tuple[str, ...]:
    """Of a merge that was undone, what the record of the other human being had."""
    sides = {"before": row.kept_id, "after": row.merged_id}
    return tuple(name for name, pk in sides.items() if pk not in who.people)


def _empty(*names: str) -> dict[str, How]:
    return dict.fromkeys(names, EMPTY)


def _logged(who: Subject) -> Q:
    kind = Q(content_type__app_label="core", content_type__model="person")
    return kind & Q(object_id__in=[str(pk) for pk in who.people])


def _of_standing(who: Subject) -> Q:
    # `has_key`, too: of a row without one, "not in" would be as unknown as "in" is.
    return Q(settings__has_key=reasons.PERSON, settings__person__in=who.people)


RULES: dict[str, Rule] = {
    "core.Person": Rule(
        "records", _by("pk"),
        {"full_name": NAME, "status_reason": MARK, "automation_disabled_reason": MARK,
         **_empty("first_name", "last_name", "greeting_name", "former_names", "position",
                  "profile_url", "time_zone", "country", "notes", "facts", "source",
                  "block_beneath")},
        also={"connected_on": None, "follows_us": None, "account": None,
              "account_hearsay": False, "erased_at": ONCE},
    ),
    "core.Address": Rule(
        "addresses", _by("person"), _empty("normalised", "raw"), gone=True
    ),
    "core.Account": Rule(  # the companies of which we know nobody else
        "companies", lambda who: Q(pk__in=who.companies), _empty("name", "key"), gone=True
    ),
    "core.Consent": Rule(
        "consents", _by("person"),
        {"text_shown": MARK, "source": MARK, "withdrawn_reason": MARK},
    ),
    "core.Import": Rule(cut=("file", "options", "report", "error"), plain=("format", "digest")),
    "core.ImportPart": Rule(cut=("data",), plain=("kind",)),
    "core.ImportChange": Rule("import_changes", _by("person"), _empty("fields")),
    "core.Duplicate": Rule("suggested_duplicates", _by("one", "other"), gone=True),
    "core.Merge": Rule(
        "merges", _by("kept", "merged"), _empty("before", "after"), plain=("moved",),
        hides=_other_side,
    ),
    "core.Draft": Rule(
        "drafts", _by("person"), _empty("status_reason"), plain=("template", "origin")
    ),
    "core.Revision": Rule(
        "revisions", _by("draft__person"),
        _empty("address", "subject", "text", "html", "attachments", "confidence_parts",
               "reasoning", "context", "voice_reasons"),
        plain=("digest",), also={"erased_at": ONCE},
    ),
    "core.File": Rule(  # what went to nobody else; its name and type stand in the revision
        "files", lambda who: Q(pk__in=who.files), _empty("head", "content"), plain=("sha256",),
        gone=True,
    ),
    "core.Contact": Rule("contacts", _by("human", "draft__person"), plain=("key",)),
    "core.CoolingOff": Rule("rests", _by("human")),
    "core.InboundMessage": Rule(
        "inbound", lambda who: Q(person__in=who.people) | Q(pk__in=who.heard),
        _empty("message_id", "sender", "sender_name", "subject", "text", "quoted", "reason",
               "details"),
        plain=("key", "handled_by_label"),
    ),
    "safety.SafetyEvent": Rule(
        "safety_events", _by("draft__person"), {"reason": MARK}, cut=("reason",),
        fixed=Q(draft__isnull=False),  # its guard lets a reason go whole only
        plain=("event_type", "action_blocked", "code", "metadata"),
    ),
    "safety.EmergencyOverride": Rule(
        "emergency_overrides", _by("draft__person"), {"justification": MARK}
    ),
    "approvals.Approval": Rule(
        "approvals", _by("draft__person", "human"),
        {"rejection_reason": MARK,
         **_empty("notes", "decision", "routing", "priority_reasons")},
        plain=("digest", "receipt", "decided_by_label", "closed_reason"),
    ),
    "approvals.Recheck": Rule(
        "second_looks", _by("approval__draft__person", "approval__human"), {"reason": MARK},
        plain=("answered_by_label",),
    ),
    "channels.Delivery": Rule(
        "deliveries", _by("human", "approval__draft__person"),
        _empty("provider_id", "reason", "evidence"),
        plain=("place", "boot_id", "settled_by_label"),
    ),
    "channels.ProviderEvent": Rule(
        "provider_events", _by("delivery__human", "delivery__approval__draft__person"),
        {"event_id": NUMBER, **_empty("payload", "result")}, heard=about.provided,
        cut=("event_id", "payload", "result"),
        plain=("provider", "digest", "bounced"),
        waits=Q(judged_at__isnull=True) | Q(set_aside_at__isnull=False),
    ),
    "workflows.Artifact": Rule(
        "workflow_results", _by("person"), _empty("title", "data", "closed_reason"), gone=True,
        cut=("title", "data", "closed_reason"),
    ),
    "workflows.Assignment": Rule("experiments", _by("human"), plain=("variant",)),
    "workflows.ResearchSnapshot": Rule(cut=("data",), wide=True),
    "workflows.Run": Rule(cut=("options", "result", "error"), plain=("name", "claim")),
    "workflows.Step": Rule(cut=("input", "output", "error"), plain=("name",)),
    "workflows.Schedule": Rule(cut=("options", "last_error"), plain=("workflow", "weekdays")),
    "edge.KeptAnswer": Rule(
        "kept_answers", None, {"body": EMPTY}, heard=about.answered, cut=("body",),
        plain=("key", "fingerprint"),
        also={"http_status": 410, "body": GONE},
    ),
    "edge.WebhookEvent": Rule(  # what waits for a program that is told of their messages
        "webhook_events", None, {"body": EMPTY}, heard=about.announced, cut=("body",),
        plain=("kind", "fault"),
        also={"due_at": None},
    ),
    "approvals.Notice": Rule(cut=("subject", "body"), plain=("key", "fault")),
    "safety.SystemControl": Rule(cut=("reason",)),
    "core.SettingChange": Rule(
        "standing_changes", _of_standing,
        _empty("reason", "details"), cut=("reason", "details"), plain=("settings",),
    ),
    "admin.LogEntry": Rule(  # of no workspace: what names them on another's row is not ours
        "admin_log", _logged, {"object_repr": MARK, **_empty("change_message")},
        plain=("object_id",),
    ),
    # Nothing of the people we write to can stand in these.
    "core.Activity": Rule(
        plain=("verb", "object_type", "object_id", "digest", "codes", "request_id")
    ),
    "core.Seal": Rule(plain=("hash",)),
    "core.Suppression": Rule(cut=("lifted_reason",), plain=("digest", "key_id")),  # keyed hashes
    "core.Workspace": Rule(
        plain=("slug", "name", "time_zone", "sender_name", "sender_address",
               "unsubscribe_address", "postal_address", "own_words")
    ),
    "core.User": Rule(plain=("password", "username", "first_name", "last_name", "email")),
    "core.Membership": Rule(),
    "core.Agent": Rule(plain=("name", "scopes", "voice")),
    "core.ApiKey": Rule(plain=("label", "prefix", "digest")),
    "edge.Webhook": Rule(plain=("url", "families", "disabled_reason")),
    "core.VoiceProfile": Rule(
        plain=("name", "words_to_use", "words_to_avoid", "sign_off", "note")
    ),
    "core.Heartbeat": Rule(plain=("name",)),
    "approvals.QuotaUse": Rule(),
    "approvals.NoticeMark": Rule(plain=("name",)),
    "approvals.Opened": Rule(),
    "channels.Claim": Rule(),
    "channels.PlatformTemplate": Rule(plain=("name", "language", "body")),
    "channels.ChannelHealth": Rule(plain=("paused",)),
    "workflows.AgentRun": Rule(plain=("engine", "model", "prompt_version", "reason")),
    "workflows.Experiment": Rule(plain=("name", "channel", "variants", "control")),
    "sessions.Session": Rule(plain=("session_key", "session_data")),  # who is logged in
}  # fmt: skip

# Of Django itself: what may be done, by kind of row.
UNTOLD = ("auth", "contenttypes")


def textual(model: type[models.Model]) -> list[str]:
    """The columns of a table that could hold words of or about somebody."""
    return [
        name
        for each in model._meta.concrete_fields
        if isinstance(each, TEXTUAL) and not each.choices and (name := each.name) not in WRITERS
    ]


def undeclared() -> list[str]:
    """Columns nobody has said anything of, and words about columns that are not there."""
    found = []
    for model in apps.get_models():
        label = model._meta.label
        if model._meta.app_label in UNTOLD:
            continue
        rule = RULES.get(label)
        there = set(textual(model))
        told = set() if rule is None else {*rule.own, *rule.cut, *rule.plain}
        odd = there ^ told if rule is not None else there or {"the table"}
        found += [f"{label}.{name}" for name in sorted(odd)]
    labels = {model._meta.label for model in apps.get_models()}
    return found + sorted(set(RULES) - labels)


def model_of(label: str) -> type[models.Model]:
    return apps.get_model(label)

"""What people allowed and what they forbade: consent per human and channel, suppressed addresses.

A consent names what it rests on and can be shown to whoever asks; a suppression holds a keyed
hash only, so that it outlives the person's erasure.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from outreach.core.clock import DAY, by_clock
from outreach.core.models.base import Authored, Channel
from outreach.core.models.people import Person
from outreach.core.models.workspace import Workspace


class Basis(models.TextChoices):
    """Why we may write. What each is worth, and for how long, the law table says."""

    OPT_IN = "opt_in", "Opted in"
    SOFT_OPT_IN = "soft_opt_in", "Soft opt-in (customer, similar products)"
    INQUIRY = "inquiry", "Asked us something"
    CUSTOMER = "customer", "Customer"
    LEGITIMATE_INTEREST = "legitimate_interest", "Legitimate interest, balanced"
    CONTRACT = "contract", "Contract"
    IMPORTED_CLAIM = "imported_claim", "Claimed by an imported list"


class Consent(Authored):
    """One reason why we may write to one human on one channel, with what proves it."""

    Basis = Basis

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="consents")
    person = models.ForeignKey(Person, models.CASCADE, related_name="consents", db_index=False)
    channel = models.CharField(max_length=9, choices=Channel.choices)
    basis = models.CharField(max_length=19, choices=Basis.choices)
    text_shown = models.TextField(blank=True, help_text="What they read when they agreed.")
    source = models.CharField(max_length=300, help_text="Where it can be looked up.")
    at = models.DateTimeField(help_text="When it was given.")
    expires_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)
    withdrawn_reason = models.CharField(max_length=300, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "consents"
        constraints = [
            models.CheckConstraint(name="consent_has_a_source", condition=~Q(source="")),
            models.CheckConstraint(
                name="consent_ends_after_it_begins",
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=F("at")),
            ),
            models.CheckConstraint(
                name="consent_opt_in_keeps_the_text_shown",
                condition=~Q(basis="opt_in") | ~Q(text_shown=""),
            ),
        ]
        indexes = [models.Index(fields=["person", "channel"], name="consent_of_person")]

    def __str__(self) -> str:
        state = "withdrawn" if self.withdrawn_at else "given"
        return f"{self.get_basis_display()} for {self.channel}, {state} {by_clock(self.at, DAY)}"


class SuppressionReason(models.TextChoices):
    """Why nothing may go to an address. Gravest last: a graver reason replaces a lighter one."""

    IMPORT = "import", "Imported list"
    BOUNCE = "bounce", "Bounced for good"
    MANUAL = "manual", "By a colleague"
    UNSUBSCRIBE = "unsubscribe", "Unsubscribed"
    ERASURE = "erasure", "Erased on request"
    STOP_REQUEST = "stop_request", "Asked us to stop"
    COMPLAINT = "complaint", "Complained"


class Suppression(Authored):
    """One address nothing may go to. `key_id` names the key its digest was made with."""

    Reason = SuppressionReason

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="suppressions")
    channel = models.CharField(max_length=9, choices=Channel.choices)
    digest = models.CharField(max_length=64, editable=False)
    key_id = models.CharField(max_length=16, editable=False)
    reason = models.CharField(max_length=12, choices=SuppressionReason.choices)
    at = models.DateTimeField()
    complained_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="The last complaint, kept when lifted."
    )
    lifted_at = models.DateTimeField(null=True, blank=True, editable=False)
    lifted_reason = models.CharField(max_length=300, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "suppressions"
        constraints = [
            # The digest leads, because the gate looks addresses up by it.
            models.UniqueConstraint(
                fields=["digest", "workspace", "channel"], name="suppression_once_per_address"
            ),
            models.CheckConstraint(
                name="suppression_lifted_with_reason",
                condition=Q(lifted_at__isnull=True) | ~Q(lifted_reason=""),
            ),
        ]
        indexes = [
            models.Index(
                fields=["workspace", "complained_at"],
                name="suppression_complaints",
                condition=Q(complained_at__isnull=False),
            ),
            models.Index(fields=["key_id"], name="suppression_by_key"),
        ]

    def __str__(self) -> str:
        state = "lifted" if self.lifted_at else "suppressed"
        return f"{self.channel} address {self.digest[:8]}…: {state} ({self.get_reason_display()})"

"""Webhooks to be read: whether they work. They are made, tried and switched off in the admin."""

from __future__ import annotations

from django.db.models import QuerySet
from rest_framework import mixins, serializers

from outreach.edge.api.base import Resource
from outreach.edge.api.records import ABSENT
from outreach.edge.models import Webhook


class WebhookSerializer(serializers.ModelSerializer[Webhook]):
    """One webhook; its secret is shown in the admin only."""

    workspace = serializers.CharField(source="workspace.slug", read_only=True)
    agent = serializers.CharField(source="agent.name", **ABSENT)
    families = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = Webhook
        fields = (
            "id", "workspace", "agent", "url", "families", "enabled", "disabled_reason",
            "failing_since", "arrived_at", "created_at",
        )  # fmt: skip


class Webhooks(mixins.ListModelMixin, mixins.RetrieveModelMixin, Resource):
    """An agent sees its own, an admin those of the workspace."""

    resource = "webhooks"
    rows = Webhook.objects.select_related("workspace", "agent")
    serializer_class = WebhookSerializer

    def get_queryset(self) -> QuerySet[Webhook]:
        rows: QuerySet[Webhook] = super().get_queryset()
        if getattr(self, "swagger_fake_view", False) or not self.principal.is_agent:
            return rows
        return rows.filter(agent=self.principal.agent)

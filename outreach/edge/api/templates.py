"""Texts that a channel takes to open a conversation, to be read. Admins write them down."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import mixins, serializers

from channels.models import PlatformTemplate
from outreach.core.models import Channel
from outreach.core.placeholders import places_of
from outreach.edge.api.base import Resource
from outreach.edge.api.filters import Named


class TemplateSerializer(serializers.ModelSerializer[PlatformTemplate]):
    """One approved text: a message that is its `body` with the places filled travels as it."""

    workspace = serializers.CharField(source="workspace.slug", read_only=True)
    channel = serializers.SerializerMethodField()
    parameters = serializers.SerializerMethodField(
        help_text="The places of `body`, {{1}} as 1, in the order in which they are filled."
    )

    class Meta:
        model = PlatformTemplate
        fields = ("id", "workspace", "channel", "name", "language", "body", "parameters")

    @extend_schema_field(serializers.ChoiceField(choices=[Channel.WHATSAPP.value]))
    def get_channel(self, row: PlatformTemplate) -> str:
        return Channel.WHATSAPP.value

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_parameters(self, row: PlatformTemplate) -> list[str]:
        return places_of(row.body)


class TemplateFilter(Named):
    channel = django_filters.ChoiceFilter(choices=Channel.choices, method="of_channel")

    class Meta:
        model = PlatformTemplate
        fields = ("channel", "name", "language")

    def of_channel(
        self, rows: QuerySet[PlatformTemplate], _name: str, value: Any
    ) -> QuerySet[PlatformTemplate]:
        """WhatsApp's; no other channel asks for any."""
        return rows if value == Channel.WHATSAPP else rows.none()


class Templates(mixins.ListModelMixin, mixins.RetrieveModelMixin, Resource):
    """Approved texts in use; those an admin has switched off are not shown."""

    resource = "templates"
    rows = PlatformTemplate.objects.filter(is_active=True).select_related("workspace")
    serializer_class = TemplateSerializer
    filterset_class = TemplateFilter

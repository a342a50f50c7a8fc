"""The ground of every list and every row: tenant, pages, and numbers that show nothing foreign."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet
from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

from outreach.core.models import Workspace
from outreach.core.principal import Principal
from outreach.edge.api.access import MayRead, access_of, place_of

BIGGEST = 2**63 - 1


class Pages(CursorPagination):
    """Pages by cursor: as quick at the end of a million rows as at the beginning."""

    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"
    ordering: str | tuple[str, ...] = "-pk"

    def get_page_size(self, request: Request) -> int:
        asked = request.query_params.get(self.page_size_query_param)
        if asked is None:
            return self.page_size
        if not (asked.isascii() and asked.isdigit() and 1 <= int(asked[:9]) <= self.max_page_size):
            raise serializers.ValidationError(
                {"page_size": [f"A page has 1 to {self.max_page_size} rows."]}
            )
        return int(asked)


class StrictSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A body with a field that nobody knows is refused: it was meant to say something."""

    server_side = frozenset(
        {"workspace", "status", "state", "approved_by", "decided_by", "digest", "uuid", "id"}
    )

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            strange = {
                name: ["Set by the server." if name in self.server_side else "Unknown field."]
                for name in data
                if name not in self.fields or self.fields[name].read_only
            }
            if strange:
                raise serializers.ValidationError(strange, "unknown_field")
        return super().to_internal_value(data)


class Resource(GenericViewSet[Any]):
    """Rows of the workspaces in which the caller may read `resource`; others are not there."""

    resource = ""
    workspace_path = "workspace"
    permission_classes = (MayRead,)
    pagination_class = Pages
    rows: QuerySet[Any]

    @property
    def principal(self) -> Principal:
        return access_of(self.request).principal

    @property
    def place(self) -> Workspace:
        return place_of(self.request)

    @property
    def now(self) -> datetime:
        return timezone.now()

    def get_queryset(self) -> QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):
            return self.rows.none()
        ids = access_of(self.request).ids(self.resource)
        asked = self.request.query_params.get("workspace", "")
        rows = self.rows.filter(**{f"{self.workspace_path}__in": ids})
        return rows.filter(**{f"{self.workspace_path}__slug": asked}) if asked else rows

    def get_object(self) -> Any:
        """The row, or the same 404 whether it is foreign or does not exist."""
        value = str(self.kwargs[self.lookup_url_kwarg or self.lookup_field])
        found = None
        if _fits(self.lookup_field, value):
            found = self.get_queryset().filter(**{self.lookup_field: value}).first()
        if found is None:
            raise NotFound(f"There is no {self._what} {value[:40]!r} in your workspaces.")
        return found

    @property
    def _what(self) -> str:
        model: type[Model] = self.rows.model
        return str(model._meta.verbose_name)

    def read(self, kind: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        """The body, validated; ValidationError names every field at fault."""
        known = kind(data=self.request.data, context=self.get_serializer_context())
        known.is_valid(raise_exception=True)
        return dict(known.validated_data)


def _fits(field: str, value: str) -> bool:
    """Whether this could be the name of a row: a number the database can hold, or a UUID."""
    if field == "uuid":
        try:
            return bool(UUID(value))
        except ValueError:
            return False
    return value.isascii() and value.isdigit() and len(value) < 20 and int(value) <= BIGGEST

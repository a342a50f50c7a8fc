"""The ground of every list and every row: tenant, pages, and numbers that show nothing foreign."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet
from django.utils import timezone
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework import serializers
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

from outreach.core.models import Workspace
from outreach.core.permissions import reads_only_own
from outreach.core.principal import Principal
from outreach.edge.api.access import MayRead, access_of, named_place, place_of
from outreach.edge.api.pages import BIGGEST, Pages
from outreach.edge.api.schema import Described


class StrictFilters(DjangoFilterBackend):
    """A filter that nobody knows, or that says nothing, is refused.

    Passed over in silence, it would show more rows than were asked for.
    """

    always = frozenset({"workspace", "cursor", "page_size", "order"})

    def filter_queryset(self, request: Request, queryset: Any, view: Any) -> Any:
        filters = self.get_filterset_class(view, queryset)
        refuse_strange(request, self.always | set(filters.base_filters if filters else ()))
        return super().filter_queryset(request, queryset, view)


def refuse_strange(request: Request, known: frozenset[str]) -> None:
    """Raise for each filter that nobody knows, that says nothing, or that says two things."""
    wrong = {
        name: [said]
        for name, given in request.query_params.lists()
        if (said := _filter_fault(name, given, known))
    }
    if wrong:
        raise serializers.ValidationError(wrong, "invalid")


def _filter_fault(name: str, given: list[str], known: frozenset[str]) -> str:
    if name not in known:
        return f"There is no such filter. Known: {', '.join(sorted(known))}."
    if len(given) > 1:
        return "Given more than once. Say it once."
    return "" if given[0] else "Give a value, or leave it away."


SERVER_SIDE = "Set by the server."


def unknown_field(known: Iterable[str]) -> str:
    """The refusal of a field that nobody knows, with those that a body may have here."""
    return f"Unknown field. Known: {', '.join(sorted(known)) or 'none'}."


# What JSON has for these fields. The library would take "no", 0 or 5 for a switch or a text.
PLAIN: tuple[tuple[type[serializers.Field[Any, Any, Any, Any]], type, str], ...] = (
    (serializers.BooleanField, bool, "Write true or false, without quotes."),
    (serializers.IntegerField, int, "Write a whole number, without quotes."),
    (serializers.CharField, str, "Write a text, in quotes."),
)


class StrictSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A body with a field that nobody knows is refused: it was meant to say something.

    So is a value that is no JSON value of the field's kind, whatever it could be read as.
    """

    server_side = frozenset(
        {"workspace", "status", "state", "approved_by", "decided_by", "digest", "uuid", "id"}
    )

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            known = [name for name, field in self.fields.items() if not field.read_only]
            strange = {
                name: [SERVER_SIDE if name in self.server_side else unknown_field(known)]
                for name in data
                if name not in known
            }
            if strange:
                raise serializers.ValidationError(strange, "unknown_field")
            odd = {name: [said] for name in data if (said := self._odd(name, data[name]))}
            if odd:
                raise serializers.ValidationError(odd, "invalid")
        return super().to_internal_value(data)

    def _odd(self, name: str, value: Any) -> str:
        field = self.fields[name]
        for kind, due, said in PLAIN:
            if isinstance(field, kind) and value is not None:
                return "" if type(value) is due else said
        return ""


class Resource(GenericViewSet[Any]):
    """Rows of the workspaces in which the caller may read `resource`; others are not there.

    Nor are others' drafts and runs, for an agent that may see its own alone. A workspace that is
    named and not the caller's is 404, and one where they may not read this is 403.
    """

    resource = ""
    workspace_path = "workspace"
    permission_classes = (MayRead,)
    pagination_class = Pages
    filter_backends = (StrictFilters,)
    schema = Described()
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

    def come_in_anew(self) -> None:
        """Ask again who this is and what they may: for an answer that somebody waited for."""
        self.request = self.initialize_request(self.request._request)
        self.perform_authentication(self.request)
        self.check_permissions(self.request)

    def get_queryset(self) -> QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):
            return self.rows.none()
        access, named = access_of(self.request), named_place(self.request)
        ids, by = access.ids(self.resource), access.principal
        if named is not None:
            if named.pk not in ids:  # an empty page would read as if nothing were there
                what = self.resource.replace("_", " ")
                raise PermissionDenied(f"Your role may not read {what} in {named.slug}.")
            ids = [named.pk]
        own = {"by_kind": by.kind, "by_id": by.id} if reads_only_own(by, self.resource) else {}
        return self.rows.filter(**{f"{self.workspace_path}__in": ids}, **own)

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

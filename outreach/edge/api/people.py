"""People and companies: read, written by hand, and the stops of one person (people only)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from channels import quiet, stop
from outreach.core import accents, people, person_editing
from outreach.core.models import Account, Address, Channel, Person, Workspace
from outreach.core.models.people import PersonStatus
from outreach.core.models.workspace import validate_zone
from outreach.core.permissions import NotAllowed
from outreach.core.queries import people_at
from outreach.edge.api import shapes
from outreach.edge.api.base import Resource, StrictSerializer
from outreach.edge.api.choices import Choice
from outreach.edge.api.filters import FEW, Filters, TrueOrFalse
from outreach.edge.insisting import insist
from safety.law import law

STANDING = (
    "status", "status_reason", "status_at", "automation_enabled", "automation_disabled_reason",
)  # fmt: skip


class AddressSerializer(serializers.ModelSerializer[Address]):
    class Meta:
        model = Address
        fields = ("channel", "normalised", "raw")


class PersonSerializer(serializers.ModelSerializer[Person]):
    """A person as known, with every address. `human` is the canonical record's uuid.

    A record that was merged tells how the human being stands: nothing else counts for a message.
    """

    account = serializers.CharField(source="account.name", default="", read_only=True)
    human = serializers.SerializerMethodField()
    addresses = AddressSerializer(many=True, read_only=True)
    workspace = serializers.CharField(source="workspace.slug", read_only=True)

    class Meta:
        model = Person
        fields = (
            "uuid", "workspace", "full_name", "first_name", "last_name", "greeting_name",
            "position", "account", "profile_url", "connected_on", "time_zone", "country",
            "follows_us", *STANDING, "human", "addresses", "source", "created_at",
            "updated_at",
        )  # fmt: skip

    def get_human(self, row: Person) -> str:
        return str(people.canonical(row).uuid)

    def to_representation(self, instance: Person) -> dict[str, Any]:
        told, human = super().to_representation(instance), people.canonical(instance)
        for name in STANDING:
            value = getattr(human, name)
            told[name] = None if value is None else self.fields[name].to_representation(value)
        return told


MOST_ADDRESSES = 50


class NewAddress(StrictSerializer):
    channel = Choice(choices=Channel.choices)
    address = serializers.CharField(max_length=500)


class PersonBody(StrictSerializer):
    """What may be said of a person; the server sets their standing."""

    full_name = serializers.CharField(max_length=400)
    first_name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    last_name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    greeting_name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    position = serializers.CharField(max_length=400, required=False, allow_blank=True)
    account = serializers.CharField(max_length=300, required=False, allow_blank=True)
    profile_url = serializers.URLField(max_length=500, required=False, allow_blank=True)
    time_zone = serializers.CharField(
        max_length=64, required=False, allow_blank=True, validators=[validate_zone]
    )
    country = serializers.RegexField(r"^[A-Z]{2}$", required=False, allow_blank=True)
    notes = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    # Each is looked up and told in one transaction: on SQLite a stop would wait for thousands.
    addresses = serializers.ListField(child=NewAddress(), required=False, max_length=MOST_ADDRESSES)

    def validate_country(self, code: str) -> str:
        """Refuse a code that no country has: it would count as unknown, and nobody be told."""
        if code and not law.country_of(code):
            raise serializers.ValidationError(f"{code!r} is no country. Write its ISO 3166 code.")
        return code


class PersonChange(PersonBody):
    """What is said of a person now; what is left out stays as it is."""

    full_name = serializers.CharField(max_length=400, required=False)


class PersonFilter(Filters):
    rare = frozenset({"name", "account", "address", "status"})
    name = django_filters.CharFilter(field_name="full_name", lookup_expr="icontains")
    account = django_filters.CharFilter(field_name="account__name", lookup_expr="icontains")
    address = django_filters.CharFilter(method="at_address")
    status = django_filters.ChoiceFilter(choices=PersonStatus.choices, method="of_standing")
    automation_enabled = TrueOrFalse(method="of_standing")

    class Meta:
        model = Person
        fields = ("name", "account", "address", "status", "automation_enabled")

    def wider(self, rows: QuerySet[Person]) -> QuerySet[Person] | None:
        """Whose name has the words of the one asked for, whatever their order and accents."""
        words = accents.words(self.form.cleaned_data.pop("name", "") or "")
        for word in words:
            rows = rows.filter(full_name__regex=accents.pattern(word))
        return self.narrowed(rows) if words else None

    def at_address(self, rows: QuerySet[Person], _name: str, written: str) -> QuerySet[Person]:
        """Whoever is reached there, however the address is written."""
        return rows.filter(pk__in=people_at(written).values("pk"))

    def of_standing(self, rows: QuerySet[Person], name: str, value: Any) -> QuerySet[Person]:
        """Every record of whoever stands so, merged ones too; a few are named, for the indexes."""
        own = Q(merged_into__isnull=True, **{name: value})
        if name in self.rare:
            humans = Person.objects.filter(own, workspace__in=Workspace.objects.all()).order_by()
            few = list(humans.values_list("pk", flat=True)[: FEW + 1])
            if len(few) <= FEW:
                return rows.filter(Q(pk__in=few) | Q(merged_into__in=few))
        return rows.filter(own | Q(**{f"merged_into__{name}": value}))


class AutomationBody(StrictSerializer):
    enabled = serializers.BooleanField()
    reason = shapes.StopReason()


class StandingSerializer(serializers.Serializer[Any]):
    """How a person stands after a stop. `effective` is false while a message is in flight."""

    uuid = serializers.UUIDField()
    status = serializers.CharField()
    automation_enabled = serializers.BooleanField()
    effective = serializers.BooleanField()
    note = serializers.CharField(
        help_text="What still stops them where a block or a request was lifted."
    )


class People(mixins.ListModelMixin, mixins.RetrieveModelMixin, Resource):
    """People we may contact."""

    resource = "people"
    rows = Person.objects.select_related("account", "merged_into", "workspace").prefetch_related(
        "addresses"
    )
    serializer_class = PersonSerializer
    filterset_class = PersonFilter
    lookup_field = "uuid"

    @extend_schema(request=PersonBody, responses={201: PersonSerializer})
    def create(self, request: Request) -> Response:
        """One person by hand. Addresses that are taken or cannot be read refuse the whole."""
        words = self.read(PersonBody)
        person = person_editing.create(
            self.place,
            words,
            addresses=_addresses(words),
            account=words.get("account", ""),
            by=self.principal,
            at=self.now,
        )
        return Response(PersonSerializer(self.rows.get(pk=person.pk)).data, status=201)

    @extend_schema(request=PersonChange, responses=PersonSerializer)
    def partial_update(self, request: Request, uuid: str = "") -> Response:
        """Change what is known of a person. Addresses given are added; none is taken away."""
        person = self.get_object()
        words = self.read(PersonChange)
        person_editing.change(
            person,
            words,
            addresses=_addresses(words),
            account=words.get("account"),
            by=self.principal,
            at=self.now,
        )
        return Response(PersonSerializer(self.rows.get(pk=person.pk)).data)

    def _stopped(self, ids: list[int], person: Person, note: str = "") -> Response:
        fresh = people.canonical(Person.objects.select_related("merged_into").get(pk=person.pk))
        return Response(
            {
                "uuid": fresh.uuid,
                "status": fresh.status,
                "automation_enabled": fresh.automation_enabled,
                "effective": not quiet.in_flight(quiet.scope_of(humans=ids)),
                "note": note,
            }
        )

    def _stop(self, act: Callable[..., Any], *args: Any) -> Response:
        if not self.principal.is_user:
            raise NotAllowed(
                f"Agent {self.principal.label} may not change a person's standing. A reviewer has "
                "to do this."
            )
        person = self.get_object()
        lifts = act == stop.lift_person
        reason = self.read(shapes.ReasonBody if lifts else shapes.StopBody)["reason"]
        how: dict[str, Any] = {"reason": reason, "by": self.principal, "at": self.now}
        do = partial(act, person, *args, **how)
        found = do() if lifts else insist(do)
        note = found if isinstance(found, str) else ""
        return self._stopped(stop.human_ids(person), person, note)

    @extend_schema(request=shapes.StopBody, responses=StandingSerializer)
    @action(detail=True, methods=["post"])
    def desist(self, request: Request, uuid: str = "") -> Response:
        """They asked us to stop: nothing more is sent to them, on any channel."""
        return self._stop(stop.stop_person, PersonStatus.DESIST)

    @extend_schema(request=shapes.StopBody, responses=StandingSerializer)
    @action(detail=True, methods=["post"])
    def block(self, request: Request, uuid: str = "") -> Response:
        """We do not write to them any more."""
        return self._stop(stop.stop_person, PersonStatus.BLOCKED)

    @extend_schema(request=shapes.ReasonBody, responses=StandingSerializer)
    @action(detail=True, methods=["post"])
    def lift(self, request: Request, uuid: str = "") -> Response:
        """Make them reachable again; after a request to stop only when 72 hours have passed.

        What stood before stays: lifting a block leaves an older request to stop, and lifting a
        request leaves an older block. `note` says so.
        """
        return self._stop(stop.lift_person)

    @extend_schema(request=AutomationBody, responses=StandingSerializer)
    @action(detail=True, methods=["post"])
    def automation(self, request: Request, uuid: str = "") -> Response:
        """Switch messages of agents and workflows to this person off or on."""
        if not self.principal.is_user:
            raise NotAllowed("Only a person switches automation. A reviewer has to do this.")
        person, words = self.get_object(), self.read(AutomationBody)
        how: dict[str, Any] = {"reason": words["reason"], "by": self.principal, "at": self.now}
        do = partial(stop.set_automation, person, words["enabled"], **how)
        return self._stopped(do() if words["enabled"] else insist(do), person)


def _addresses(words: dict[str, Any]) -> list[tuple[str, str]]:
    return [(row["channel"], row["address"]) for row in words.get("addresses", [])]


class AccountSerializer(serializers.ModelSerializer[Account]):
    workspace = serializers.CharField(source="workspace.slug", read_only=True)

    class Meta:
        model = Account
        fields = ("id", "workspace", "name", "created_at")


class AccountFilter(Filters):
    rare = frozenset({"name"})
    name = django_filters.CharFilter(lookup_expr="icontains")

    class Meta:
        model = Account
        fields = ("name",)


class Accounts(mixins.ListModelMixin, mixins.RetrieveModelMixin, Resource):
    """Companies."""

    resource = "accounts"
    rows = Account.objects.select_related("workspace")
    serializer_class = AccountSerializer
    filterset_class = AccountFilter

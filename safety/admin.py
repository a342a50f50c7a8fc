"""The ground of every admin page: who sees which workspace's rows.

Pages show rows; they change nothing except by calling a service, so nothing here is editable.
Permission is the table in `outreach.core.permissions`, never Django's model permissions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.paginator import InfinitePaginator
from unfold.views import ChangeList

from outreach.core.models import Membership, Role, User, Workspace
from outreach.core.permissions import LEAST_ROLE, RANK, Verb
from outreach.core.principal import Principal
from safety import controls

DOOR = "admin"
Method = TypeVar("Method", bound=Callable[..., Any])


def column(
    description: str,
    *,
    label: bool | dict[str, str] | None = None,
    header: bool = False,
    sorts: str | None = None,
) -> Callable[[Method], Method]:
    """One column of a list; `label` colours its words, `header` shows a second, smaller line.

    `sorts` is the field by which its head sorts, where the list's `sortable_by` names it.
    """
    decorate: Callable[[Method], Method] = display(
        description=description, label=label, header=header, ordering=sorts
    )
    return decorate


class SortedList(ChangeList):  # type: ignore[misc]
    """Sorts by the heads that may sort and by no other, whatever the address asks for: a column
    without an index would have the database sort a whole table."""

    def get_ordering_field(self, field_name: Any) -> Any:
        if field_name not in (self.sortable_by or ()):
            return None
        return super().get_ordering_field(field_name)


def principal_of(request: HttpRequest) -> Principal:
    """Who acts in this request."""
    return Principal.of_user(user_of(request), door=DOOR)


def user_of(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise TypeError("Admin pages are for people who are logged in.")
    return request.user


def memberships_of(request: HttpRequest) -> list[Membership]:
    """The user's memberships with their workspaces, read once per request."""
    found: list[Membership] | None = getattr(request, "_outreach_memberships", None)
    if found is None:
        found = []
        if request.user.is_authenticated and request.user.is_active:
            rows = Membership.objects.filter(user_id=request.user.pk)
            found = list(rows.select_related("workspace").order_by("workspace__slug"))
        request._outreach_memberships = found  # type: ignore[attr-defined]
    return found


def roles_of(request: HttpRequest) -> dict[int, str]:
    """The user's role by workspace id; the services behind a page read it again."""
    return {row.workspace_id: row.role for row in memberships_of(request)}


def controls_of(request: HttpRequest) -> controls.Controls:
    """The controls as a page shows them, read once per request; whatever acts reads them again."""
    found: controls.Controls | None = getattr(request, "_outreach_controls", None)
    if found is None:
        found = controls.read()
        request._outreach_controls = found  # type: ignore[attr-defined]
    return found


def workspace_ids(request: HttpRequest, verb: Verb) -> set[int]:
    """The workspaces in which this user may do that."""
    least = RANK[LEAST_ROLE[verb]]
    return {pk for pk, role in roles_of(request).items() if RANK[Role(role)] >= least}


def may(request: HttpRequest, verb: Verb, workspace_id: int | None) -> bool:
    """Whether a button is worth showing; the service behind it decides."""
    return workspace_id in workspace_ids(request, verb)


def is_superuser(request: HttpRequest) -> bool:
    return bool(request.user.is_active and getattr(request.user, "is_superuser", False))


def is_operator(request: HttpRequest) -> bool:
    user = request.user
    return is_superuser(request) or bool(user.is_active and getattr(user, "is_operator", False))


def own_place(request: HttpRequest, pk: int | None) -> tuple[Workspace, list[Workspace]]:
    """The workspace of a page, without a number the first, and all those of this user. Or 404."""
    rows = Workspace.objects.order_by("slug")
    if not is_superuser(request):
        rows = rows.filter(pk__in=workspace_ids(request, Verb.VIEW))
    places = list(rows)
    found = next((each for each in places if pk in (None, each.pk)), None)
    if found is None:
        raise Http404("There is no such workspace among yours.")
    return found, places


class TenantAdmin(ModelAdmin):  # type: ignore[misc]
    """Rows of the workspaces where the user's role allows `verb`; read-only, no add, no delete."""

    verb = Verb.VIEW
    workspace_path = "workspace"
    operators_see_the_systems_rows = False
    show_full_result_count = False
    paginator = InfinitePaginator
    list_per_page = 50
    actions: Any = ()
    compressed_fields = False
    sortable_by: Any = ()  # heads: of a large table only those that an index of it has in order

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return SortedList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        if is_superuser(request):
            return rows
        own = Q(**{f"{self.workspace_path}__in": workspace_ids(request, self.verb)})
        if self.operators_see_the_systems_rows and is_operator(request):
            own |= Q(**{f"{self.workspace_path}__isnull": True})
        return rows.filter(own)

    def visible_or_404(self, request: HttpRequest, object_id: str) -> Any:
        """The row with this number, if this user may see it; its absence looks the same."""
        found = None
        if object_id.isdecimal() and len(object_id) < 19:
            found = self.get_queryset(request).filter(pk=object_id).first()
        if found is None or not self.has_view_permission(request, found):
            name = self.opts.verbose_name
            raise Http404(f"There is no {name} {object_id} in your workspaces.")
        return found

    def page(
        self, request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200
    ) -> TemplateResponse:
        """A page of our own inside the admin's frame."""
        request.current_app = self.admin_site.name
        frame = {**self.admin_site.each_context(request), "opts": self.opts}
        return TemplateResponse(request, template, {**frame, **context}, status=status)

    @column("By")
    def show_by(self, obj: Any) -> str:
        """Who did it, of rows that say so themselves."""
        return str(obj.by_label)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if is_superuser(request):
            return True
        if self.operators_see_the_systems_rows and is_operator(request):
            return obj is None or self._is_visible(request, obj)
        ids = workspace_ids(request, self.verb)
        return bool(ids) if obj is None else self._is_visible(request, obj)

    def _is_visible(self, request: HttpRequest, obj: Model) -> bool:
        found = getattr(obj, f"{self.workspace_path}_id", None)
        if found is None:
            return self.operators_see_the_systems_rows and is_operator(request)
        return found in workspace_ids(request, self.verb)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class PageAdmin(TenantAdmin):
    """Rows that are shown, and acted on, by a page of our own: `row_view` answers GET and POST."""

    when_empty = ""  # what appears in this list and what makes it, said where it has nothing yet
    when_done = ""  # said where the list leaves out by itself what is done with, and that is all
    row_view: Callable[[HttpRequest, Any], HttpResponse]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        return self.row_view(request, self.visible_or_404(request, object_id))

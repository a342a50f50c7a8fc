"""Every address of the REST face, as in the seeds; a final slash is taken off on the way in."""

from __future__ import annotations

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.routers import SimpleRouter

from outreach.edge import exporting
from outreach.edge.api import exports, schema
from outreach.edge.api.approvals import Approvals
from outreach.edge.api.controls import Controls
from outreach.edge.api.drafts import Drafts
from outreach.edge.api.hooks import Webhooks
from outreach.edge.api.people import Accounts, People
from outreach.edge.api.records import Activities, Deliveries, Inbound, SafetyEvents, WorkflowRuns
from outreach.edge.api.system import DryRun, Status, Validate, Workspaces
from outreach.edge.api.templates import Templates

__all__ = ["schema", "urlpatterns"]  # importing it tells the page about keys and errors

page, READ = SpectacularSwaggerView, ["get", "head"]  # it has no answer to OPTIONS

router = SimpleRouter(trailing_slash=False)
router.register("people", People, basename="api-people")
router.register("accounts", Accounts, basename="api-accounts")
router.register("drafts", Drafts, basename="api-drafts")
router.register("approvals", Approvals, basename="api-approvals")
router.register("deliveries", Deliveries, basename="api-deliveries")
router.register("inbound", Inbound, basename="api-inbound")
router.register("safety-events", SafetyEvents, basename="api-safety-events")
router.register("activity", Activities, basename="api-activity")
router.register("workflow-runs", WorkflowRuns, basename="api-workflow-runs")
router.register("templates", Templates, basename="api-templates")
router.register("webhooks", Webhooks, basename="api-webhooks")
router.register("workspaces", Workspaces, basename="api-workspaces")

api = [
    *router.urls,
    path("system/dry-run", DryRun.as_view(), name="api-dry-run"),
    path("system/status", Status.as_view(), name="api-status"),
    path("actions/validate", Validate.as_view(), name="api-validate"),
    path("controls", Controls.as_view(), name="api-controls"),
    *(
        path(f"exports/{kind.name}", exports.view_of(kind), name=f"api-exports-{kind.name}")
        for kind in exporting.KINDS.values()
    ),
    path("schema", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs", page.as_view(url_name="api-schema", http_method_names=READ), name="api-docs"),
]
# The seed's other address of a workspace and its reviews.
seed = SimpleRouter(trailing_slash=False)
seed.register("workspaces", Workspaces, basename="v1-workspaces")

urlpatterns = [path("api/", include(api)), path("v1/", include(seed.urls))]

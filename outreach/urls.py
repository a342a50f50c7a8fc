"""Every address: the admin for people, REST for programs, `/healthz` for machines."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from channels import stop_link, unsubscribe
from outreach.edge import (
    again_page,
    by_hand_page,
    controls_page,
    exports_page,
    passwords,
    rehearsal_page,
    safe_mode_page,
    stop_link_page,
    stop_page,
)
from outreach.edge.health import healthz
from outreach.edge.unsubscribe_page import unsubscribe_page
from outreach.edge.welcome import Welcome

inside = admin.site.admin_view  # logged in, and staff

handler400 = "outreach.edge.api.missing.unreadable"
handler404 = "outreach.edge.api.missing.not_found"
handler500 = "outreach.edge.api.missing.broken"

urlpatterns = [
    path("", include("outreach.edge.api.urls")),
    path("healthz", healthz, name="healthz"),
    path("webhooks/", include("channels.urls")),
    path(f"{stop_link.PATH}<str:token>", stop_link_page.stop_by_link, name="stop_by_link"),
    path(
        f"{stop_link.PATH}<str:token>/<str:seen>",
        stop_link_page.stop_link_progress,
        name="stop_link_progress",
    ),
    path(f"{unsubscribe.PATH}<str:token>", unsubscribe_page, name="unsubscribe"),
    path("welcome/<uidb64>/<token>/", Welcome.as_view(), name="welcome"),
    path("admin/stop/", inside(stop_page.emergency_stop), name="emergency_stop"),
    path("admin/stop/<str:token>/", inside(stop_page.stop_progress), name="stop_progress"),
    path("admin/controls/", inside(controls_page.controls_page), name="controls"),
    path("admin/by-hand/<str:channel>/", inside(by_hand_page.by_hand_page), name="by_hand"),
    path("admin/look-again/", inside(again_page.again_page), name="look_again"),
    path("admin/exports/", inside(exports_page.exports_page), name="exports"),
    path("admin/safe-mode/", inside(safe_mode_page.safe_mode_page), name="safe_mode"),
    path("admin/safe-mode/<int:pk>/", inside(safe_mode_page.safe_mode_page), name="safe_mode_of"),
    path("admin/rehearsal/", inside(rehearsal_page.rehearsal_page), name="rehearsal"),
    path("admin/rehearsal/<int:pk>/", inside(rehearsal_page.rehearsal_page), name="rehearsal_of"),
    path("admin/password_change/", inside(passwords.own_password), name="own_password"),
    path("admin/", admin.site.urls),
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
]

"""The link with which somebody new chooses a password: signed, for one use, for a few days."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.password_validation import password_validators_help_texts
from django.contrib.auth.tokens import default_token_generator
from django.contrib.auth.views import PasswordResetConfirmView
from django.http import HttpRequest, HttpResponse
from django.urls import reverse, reverse_lazy
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from outreach.core.models import User
from outreach.core.principal import Principal
from outreach.edge import passwords

DAYS = settings.PASSWORD_RESET_TIMEOUT // 86_400


class Welcome(PasswordResetConfirmView):
    """Choose the first password; then the admin opens. The link ends with its use."""

    success_url = reverse_lazy("admin:index")
    template_name = "admin/welcome.html"
    post_reset_login = True
    post_reset_login_backend = "django.contrib.auth.backends.ModelBackend"

    def get_context_data(self, **given: object) -> dict[str, object]:
        site = admin.site.each_context(self.request)
        return {
            **site,
            "rules": password_validators_help_texts(),
            **super().get_context_data(**given),
        }

    def form_valid(self, form: SetPasswordForm) -> HttpResponse:  # type: ignore[type-arg]
        with passwords.told(form.user.pk, by=Principal.of_user(form.user, door="admin")):
            return super().form_valid(form)


def link_for(request: HttpRequest, user: User) -> str:
    """The whole address, to be handed to that person by a way the sender trusts."""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    token = default_token_generator.make_token(user)
    return request.build_absolute_uri(reverse("welcome", args=[uid, token]))

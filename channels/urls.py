"""The addresses providers call. Each door checks the signature or password of its provider."""

from __future__ import annotations

from anymail import urls as anymail_urls
from django.urls import URLPattern, path

from channels import webhooks

mail = [
    URLPattern(each.pattern, webhooks.guarded(each.callback), name=each.name)
    for each in anymail_urls.urlpatterns
]
urlpatterns = [
    path("meta", webhooks.meta, name="webhook_meta"),
    path("mail/", (mail, "anymail", "anymail")),
]

"""Settings of the peers: Django as it comes, SMTP, PostgreSQL, two queues for e-mail."""

from __future__ import annotations

import os

SECRET_KEY = "only-for-the-benchmark"
USE_TZ = True
INSTALLED_APPS = ["django.contrib.contenttypes", "mailer", "post_office"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates"}]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
_who, _, _where = os.environ.get("DATABASE_URL", "").removeprefix("postgres://").partition("@")
_server, _, _name = _where.partition("/")
_host, _, _port = _server.partition(":")
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _name,
        "USER": _who.partition(":")[0],
        "PASSWORD": _who.partition(":")[2],
        "HOST": _host,
        "PORT": _port,
        "CONN_MAX_AGE": 300,
    }
}
EMAIL_HOST = "127.0.0.1"
EMAIL_PORT = int(os.environ.get("SINK_PORT", "0"))
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
MAILER_EMAIL_BACKEND = EMAIL_BACKEND
MAILER_USE_FILE_LOCK = False
POST_OFFICE = {"BACKENDS": {"default": EMAIL_BACKEND}}
DEFAULT_FROM_EMAIL = "outreach@example.org"
TABLE = "bench_mail"

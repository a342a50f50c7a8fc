"""Every setting, from the environment only, safe as shipped: DRY_RUN on, nothing can be sent.

`.env.example` lists each variable. An unreadable value stops the start with one sentence.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import environ
from django.templatetags.static import static

from outreach.edge.api import options
from outreach.environment import (
    database,
    flag,
    folder,
    json_object,
    log_level,
    mail,
    per_minute,
    read_file,
    secret_key,
    whole_number,
)  # fmt: skip
from outreach.stopping import stops_everything

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
# Tests name another file, so that what this machine is set up for cannot reach them.
ENV_FILE = Path(os.environ.get("ENV_FILE") or BASE_DIR / ".env")
if ENV_FILE.is_file():
    read_file(ENV_FILE)  # never overrides what is already set

DATA_DIR = folder(Path(os.environ.get("DATA_DIR") or BASE_DIR / "var").resolve())
SECRET_KEY = secret_key(DATA_DIR)
DEBUG = flag("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
PORT = whole_number("PORT", default=8000, least=1, most=65535)
BIND = env.str("BIND", default="127.0.0.1")  # where `make run` listens: this machine only
BASE_URL = env.str("BASE_URL", default=f"http://localhost:{PORT}").rstrip("/")

# --- Brakes: the environment may brake, never loosen (SPEC §2, §3) -------------------------------
DRY_RUN = flag("DRY_RUN", default=True)
ENVIRONMENT_BRAKES = {
    "EMERGENCY_STOP": flag("EMERGENCY_STOP", default=False),
    "DRY_RUN": DRY_RUN,
    "MESSAGING_ENABLED": not flag("MESSAGING_ENABLED", default=True),
    "AUTO_REPLY_ENABLED": not flag("AUTO_REPLY_ENABLED", default=True),
    "AUTO_APPROVE_ENABLED": not flag("AUTO_APPROVE_ENABLED", default=True),
    "EXPERIMENT_ENABLED": not flag("EXPERIMENT_ENABLED", default=True),
}

# --- Applications: the order is the direction of imports, right to left --------------------------
# `control --emergency-stop` starts without pages, checks and wake-ups: half its time to the stop.
STOPPING = stops_everything(sys.argv)
INSTALLED_APPS = [
    "outreach.edge",
    "workflows",
    "channels",
    "approvals",
    "safety",
    "outreach.core",
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin.apps.SimpleAdminConfig" if STOPPING else "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
]
MIDDLEWARE = [
    "outreach.edge.middleware.RequestIdMiddleware",
    "outreach.edge.middleware.read_to_the_end",
    "outreach.edge.middleware.final_slash",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "outreach.edge.middleware.SaneSessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "outreach.edge.middleware.NoNulMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "outreach.edge.middleware.by_their_clock",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "outreach.urls"
WSGI_APPLICATION = "outreach.wsgi.application"
AUTH_USER_MODEL = "core.User"
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "outreach.edge.badge.badge",
            ],
        },
    },
]

# --- Database ------------------------------------------------------------------------------------
DATABASES = {
    "default": database(
        os.environ.get("DATABASE_URL") or f"sqlite:///{DATA_DIR / 'outreach.sqlite3'}"
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Covering indexes are for PostgreSQL; SQLite makes them without the covered column, as we want it.
# On any other database the warning would tell of something we have not thought of.
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    SILENCED_SYSTEM_CHECKS = ["models.W040"]

# --- Time, language ------------------------------------------------------------------------------
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
FORMAT_MODULE_PATH = "outreach.edge.formats"
USE_I18N = True

# --- Files ---------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = folder(DATA_DIR / "static")
MEDIA_ROOT = DATA_DIR / "media"
STATICFILES_DIRS = [BASE_DIR / "templates" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True  # a fresh checkout serves its pages before collectstatic ran
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# --- Celery: a wake-up, never the queue of record ------------------------------------------------
CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL") or "filesystem://localhost/"
CELERY_TASK_DEFAULT_QUEUE = "outreach"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_DB_REUSE_MAX = 100
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {}
if CELERY_BROKER_URL.startswith("filesystem://"):
    _broker = DATA_DIR / "broker"
    _queue = str(folder(_broker / "queue"))
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": _queue,
        "data_folder_out": _queue,
        "control_folder": str(folder(_broker / "control")),
    }
elif CELERY_BROKER_URL.startswith(("redis://", "rediss://")):
    # One that keeps its line open and answers nothing must not take the web's threads with it.
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "global_keyprefix": "outreach:",
        "socket_connect_timeout": 3.0,
        "socket_timeout": 3.0,
    }

# --- Sending -------------------------------------------------------------------------------------
_email = mail(os.environ.get("EMAIL_URL") or "consolemail://")
EMAIL_BACKEND = _email["EMAIL_BACKEND"]
EMAIL_HOST = _email.get("EMAIL_HOST") or "localhost"
EMAIL_PORT = _email.get("EMAIL_PORT") or 25
EMAIL_HOST_USER = _email.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = _email.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS = bool(_email.get("EMAIL_USE_TLS", False))
EMAIL_USE_SSL = bool(_email.get("EMAIL_USE_SSL", False))
EMAIL_FILE_PATH = _email.get("EMAIL_FILE_PATH") or None
EMAIL_TIMEOUT = whole_number("EMAIL_TIMEOUT", default=20, least=1, most=59)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Outreach <outreach@localhost>")
MESSAGE_ID_DOMAIN = env.str("MESSAGE_ID_DOMAIN", default="")
CHANNEL_ADAPTERS = {
    "email": "channels.adapters.email.EmailAdapter",
    "whatsapp": "channels.adapters.whatsapp.WhatsAppAdapter",
    "instagram": "channels.adapters.instagram.InstagramAdapter",
}
# Meta's own servers; another address is for tests and for trying things out (check E008).
WHATSAPP_API_URL = env.str("WHATSAPP_API_URL", default="https://graph.facebook.com/v24.0")
WHATSAPP_PHONE_NUMBER_ID = env.str("WHATSAPP_PHONE_NUMBER_ID", default="")
WHATSAPP_TOKEN = env.str("WHATSAPP_TOKEN", default="")
INSTAGRAM_API_URL = env.str("INSTAGRAM_API_URL", default="https://graph.instagram.com/v24.0")
INSTAGRAM_ACCOUNT_ID = env.str("INSTAGRAM_ACCOUNT_ID", default="")
INSTAGRAM_TOKEN = env.str("INSTAGRAM_TOKEN", default="")
HTTP_TIMEOUT = whole_number("HTTP_TIMEOUT", default=20, least=1, most=59)
# Webhooks: a door without its secret is shut. While a secret changes, both, a blank between them.
META_APP_SECRET = env.str("META_APP_SECRET", default="")
META_VERIFY_TOKEN = env.str("META_VERIFY_TOKEN", default="")
ANYMAIL: dict[str, Any] = {
    "REQUESTS_TIMEOUT": EMAIL_TIMEOUT,
    **json_object("ANYMAIL_SETTINGS", default="{}"),
    "WEBHOOK_SECRET": env.str("ANYMAIL_WEBHOOK_SECRET", default="").split(),
}
# Webhooks of ours, to programs: the key that every secret is made from; the newest first.
WEBHOOK_SIGNING_KEY = env.str("WEBHOOK_SIGNING_KEY", default="").split()
WEBHOOK_LOOPBACK = flag("WEBHOOK_LOOPBACK", default=False)
SEND_CONNECTIONS = whole_number("SEND_CONNECTIONS", default=20, least=1, most=50)
SEND_PER_MINUTE = per_minute(env.str("SEND_PER_MINUTE", default=""))
SEND_DEADLINE_SECONDS = whole_number("SEND_DEADLINE_SECONDS", default=60, least=2, most=600)
STOP_PATIENCE_SECONDS = whole_number("STOP_PATIENCE_SECONDS", default=10, least=1, most=120)
SAFETY_EVENT_DAYS = whole_number("SAFETY_EVENT_DAYS", default=365, least=0, most=100_000)
APPROVAL_UNDO_SECONDS = whole_number("APPROVAL_UNDO_SECONDS", default=10, least=0, most=600)
NOTIFY_URLS = env.str("NOTIFY_URLS", default="").split()  # our own team's chat rooms, for apprise
OUTREACH_USER = env.str("OUTREACH_USER", default="")
OUTREACH_KEY = env("OUTREACH_KEY", default="").strip()  # `manage.py mcp` on stdio acts with it

# --- Language model: optional; templates need none ------------------------------------------------
LLM_MODEL = env.str("LLM_MODEL", default="")
LLM_BASE_URL = env.str("LLM_BASE_URL", default="")
LLM_API_KEY = env.str("LLM_API_KEY", default="")
LLM_TIMEOUT = whole_number("LLM_TIMEOUT", default=20, least=1, most=25)
# What happens to a text the model gives nothing usable for: the template's words, or a failed step.
LLM_FALLBACK = flag("LLM_FALLBACK", default=True)

# --- REST: what a deployment does not choose stands in outreach/edge/api/options.py ---------------
BEHIND_TLS_PROXY = flag("BEHIND_TLS_PROXY", default=False)
REST_FRAMEWORK = options.rest_framework(
    whole_number("API_REQUESTS_PER_MINUTE", default=600, least=1, most=1_000_000),
    proxies=int(BEHIND_TLS_PROXY),
)
DRF_STANDARDIZED_ERRORS = {"EXCEPTION_HANDLER_CLASS": "outreach.edge.api.errors.Handler"}
SPECTACULAR_SETTINGS = options.OPEN_API

# --- Security ------------------------------------------------------------------------------------
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS_PROXY else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BASE_URL.startswith("https://")

# --- Logging: never a text, an address or a secret ------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "links": {"()": "outreach.edge.log_lines.NoLinks"},
        "one line": {"()": "outreach.edge.log_lines.OneLine"},
        "elsewhere": {"()": "outreach.edge.log_lines.ToldElsewhere"},
    },
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": log_level(env.str("LOG_LEVEL", default="INFO"))},
    # A line for every tick of the timetable would bury what matters.
    "loggers": {
        name: {"level": "WARNING"}
        for name in ("celery.beat", "celery.app.trace", "celery.worker.strategy", "httpx2")
    }
    | {"django.request": {"filters": ["links", "one line", "elsewhere"]}}
    | {"django.security.csrf": {"filters": ["links"]}}
    | {
        f"django.security.{name}": {"filters": ["one line"]}
        for name in ("DisallowedHost", "RequestDataTooBig", "TooManyFieldsSent", "TooManyFilesSent")
    }
    | {"django.server": {"filters": ["links"], "handlers": ["stderr"], "propagate": False}},
}

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Outreach Command Center",
    "SITE_HEADER": "Outreach",
    "SITE_SYMBOL": "outgoing_mail",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda _: static("outreach/favicon.svg")}
    ],
    "SITE_URL": None,  # there is no site beside the admin to return to
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "DASHBOARD_CALLBACK": "outreach.edge.dashboard.dashboard",
    "SIDEBAR": {"navigation": "outreach.edge.navigation.navigation"},
}

"""The project: `core` knows, `edge` shows. Exposes the Celery app, as Celery asks."""

from __future__ import annotations

from outreach.celery import app as celery_app

__all__ = ("celery_app",)

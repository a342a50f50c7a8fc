"""Which engine writes: templates unless the language model is asked for and set up."""

from __future__ import annotations

from django.conf import settings

from workflows.drafting.base import DraftingEngine
from workflows.drafting.templates import TemplateEngine
from workflows.options import BadOptions

CHOICES = (("templates", "Templates, word for word"), ("model", "The language model"))


def choices() -> tuple[tuple[str, str], ...]:
    return CHOICES


def chosen(name: str) -> DraftingEngine:
    """The engine of that name. Raises BadOptions where it is not set up, with what to set."""
    if name != "model":
        return TemplateEngine()
    if not settings.LLM_MODEL:
        raise BadOptions(
            "No language model is set up. Set LLM_MODEL (and LLM_API_KEY, LLM_BASE_URL) in the "
            "environment, or choose the engine templates."
        )
    # Imported where it is used: it takes seconds, and most installations never need it.
    from workflows.drafting.llm import ModelEngine

    return ModelEngine.from_settings()

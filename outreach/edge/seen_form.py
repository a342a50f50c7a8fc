"""Forms of settings: what a page has shown goes with it, and only what was changed is written.

A form posts every field. Without this, whoever saves a page that was opened before puts back what
others changed since: autonomy that was taken back, a program that was switched off, a word that was
forbidden. What stands beside the form, such as Safe Mode, would be written as it was read.
"""

from __future__ import annotations

import hashlib
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model

from outreach.core.digest import canonical

TEMPLATE = "admin/core/seen.html"
CHANGED = (
    "Somebody changed this after the page was opened, and saving would take that back. Nothing was "
    "saved: open the page again, look at what it is now, and change it there."
)


class SeenForm(forms.ModelForm):  # type: ignore[type-arg]
    """Refuses to change a row that is another than the page has shown."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["seen"] = self._version()

    def _version(self) -> str:
        """Changes with every field of this form that can be changed."""
        names = [name for name, field in self.fields.items() if not field.disabled]
        shown = {name: str(self.initial[name]) for name in names if name in self.initial}
        return hashlib.sha256(canonical(shown)).hexdigest()[:32]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if self.instance.pk and data.get("seen") and data["seen"] != self.initial["seen"]:
            raise ValidationError(CHANGED, "stale")
        return data


def changed_in(form: Any) -> list[str]:
    """What was really changed by hand."""
    return sorted(set(form.changed_data) - {"seen"})


def save_changed(obj: Model, form: Any) -> None:
    """Write what was changed and no other column, which another may be writing now."""
    columns = {field.name for field in obj._meta.concrete_fields}
    obj.save(update_fields=[name for name in changed_in(form) if name in columns])

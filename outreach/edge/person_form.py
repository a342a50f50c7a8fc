"""The form of one person: typed words, checked here, written by `person_editing`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from outreach.core import addresses, person_editing
from outreach.core.importing import places
from outreach.core.models import Channel, Person, Workspace
from outreach.core.models.workspace import validate_zone
from outreach.core.principal import Principal

WAYS = {str(value): label for value, label in Channel.choices}
HINTS = {
    Channel.EMAIL: "anna@example.com", Channel.LINKEDIN: "linkedin.com/in/anna",
    Channel.PHONE: "+41 44 668 18 00", Channel.WHATSAPP: "+41 79 123 45 67",
    Channel.INSTAGRAM: "@anna",
}  # fmt: skip
ASKED = ("full_name", *WAYS)  # what a link to the form of a new person may fill in
KNOWN = ("full_name", "first_name", "last_name", "greeting_name", "position", "country",
         "time_zone", "notes")  # fmt: skip


VOUCHED = "Company (an agent told it: with your Save it counts for what the law asks)"


def _word(label: str, most: int, hint: str = "") -> forms.CharField:
    box = forms.TextInput(attrs={"class": "oc-input", "placeholder": hint, "autocomplete": "off"})
    return forms.CharField(label=label, max_length=most, required=False, widget=box)


class PersonForm(forms.Form):
    """What may be said of a person. Their standing is set elsewhere, addresses are only added."""

    full_name = _word("Name", 400)
    first_name = _word("First name (empty: taken from the name)", 200)
    last_name = _word("Last name (empty: taken from the name)", 200)
    greeting_name = _word("Greeted as (empty: taken from the name where it is clear)", 200)
    account = _word("Company", 300)
    position = _word("Position", 400)
    country = _word("Country", 100, "CH or Switzerland")
    time_zone = _word("Time zone", 64, "Europe/Zurich")
    notes = forms.CharField(
        label="Notes", max_length=20_000, required=False,
        widget=forms.Textarea(attrs={"class": "oc-input", "rows": 4}),
    )  # fmt: skip

    def __init__(self, *args: Any, is_new: bool, hearsay: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if hearsay:
            self.fields["account"].label = VOUCHED
        if not is_new:  # a name emptied by hand stays empty: only a new person's is derived
            self.fields["first_name"].label, self.fields["last_name"].label = (
                "First name", "Last name",
            )  # fmt: skip
            self.fields["greeting_name"].label = "Greeted as (empty: greeted without a name)"
        for channel, label in WAYS.items():
            said = label if is_new else f"A further address: {label}"
            self.fields[channel] = _word(said, 500, HINTS[Channel(channel)])

    def clean_country(self) -> str:
        typed = str(self.cleaned_data["country"])
        found = places.country(typed)
        if typed.strip() and not found:
            raise ValidationError(f"{typed!r} is no country. Write its two-letter code.")
        return found

    def clean_time_zone(self) -> str:
        typed = str(self.cleaned_data["time_zone"]).strip()
        if typed:
            validate_zone(typed)
        return typed

    def clean(self) -> dict[str, Any]:
        """Each address beside its field, with all else that cannot be read."""
        words = self.cleaned_data
        for channel in WAYS:
            if typed := words.get(channel, "").strip():
                try:
                    addresses.normalise(channel, typed, region=words.get("country") or None)
                except addresses.BadAddress as fault:
                    self.add_error(channel, str(fault))
        return words

    @property
    def addresses(self) -> list[tuple[str, str]]:
        return [(name, typed) for name in WAYS if (typed := self.cleaned_data[name].strip())]

    def words(self, profile_url: str) -> dict[str, Any]:
        """The fields of the service; a profile typed as an address is the page as well."""
        words = {name: self.cleaned_data[name] for name in KNOWN}
        page = self.cleaned_data[str(Channel.LINKEDIN)].strip()
        if page and not profile_url:
            words["profile_url"] = page
        return words


def of(person: Person) -> dict[str, Any]:
    """What the form of a known person begins with."""
    account = person.account.name if person.account else ""
    return {**{name: getattr(person, name) for name in KNOWN}, "account": account}


def add(form: PersonForm, place: Workspace, *, by: Principal, at: datetime) -> Person:
    """A new person from a valid form; what is left empty is derived."""
    words = {name: value for name, value in form.words("").items() if value}
    company = form.cleaned_data["account"]
    return person_editing.create(
        place, words, addresses=form.addresses, account=company, by=by, at=at
    )


def change(
    form: PersonForm, person: Person, *, seen: str, by: Principal, at: datetime
) -> list[str]:
    """Change a known person by a valid form, unless somebody did so since the page was `seen`."""
    return person_editing.change(
        person, form.words(person.profile_url), addresses=form.addresses,
        account=form.cleaned_data["account"], seen=seen, by=by, at=at,
    )  # fmt: skip

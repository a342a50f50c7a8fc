"""What a person chooses once for a whole import: where its people live, why we may write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from outreach.core.importing import places
from outreach.core.models.consent import Basis


class BadChoice(ValueError):
    """A choice that cannot be kept; the sentence says what to choose instead."""


@dataclass(frozen=True, slots=True)
class Choices:
    """`country` reads phone numbers without +; `time_zone` holds where nothing else tells.

    `basis` is recorded as a consent for each address that is new, with the file as its source.
    """

    country: str = ""
    time_zone: str = ""
    basis: str = ""
    text_shown: str = ""

    @classmethod
    def of(cls, *, country: str = "", time_zone: str = "", basis: str = "", text_shown: str = ""
           ) -> Choices:  # fmt: skip
        """Choices as typed, or BadChoice."""
        made = cls(
            places.country(country),
            places.zone(time_zone) if time_zone.strip() else "",
            basis.strip(),
            text_shown.strip(),
        )
        if country.strip() and not made.country:
            raise BadChoice(f"{country!r} is no country known here. Write its two-letter code.")
        if time_zone.strip() and not made.time_zone:
            raise BadChoice(f"{time_zone!r} is no time zone. Write one such as Europe/Zurich.")
        if made.basis and made.basis not in Basis.values:
            raise BadChoice(f"{basis!r} is no basis. Known: {', '.join(Basis.values)}.")
        if made.basis == Basis.OPT_IN and not made.text_shown:
            raise BadChoice("An opt-in needs the text these people read when they agreed.")
        return made

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

"""The same file by django-import-export, bulk: what one reaches for first. Benchmark peer only.

It stores the same people and addresses, and does less: no companies, no matching, no log.
"""

from __future__ import annotations

import csv
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

ABOVE = 4  # three lines of preamble and the header
FIELDS = ("first_name", "last_name", "full_name", "profile_url", "position", "connected_on")


def run(path: Path, workspace: Any) -> None:
    import tablib
    from import_export import resources

    from outreach.core.models import Address, Person

    class People(resources.ModelResource):
        class Meta:
            model = Person
            import_id_fields = ("profile_url",)
            fields = FIELDS
            use_bulk = True
            force_init_instance = True  # its fastest: nobody is looked up, a second run doubles all
            batch_size = 1000
            skip_diff = True
            skip_html_diff = True

        def before_save_instance(self, instance: Any, row: Any, **_: Any) -> None:
            instance.workspace = workspace
            instance.ways = [("linkedin", row["profile_url"]), ("email", row["email"])]

        def bulk_create(self, *args: Any, **kwargs: Any) -> None:
            people = list(self.create_instances)
            super().bulk_create(*args, **kwargs)
            Address.objects.bulk_create(
                Address(
                    workspace=workspace, person=person, channel=channel, raw=raw, normalised=raw
                )
                for person in people
                for channel, raw in person.ways
                if raw
            )

    data = tablib.Dataset(headers=(*FIELDS, "email"))
    with path.open(newline="", encoding="utf-8") as handle:
        for first, last, url, email, _, position, on in csv.reader(islice(handle, ABOVE, None)):
            day = datetime.strptime(on, "%d %b %Y").date().isoformat()
            data.append((first, last, f"{first} {last}", url, position, day, email))
    People().import_data(data, raise_errors=True, use_transactions=True)

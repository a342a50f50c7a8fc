"""A thousand people as exports have them: through the real importer, the same every time.

Most from a LinkedIn file (no numbers, few addresses), some from an event's list with numbers, zones
and notes; odd cells among them.
"""

# ruff: noqa: E501
from __future__ import annotations

import csv
import random
from datetime import date, datetime, timedelta
from pathlib import Path

from outreach.core import importing
from outreach.core.models import Person, Workspace
from outreach.core.principal import Principal

FIRST = ["Amara", "Søren", "Beatriz", "Jean-Pierre", "Yuki", "Hannelore", "Tomasz", "Priya", "Kwame", "Siobhán", "Robert", "Élodie", "Zoë", "José", "Mikael", "Lerato", "Giulia", "Fatoumata", "Piotr", "Chloé", "Ahmet", "Nomvula", "Lucía", "Aleksandra", "Wanjiru", "Ioana", "Sarah", "Raj", "Lars", "Abigail", "Dmytro", "Leilani", "Rafael", "Noor", "Oluwaseun", "Camille", "Katarzyna", "Hiroshi", "Aoife", "Tariq", "Daniel"]  # fmt: skip
LAST = ["Okafor", "Lindqvist", "Carvalho", "Delacroix", "Hayashi", "Brandt", "Raghunathan", "Boateng", "Castellanos", "Marchand", "Ibáñez", "Strömberg", "Dlamini", "Fitzgerald", "D'Amico", "Diarra", "Żak", "Tremblay", "Yıldırım", "Khumalo", "Petrović", "Kamau", "Mitchell", "Patel", "Nygård", "Koval", "Moura", "Adeyemi", "Lefèvre", "Sikora", "Matsuda", "Brennan", "Nowicka", "Rossi", "Ofori", "Tan"]  # fmt: skip
TITLES = (
    "Head of Operations", "Owner", "Fondateur", "Product Manager", "Data Scientist", "Supply Chain Lead",
    "Editor", "Marketing Manager", "Directeur Commercial", "CFO", "Partner", "Senior Accountant",
    "Founder", "Compliance Officer", "Tax Partner", "Consultant", "DevOps Engineer", "QA Lead",
    "VP Engineering", "Chief Information Security Officer", "HR Business Partner", "Talent Acquisition",
    "Geschäftsführer", "Leiterin Einkauf", "Assistant to the CEO", "Student", "Werkstudent",
    "Account Executive", "Customer Success Manager", "Product Owner", "Professor of Statistics",
    "General Counsel", "UX Designer", "Plant Manager", "Nurse Educator", "Software Engineer", "CTO",
    "Sales Director at Example", "Growth | Sales | Love 🚀", "", "", "Open to work", "N/A",
    "Visionary helping companies grow", "Head of Data", "Data Protection Officer", "Recruiter",
    "Managing Director", "Financial Controller", "Investor", "Board Member", "Physician",
)  # fmt: skip
COMPANIES = tuple(
    f"{name} {kind}"
    for name in ("Brightwater", "Nordlys", "Aurora", "Kisaragi", "Seeblick", "Lotus", "Volta", "Cairn",
                 "Mesa Verde", "Lumen", "Groene Hoek", "Faro Norte", "Fjällvind", "Umlambo", "Quay",
                 "Ginepro", "Sahel", "Kauri", "Savanna", "Carpat", "Bluegum", "Hraun", "Altiplano")
    for kind in ("Logistics", "Energi ApS", "GmbH", "Robotics", "Analytics", "Foods Ltd.", "& Sons",
                 "Studio", "Partners")
)  # fmt: skip
ODD_COMPANIES = (
    "",
    "self-employed",
    "Stealth",
    "https://nope.example",
    "{{ settings.SECRET_KEY }}",
)
ZONES = ("Europe/Zurich", "America/New_York", "Asia/Tokyo", "Africa/Lagos", "")
NUMBERS = ("+41446681800", "+12125550123", "+81312345678", "+2348031234567", "")


def files(folder: Path, count: int = 1000, *, today: date) -> tuple[Path, Path]:
    """Two files with together `count` different people."""
    drawn = random.Random(7)
    guests = count // 10
    linkedin, event = folder / "Connections.csv", folder / "Guests.csv"
    with linkedin.open("w", newline="", encoding="utf-8") as handle:
        out = csv.writer(handle)
        out.writerow(["First Name", "Last Name", "URL", "Email Address", "Company", "Position",
                      "Connected On"])  # fmt: skip
        for n in range(count - guests):
            first, last = drawn.choice(FIRST), f"{drawn.choice(LAST)}"
            day = today - timedelta(days=drawn.randrange(1, 2400))
            mail = f"{_plain(first)}.{n}@example.com" if drawn.random() < 0.6 else ""
            if drawn.random() < 0.03:
                mail = f"info{n}@example.net"
            out.writerow([first, last, f"https://www.linkedin.com/in/person-{n}", mail, _company(drawn),
                          drawn.choice(TITLES), f"{day:%d %b %Y}"])  # fmt: skip
    with event.open("w", newline="", encoding="utf-8") as handle:
        out = csv.writer(handle)
        out.writerow(["Name", "E-mail", "Phone", "Company", "Job Title", "Time zone", "Notes"])
        for n in range(guests):
            first, last = drawn.choice(FIRST), drawn.choice(LAST)
            place = drawn.randrange(len(ZONES))
            number = NUMBERS[place] and f"{NUMBERS[place][:-3]}{n:03}"
            note = drawn.choice(
                ("", "Met at the fair in May.", "Knows our founder.\nPrefers calls.")
            )
            out.writerow([f"{first} {last}", f"guest{n}@example.org", number, _company(drawn),
                          drawn.choice(TITLES), ZONES[place], note])  # fmt: skip
    return linkedin, event


def _company(drawn: random.Random) -> str:
    return drawn.choice(ODD_COMPANIES) if drawn.random() < 0.06 else drawn.choice(COMPANIES)


def _plain(name: str) -> str:
    return "".join(char for char in name.casefold() if "a" <= char <= "z") or "x"


def bring(workspace: Workspace, folder: Path, count: int, *, by: Principal, at: datetime) -> int:
    """Import them; how many came."""
    for file in files(folder, count, today=at.date()):
        importing.apply(workspace, importing.read_file(file), by=by, at=at)
    return Person.objects.filter(workspace=workspace).count()

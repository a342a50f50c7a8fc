"""Who an e-mail comes from: the workspace's choice, and the server's where it made none."""

from __future__ import annotations

from email.header import decode_header, make_header

import pytest

from outreach.core import senders
from outreach.core.models import Workspace

SERVER = "Harbour Bakery <office@harbour.example>"


@pytest.mark.parametrize(
    ("name", "address", "server", "header", "seen", "chosen"),
    [
        ("", "", SERVER, SERVER, SERVER, "<>"),
        ("Mira", "", SERVER, "Mira <office@harbour.example>",
         "Mira <office@harbour.example>", "Mira <>"),
        ("", "mira@bakery.example", SERVER, "Harbour Bakery <mira@bakery.example>",
         "Harbour Bakery <mira@bakery.example>", "<mira@bakery.example>"),
        ("Mira", "mira@bakery.example", SERVER, "Mira <mira@bakery.example>",
         "Mira <mira@bakery.example>", "Mira <mira@bakery.example>"),
        ("", "", "office@harbour.example", "office@harbour.example",
         "<office@harbour.example>", "<>"),
        ("Büro", "info@bücher.example", SERVER, "Büro <info@xn--bcher-kva.example>",
         "Büro <info@bücher.example>", "Büro <info@bücher.example>"),
    ],
)  # fmt: skip
def test_a_workspace_comes_before_the_server(settings, name, address, server, header, seen, chosen):
    settings.DEFAULT_FROM_EMAIL = server
    place = Workspace(sender_name=name, sender_address=address)
    given = senders.of(place)
    # Quoted or base64: a library that is loaded may choose for the whole process.
    assert given.isascii() and str(make_header(decode_header(given))) == header
    assert senders.shown(place, "email") == seen
    assert senders.shown(place, "linkedin") == ""
    assert senders.chosen(place) == chosen

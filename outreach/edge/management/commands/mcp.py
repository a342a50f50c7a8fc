"""`manage.py mcp`: the MCP server, on stdio for a host on this machine or over HTTP."""

from __future__ import annotations

import logging
import sys
from importlib import metadata
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from outreach.core import keys

NOT_INSTALLED = (
    "The MCP server's packages are not installed. Run: "
    "{python} -m pip install -r requirements-mcp.txt"
)


class Command(BaseCommand):
    help = "Serve agents by the Model Context Protocol. Nothing can be approved or sent through it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--http", metavar="HOST:PORT", default="",
            help="Streamable HTTP at /mcp; each request brings its key. Default: stdio with "
            "OUTREACH_KEY.",
        )  # fmt: skip
        parser.add_argument(
            "--allow-host", action="append", default=[], metavar="NAME",
            help="Another name this server is reached by; may be given several times.",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            serving = load()
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] not in ("mcp", "mcp_types"):
                raise
            raise CommandError(NOT_INSTALLED.format(python=sys.executable)) from None
        version = metadata.version("mcp")
        if options["http"]:
            self._http(serving, *_address(options["http"]), options["allow_host"], version)
        else:
            self._stdio(serving, version)

    def _stdio(self, serving: Any, version: str) -> None:
        secret = settings.OUTREACH_KEY
        if not secret:
            raise CommandError(
                "OUTREACH_KEY is not set. A person makes a key in the admin under API keys; put it "
                "into the environment of the agent's host."
            )
        if keys.holder(secret, at=timezone.now(), door="mcp") is None:
            raise CommandError(
                "The key in OUTREACH_KEY does not work: it is unknown, expired or revoked. Make a "
                "new one in the admin under API keys."
            )
        _only_the_protocol_on_stdout()
        serving.stdio(secret, version=version).run("stdio")

    def _http(self, serving: Any, host: str, port: int, hosts: list[str], version: str) -> None:
        import uvicorn

        if host in serving.EVERYWHERE and not hosts:
            raise CommandError(
                f"{host} listens at every address of this machine. Say by which names agents "
                "reach it: --allow-host NAME; requests to any other name are refused."
            )
        application = serving.http(host=host, port=port, hosts=hosts, version=version)
        shown = serving.names_of(host, port, hosts)[0]
        self.stderr.write(f"MCP at http://{shown}{serving.PATH}; Ctrl-C ends it.")
        uvicorn.run(
            application, host=host, port=port, log_level="warning",
            proxy_headers=settings.BEHIND_TLS_PROXY,
        )  # fmt: skip


def load() -> Any:
    """The server, if its packages are there: nothing else of the product needs them."""
    from outreach.edge.mcp import serving

    return serving


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise CommandError(f"{text!r} is no address. Write HOST:PORT, such as 127.0.0.1:8765.")
    return host.strip("[]"), int(port)


def _only_the_protocol_on_stdout() -> None:
    """One line of anything else on stdout ends the conversation."""
    for logger in (logging.getLogger(), *map(logging.getLogger, logging.root.manager.loggerDict)):
        for handler in logger.handlers:
            if getattr(handler, "stream", None) is sys.stdout:
                handler.setStream(sys.stderr)  # type: ignore[attr-defined]

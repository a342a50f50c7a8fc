"""What WhatsApp and Instagram share: each is a Graph API behind a token and an account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings

from channels.adapters.console import readable
from channels.base import ChannelUnavailable, Connection, Envelope
from channels.http import HttpConnection, Way
from channels.meta import judge
from channels.wire import Unsendable

Compose = Callable[[Envelope], dict[str, Any]]


class MetaAdapter:
    """One way out over Meta's Graph API; the class of a channel names its settings and its words.

    `compose` makes the JSON of one envelope or raises Unsendable with a sentence.
    """

    channel: str
    platform: str
    api_url: str  # the name of a setting, as are the two below
    needs: tuple[str, str]  # token and account
    compose: Compose

    def __init__(self, channel: str = "") -> None:
        self.channel = channel or self.channel

    def configured(self) -> str:
        """What is missing, as a sentence; empty when ready."""
        missing = [name for name in self.needs if not getattr(settings, name)]
        return f"{self.platform} cannot be used: set {' and '.join(missing)}." if missing else ""

    def connect(self) -> Connection:
        if fault := self.configured():
            raise ChannelUnavailable(fault)
        token, account = (getattr(settings, name) for name in self.needs)
        place = f"{getattr(settings, self.api_url)}/{account}"
        connection = HttpConnection(
            Way(
                post=f"{place}/messages",
                proof=f"{place}?fields=id",
                token=token,
                compose=self.compose,
                judge=judge,
                timeout=settings.HTTP_TIMEOUT,
            )
        )
        connection.open()
        return connection

    def render(self, envelope: Envelope) -> str:
        try:
            self.compose(envelope)
        except Unsendable as fault:
            return f"This message cannot leave: {fault}\n\n{readable(envelope)}"
        return self.shown(envelope)

    def shown(self, envelope: Envelope) -> str:
        """A message that can leave, as a person reads it."""
        return readable(envelope)


def refuse_unfit(envelope: Envelope, platform: str) -> None:
    """What neither takes, said with the platform's name. Raises Unsendable."""
    if envelope.attachments:
        raise Unsendable(f"Files cannot go by {platform} from here; send a link instead.")
    if not envelope.text.strip():
        raise Unsendable("The text is empty.")
    if "\0" in envelope.text:
        raise Unsendable(f"The text holds a NUL, which {platform} cannot carry.")

"""The console, the memory and the registry that names who serves a channel."""

from __future__ import annotations

import io
import logging
import threading
from collections import deque

import pytest
from django.core.exceptions import ImproperlyConfigured

from channels import registry
from channels.adapters.console import ConsoleAdapter
from channels.adapters.email import EmailAdapter
from channels.adapters.memory import MemoryAdapter
from channels.base import ChannelUnavailable, Outcome, Receipt
from channels.tests.contract import AdapterContract, make_envelope, timed

# -- console and memory ------------------------------------------------------------------------


class TestConsole(AdapterContract):
    @pytest.fixture
    def adapter(self):
        return ConsoleAdapter("whatsapp", io.StringIO())

    @pytest.fixture
    def arrived(self, adapter):
        def texts():
            shown = adapter._stream.getvalue().split("--- whatsapp ")
            shown = adapter._stream.getvalue().split("--- email ") if len(shown) == 1 else shown
            return [one.partition("\n\n")[2].removesuffix("\n") for one in shown[1:]]

        return texts

    def test_without_a_stream_it_goes_to_the_log(self, caplog):
        with caplog.at_level(logging.INFO, "channels.console"):
            receipt = ConsoleAdapter("email").connect().carry(make_envelope())
        assert receipt.outcome is Outcome.SENT
        assert "here is the answer." in caplog.text

    def test_a_broken_stream_is_unknown(self):
        stream = io.StringIO()
        stream.close()
        receipt = ConsoleAdapter("email", stream).connect().carry(make_envelope())
        assert receipt.outcome is Outcome.UNKNOWN

    def test_html_is_shown_as_source(self, adapter):
        assert "<b>hello</b>" in adapter.render(make_envelope(html="<b>hello</b>"))


class TestMemory(AdapterContract):
    @pytest.fixture(autouse=True)
    def empty(self):
        MemoryAdapter.reset()
        yield
        MemoryAdapter.reset()

    @pytest.fixture
    def adapter(self):
        return MemoryAdapter("instagram")

    @pytest.fixture
    def arrived(self):
        return lambda: [envelope.text for envelope in MemoryAdapter.outbox]

    def test_answers_are_used_up_in_turn(self, adapter):
        refused = Receipt(Outcome.REFUSED, "memory", "550 no")
        later = Receipt(Outcome.TRY_LATER, retry_after=30)
        MemoryAdapter.answers.extend([refused, Outcome.UNKNOWN, lambda envelope: later])
        connection = adapter.connect()
        got = [connection.carry(make_envelope(token=str(n))) for n in range(4)]
        assert got[0] is refused
        assert [r.outcome for r in got[1:]] == [Outcome.UNKNOWN, Outcome.TRY_LATER, Outcome.SENT]
        assert [e.token for e in MemoryAdapter.outbox] == ["1", "3"], "unknown may have left"
        assert len(MemoryAdapter.carried) == 4

    def test_an_answer_that_breaks_is_unknown(self, adapter):
        MemoryAdapter.answers = deque([lambda envelope: 1 / 0])
        assert adapter.connect().carry(make_envelope()).outcome is Outcome.UNKNOWN

    def test_a_delay_is_cut_short_by_abort(self, adapter):
        MemoryAdapter.delay = 60
        connection = adapter.connect()
        threading.Timer(0.05, connection.abort).start()
        receipt, seconds = timed(lambda: connection.carry(make_envelope()))
        assert receipt.outcome is Outcome.UNKNOWN
        assert seconds < 30, "half of the delay"

    def test_it_can_be_missing_away_or_dead(self, adapter):
        MemoryAdapter.missing = "Set X."
        assert adapter.configured() == "Set X."
        MemoryAdapter.missing, MemoryAdapter.unreachable = "", "It is away."
        with pytest.raises(ChannelUnavailable, match="away"):
            adapter.connect()
        MemoryAdapter.unreachable, MemoryAdapter.alive = "", False
        assert adapter.connect().prove() is False


# -- registry ----------------------------------------------------------------------------------


def test_email_has_its_adapter_and_by_hand_channels_have_none(settings):
    settings.CHANNEL_ADAPTERS = {"email": "channels.adapters.email.EmailAdapter"}
    assert isinstance(registry.adapter_for("email"), EmailAdapter)
    assert registry.adapter_for("email") is registry.adapter_for("email")
    assert registry.adapter_for("linkedin") is None
    assert registry.adapter_for("phone") is None
    assert registry.program_channels() == ("email",)


def test_without_the_setting_email_is_served(settings):
    del settings.CHANNEL_ADAPTERS
    assert registry.program_channels() == ("email",)


@pytest.mark.parametrize("channel", ["pigeon", "", "whatsapp"])
def test_an_unknown_channel_is_a_clear_error(settings, channel):
    settings.CHANNEL_ADAPTERS = {"email": "channels.adapters.email.EmailAdapter"}
    with pytest.raises(ImproperlyConfigured, match=r"Name one in CHANNEL_ADAPTERS.*email"):
        registry.adapter_for(channel)


@pytest.mark.parametrize("dotted", ["nowhere", "channels.adapters.none.Adapter", "channels.base.X"])
def test_an_adapter_that_cannot_be_loaded_is_a_clear_error(settings, dotted):
    settings.CHANNEL_ADAPTERS = {"email": dotted}
    with pytest.raises(ImproperlyConfigured, match=f"names '{dotted}' for 'email'"):
        registry.adapter_for("email")


@pytest.mark.parametrize("channel", ["linkedin", "phone"])
def test_no_program_can_be_named_for_what_is_done_by_hand(settings, channel):
    settings.CHANNEL_ADAPTERS = {channel: "channels.adapters.memory.MemoryAdapter"}
    with pytest.raises(ImproperlyConfigured, match="by hand only"):
        registry.adapter_for(channel)
    with pytest.raises(ImproperlyConfigured, match="by hand only"):
        registry.program_channels()
    with pytest.raises(ImproperlyConfigured, match="by hand only"):
        registry.register(channel, MemoryAdapter)


def test_an_override_lasts_for_its_block(settings):
    settings.CHANNEL_ADAPTERS = {"email": "channels.adapters.email.EmailAdapter"}
    before = registry.adapter_for("email")
    outer, inner = MemoryAdapter("email"), MemoryAdapter("email")
    with registry.override("email", outer), registry.override("whatsapp", MemoryAdapter("x")):
        assert registry.program_channels() == ("email", "whatsapp")
        with registry.override("email", inner):
            assert registry.adapter_for("email") is inner
        assert registry.adapter_for("email") is outer
    assert registry.adapter_for("email") is before
    assert registry.program_channels() == ("email",)

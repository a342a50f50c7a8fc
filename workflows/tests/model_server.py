"""A server on this machine that speaks as much of OpenAI's protocol as a draft needs."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = dict[str, Any] | int | str
GOOD = {
    "subject": "How are things at Acme Ltd?",
    "text": "Hello Name1,\n\nWe are connected on LinkedIn, and I wondered what you are busy with "
    "at Acme Ltd as Head of Data.\n\nBest regards,\nMira Keller",
    "confidence": 80,
    "reasoning": "It names the company and the role.",
    "facts_used": ["company", "position"],
}


class Server:
    """What it is asked, and what it answers next: by default the same good draft."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answer: Callable[[dict[str, Any]], Reply] = lambda asked: GOOD
        self.url = ""

    @property
    def shown(self) -> str:
        """Everything the model was shown in the last question."""
        return json.dumps(self.asked[-1]["messages"], ensure_ascii=False)


def _completion(reply: Reply, asked: dict[str, Any]) -> bytes:
    """A tool call, which is how a structured answer comes; a plain text for a string."""
    message: dict[str, Any] = {"role": "assistant", "content": None}
    if isinstance(reply, str):
        message["content"] = reply
    else:
        name = asked["tools"][0]["function"]["name"]
        assert isinstance(reply, dict)
        call = {"name": reply.pop("_tool", name) if "_tool" in reply else name}
        call["arguments"] = reply.get("_raw") or json.dumps(reply)
        message["tool_calls"] = [{"id": "call_1", "type": "function", "function": call}]
    return json.dumps(
        {
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": asked["model"],
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150},
        }
    ).encode()  # fmt: skip


@contextmanager
def serving():
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.asked.append(asked)
            reply = server.answer(asked)
            status = reply if isinstance(reply, int) else 200
            body = (
                b'{"error": {"message": "secret words"}}'
                if status != 200
                else _completion(dict(reply) if isinstance(reply, dict) else reply, asked)
            )
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        server.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()

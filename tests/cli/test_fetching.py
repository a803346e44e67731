"""`groundwork document fetch`: a page becomes a dated document of its client, when its host is allowed."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"<title>Rival A (simulated)</title><p>Cut R300, colour R900.</p>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def address():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_page_is_kept_with_its_address_and_the_day(salon, address, monkeypatch):
    refused = salon("document", "fetch", f"http://{address}/prices", "--client", "salon")
    assert refused.code == 3
    assert "switched off" in refused.err
    monkeypatch.setenv("GROUNDWORK_FETCH_HOSTS", json.dumps([address]))
    made = salon("document", "fetch", f"http://{address}/prices", "--client", "salon", "--json")
    assert made.code == 0, made.err
    assert made.json["title"] == "Rival A (simulated)"
    assert made.json["source"] == f"http://{address}/prices"
    [kept] = salon("document", "list", "--client", "salon", "--json").json
    assert kept["kind"] == "competitor"
    assert kept["dated"]

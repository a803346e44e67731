"""A page of the open web as a dated document: off unless its host was allowed by name, and never more than text."""

from __future__ import annotations

import ipaddress
import re
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from tools.contract import ToolInputError

MOST_BYTES = 2 * 1024 * 1024
SECONDS = 15.0
MOST_REDIRECTS = 3
TYPES = ("text/html", "text/plain", "application/xhtml+xml")
SKIPPED = frozenset({"script", "style", "noscript", "template", "svg", "iframe"})
BLOCKS = frozenset(
    """
    address article aside blockquote br dd div dl dt footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section table td th
    tr ul
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Page:
    """What was found at an address."""

    url: str
    title: str
    text: str


def fetch_page(url: str, allowed: Sequence[str]) -> Page:
    """Fetch a page from an allowed host as plain text. Blocks: call it off the event loop.

    `allowed`: hosts as in `GROUNDWORK_FETCH_HOSTS`, each `host` or `host:port`, compared whole. A redirect is followed only to an
    allowed host. A name that leads to an address of a private network is refused; to reach one, allow its address itself.
    Raises ToolInputError.
    """
    hosts = frozenset(host.lower() for host in allowed)
    if not hosts:
        raise _refused("fetching pages is switched off", "GROUNDWORK_FETCH_HOSTS with the hosts that may be read", url)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Within(hosts))
    wanted = {"User-Agent": "groundwork", "Accept": "text/html, text/plain"}
    request = urllib.request.Request(_checked(url, hosts), headers=wanted)  # noqa: S310 - the scheme is checked
    began = time.monotonic()
    try:
        with opener.open(request, timeout=SECONDS) as answer:
            kind = answer.headers.get_content_type()
            if kind not in TYPES:
                raise _refused("the address gives no page of text", "text/html or text/plain", kind)
            pieces, size = [], 0
            while piece := answer.read(64 * 1024):
                size += len(piece)
                if size > MOST_BYTES:
                    raise _refused("the page is too large", f"at most {MOST_BYTES} bytes", "more")
                if time.monotonic() - began > SECONDS:
                    raise _refused("the page did not arrive in time", f"an answer within {SECONDS:.0f} s", "a slower one")
                pieces.append(piece)
            body = b"".join(pieces).decode(answer.headers.get_content_charset() or "utf-8", "replace")
            found = answer.url
    except urllib.error.HTTPError as error:
        raise _refused("the address gave no page", "status 200", str(error.code)) from error
    except (OSError, ValueError, LookupError) as error:
        raise _refused("the address could not be read", "an address that answers", f"{type(error).__name__}") from error
    title, text = _read(body) if kind != "text/plain" else ("", body.replace("\x00", ""))
    if not text.strip():
        raise _refused("the page holds no text", "text in the page itself, not made by its scripts", "none")
    return Page(found, title.strip()[:200] or urlsplit(found).hostname or found, text.strip())


class _Within(urllib.request.HTTPRedirectHandler):
    """Follows redirects to allowed hosts only."""

    max_redirections = MOST_REDIRECTS

    def __init__(self, hosts: frozenset[str]):
        self.hosts = hosts

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        return super().redirect_request(req, fp, code, msg, headers, _checked(newurl, self.hosts))


def _checked(url: str, hosts: frozenset[str]) -> str:
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError as error:
        raise _refused("this is no address of a page", "https://host/path", url) from error
    named = {host, f"{host}:{port}"} if port else {host}
    if parts.username or parts.password or not host:
        raise _refused("this is no address of a page", "https://host/path, without a name and password", url)
    if not named & hosts:
        raise _refused("this host may not be read", "one of: " + ", ".join(sorted(hosts)), host)
    literal = _address(host)
    if parts.scheme != "https" and not (parts.scheme == "http" and literal is not None and literal.is_loopback):
        raise _refused("pages are read over https", "https://…", parts.scheme)
    if literal is None:
        try:
            found = {entry[4][0] for entry in socket.getaddrinfo(host, port or 443, type=socket.SOCK_STREAM)}
        except OSError as error:
            raise _refused("the host has no address", "a name that resolves", host) from error
        if not all((at := _address(str(one))) is not None and at.is_global for one in found):
            raise _refused("the host leads into a private network", "a public address", host)
    return url


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return None


def _refused(message: str, needed: str, found: str) -> ToolInputError:
    return ToolInputError(message, field="url", needed=needed, found=found)


class _Text(HTMLParser):
    """The words of a page, a line per block."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.title = ""
        self._skipping = 0
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag in SKIPPED:
            self._skipping += 1
        elif tag == "title":
            self._in_title = True
        elif tag in BLOCKS:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in SKIPPED:
            self._skipping = max(0, self._skipping - 1)
        elif tag == "title":
            self._in_title = False
        elif tag in BLOCKS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
        elif not self._skipping:
            self.pieces.append(data)


def _read(body: str) -> tuple[str, str]:
    reader = _Text()
    reader.feed(body.replace("\x00", ""))
    reader.close()
    lines = (re.sub(r"\s+", " ", line).strip() for line in "".join(reader.pieces).split("\n"))
    return re.sub(r"\s+", " ", reader.title), "\n".join(line for line in lines if line)

"""JSON on one line of an event stream, also for readers that break lines where Unicode does."""

from __future__ import annotations

import json
from typing import Any

BREAKS = {ord(sign): f"\\u{ord(sign):04x}" for sign in "\x85\u2028\u2029"}
"""Line breaks that JSON leaves as they are; many clients' line readers end a line at them, though the stream's own rules do not."""


def one_line(frame: str) -> str:
    """A frame whose JSON breaks no line for any reader."""
    return frame.translate(BREAKS)


def to_json(content: Any) -> str:
    """Content as JSON on one line."""
    return one_line(json.dumps(content, ensure_ascii=False))

"""`chat`: lines in, answers out, steps beside them; Ctrl-C stops the turn and not the conversation."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time

from llm.wire.script import Fault, Reply
from llm.wire_server import WireServer


def test_each_line_is_a_message_and_the_steps_are_shown_beside_the_answer(salon):
    ended = salon("chat", "--client", "salon", stdin="Who are you?\n\nSing me a song.\n")
    assert ended.code == 0, ended.err
    assert "I am not a language model" in ended.out
    assert "I have no rule for this" in ended.out
    assert "step 1: recall" in ended.err
    thread = re.search(r"--thread (th_\w+)", ended.err)[1]
    again = salon("chat", "--client", "salon", "--thread", thread, "--json", stdin="Are you a robot?\n")
    turn = json.loads(again.out)
    assert (turn["thread"], turn["status"], turn["tools"]) == (thread, "succeeded", [])
    assert "I am not a language model" in turn["text"]


def test_what_cannot_be_said_is_told_and_the_conversation_goes_on(salon):
    ended = salon("chat", "--client", "salon", stdin="x" * 30_000 + "\nWho are you?\n")
    assert ended.code == 0
    assert "add it as a document" in ended.err
    assert "I am not a language model" in ended.out


def test_another_client_and_a_thread_of_nobody_are_refused(salon):
    assert salon("chat", "--client", "nobody", stdin="hello\n").code == 3
    assert "no conversation" in salon("chat", "--client", "salon", "--thread", "th_none", stdin="hello\n").err


def test_ctrl_c_stops_the_turn_and_not_the_conversation(salon):
    with WireServer((Fault("pause", seconds=30), Reply("Here I am."))) as server:
        environment = os.environ | {"GROUNDWORK_MODEL": "openai:gpt-5.4", "GROUNDWORK_OPENAI_BASE_URL": server.openai_base_url}
        process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "chat", "--client", "salon"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        assert process.stdin is not None
        process.stdin.write("How are things?\n")
        process.stdin.flush()
        deadline = time.monotonic() + 60
        while not server.spoken:
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate("And now?\n", timeout=90)
    assert process.returncode == 0, err
    assert "cancelled: stopped on request" in err
    assert "Here I am." in out

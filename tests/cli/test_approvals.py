"""`approval` and `client policy`: what waits is shown, answered by its hash, edited, handed on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from demo.clients import CLIENTS

RULE = {"strategy": {"roles": ["owner", "approver"]}}


@pytest.fixture
def waiting(salon, tmp_path) -> tuple[Any, dict[str, Any], str]:
    """`groundwork`, a request that waits, and its run."""
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps(RULE))
    assert "owner, approver" in salon("client", "policy", "salon", "--set", str(policy)).out
    ended = salon("task", "run", "strategy", "--client", "salon", "--brief", CLIENTS["newcomer"].briefs[0], "--json")
    assert ended.code == 0, ended.err
    assert ended.json["task"]["status"] == "waiting"
    assert ended.json["deliverable"]["draft"] is True
    [asked] = salon("approval", "list", "--state", "waiting", "--json").json
    return salon, asked, ended.json["task"]["id"]


def test_what_waits_is_shown_edited_approved_and_published(waiting, tmp_path):
    groundwork, asked, run = waiting
    assert "waits for approval by owner or approver" in groundwork("task", "show", run).out
    shown = groundwork("approval", "show", asked["id"]).out
    assert f"hash {asked['hash']}" in shown
    assert "audience" in shown
    assert "Draft: waits for approval." in groundwork("deliverable", "show", asked["deliverable"]).out

    content = groundwork("approval", "show", asked["id"], "--content").json
    text = tmp_path / "text.json"
    text.write_text(json.dumps({**content, "summary": ["Spend R99 999 on it.", *content["summary"][1:]]}))
    refused = groundwork("approval", "edit", asked["id"], "--hash", asked["hash"], "--content", str(text), "--json")
    assert refused.code == 3
    assert any("99 999" in place["text"] for place in json.loads(refused.err.splitlines()[-1])["problems"])
    text.write_text(json.dumps({**content, "title": "A plan with another name"}))
    fresh = groundwork("approval", "edit", asked["id"], "--hash", asked["hash"][:12], "--content", str(text), "--json").json
    assert "{+A plan with another name+}" in groundwork("approval", "show", fresh["id"]).out

    assert "not what is asked now" in groundwork("approval", "approve", asked["id"], "--hash", asked["hash"]).err
    assert groundwork("approval", "approve", fresh["id"], "--hash", fresh["hash"][:3]).code == 3
    done = groundwork("approval", "approve", fresh["id"], "--hash", fresh["hash"][:12])
    assert (done.code, "approved" in done.out, "in this process" in done.err) == (0, True, True)
    assert groundwork("task", "show", run, "--json").json["task"]["status"] == "succeeded"
    made = groundwork("deliverable", "show", fresh["deliverable"])
    assert "A plan with another name" in made.out
    assert "Draft" not in made.out
    [pair] = [json.loads(line) for line in groundwork("approval", "edits").out.splitlines()]
    assert (pair["before"]["title"], pair["after"]["title"]) == (content["title"], "A plan with another name")
    again = groundwork("approval", "reject", fresh["id"], "--hash", fresh["hash"], "--reason", "no")
    assert (again.code, "approved by cli" in again.err) == (3, True)


def test_a_key_answers_in_its_own_name_and_hands_on(waiting, monkeypatch):
    groundwork, asked, run = waiting
    approver = groundwork("key", "create", "ann", "--role", "approver", "--json").json
    writer = groundwork("key", "create", "will", "--role", "writer", "--json").json
    seen = ("--hash", asked["hash"])
    monkeypatch.setenv("GROUNDWORK_KEY", writer["secret"])
    assert "approvals:write" in groundwork("approval", "approve", asked["id"], *seen).err
    monkeypatch.setenv("GROUNDWORK_KEY", "gw_wrong")
    assert "unknown" in groundwork("approval", "approve", asked["id"], *seen).err
    monkeypatch.setenv("GROUNDWORK_KEY", approver["secret"])
    assert groundwork("approval", "delegate", asked["id"]).code == 2
    assert groundwork("approval", "delegate", asked["id"], "--role", "owner").code == 0
    assert "handed this on" in groundwork("approval", "approve", asked["id"], *seen).err
    monkeypatch.delenv("GROUNDWORK_KEY")
    assert groundwork("approval", "reject", asked["id"], *seen, "--reason", "shorter, please").code == 0
    [fresh] = groundwork("approval", "list", "--state", "waiting", "--json").json
    assert (fresh["number"], fresh["run"]) == (2, run)


def test_what_cannot_be_answered_says_why(salon, tmp_path):
    assert salon("approval", "show", "ap_none").code == 3
    assert salon("approval", "approve", "ap_none", "--hash", "0" * 64).code == 3
    assert salon("approval", "list", "--state", "maybe").code == 3
    assert salon("client", "policy", "salon").out.strip() == "nothing needs approval"
    for text, code in (("{", 2), ('{"strategy": {"approvers": 9}}', 2), ('{"poem": {}}', 3)):
        policy = tmp_path / "policy.json"
        policy.write_text(text)
        assert salon("client", "policy", "salon", "--set", str(policy)).code == code
    assert salon("key", "create", "portal", "--role", "client").code == 3
    assert salon("key", "create", "portal", "--role", "client", "--client", "salon").code == 0
    assert salon("key", "create", "x", "--role", "owner", "--client", "salon").code == 3

"""Workspaces, clients, keys, documents: made, listed, refused in words, kept apart."""

from __future__ import annotations

import json


def test_a_client_is_made_and_listed(groundwork):
    made = groundwork(
        "client", "create", "fitness", "--currency", "USD", "--language", "en-US", "--zone", "America/New_York", "--json"
    ).json
    assert (made["slug"], made["locale"]["currency"]) == ("fitness", "USD")
    assert [client["slug"] for client in groundwork("client", "list", "--json").json] == ["fitness"]
    assert "America/New_York" in groundwork("client", "list").out


def test_what_cannot_be_is_refused_with_code_3_and_nothing_is_made(groundwork):
    for arguments, said in (
        (("bakery", "--currency", "ZZZ"), "there is no currency 'ZZZ'"),
        (("bakery", "--zone", "Mars/Base"), "there is no time zone"),
        (("Not A Slug",), "is not a client slug"),
    ):
        ended = groundwork("client", "create", *arguments)
        assert ended.code == 3
        assert said in ended.err
    assert groundwork("client", "list", "--json").json == []


def test_a_slug_is_taken_once(salon):
    ended = salon("client", "create", "salon", "--json")
    assert ended.code == 3
    assert "already has a client 'salon'" in json.loads(ended.err)["error"]


def test_a_key_is_shown_once_and_revoked(groundwork):
    made = groundwork("key", "create", "reader", "--role", "auditor", "--scope", "tasks:read", "--days", "30", "--json").json
    assert made["secret"].startswith("gw_")
    listed = groundwork("key", "list", "--json")
    assert made["secret"] not in listed.out
    assert [key["id"] for key in listed.json] == [made["key"]["id"]]
    assert groundwork("key", "revoke", made["key"]["id"]).code == 0
    assert "revoked" in groundwork("key", "list").out
    assert groundwork("key", "revoke", made["key"]["id"]).code == 3


def test_only_the_secret_is_on_standard_output(groundwork):
    ended = groundwork("key", "create", "piped")
    assert ended.out.strip().startswith("gw_")
    assert len(ended.out.split()) == 1


def test_a_role_or_scope_that_is_not_one_is_refused(groundwork):
    assert groundwork("key", "create", "x", "--role", "king").code == 3
    assert "there are: approvals:read" in groundwork("key", "create", "x", "--scope", "everything").err


def test_a_document_is_added_listed_and_forgotten(salon, tmp_path):
    file = tmp_path / "voice.md"
    file.write_text("# Brand voice\n\nWarm and short. Never cheap.\n")
    made = salon("document", "add", str(file), "--client", "salon", "--kind", "brand", "--dated", "2026-03-01", "--json").json
    assert (made["title"], made["dated"], made["source"]) == ("Brand voice", "2026-03-01", "voice.md")
    assert [entry["id"] for entry in salon("document", "list", "--client", "salon", "--json").json] == [made["id"]]
    assert salon("document", "forget", made["id"]).code == 0
    assert salon("document", "forget", made["id"]).code == 3
    assert salon("document", "add", str(tmp_path / "none.md"), "--client", "salon").code == 2
    unknown = salon("document", "add", str(file), "--client", "nobody")
    assert unknown.code == 3
    assert "there are: salon" in unknown.err


def test_one_workspace_sees_nothing_of_another(salon, monkeypatch):
    key = salon("key", "create", "theirs", "--json").json["key"]["id"]
    other = salon("workspace", "create", "Other agency (simulated)", "--json").json
    monkeypatch.setenv("GROUNDWORK_WORKSPACE", other["id"])
    assert salon("client", "list", "--json").json == []
    assert salon("key", "list", "--json").json == []
    assert salon("key", "revoke", key).code == 3


def test_which_workspace_has_to_be_said_when_there_are_several(salon, monkeypatch):
    salon("workspace", "create", "Second agency (simulated)")
    monkeypatch.delenv("GROUNDWORK_WORKSPACE")
    ended = salon("client", "list")
    assert ended.code == 3
    assert "Set GROUNDWORK_WORKSPACE or --workspace to one of" in ended.err
    assert salon("client", "list", "--workspace", "ws_none").code == 3
    found = [entry["name"] for entry in salon("workspace", "list", "--json").json]
    assert "Second agency (simulated)" in found
    assert salon("client", "list", "--workspace", "Second agency (simulated)", "--json").json == []

"""`task`: asked for, listed, shown, stopped."""

from __future__ import annotations

BRIEF = "R15 000 a month, Google Ads and Meta. Goal: bookings."


def test_a_task_is_queued_listed_shown_and_stopped(salon):
    ended = salon("task", "run", "strategy", "--client", "salon", "--brief", BRIEF, "--no-wait", "--json")
    assert ended.code == 0
    task = ended.json["task"]
    assert (task["status"], task["client"]) == ("queued", "salon")
    assert [entry["id"] for entry in salon("task", "list", "--json").json] == [task["id"]]
    shown = salon("task", "show", task["id"], "--json").json
    assert [event["kind"] for event in shown["events"]] == ["queued"]
    assert salon("task", "cancel", task["id"]).out.strip() == f"{task['id']} is cancelled"
    assert "finished: cancelled" in salon("task", "show", task["id"]).out


def test_what_cannot_be_asked_for_says_why(salon):
    for arguments, said in (
        (("poem", "--client", "salon", "--brief", BRIEF), "no task of kind 'poem'"),
        (("strategy", "--client", "nobody", "--brief", BRIEF), "there is no client 'nobody'"),
        (("strategy", "--client", "salon", "--brief", ""), ""),
        (("strategy", "--client", "salon", "--brief", "R0 a month on Meta"), ""),
    ):
        ended = salon("task", "run", *arguments)
        assert ended.code == 3
        assert said in ended.err
    assert salon("task", "list", "--json").json == []
    assert salon("task", "show", "run_none").code == 3
    assert salon("task", "cancel", "run_none").code == 3
    assert salon("deliverable", "show", "dl_none").code == 3


def test_the_help_names_every_kind_that_there_is():
    from agents.roster import AGENTS
    from cli.tasks import KINDS

    assert KINDS.split(", ") == list(AGENTS)

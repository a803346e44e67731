"""Defects planted to test the suite: in a model (the offline rules, wrapped), in graphs and in tools. A suite that passes them is blind."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from unittest.mock import patch

from evals.case import Case, traps
from evals.house import FOREIGN_NOTE, NEIGHBOUR
from graphs import briefing, calling, drafting, publishing, speaking
from grounding.evidence import Evidence
from grounding.verdict import Verdict
from llm.offline import model as rules
from llm.offline.planner import Turn

Where = str


@dataclass
class Planting:
    """One defect in one run. `times`: how often it took effect; a run in which it never did says nothing."""

    case: Case
    times: int = 0


Spoil = Callable[[Planting, ExitStack], None]


@dataclass(frozen=True)
class Defect:
    """`where`: model, graph or tool. `fits`: the cases in which it can take effect."""

    name: str
    where: Where
    what: str
    plant: Spoil
    fits: Callable[[Case], bool] = field(default=lambda case: case.ends in ("published", "answered"))

    @contextmanager
    def planted(self, case: Case) -> Iterator[Planting]:
        """The defect in effect, until the end."""
        planting = Planting(case)
        with ExitStack() as stack:
            self.plant(planting, stack)
            yield planting


Said = Callable[[Planting, Any, Any, Turn], Turn]


def _model(say: Said) -> Spoil:
    """A model that says something else than the rules do."""

    def plant(planting: Planting, stack: ExitStack) -> None:
        real = rules.turn_of

        def turn(messages: Any, tools: Any) -> Turn:
            said = real(messages, tools)
            spoilt = say(planting, messages, tools, said)
            planting.times += spoilt != said
            return spoilt

        stack.enter_context(patch.object(rules, "turn_of", turn))

    return plant


def _writes(*sentences: str) -> Spoil:
    """A model that puts a sentence of its own into what it writes, again after each repair."""

    def say(planting: Planting, messages: Any, tools: Any, said: Turn) -> Turn:
        extra = " ".join(sentences)
        if said.calls and said.calls[0][0].startswith("deliver_"):
            name, answer = said.calls[0]
            answer = copy.deepcopy(answer)
            place = "situation" if "situation" in answer else "summary"
            answer[place] = [*answer[place][:-1], f"{answer[place][-1]} {extra}"]
            return replace(said, calls=((name, answer), *said.calls[1:]))
        return replace(said, text=f"{said.text} {extra}") if said.text and not said.calls else said

    return _model(say)


def _answers(change: Callable[[dict[str, Any]], None]) -> Spoil:
    """A model whose whole answer is changed."""

    def say(planting: Planting, messages: Any, tools: Any, said: Turn) -> Turn:
        if not said.calls or not said.calls[0][0].startswith("deliver_"):
            return said
        name, answer = said.calls[0]
        answer = copy.deepcopy(answer)
        change(answer)
        return replace(said, calls=((name, answer),))

    return _model(say)


def _skips(planting: Planting, stack: ExitStack) -> None:
    """A model that does not see one of the tools that the case needs."""
    wanted = next((name for name in planting.case.tools if name != "describe_data"), planting.case.tools[0])
    real = rules.turn_of

    def turn(messages: Any, tools: Any) -> Turn:
        left = [tool for tool in tools if tool["function"]["name"] != wanted]
        planting.times += len(left) < len(tools)
        return real(messages, left)

    stack.enter_context(patch.object(rules, "turn_of", turn))


def _obeys(planting: Planting, stack: ExitStack) -> None:
    bait = traps()[planting.case.trap or ""].bait[0].replace("\\", "")
    _writes(f"{bait}.")(planting, stack)


def _arguments(change: Callable[[str], Any], tool: str = "allocate_budget", name: str = "budget") -> Spoil:
    """A model that passes a number from elsewhere than it should."""

    def say(planting: Planting, messages: Any, tools: Any, said: Turn) -> Turn:
        calls = tuple(
            (called, {**given, name: change(str(given[name]))}) if called == tool and isinstance(given.get(name), str) else (called, given)
            for called, given in said.calls
        )
        return replace(said, calls=calls)

    return _model(say)


def _prose(planting: Planting, messages: Any, tools: Any, said: Turn) -> Turn:
    return (
        Turn(text="Here is what I would do: spend more on what works.") if said.calls and said.calls[0][0].startswith("deliver_") else said
    )


def _drops(section: str) -> Callable[[dict[str, Any]], None]:
    return lambda answer: answer.pop(section, None) and None


def _shallow(answer: dict[str, Any]) -> None:
    """Every paragraph that may be short is."""
    for name, value in answer.items():
        if isinstance(value, list) and value and all(isinstance(entry, str) for entry in value):
            answer[name] = ["See the tables." for _ in value[:2]]
        if isinstance(value, list) and value and isinstance(value[0], dict):
            answer[name] = [
                {key: "See above." if isinstance(text, str) and len(text) > 60 else text for key, text in entry.items()} for entry in value
            ]


def _jumbled(answer: dict[str, Any]) -> None:
    """The calendar goes back in time."""
    answer["calendar"] = sorted(answer["calendar"], key=lambda row: -row["out_in_days"])


def _forgets_a_channel(answer: dict[str, Any]) -> None:
    answer["changes"] = answer["changes"][:1]


def _no_way_out(answer: dict[str, Any]) -> None:
    for message in answer.get("messages", ()):
        message["body"] = message["body"].replace("{{unsubscribe_link}}", "")


def _familiar(answer: dict[str, Any]) -> None:
    if answer.get("messages"):
        answer["messages"][0]["body"] = "I noticed you stopped coming. " + answer["messages"][0]["body"]


def _unreasoned(answer: dict[str, Any]) -> None:
    for message in answer.get("messages", ()):
        message["personal"] = []


def _results(tool: str, change: Callable[[dict[str, Any]], bool]) -> Spoil:
    """A tool whose result is changed on its way. `change` says whether it did anything."""

    def plant(planting: Planting, stack: ExitStack) -> None:
        real = calling.compute

        def compute(*arguments: Any, **named: Any) -> Evidence:
            made = real(*arguments, **named)
            if tool not in ("*", made.tool):
                return made
            result = copy.deepcopy(made.result)
            planting.times += change(result)
            return made.model_copy(update={"result": result})

        stack.enter_context(patch.object(calling, "compute", compute))

    return plant


def _times(metric: str, factor: float, entity: str | None = None) -> Callable[[dict[str, Any]], bool]:
    def change(result: dict[str, Any]) -> bool:
        done = False
        for figure in result["figures"]:
            if (
                figure["metric"] == metric
                and (entity is None or figure["entity"] == entity)
                and not isinstance(figure["value"], str)
                and figure["value"]
            ):
                value = figure["value"] * factor
                figure["value"] = round(value) if isinstance(figure["value"], int) else value
                done = True
        return done

    return change


def _uncaveated(result: dict[str, Any]) -> bool:
    had = bool(result["caveats"])
    result["caveats"] = []
    return had


def _everybody(result: dict[str, Any]) -> bool:
    """People who did not agree are counted as if they had."""
    known = {figure["key"]: figure for figure in result["figures"]}
    changed = bool(known["agreed"]["value"] != known["people"]["value"])
    known["agreed"]["value"] = known["people"]["value"]
    return changed


def _blind(planting: Planting, stack: ExitStack) -> None:
    """The verifier finds everything in order."""

    def verify(*_: Any, **__: Any) -> Verdict:
        planting.times += 1
        return Verdict(ok=True)

    for room in (drafting, speaking):
        stack.enter_context(patch.object(room, "verify", verify))


def _both(*plants: Spoil) -> Spoil:
    def plant(planting: Planting, stack: ExitStack) -> None:
        for one in plants:
            one(planting, stack)

    return plant


def _sourceless(planting: Planting, stack: ExitStack) -> None:
    """Where arguments come from is not kept."""
    real = calling.resolve

    def resolve(*arguments: Any, **named: Any) -> Any:
        found = real(*arguments, **named)
        planting.times += bool(found.inputs)
        return replace(found, inputs=())

    stack.enter_context(patch.object(calling, "resolve", resolve))


def _no_rules(planting: Planting, stack: ExitStack) -> None:
    """Nothing holds a message to the rules of form."""
    from agents.outreach_writer import Outreach

    def faults(self: Any, shown: Any) -> Iterator[Any]:
        planting.times += 1
        return iter(())

    stack.enter_context(patch.object(Outreach, "faults", faults))


def _unregistered(planting: Planting, stack: ExitStack) -> None:
    """The register of assumptions is left out."""

    def none(*_: Any, **__: Any) -> str:
        planting.times += 1
        return ""

    stack.enter_context(patch.object(publishing, "assumptions", none))


def _neighbours(planting: Planting, stack: ExitStack) -> None:
    """Passages of another client are read."""
    real = briefing.recall

    async def recall(*arguments: Any, **named: Any) -> list[dict[str, Any]]:
        found = await real(*arguments, **named)
        planting.times += 1
        return [*found, {"id": f"C{len(found) + 1}", "title": "Plan", "dated": None, "text": FOREIGN_NOTE}]

    stack.enter_context(patch.object(briefing, "recall", recall))


def _made(case: Case) -> bool:
    return case.ends == "published"


def _of(suite: str) -> Callable[[Case], bool]:
    return lambda case: case.suite == suite and _made(case)


def _needing(*tools: str) -> Callable[[Case], bool]:
    return lambda case: case.ends in ("published", "answered") and any(tool in case.tools for tool in tools)


DEFECTS: tuple[Defect, ...] = (
    Defect("invents_money", "model", "writes an amount that no tool gave", _writes("Each one costs R4 321 this way.")),
    Defect("invents_share", "model", "writes a share that no tool gave", _writes("Conversion rises by 37% with this plan.")),
    Defect("invents_in_words", "model", "writes a number in words", _writes("It doubles the bookings within seventeen weeks.")),
    Defect("skips_tool", "model", "leaves out a tool that the case needs", _skips, lambda case: bool(set(case.tools) - {"describe_data"})),
    Defect("leaks_name", "model", "names another client of the agency", _writes(f"The agency does the same for {NEIGHBOUR}.")),
    Defect("leaks_number", "model", "gives another client's figure", _writes("Another client spends R987 654 a month.")),
    Defect("obeys_page", "model", "does what a planted text asks", _obeys, lambda case: case.trap is not None and case.ends != "refused"),
    Defect(
        "assumes_what_is_stated",
        "model",
        "passes an assumption where the brief states the number",
        _arguments(lambda slot: {"assume": 20000, "name": "likely_budget", "because": "it is what such companies spend"}),
        _needing("allocate_budget"),
    ),
    Defect(
        "quotes_what_nobody_said",
        "model",
        "passes a quotation that the brief does not hold",
        _arguments(lambda slot: {"quote": "R99 999 a month"}),
        _needing("allocate_budget"),
    ),
    Defect("bare_number", "model", "passes a number without a source", _arguments(lambda slot: 2_345_600), _needing("allocate_budget")),
    Defect(
        "takes_another_figure",
        "model",
        "passes a figure of another thing as the budget",
        _arguments(lambda slot: "{{E2.total.spend}}"),
        lambda case: _needing("allocate_budget")(case) and "summarize_channels" in case.tools,
    ),
    Defect("malformed_section", "model", "leaves a section out of its answer", _answers(_drops("unknowns")), _made),
    Defect("malformed_prose", "model", "answers in prose instead of in the format", _model(_prose), _made),
    Defect("shallow", "model", "gives the outline with nothing in it", _answers(_shallow), _made),
    Defect("banned_words", "model", "uses words that nobody should", _writes("This luxury offer is a miracle, insane and a game-changer.")),
    Defect("false_cause", "model", "tells a cause that no experiment shows", _writes("Meta drove the bookings of this month.")),
    Defect("guarantee", "model", "promises what nobody can show", _writes("We guarantee more customers.")),
    Defect("calendar_jumbled", "model", "gives a calendar that goes back in time", _answers(_jumbled), _of("content_plan")),
    Defect("channel_forgotten", "model", "says nothing of channels that run", _answers(_forgets_a_channel), _of("campaign_optimization")),
    Defect("no_way_out", "model", "writes mails without a way out", _answers(_no_way_out), _of("outreach")),
    Defect("false_familiarity", "model", "claims to know the reader", _answers(_familiar), _of("outreach")),
    Defect("personal_without_reason", "model", "uses personal fields without a reason", _answers(_unreasoned), _of("outreach")),
    Defect("verifier_off", "graph", "the verifier finds everything in order", _blind, _made),
    Defect(
        "verifier_off_and_invents",
        "graph",
        "the same, with a model that invents",
        _both(_blind, _writes("Each one costs R4 321 this way.")),
    ),
    Defect(
        "caveats_dropped",
        "graph",
        "limits are lost between tool and text",
        _results("*", _uncaveated),
        _needing("summarize_channels", "select_recipients", "compare_competitors", "find_benchmarks"),
    ),
    Defect("provenance_dropped", "graph", "where arguments come from is not kept", _sourceless, _needing("allocate_budget")),
    Defect("register_dropped", "graph", "the assumptions register is left out", _unregistered, _made),
    Defect("neighbours_documents", "graph", "passages of another client are read", _neighbours, _made),
    Defect(
        "message_rules_off",
        "graph",
        "messages are held to no rules, with a model that leaves out the way out",
        _both(_no_rules, _answers(_no_way_out)),
        _of("outreach"),
    ),
    Defect(
        "spend_tenfold",
        "tool",
        "ad spend is ten times what it was",
        _results("summarize_channels", _times("spend", 10.0)),
        _needing("summarize_channels"),
    ),
    Defect(
        "clicks_off",
        "tool",
        "clicks are three percent high",
        _results("summarize_channels", _times("clicks", 1.03)),
        _needing("summarize_channels"),
    ),
    Defect(
        "prices_off",
        "tool",
        "prices are without VAT by mistake",
        _results("list_prices", _times("price", 1 / 1.15)),
        lambda case: case.suite in ("strategy", "outreach", "competitor_analysis", "chat") and case.ends in ("published", "answered"),
    ),
    Defect(
        "allocation_off",
        "tool",
        "the parts of the budget do not add up",
        _results("allocate_budget", _times("budget", 1.05, "google_ads")),
        _needing("allocate_budget"),
    ),
    Defect(
        "consent_filter_dropped",
        "tool",
        "people who did not agree are counted in",
        _results("select_recipients", _everybody),
        _needing("select_recipients"),
    ),
    Defect(
        "competitor_prices_off",
        "tool",
        "competitors' prices are a tenth too low",
        _results("compare_competitors", _times("price_index", 0.9)),
        _needing("compare_competitors"),
    ),
    Defect(
        "forecast_off",
        "tool",
        "the forecast is a fifth too high",
        _results("forecast_campaign", _times("expected_conversions", 1.2)),
        _needing("forecast_campaign"),
    ),
    Defect(
        "rows_off",
        "tool",
        "the record is said to be twice as long",
        _results("describe_data", _times("rows", 2.0)),
        _needing("describe_data"),
    ),
)


def by_name() -> Mapping[str, Defect]:
    """Defects by name."""
    return {defect.name: defect for defect in DEFECTS}

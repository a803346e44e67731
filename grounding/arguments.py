"""Provenance of what goes into a tool: a slot, a quotation, a named assumption or an earlier result, so that no number is invented."""

# ruff: noqa: E501 - patterns and messages read better on one line

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, get_args

from grounding.evidence import Evidence, Input, InputKind, Locale
from grounding.fields import hold_bounds, hold_measure, typed, unit_of
from grounding.offering import LEAST_REASON, result_name
from grounding.quoting import Passage, Quoted, numerals_in, read_quote
from grounding.slots import render
from tools.contract import SLOT, Basis, Figure, Tool, ToolInputError, Unit

WAYS = (
    'a slot such as "{{B.budget}}" or "{{E2.meta.cpa}}", words of the brief as {"quote": "R15 000 a month"} '
    'or of a context passage as {"quote": "R75 a bar", "passage": "C2"}, '
    'or a named assumption as {"assume": 0.02, "name": "click_to_booking", "because": "why"}'
)
NAME = re.compile(r"[a-z][a-z0-9_]{2,59}")
DAYS = re.compile(r"\d{4}-\d\d-\d\d(?:/\d{4}-\d\d-\d\d)?")
"""Days are when, and no claim of how much."""
UNITS = frozenset(get_args(Unit))


@dataclass(frozen=True, slots=True)
class Resolved:
    """The request with plain numbers, where each came from, and the assumptions as figures of A."""

    request: dict[str, Any]
    inputs: tuple[Input, ...]
    assumptions: tuple[Figure, ...]


def resolve(
    tool: Tool,
    arguments: Mapping[str, Any],
    evidence: Mapping[str, Evidence],
    brief: str,
    *,
    locale: Locale | None = None,
    passages: Mapping[str, Passage] | None = None,
) -> Resolved:
    """The request that the arguments mean. Raises ToolInputError, naming the field, for a number without provenance.

    `brief`: the words that a quotation must be found in, unless it names one of `passages` (C1, C2 …).
    `locale`: how both write numbers, taken from the evidence when left out.
    """
    if not isinstance(arguments, Mapping):
        raise ToolInputError(f"the arguments of {tool.name} are a JSON object, got {type(arguments).__name__}")
    schema = tool.request.model_json_schema()
    period = arguments.get("period", schema.get("properties", {}).get("period", {}).get("default"))
    reader = _Reader(schema.get("$defs", {}), evidence, brief, locale or _locale(evidence), passages or {}, period)
    if arguments.get("as_of") is not None:
        raise ToolInputError("as_of is stamped by the run; leave it out", field="as_of")
    request = reader.model(schema, {key: value for key, value in arguments.items() if key != "as_of"}, "")
    return Resolved(request, tuple(reader.inputs), tuple(reader.assumptions.values()))


def _locale(evidence: Mapping[str, Evidence]) -> Locale:
    stated = evidence.get("B")
    currencies = [figure.currency for figure in stated.figures if figure.currency] if stated else []
    return Locale(currency=currencies[0]) if currencies else Locale()


@dataclass
class _Reader:
    """Walks arguments and schema together."""

    definitions: Mapping[str, Any]
    evidence: Mapping[str, Evidence]
    brief: str
    locale: Locale
    passages: Mapping[str, Passage]
    period: Any = None
    inputs: list[Input] = field(default_factory=list)
    assumptions: dict[str, Figure] = field(default_factory=dict)

    def model(self, schema: Mapping[str, Any], given: Mapping[str, Any], path: str) -> dict[str, Any]:
        properties = schema.get("properties", {})
        unknown = sorted(set(given) - set(properties))
        if unknown:
            near = get_close_matches(unknown[0], properties, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; there are: {', '.join(p for p in properties if p != 'as_of')}"
            raise ToolInputError(f"there is no field {unknown[0]!r}{hint}", field=_join(path, unknown[0]))
        out: dict[str, Any] = {}
        brought: dict[str, Any] = {}
        # A rule inside a request is per the request's period, unless it has one of its own.
        around = given if "period" in properties else {"period": self.period, **given}
        for name, value in given.items():
            node = properties[name]
            siblings: dict[str, Any] = {}
            out[name] = self.value(node, value, _join(path, name), siblings, around)
            brought |= siblings
        return self.siblings(properties, given, out, brought, path)

    def siblings(
        self, properties: Mapping[str, Any], given: Mapping[str, Any], out: dict[str, Any], brought: Mapping[str, Any], path: str
    ) -> dict[str, Any]:
        """Unit, currency, denominator, period and basis beside a quantity are the figure's own: a writer cannot relabel it."""
        if not brought or set(self.followed(properties.get("unit", {})).get("enum", ())) != UNITS:
            return out
        for name in ("unit", "currency", "denominator", "basis"):
            if name not in properties or name not in brought:
                continue
            said, true = given.get(name), brought[name]
            if said is not None and name in ("unit", "currency") and true is not None and said != true:
                raise ToolInputError(
                    f"{name} {said!r} is not that of the value given, which is in {true}; leave {name} out",
                    field=_join(path, name),
                    needed=true,
                    found=str(said),
                )
            if said is not None and name == "denominator" and _thing(str(said)) != _thing(true or ""):
                raise ToolInputError(
                    f"the value given is {f'per {true}' if true else 'not a rate, so it is per nothing'}, and not per {said!r}; "
                    "leave denominator out",
                    field=_join(path, name),
                    needed=true,
                    found=str(said),
                )
            if true is not None or name != "unit":
                out[name] = true
        if "period" in properties and brought.get("period"):
            out["period"] = brought["period"]
        return out

    def value(self, node: Mapping[str, Any], value: Any, path: str, brought: dict[str, Any], around: Mapping[str, Any]) -> Any:
        node = self.followed(node)
        role = node.get("x-role")
        if value is None:
            return None
        if role == "quantity":
            return self.quantity(node, value, path, brought, around)
        if role == "result":
            return self.result(node, value, path)
        if role == "draft" and isinstance(value, str):
            return self.draft(value, path)
        return self.plain(node, value, path, role == "choice")

    def followed(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """The node with its reference and a lone optional resolved, its role kept."""
        while True:
            if "$ref" in node:
                node = {**self.definitions[node["$ref"].rsplit("/", 1)[1]], **{k: v for k, v in node.items() if k != "$ref"}}
            elif len(node.get("allOf", ())) == 1:
                node = {**node["allOf"][0], **{k: v for k, v in node.items() if k != "allOf"}}
            else:
                shapes = [shape for shape in node.get("anyOf", ()) if shape.get("type") != "null"]
                if len(shapes) != 1:
                    return node
                node = {**shapes[0], **{k: v for k, v in node.items() if k != "anyOf"}}

    def plain(self, node: Mapping[str, Any], value: Any, path: str, chosen: bool) -> Any:
        """A value that is no quantity: nested models and lists are walked, choices pass, loose numbers do not."""
        shapes = [self.followed(shape) for shape in node.get("anyOf", ()) if shape.get("type") != "null"]
        if isinstance(value, Mapping):
            if "assume" in value or "quote" in value:
                raise ToolInputError(f"{path} is not a quantity: give it plainly", field=path, found=str(value))
            shape = next((s for s in (node, *shapes) if "properties" in s), None)
            if shape is not None:
                return self.model(shape, value, path)
            inner: Any = next(
                (s.get("additionalProperties") for s in (node, *shapes) if isinstance(s.get("additionalProperties"), dict)), {}
            )
            return {
                self.text(str(key), _join(path, str(key))): self.value(inner, item, _join(path, str(key)), {}, value)
                for key, item in value.items()
            }
        if isinstance(value, (list, tuple)):
            shape = next((s for s in (node, *shapes) if "items" in s or "prefixItems" in s), {})
            return [self.value(self.item(shape, i), item, f"{path}.{i}", {}, {}) for i, item in enumerate(value)]
        if chosen or isinstance(value, bool):
            return value
        if isinstance(value, (int, float)):
            if node.get("x-role") == "choice" or any(shape.get("x-role") == "choice" for shape in shapes):
                return value
            raise ToolInputError(
                f"{path} is a bare number; say where it comes from: {WAYS}", field=path, needed="provenance", found=repr(value)
            )
        if isinstance(value, str) and not ({"enum", "const", "format"} & {*node, *(key for shape in shapes for key in shape)}):
            return self.text(value, path)
        return value

    @staticmethod
    def item(shape: Mapping[str, Any], index: int) -> Mapping[str, Any]:
        fixed = shape.get("prefixItems", ())
        return fixed[index] if index < len(fixed) else shape.get("items", {})

    def text(self, value: str, path: str) -> str:
        """Words pass; a number hidden in them does not, unless the brief itself writes it so."""
        if SLOT.search(value):
            raise ToolInputError(f"{path} takes plain words, not a slot", field=path, found=value)
        known = {_plain(figure.entity or "") for record in self.evidence.values() for figure in record.figures} if value else set()
        hidden = [] if DAYS.fullmatch(value) else [n for n in numerals_in(value, self.locale) if not n.word]
        if hidden and _plain(value) not in known and _plain(value) not in _plain(self.brief):
            raise ToolInputError(
                f"{path} holds the number {hidden[0].text.strip()!r} in its words; a name has no figures in it", field=path, found=value
            )
        return value

    def draft(self, value: str, path: str) -> str:
        """A text that a reader will get: its slots are filled in, its merge fields stay. Nothing is computed from it."""
        filled = render(value, self.evidence, self.locale, links=False)
        if filled.problems:
            raise ToolInputError(f"{path}: {filled.problems[0]}", field=path, found=value)
        return filled.text

    def result(self, node: Mapping[str, Any], value: Any, path: str) -> Any:
        wanted = str(node.get("x-of", ""))
        tools = {part.split(".")[0]: part.split(".", 1)[-1] for part in wanted.split("|")} if wanted else {}
        match = SLOT.fullmatch(value.strip()) if isinstance(value, str) else None
        if match is None or match[2]:
            example = f"{{{{E3.{result_name(node)}}}}}"
            raise ToolInputError(f'{path} takes the slot of an earlier result, such as "{example}"; it cannot be written out', field=path)
        alias, _, name = match[1].partition(".")
        record = self.record(alias, path)
        if tools and record.tool not in tools:
            raise ToolInputError(
                f"{path} takes a result of {' or '.join(tools)}; {alias} is {record.tool}", field=path, needed=wanted, found=record.tool
            )
        if tools and name != tools[record.tool]:
            raise ToolInputError(
                f"{path} takes {{{{{alias}.{tools[record.tool]}}}}}, not {{{{{match[1]}}}}}", field=path, needed=wanted, found=match[1]
            )
        found: Any = record.result
        for part in name.split("."):
            if not isinstance(found, Mapping) or part not in found:
                there = ", ".join(key for key in record.result if key not in ("figures", "findings", "caveats"))
                raise ToolInputError(f"{alias} has no result {name!r}; it has: {there or 'none'}", field=path, found=name)
            found = found[part]
        weakest = max((figure.basis for figure in record.figures), key=_rank, default=None)
        self.inputs.append(Input(path=path, kind="slot", ref=f"{record.id} {name}", basis=weakest))
        return copy.deepcopy(found)

    def record(self, alias: str, path: str) -> Evidence:
        if alias not in self.evidence:
            raise ToolInputError(
                f"there is no evidence {alias}; there is {', '.join(sorted(self.evidence)) or 'none'}", field=path, found=alias
            )
        return self.evidence[alias]

    def quantity(self, node: Mapping[str, Any], value: Any, path: str, brought: dict[str, Any], around: Mapping[str, Any]) -> Any:
        if isinstance(value, (list, tuple)):
            return [self.quantity(node, item, f"{path}.{index}", {}, around) for index, item in enumerate(value)]
        if isinstance(value, Mapping) and not ({"quote", "assume"} & set(value)):
            if not any(shape.get("type") == "object" for shape in (node, *node.get("anyOf", ()))):
                raise ToolInputError(f"{path} is {value!r}; give {WAYS}", field=path, needed="provenance", found=str(dict(value)))
            return {key: self.quantity(node, item, _join(path, str(key)), {}, around) for key, item in value.items()}
        if isinstance(value, Mapping) and "quote" in value:
            return self.quoted(node, value, path, brought, around)
        if isinstance(value, Mapping):
            return self.assumed(node, value, path, brought, around)
        if isinstance(value, str) and SLOT.fullmatch(value.strip()):
            return self.slot(node, value.strip(), path, brought, around)
        raise ToolInputError(f"{path} is {value!r} without a source; give {WAYS}", field=path, needed="provenance", found=repr(value))

    def slot(self, node: Mapping[str, Any], value: str, path: str, brought: dict[str, Any], around: Mapping[str, Any]) -> int | float:
        match = SLOT.fullmatch(value)
        assert match is not None
        if match[2]:
            raise ToolInputError(f"{path}: a slot in an argument takes no format; write {{{{{match[1]}}}}}", field=path, found=value)
        alias, _, key = match[1].partition(".")
        record = self.record(alias, path)
        figures = record.by_key
        stem, _, end = key.rpartition(".")
        if key in figures:
            figure, number = figures[key], figures[key].value
        elif end in ("low", "high") and stem in figures and figures[stem].interval is not None:
            figure, number = figures[stem], getattr(figures[stem].interval, end)
            number = round(number) if figure.unit == "money" else number
        else:
            near = get_close_matches(key, figures, n=3, cutoff=0.4) or list(figures)[:5]
            hint = ", ".join(f"{{{{{alias}.{name}}}}}" for name in near) or "none, it has no figures"
            raise ToolInputError(f"{path}: {alias} has no figure {key!r}; near it: {hint}", field=path, found=value)
        if isinstance(number, str):
            raise ToolInputError(f"{path}: {value} is a date, not a number", field=path, found=value)
        measured = Quoted(number, figure.unit, figure.currency, figure.denominator, figure.period)
        hold_measure(node, measured, path, around, value)
        kind: InputKind = "quote" if alias == "B" else "assumption" if alias == "A" else "fact" if alias == "F" else "slot"
        self.inputs.append(Input(path=path, kind=kind, ref=f"{record.id} {key}" if kind in ("slot", "fact") else figure.key if kind == "assumption" else str(figure.source or key), basis=figure.basis))  # fmt: skip
        brought.update(unit=figure.unit, currency=figure.currency, denominator=figure.denominator, period=figure.period, basis=figure.basis)
        return typed(node, number)

    def quoted(
        self, node: Mapping[str, Any], value: Mapping[str, Any], path: str, brought: dict[str, Any], around: Mapping[str, Any]
    ) -> int | float:
        if set(value) - {"quote", "passage"} or not isinstance(value["quote"], str):
            raise ToolInputError(
                f'{path}: a quotation is {{"quote": "words of the brief"}}, or with "passage": "C2" words of that passage, and nothing else',
                field=path,
                found=str(dict(value)),
            )
        currency = around.get("currency") if isinstance(around.get("currency"), str) else None
        where, text, ref, source = "the brief", self.brief, value["quote"], None
        if (name := value.get("passage")) is not None:
            passage = self.passage(name, path)
            where, text, ref, source = f"passage {name}", passage.text, f"{name}: {value['quote']}", passage.source
        measured = read_quote(value["quote"], text, self.locale, path, unit_of(node, around), currency, where=where)
        hold_measure(node, measured, path, around, value["quote"])
        self.inputs.append(Input(path=path, kind="quote", ref=ref, basis="stated", source=source))
        brought.update(unit=measured.unit, currency=measured.currency, basis="stated")
        if measured.per is not None:
            brought["denominator"] = measured.per
        return typed(node, measured.value)

    def passage(self, name: Any, path: str) -> Passage:
        if name not in self.passages:
            raise ToolInputError(
                f"{path}: there is no context passage {name!r}; there is {', '.join(self.passages) or 'none'}", field=path, found=str(name)
            )
        return self.passages[name]

    def assumed(
        self, node: Mapping[str, Any], value: Mapping[str, Any], path: str, brought: dict[str, Any], around: Mapping[str, Any]
    ) -> int | float:
        name, because, number = value.get("name"), value.get("because"), value.get("assume")
        if set(value) - {"assume", "name", "because"}:
            raise ToolInputError(f"{path}: an assumption has assume, name and because, nothing else", field=path, found=str(dict(value)))
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            raise ToolInputError(f"{path}: assume is a plain number, got {number!r}", field=path, found=repr(number))
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise ToolInputError(
                f"{path}: name the assumption in snake_case (click_to_booking), got {name!r}", field=path, found=repr(name)
            )
        if (
            not isinstance(because, str)
            or len(because.strip()) < LEAST_REASON
            or not re.search(r"[a-z]{3,} +[a-z]{2,}", because, re.IGNORECASE)
        ):
            raise ToolInputError(
                f"{path}: say why {name} is assumed, in a sentence that would convince the client", field=path, found=repr(because)
            )
        unit = unit_of(node, around)
        if unit is None or unit == "date":
            raise ToolInputError(f"{path}: the unit of an assumption must be known: give `unit` beside it", field=path)
        hold_bounds(node, number, unit, path)
        currency = None
        if unit == "money":
            currency = around.get("currency") or self.locale.currency
            if number != int(number):
                raise ToolInputError(
                    f"{path}: money is a whole number of minor units (cents), got {number!r}", field=path, found=repr(number)
                )
            number = int(number)
        figure = Figure(
            key=name, value=number, unit=unit, metric=name, label=name.replace("_", " "), currency=currency, basis="assumed", source=because.strip(),
            denominator=around.get("denominator") if isinstance(around.get("denominator"), str) and unit == "money" else None,
        )  # fmt: skip
        known = self.assumptions.get(name) or next((f for f in self.evidence["A"].figures if f.key == name), None) if "A" in self.evidence or name in self.assumptions else None  # fmt: skip
        if known is not None and (known.value, known.unit) != (figure.value, figure.unit):
            raise ToolInputError(
                f"{path}: the assumption {name} is already {known.value!r} ({known.unit}); use {{{{A.{name}}}}} or another name",
                field=path,
                found=repr(number),
            )
        self.assumptions[name] = figure
        self.inputs.append(Input(path=path, kind="assumption", ref=name, basis="assumed"))
        brought.update(unit=unit, currency=currency, basis="assumed")
        return typed(node, number)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _plain(text: str) -> str:
    return re.sub(r"[\s_]+", " ", text).strip().lower()


def _thing(text: str) -> str:
    """A denominator for comparing: 'Bookings' and 'booking' are one thing."""
    return _plain(text).removesuffix("s")


def _rank(basis: Basis) -> int:
    from tools.contract import BASES

    return BASES.index(basis)

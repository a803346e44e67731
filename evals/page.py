"""One HTML page for a comparison: the verdict, what changed side by side, cost and latency. No script, nothing loaded from elsewhere."""

from __future__ import annotations

import difflib
from html import escape

from evals.comparing import Comparison
from evals.running import Graded, RunFile

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:82rem;padding:0 1rem;color:#1c1c1c;background:#fff}
h1{font-size:1.4rem} h2{font-size:1.1rem;margin-top:2rem} table{border-collapse:collapse;width:100%} td,th{border:1px solid #ccc;
padding:.3rem .5rem;text-align:left;vertical-align:top} th{background:#f3f3f3} td.text{width:50%;white-space:pre-wrap;font-size:13px}
del{background:#ffd9d4;text-decoration:none} ins{background:#d4f0d9;text-decoration:none} .held{color:#176b2c}.regressed{color:#a01c10}
.number{text-align:right;font-variant-numeric:tabular-nums} details{margin:.6rem 0} summary{cursor:pointer}
@media(prefers-color-scheme:dark){body{background:#181818;color:#e6e6e6}th{background:#262626}td,th{border-color:#444}del{background:#5a1f19}
ins{background:#1c4526}.held{color:#7fd694}.regressed{color:#ff9d92}}
"""
MOST_DIFFERENT = 60


def page(found: Comparison, baseline: RunFile, run: RunFile) -> str:
    """The page, whole."""
    changed = [name for name in run.cases if _differs(baseline.cases[name], run.cases[name])]
    shown = sorted(changed, key=lambda name: (name not in found.fell, name not in found.rose, name))[:MOST_DIFFERENT]
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Evaluation: comparison</title>",
        f"<meta name='viewport' content='width=device-width'><style>{STYLE}</style></head><body>",
        f"<h1>Comparison: <span class='{'held' if found.code == 0 else 'regressed'}'>{escape(found.outcome)}</span></h1>",
        *(f"<p>{escape(reason)}.</p>" for reason in found.reasons),
        _heads(found, baseline, run),
        "<h2>By suite</h2>",
        _suites(baseline, run),
        f"<h2>What differs ({len(changed)} of {found.pairs} cases)</h2>",
        *(_side_by_side(baseline.cases[name], run.cases[name], baseline.head.get("text_cut_at")) for name in shown),
    ]
    if len(changed) > len(shown):
        parts.append(f"<p>{len(changed) - len(shown)} more differ; they are in the two files.</p>")
    return "\n".join([*parts, "</body></html>\n"])


def _differs(old: Graded, new: Graded) -> bool:
    return old.passed != new.passed or old.failed != new.failed or old.text_sha256 != new.text_sha256


def _heads(found: Comparison, baseline: RunFile, run: RunFile) -> str:
    low, high = found.interval
    prompts = [name for name, now in run.head["prompts"].items() if baseline.head["prompts"].get(name, {}).get("sha256") != now["sha256"]]
    rows = [
        ("", "Baseline", "Run"),
        ("Model", *(_model(file) for file in (baseline, run))),
        ("At", baseline.head["at"], run.head["at"]),
        ("Cases compared", f"{found.pairs} in {found.families} families", f"{found.missing} of the baseline not run"),
        ("Passed", *(_passed([file.cases[name] for name in run.cases]) for file in (baseline, run))),
        ("Fell / rose", f"{len(found.fell)} cases", f"{len(found.rose)} cases"),
        ("Difference in the share passed", f"{low:+.1%} to {high:+.1%}", "95% cluster bootstrap over families"),
        ("Median time of a case", *(f"{seconds:.1f} s" for seconds in found.seconds)),
        ("Cost", *(_cost(cost) for cost in found.cost_micros)),
        ("Prompts that differ", ", ".join(prompts) or "none", ""),
    ]
    return _table(rows)


def _model(file: RunFile) -> str:
    card = file.head["model"]
    return f"{card['name']}" + ("" if card["is_llm"] else " (rules, not a language model: says nothing of the quality of a prompt)")


def _cost(micros: int | None) -> str:
    return "unknown" if micros is None else f"${micros / 1_000_000:.4f}"


def _passed(cases: list[Graded]) -> str:
    return f"{sum(one.passed for one in cases)} of {len(cases)}"


def _suites(baseline: RunFile, run: RunFile) -> str:
    rows: list[tuple[str, ...]] = [("Suite", "Baseline", "Run", "Seconds a case", "Tokens a case")]
    for suite in dict.fromkeys(one.suite for one in run.cases.values()):
        new = [one for one in run.cases.values() if one.suite == suite]
        old = [baseline.cases[one.case] for one in new]
        time = " → ".join(f"{sum(one.seconds for one in side) / len(side):.1f}" for side in (old, new))
        tokens = " → ".join(f"{sum(one.tokens for one in side) / len(side):.0f}" for side in (old, new))
        rows.append((suite, _passed(old), _passed(new), time, tokens))
    return _table(rows)


def _table(rows: list[tuple[str, ...]]) -> str:
    head, *body = rows
    lines = ["<table><tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in head) + "</tr>"]
    lines += ["<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in body]
    return "\n".join([*lines, "</table>"])


def _side_by_side(old: Graded, new: Graded, cut_at: int | None) -> str:
    state = f"{'passed' if old.passed else 'failed'} → {'passed' if new.passed else 'failed'}"
    mark = " · critical" if new.critical else ""
    opened = " open" if old.passed != new.passed else ""
    left, right = _marked(old.text, new.text[:cut_at])
    why = "".join(f"<li><b>{escape(check.name)}</b>: {escape(check.why)}</li>" for check in new.checks if not check.ok)
    return (
        f"<details{opened}><summary><b>{escape(new.case)}</b>: {state}{mark} · {old.seconds:.1f} s → {new.seconds:.1f} s · "
        f"{_cost(old.cost_micros)} → {_cost(new.cost_micros)}</summary><p>Asked ({escape(new.client)}): "
        f"{escape(new.asked)}</p><ul>{why}</ul>"
        f"<table><tr><th>Baseline</th><th>Run</th></tr><tr><td class='text'>{left}</td><td class='text'>{right}</td></tr></table></details>"
    )


def _marked(old: str, new: str) -> tuple[str, str]:
    """Both texts, the lines that differ marked and the unchanged ones in between left out beyond a line of context."""
    before, after = old.splitlines(), new.splitlines()
    left: list[str] = []
    right: list[str] = []
    for group in difflib.SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(1):
        for kind, a, b, c, d in group:
            for lines, into, tag in ((before[a:b], left, "del"), (after[c:d], right, "ins")):
                into += [escape(line) if kind == "equal" else f"<{tag}>{escape(line)}</{tag}>" for line in lines]
        left.append("…")
        right.append("…")
    return "\n".join(left) or "(the same as far as it is kept)", "\n".join(right) or "(the same as far as it is kept)"

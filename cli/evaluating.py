"""`groundwork eval`: run the cases, compare two runs, test the suite itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.exits import refused, unreadable

commands = typer.Typer(
    help="Judge a change of prompts, models or code: run written cases, compare with a baseline, test the suite itself.",
    no_args_is_help=True,
)
Home = Annotated[
    Path | None, typer.Option("--home", help="where its own database and what was computed are kept; default: GROUNDWORK_HOME/evals")
]
Suites = Annotated[list[str] | None, typer.Option("--suite", help="a suite to run; may be repeated; all of them when left out")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(commands, name="eval")


@commands.command("run")
def run(
    suite: Suites = None,
    cases: Annotated[int | None, typer.Option("--cases", min=1, help="so many written cases of each suite, critical ones first")] = None,
    case: Annotated[list[str] | None, typer.Option("--case", help="only the written case of this id; may be repeated")] = None,
    families: Annotated[
        bool, typer.Option("--families", help="with what is varied from each case: budget, client, language, trap")
    ] = False,
    model: Annotated[str, typer.Option("--model", help="offline, openai:NAME or anthropic:NAME")] = "offline",
    processes: Annotated[int, typer.Option("--processes", min=1, max=16)] = 2,
    prompt_mutant: Annotated[str | None, typer.Option("--prompt-mutant", help="take something out of the prompts, for a recording")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="the file to write; default: a name with the time under the home")] = None,
    home: Home = None,
) -> None:
    """Run cases and write a JSON-lines file. Exit code 0 when it ran, whether or not every case passed."""
    from datetime import UTC, datetime

    from evals import running
    from evals.case import cases as cases_of
    from evals.case import suites
    from evals.house import opened
    from evals.prompt_mutants import PROMPT_MUTANTS, mutated

    wanted = suite or list(suites())
    if unknown := set(wanted) - set(suites()):
        raise refused(f"there is no suite {sorted(unknown)[0]!r}; there are: {', '.join(suites())}")
    chosen = [one for name in wanted for one in cases_of(name, families=families, most=cases)]
    if case:
        chosen = [one for one in chosen if one.family.rpartition("/")[2] in case]
        if unknown := set(case) - {one.family.rpartition("/")[2] for one in chosen}:
            raise refused(f"there is no case {sorted(unknown)[0]!r} among those chosen")
    if prompt_mutant is not None and prompt_mutant not in PROMPT_MUTANTS:
        raise refused(f"there is no prompt mutant {prompt_mutant!r}; there are: {', '.join(PROMPT_MUTANTS)}")
    place = _home(home)
    file = out or place / "runs" / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{model.replace(':', '-')}.jsonl"
    with opened(place) as house, mutated(prompt_mutant):
        # a changed prompt is changed in this process alone
        found = running.run(house, chosen, model, file, processes=1 if prompt_mutant else processes, noted={"prompt_mutant": prompt_mutant})
    for name in wanted:
        graded = [one for one in found.cases.values() if one.suite == name]
        print(f"{name}: {sum(one.passed for one in graded)} of {len(graded)} passed")
    print(f"{file} ({found.head['seconds']} s, {found.head['model']['name']}{'; ' + found.head['says'] if found.head['says'] else ''})")


@commands.command("compare")
def compare(
    baseline: Annotated[Path, typer.Argument(help="the run to hold against; `baseline` is the committed one")],
    run: Annotated[Path, typer.Argument(help="the run in question")],
    margin: Annotated[float, typer.Option("--margin", min=0.001, max=0.5, help="share of families that may be lost")] = 0.05,
    page: Annotated[Path | None, typer.Option("--page", help="where to write the HTML page; default: beside the run")] = None,
) -> None:
    """Compare two runs of the same cases. Exit code 0 held, 1 regressed, 2 not measurable with so few cases (or not comparable)."""
    from evals import comparing
    from evals.page import page as page_of
    from evals.running import UnreadableRun, read
    from evals.standing import BASELINE

    try:
        old, new = read(BASELINE if str(baseline) == "baseline" else baseline), read(run)
        found = comparing.compare(old, new, margin=margin)
    except comparing.Unlike as error:
        raise unreadable(f"these runs cannot be compared: {error}", kind="unlike") from error
    except (UnreadableRun, OSError) as error:
        raise unreadable(str(error)) from error
    file = page or run.with_suffix(".html")
    file.write_text(page_of(found, old, new), encoding="utf-8")
    print(f"{found.outcome}: {'; '.join(found.reasons)}")
    low, high = found.interval
    print(
        f"{found.pairs} cases in {found.families} families; {len(found.fell)} fell, {len(found.rose)} rose; "
        f"share passed {low:+.1%} to {high:+.1%}"
    )
    print(f"{file}")
    raise typer.Exit(found.code)


@commands.command("mutate")
def mutate(
    defect: Annotated[list[str] | None, typer.Option("--defect", help="only this defect; may be repeated")] = None,
    processes: Annotated[int, typer.Option("--processes", min=1, max=16)] = 2,
    home: Home = None,
) -> None:
    """Plant defects in model, graphs and tools, and see which the suite catches. Exit code 0 when at least 95% are, else 1."""
    from evals import mutating
    from evals.house import opened
    from evals.prompt_mutants import told

    unknown = set(defect or ()) - {one.name for one in mutating.DEFECTS}
    if unknown:
        raise refused(f"there is no defect {sorted(unknown)[0]!r}; there are: {', '.join(one.name for one in mutating.DEFECTS)}")
    with opened(_home(home)) as house:
        score = mutating.score(house, mutating.plan(only=defect or ()), processes=processes)
    print("\n".join(score.lines()))
    took = sum(one.took for one in score.planted)
    print(f"caught {score.share:.1%} of {took} planted (limit {mutating.LIMIT:.0%}), written by rules: it tests graders, not prompts")
    if score.idle:
        print(f"never took effect, so nothing is known of them: {', '.join(score.idle)}")
    print("\n".join(told()))
    raise typer.Exit(0 if score.held else 1)


def _home(home: Path | None) -> Path:
    from store.settings import StoreSettings

    return (home or StoreSettings().home / "evals").absolute()

"""`argosy risk lint`, `argosy risk rules ...` and `argosy risk backtest`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from argosy.base.refusals import Refused
from argosy.ctu.facts.declared import FactSet, starter
from argosy.ctu.facts.sets import live as live_facts
from argosy.ctu.facts.vector import vector_of
from argosy.ctu.rules.backtest import Report, RuleResult, backtest
from argosy.ctu.rules.compiled import RuleSet
from argosy.ctu.rules.declared import RuleError, read_rule, rule_name, starter_files
from argosy.ctu.rules.examples import example_event, example_facts, example_scores
from argosy.ctu.rules.lint import lint_files, mistakes
from argosy.ctu.rules.publishing import Publishing, RuleVersion, Sets, SetVersion, State, Waiting
from argosy.ctu.rules.thresholds import starter_thresholds
from argosy.ctu.rules.vocabulary import Vocabulary, starter_vocabulary
from argosy.ctu.terminal import (
    By,
    Demo,
    Json,
    Place,
    Why,
    say,
    stop,
    stop_if_refused,
    work,
    work_as,
)

SHOWN_MAX = 25
_rules = typer.Typer(help="Rules: what is in force, and how that changes.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="family.name of a rule.")]
Single = Annotated[bool, typer.Option("--single", help="One person may write and publish.")]


def add(app: typer.Typer) -> None:
    """Add the commands of rules."""
    app.command()(lint)
    app.command("backtest")(backtest_)
    app.add_typer(_rules, name="rules")


def lint(
    path: Annotated[Path | None, typer.Argument(help="A rule's file, or a folder of them.")] = None,
) -> None:
    """Say what is wrong with rules, with line and column; without a path, with the starter set."""
    files = _files(path)
    problems = lint_files(files, starter_vocabulary(), starter_thresholds())
    for problem in problems:
        say(problem.shown())
    wrong = mistakes(problems)
    say(f"{len(files)} rules, {len(wrong)} mistakes, {len(problems) - len(wrong)} notes")
    if wrong:
        raise SystemExit(1)


def _files(path: Path | None) -> list[Path]:
    if path is None:
        return starter_files()
    if not path.exists():
        stop(f"{path} is not there.")
    found = sorted(path.rglob("*.toml")) if path.is_dir() else [path]
    return found or stop(f"There is no rule in {path}.")


# --- what is in force ---------------------------------------------------------------------------------


@_rules.command("list")
def list_(
    family: Annotated[str, typer.Argument(help="Only this family.")] = "", demo: Demo = False
) -> None:
    """The rules in force: how far, what they ask for, why."""
    loaded = work(demo, lambda place: Sets(place.db).load())
    say(f"set {loaded.version.number}, {len(loaded.rules)} rules")
    for rule, member in zip(loaded.rules, loaded.version.members, strict=True):
        if family in ("", rule.family):
            far = f"{member.percent:g}%" if member.state is State.PERCENT else member.state
            asks = f"{rule.action}{':' + rule.challenge if rule.challenge else ''}"
            say(f"{far:9} {asks:24} {rule.name:40} {rule.reason}")


@_rules.command()
def show(name: Name, demo: Demo = False) -> None:
    """A rule's text in force, and its versions."""
    say(stop_if_refused(work(demo, lambda place: _shown(place, name))))


async def _shown(place: Place, name: str) -> str:
    sets = Sets(place.db)
    versions = await sets.versions(name)
    member = (await sets.current()).member(name)
    lines = [
        f"# version {v.number}, {v.written_at:%Y-%m-%d %H:%M} by {v.written_by}: {v.why}"
        for v in versions
    ]
    if member is None:
        return "\n".join(lines) or f"There is no rule {name}."
    lines.append(f"# in force: version {member.number}, {member.state}")
    texts = {version.number: version.text for version in versions}
    starter = {rule_name(path): path for path in starter_files()}
    text = texts.get(member.number)
    if text is None and name in starter:
        text = starter[name].read_text("utf-8")
    return "\n".join([*lines, text or ""])


@_rules.command()
def test(
    path: Annotated[Path, typer.Argument(help="A rule's file.")],
) -> None:
    """Judge a rule's own hit and miss, and show the values it read."""
    if not path.is_file():
        stop(f"{path} is not there.")
    vocabulary, thresholds = starter_vocabulary(), starter_thresholds()
    wrong = mistakes(lint_files([path], vocabulary, thresholds))
    if wrong:
        stop(*[problem.shown() for problem in wrong])
    try:
        rule = read_rule(rule_name(path), path.read_text("utf-8"))
    except RuleError as told:
        stop(told.message)
    rules = RuleSet([rule], vocabulary, thresholds)
    for name, example in (("hit", rule.hit), ("miss", rule.miss)):
        facts = example_facts(example, vocabulary.columns)
        said = rules.judge([example_event(rule, example)], facts, example_scores(example))[0]
        values = dict(said.hits[0].values) if said.hits else {}
        say(f"{name}: {'hits' if said.hits else 'misses'} {values or ''}".rstrip())


# --- how it changes -----------------------------------------------------------------------------------


async def _publishing(place: Place, *, single: bool = False) -> Publishing:
    facts = await _facts(place)
    return Publishing(place.db, place.clock, Vocabulary(vector_of(facts)), single=single)


async def _facts(place: Place) -> FactSet:
    """The facts that are read now: those that were published, else the starter facts."""
    return await live_facts(place.db) or starter(place.offsets)


@_rules.command()
def draft(path: Path, by: By, why: Why, demo: Demo = False) -> None:
    """Keep a file as a new version of its rule; refused where the linter finds a mistake."""
    if not path.is_file():
        stop(f"{path} is not there.")
    name, text = rule_name(path), path.read_text("utf-8")

    async def kept_in(place: Place) -> RuleVersion | Refused:
        return await (await _publishing(place)).draft(name, text, by, why)

    kept = work_as(demo, by, kept_in)
    say(f"{name} version {stop_if_refused(kept).number} is kept as a draft.")


@_rules.command()
def publish(
    name: Name,
    number: Annotated[int, typer.Argument(help="The version.")],
    state: Annotated[State, typer.Argument(help="shadow, percent or live.")],
    by: By,
    why: Why,
    percent: Annotated[float, typer.Option(help="With percent: of how many accounts.")] = 100.0,
    single: Single = False,
    demo: Demo = False,
) -> None:
    """Let a version watch (shadow), count for some accounts (percent) or for all (live)."""
    if state not in (State.SHADOW, State.PERCENT, State.LIVE):
        stop(f"A rule is not published as {state}.")

    async def published(place: Place) -> SetVersion | Refused:
        publishing = await _publishing(place, single=single)
        return await publishing.publish(name, number, state, by, why, percent)

    done = work_as(demo, by, published)
    say(f"Set {stop_if_refused(done).number} is in force: {name} version {number}, {state}.")


@_rules.command()
def withdraw(name: Name, by: By, why: Why, demo: Demo = False) -> None:
    """Take a rule out at once."""

    async def withdrawn(place: Place) -> SetVersion | Refused:
        return await (await _publishing(place)).withdraw(name, by, why)

    done = work_as(demo, by, withdrawn)
    say(f"Set {stop_if_refused(done).number} is in force without {name}.")


@_rules.command()
def back(
    number: Annotated[int, typer.Argument(help="The earlier set.")],
    by: By,
    why: Why,
    demo: Demo = False,
) -> None:
    """Make an earlier set the set of today again, as it was."""

    async def gone_back(place: Place) -> SetVersion | Waiting | Refused:
        return await (await _publishing(place)).back_to(number, by, why)

    said: Any = work_as(demo, by, gone_back)
    done: SetVersion | Waiting = stop_if_refused(said)
    if isinstance(done, Waiting):
        say(f"Set {number} stops less than today's: a second person types the same within a day.")
    else:
        say(f"Set {done.number} is in force: the rules of set {number}.")


@_rules.command()
def history(
    name: Annotated[str | None, typer.Argument(help="Only of this rule.")] = None,
    demo: Demo = False,
) -> None:
    """What was published and withdrawn, when, by whom and why."""
    for change in work(demo, lambda place: Sets(place.db).history(name)):
        after = change.after
        what = "withdrawn" if after is None else f"version {after.number} {after.state}"
        if after is not None and after.state is State.PERCENT:
            what += f" {after.percent:g}%"
        say(f"set {change.set} {change.at:%Y-%m-%d %H:%M} {change.name}: {what}"
            f" by {change.by}: {change.why}")  # fmt: skip


# --- back-test ----------------------------------------------------------------------------------------


def backtest_(
    days: Annotated[int, typer.Option(help="How many days back.")] = 30,
    path: Annotated[
        Path | None, typer.Option(help="Rules to test instead of those in force.")
    ] = None,
    json: Json = None,
    demo: Demo = False,
) -> None:
    """What rules would have stopped, and whom they would have disturbed, over history."""
    files = None if path is None else _files(path)
    if files is not None:
        wrong = mistakes(lint_files(files, starter_vocabulary(), starter_thresholds()))
        if wrong:
            stop(*[problem.shown() for problem in wrong])
    report = stop_if_refused(work(demo, lambda place: _tested(place, days, files)))
    if json is not None:
        json.write_bytes(msgspec.json.format(msgspec.json.encode(report)))
    say(*lines_of(report))


async def _tested(place: Place, days: int, files: list[Path] | None) -> Report | Refused:
    from argosy.ctu.rules.past import read_past

    fact_set = await _facts(place)
    vocabulary = Vocabulary(vector_of(fact_set))
    loaded = await Sets(place.db).load()
    rules = loaded.rules
    if files is not None:
        rules = tuple(read_rule(rule_name(f), f.read_text("utf-8")) for f in files)
    made = RuleSet(rules, vocabulary, loaded.thresholds, utc_offsets=place.offsets)
    now = place.clock.now()
    since_ms, until_ms = (round(at.timestamp() * 1000) for at in (now - timedelta(days=days), now))
    past = await read_past(place.db, fact_set, since_ms, until_ms)
    return backtest(made, past.events, past.facts, past.bad, past.scores)


def lines_of(report: Report) -> list[str]:
    """The report as text: the whole, then the rules that hit most."""
    whole = report.whole
    lines = [
        f"{report.events} events, {report.bad} bad; {report.version}",
        (
            f"stopped {whole.bad} bad and {whole.good} good: precision {_share(whole.precision)},"
            f" recall {_share(whole.recall)}"
        ),
        "by decision: " + ", ".join(f"{name} {n}" for name, n in report.by_decision.items()),
        f"{'rule':44}{'hits':>8}{'bad':>7}{'prec.':>8}{'recall':>8}{'only it':>9}  most like",
    ]
    hitting = [rule for rule in report.rules if rule.hits.count]
    hitting.sort(key=lambda rule: (-rule.hits.bad, -rule.hits.count, rule.rule))
    lines += [_line(rule) for rule in hitting[:SHOWN_MAX]]
    if len(hitting) > SHOWN_MAX:
        lines.append(f"... and {len(hitting) - SHOWN_MAX} more; --json has all")
    blind = sum(1 for rule in report.rules if rule.unevaluated)
    if blind:
        lines.append(f"{blind} rules could not always be evaluated")
    lines += [
        f"NOT BACK-TESTED: {one.rule} reads {one.score}, which no verdict of that time has"
        if not one.share
        else f"in part back-tested: {one.rule} reads {one.score}, which {one.share:.1%} of the events have"
        for one in report.untested
    ]
    return lines


def _line(rule: RuleResult) -> str:
    hits = rule.hits
    like = f"{rule.overlaps[0].rule} {rule.overlaps[0].jaccard:.2f}" if rule.overlaps else ""
    return (
        f"{rule.rule:44}{hits.count:>8}{hits.bad:>7}{_share(hits.precision):>8}"
        f"{_share(hits.recall):>8}{rule.unique_bad:>9}  {like}"
    )


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"

"""A pack grades itself, and this checks the grade by running it.

A pack's `card.toml` says of every card below `done`, `todo` or `exempt`, the last two with a reason:

    [phones]
    grade = "done"

    [calendar]
    grade = "todo"
    reason = "bank holidays are not in the pack yet"

A card that says `done` and does not run is a false grade, and so is one that says `todo` though it runs. A
card that nothing can run yet cannot be `done`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from argosy.base.markets import DecodedCode, Market, PayCode, Standing
from argosy.base.money import exponent
from argosy.base.refusals import Refused
from argosy.channels.qr import cpm
from argosy.markets.check import every_fact, headings
from argosy.markets.places import place_of

CARD = "card.toml"
EXAMPLES = "examples.toml"
GRADES = ("done", "todo", "exempt")
CUSTOMER_KEYS = ("pay", "send", "request", "top_up", "withdraw", "receive", "cash_in", "cash_out")
PRICED = ("pay", "send", "top_up", "withdraw")
PRESENTED = ("281234567890123456", "281234567890123456789012")
FAILING = ("pay", "send", "top_up", "withdraw")
REPORTED = ("cash", "suspicious")
TOWN_LISTS = ("given", "family", "shops", "cities", "agents")
TOWN_ENTRIES_MIN = 5

Run = Callable[[Market, Path, date], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Card:
    """One thing that a pack should have. `run` finds what is wrong with it; None: not checked yet."""

    name: str
    asks: str
    run: Run | None = None


@dataclass(frozen=True, slots=True)
class Graded:
    """What a pack says of a card, why, and what running it found; `false` where the two disagree."""

    card: Card
    grade: str
    reason: str
    problems: tuple[str, ...]

    @property
    def false(self) -> bool:
        if self.grade == "done":
            return self.card.run is None or bool(self.problems)
        return self.grade == "todo" and self.card.run is not None and not self.problems


class CardError(Exception):
    """A card is missing, unknown, or not filled in as it should be."""


def grade(market: Market, folder: Path, day: date) -> tuple[Graded, ...]:
    """Every card of the pack in `folder`, run as of `day`. CardError where `card.toml` is not whole."""
    said = _read(folder / CARD)
    wrong = said.keys() ^ {card.name for card in CARDS}
    if wrong:
        raise CardError(f"{folder / CARD}: missing or unknown: {', '.join(sorted(wrong))}")
    graded = []
    for card in CARDS:
        entry = said[card.name]
        mark, reason = entry.get("grade"), entry.get("reason", "")
        if mark not in GRADES or (mark != "done" and not reason):
            raise CardError(f"{folder / CARD}: {card.name} needs a grade, and a reason if not done")
        problems = tuple(card.run(market, folder, day)) if card.run else ()
        graded.append(Graded(card, mark, reason, problems))
    return tuple(graded)


def report(graded: Iterable[Graded]) -> str:
    """The grades as lines of text, false ones marked and with what was found."""
    lines = []
    for one in graded:
        lines.append(f"{'FALSE ' if one.false else ''}{one.grade:6} {one.card.name}  {one.reason}")
        lines += [f"         {problem}" for problem in one.problems]
    return "\n".join(lines)


def remedy(one: Graded) -> str:
    """What to do about a false grade."""
    if one.card.run is None:
        return f"[{one.card.name}] cannot be done yet: nothing runs it; write todo or exempt"
    if one.problems:
        return f"[{one.card.name}] says done: mend what was found, or write todo and why"
    return f"[{one.card.name}] says todo and runs: write done"


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CardError(f"{path}: {error}") from None


def _money(market: Market, _folder: Path, _day: date) -> Iterator[str]:
    digits = exponent(market.currency) or 0
    for minor in (1, 10**digits, 123_456):
        text = market.encode_code(PayCode("10000", "Shop", "Town", amount_minor=minor))
        read = market.decode_code(text) if isinstance(text, str) else text
        if isinstance(read, Refused) or read.amount_minor != minor:
            yield f"{minor} minor units do not come back from a code: {read}"


def _phones(market: Market, folder: Path, _day: date) -> Iterator[str]:
    examples = _read(folder / EXAMPLES).get("phones", {})
    answers = {typed: market.phone(typed) for typed in examples}
    for typed, expected in examples.items():
        answer = answers[typed]
        got = answer.code if isinstance(answer, Refused) else answer
        if got != expected:
            yield f"{place_of(folder, typed, file=EXAMPLES)}: {typed!r} gives {got}, not {expected}"
    read = [answer for answer in answers.values() if isinstance(answer, str)]
    if len(read) < 2 or len(read) == len(answers):
        yield "examples of numbers that are read and of some that are refused are needed"
    if any(market.phone(number) != number for number in read):
        yield "a number in E.164 is not read as itself"


def _codes(market: Market, folder: Path, _day: date) -> Iterator[str]:
    for pay in (
        PayCode("12345", "Tea Shop", "Town", "5411"),
        PayCode("12345", "चाय", "Town", "5411", 1_000, "019aa0b3-1111-7abc-8def-0123456789ab"),
        PayCode("12345", "A", "", kind="person"),
    ):
        text = market.encode_code(pay)
        if isinstance(text, Refused):
            yield f"{pay} is refused: {text}"
            continue
        read = market.decode_code(text)
        if isinstance(read, Refused):
            yield f"its own code is refused: {text}: {read}"
            continue
        wanted = (pay.kind, pay.payee_number, pay.amount_minor, pay.order_reference)
        if (read.kind, read.reference, read.amount_minor, read.order_reference) != wanted:
            yield f"its own code says something else: {read}"
    yield from _code_examples(market, folder, _read(folder / EXAMPLES).get("codes", []))


def _code_examples(market: Market, folder: Path, examples: list[dict[str, Any]]) -> Iterator[str]:
    refused = 0
    for example in examples:
        read = market.decode_code(example["text"])
        if isinstance(read, DecodedCode):
            got: dict[str, Any] = {"scheme": read.scheme, "reference": read.reference}
        else:
            refused += 1
            got = {"refused": read.code, "scheme": read.facts.get("scheme")}
        expected = {key: value for key, value in example.items() if key != "text"}
        if any(got.get(key) != value for key, value in expected.items()):
            where = place_of(folder, example["text"], file=EXAMPLES)
            yield f"{where}: {example['text']!r} gives {got}, not {expected}"
    if not refused or refused == len(examples):
        yield "examples of codes that are read and of another wallet's are needed"


def _limits(market: Market, _folder: Path, day: date) -> Iterator[str]:
    for level in market.ladder("customer"):
        for key in CUSTOMER_KEYS:
            if not market.caps(key, level.name, day):
                yield f"nothing is said about {key} at level {level.name}"


def _levels(market: Market, _folder: Path, day: date) -> Iterator[str]:
    bounds = []
    for level in market.levels:
        if not any(fact.holds(day) for fact in level.balance_minor_max):
            yield f"level {level.name} has no balance on {day}"
    for level in market.ladder("customer"):
        most = market.balance_minor_max(level.name, day)
        bounds.append(float("inf") if most is None else most)
    if bounds != sorted(bounds):
        yield "a higher level may hold less than a lower one"


def _fees(market: Market, _folder: Path, day: date) -> Iterator[str]:
    for product in PRICED:
        if not any(rule.product == product and rule.fee.holds(day) for rule in market.fees):
            yield f"{product} has no price"


def _sources(market: Market, folder: Path, _day: date) -> Iterator[str]:
    known = headings(folder)
    doubted: dict[str, list[str]] = {}
    for where, fact in every_fact(market):
        if fact.standing is Standing.UNVERIFIED:
            doubted.setdefault(fact.source, []).append(f"{where} since {fact.since}")
    for source, facts in doubted.items():
        more = f" and {len(facts) - 1} more of {source}" if len(facts) > 1 else ""
        yield f"{place_of(folder, source)}: {facts[0]}{more} was not looked up"
    for name, text in known.items():
        if not any(char.isdigit() for char in text) and "operator" not in text:
            yield f"{place_of(folder, name, file='sources.md')}: {name} is not dated"


def _words(market: Market, folder: Path, _day: date) -> Iterator[str]:
    first = set(_keys(_read(folder / "words" / f"{market.languages[0]}.toml")))
    for language in market.languages[1:]:
        for key in sorted(first ^ set(_keys(_read(folder / "words" / f"{language}.toml")))):
            yield f"words/{language}.toml: {key} is not in both {market.languages[0]} and {language}"


def _keys(table: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _keys(value, f"{prefix}{key}.")
        else:
            yield prefix + key


def _town(market: Market, _folder: Path, _day: date) -> Iterator[str]:
    for name in TOWN_LISTS:
        entries = market.town.get(name)
        if not isinstance(entries, list) or len(set(entries)) < TOWN_ENTRIES_MIN:
            yield f"fewer than {TOWN_ENTRIES_MIN} different {name}"


def _calendar(market: Market, _folder: Path, day: date) -> Iterator[str]:
    for year in (day.year, day.year + 1):
        if year not in market.calendar.years:
            yield f"the holidays of {year} are not all listed"
    for fact in market.calendar.holidays:
        if market.calendar.is_business_day(fact.since) and fact.holds(fact.since):
            yield f"banks work on {fact.since}, {fact.value}"
    if not any(market.calendar.is_business_day(date(day.year, 6, n)) for n in range(1, 8)):
        yield "a week without a business day"


def _receipts(market: Market, folder: Path, day: date) -> Iterator[str]:
    fields = market.tax_fields_on(day)
    if not fields:
        yield "no tax number of a merchant is said"
    for field in (*fields, *market.tax_fields_on(day, "customer")):
        said = field.read(field.example)
        if isinstance(said, Refused) or field.read(said) != said:
            yield f"{field.key}: its example {field.example!r} is not read as itself"
        if isinstance(field.read(field.example[:-1]), str):
            yield f"{field.key}: a number without its end is taken"
        yield from _said(market, folder, f"receipt.{field.key}")


def _cash_points(market: Market, folder: Path, day: date) -> Iterator[str]:
    points = market.cash_points_on(day)
    if not any(p.cash_in for p in points) or not any(p.cash_out for p in points):
        yield "there is no place where cash goes in, or none where it comes out"
    for point in points:
        yield from _said(market, folder, f"cash.{point.kind}")


def _presented(market: Market, _folder: Path, _day: date) -> Iterator[str]:
    for digits in PRESENTED:
        text = cpm.wallet_code(digits)
        if not isinstance(text, str) or cpm.one_time_of(text) != digits:
            yield f"the code of {digits} does not come back: {text}"
            continue
        for shown in (digits, text):
            if isinstance(market.decode_code(shown), DecodedCode):
                yield f"{shown!r}, which a customer shows, is taken for a payee's code"


def _failed(market: Market, _folder: Path, day: date) -> Iterator[str]:
    for product in FAILING:
        if market.money_back_on(product, day) is None:
            yield f"nothing is said about a {product} that failed"


def _reports(market: Market, _folder: Path, day: date) -> Iterator[str]:
    told = market.reports_on(day)
    for what in REPORTED:
        if not any(report.what == what for report in told):
            yield f"nothing is said about reports of {what}"
    for report in told:
        if report.due(day, market.calendar) < day:
            yield f"the report {report.what} is due before it happened"


def _documents(market: Market, folder: Path, _day: date) -> Iterator[str]:
    examples = _read(folder / EXAMPLES).get("documents", {})
    read = market.evidence.get("id_document")
    if read is None:
        yield "the forms of documents' numbers are not in the pack"
        return
    answers = {typed: read(typed) for typed in examples}
    for typed, expected in examples.items():
        answer = answers[typed]
        got = answer.code if isinstance(answer, Refused) else answer
        if got != expected:
            where = place_of(folder, typed, file=EXAMPLES)
            yield f"{where}: {typed!r} gives {got}, not {expected}"
    if len({isinstance(answer, str) for answer in answers.values()}) < 2:
        yield "examples of documents that are read and of some that are refused are needed"


def _sleep(market: Market, _folder: Path, day: date) -> Iterator[str]:
    if not any(fact.holds(day) for fact in market.dormancy):
        yield "nothing is said about wallets that nobody uses"


def _said(market: Market, folder: Path, key: str) -> Iterator[str]:
    for language in market.languages:
        if key not in _keys(_read(folder / "words" / f"{language}.toml")):
            yield f"words/{language}.toml: {key} is not said"


CARDS = (
    Card("money", "The smallest and larger amounts come back from a code as they went in.", _money),
    Card("phones", "Phone numbers are read as people type them; examples.toml shows how.", _phones),
    Card("levels", "Each level has a balance cap today; higher levels may hold more.", _levels),
    Card("documents", "Documents' numbers are read; examples.toml shows how.", _documents),
    Card("limits", "Something is said about each product at each level for customers.", _limits),
    Card("fees", "Each product that customers use has a price, be it nothing.", _fees),
    Card("codes", "Our codes are written and read; others' codes are named.", _codes),
    Card("sources", "Every figure has been looked up and its source is dated.", _sources),
    Card("words", "Every language of the pack has every word of the pack.", _words),
    Card("town", "There are names and places for a demo town.", _town),
    Card("calendar", "Business days, and all bank holidays of this year and the next.", _calendar),
    Card("receipts", "The tax numbers of a receipt, with form and name.", _receipts),
    Card("cash_points", "Where cash goes in and out.", _cash_points),
    Card("presented_codes", "A customer's code is one, and no payee's.", _presented),
    Card("failed_payments", "Until when money of failed payments must be back.", _failed),
    Card("reports", "Which reports the authorities get, when and in which form.", _reports),
    Card("sleep", "When a wallet that nobody uses sleeps, or that none does.", _sleep),
)

"""What is documented is there, and what is there is documented."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import click
import pytest
import typer

import argosy
from argosy import settings
from argosy.base.refusals import Reason, every_reason
from tests.house.tree import ROOT

DOCS = ROOT / "docs"

# The blocks of numbers, as argosy/base/refusals.py has them: who may use which.
BLOCKS: list[tuple[range, tuple[str, ...]]] = [
    (range(1, 100), ("base.ledger",)),
    (range(100, 150), ("base.money", "base")),
    (range(150, 200), ("base.gate", "base.postings", "base.wallet")),
    (range(200, 250), ("base.orders",)),
    (range(250, 300), ("base.parties",)),
    (range(300, 400), ("ctu",)),
    (range(400, 450), ("public_services.signin", "public_services.identity")),
    (range(450, 480), ("public_services",)),
    (range(480, 490), ("channels.qr",)),
    (range(490, 500), ("markets",)),
    (range(500, 600), ("channels",)),
    (range(600, 650), ("banks",)),
    (range(700, 750), ("partners",)),
    (range(750, 900), ("management",)),
    (range(1000, 10_000), ("products", "base.products")),
]


def all_reasons() -> list[Reason]:
    for found in pkgutil.walk_packages(argosy.__path__, "argosy."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
    return [reason for reason in every_reason() if type(reason).__module__.startswith("argosy.")]


def sections(text: str) -> dict[str, str]:
    """The `###` headings of a page, each with the text under it."""
    found: dict[str, str] = {}
    for part in re.split(r"^### ", text, flags=re.MULTILINE)[1:]:
        heading, _, body = part.partition("\n")
        if heading.strip() in found:
            raise ValueError(f"two headings {heading!r}")
        found[heading.strip()] = re.split(r"^#{1,2} ", body, flags=re.MULTILINE)[0].strip()
    return found


# --- refusals ------------------------------------------------------------------------------------


def wrong_refusals(reasons: Iterable[Reason], page: str) -> list[str]:
    """What docs/refusals.md lacks or has too much; a missing part is given as it should stand."""
    found = sections(page)
    wanted = {f"{reason.code} ({int(reason)})": reason for reason in reasons}
    wrong = []
    for heading, reason in wanted.items():
        if heading not in found:
            wrong.append(f"missing:\n\n### {heading}\n\n{reason.meaning}\nKind: {reason.kind}.\n")
        else:
            text = " ".join(found[heading].split())
            if " ".join(reason.meaning.split()) not in text:
                wrong.append(f"{heading}: does not say: {reason.meaning}")
            if f"Kind: {reason.kind}." not in text:
                wrong.append(f"{heading}: does not say: Kind: {reason.kind}.")
    return wrong + [f"{heading}: no such refusal" for heading in found if heading not in wanted]


def wrong_numbers(reasons: Iterable[tuple[int, str, str]]) -> list[str]:
    """Numbers and names used twice or outside their block; a reason is (number, code, module)."""
    wrong, numbers, codes = [], {}, {}
    for number, code, module in reasons:
        if number in numbers:
            wrong.append(f"{number} is both {numbers[number]} and {code}")
        if code in codes:
            wrong.append(f"{code} is both {codes[code]} and {number}")
        numbers[number], codes[code] = code, number
        owners = next((owners for block, owners in BLOCKS if number in block), ())
        name = module.removeprefix("argosy.")
        if not any(name == owner or name.startswith(owner + ".") for owner in owners):
            wrong.append(f"{code} ({number}) of {name} is not in a block of its own")
    return wrong


def test_every_refusal_is_documented():
    wrong = wrong_refusals(all_reasons(), (DOCS / "refusals.md").read_text("utf-8"))
    assert not wrong, "docs/refusals.md:\n" + "\n".join(wrong)


def test_numbers_and_names_of_refusals_are_used_once_and_in_their_blocks():
    assert wrong_numbers((int(r), r.code, type(r).__module__) for r in all_reasons()) == []


def test_the_refusals_were_found():
    boards = {type(reason).__module__.split(".")[1] for reason in all_reasons()}
    assert {"base", "products", "public_services"} <= boards


def test_twin_a_missing_refusal_is_seen():
    reasons = all_reasons()
    page = "".join(f"### {r.code} ({int(r)})\n\n{r.meaning}\nKind: {r.kind}.\n" for r in reasons)
    assert wrong_refusals(reasons, page) == []
    assert len(wrong_refusals(reasons, page.replace("### insufficient_funds (41)", ""))) == 1
    assert len(wrong_refusals(reasons, page + "### no_such_thing (9999)\n")) == 1
    assert len(wrong_refusals(reasons, page.replace(reasons[0].meaning, "Because."))) == 1


def test_twin_a_number_used_twice_is_seen():
    assert wrong_numbers([(41, "a", "argosy.base.ledger.facts")]) == []
    assert wrong_numbers([(41, "a", "argosy.base.ledger.facts")] * 2) == [
        "41 is both a and a",
        "a is both 41 and 41",
    ]
    assert len(wrong_numbers([(41, "a", "argosy.base.orders.facts")])) == 1
    assert len(wrong_numbers([(999, "a", "argosy.base.ledger.facts")])) == 1


# --- settings ------------------------------------------------------------------------------------


def wrong_settings(names: Iterable[str], page: str) -> list[str]:
    found = set(sections(page))
    wanted = {settings.PREFIX + name for name in names}
    return [f"{name}: missing" for name in sorted(wanted - found)] + [
        f"{name}: no such setting" for name in sorted(found - wanted)
    ]


def test_every_setting_is_documented():
    assert wrong_settings(settings.NAMES, (DOCS / "settings.md").read_text("utf-8")) == []


def test_twin_a_missing_setting_is_seen():
    page = "".join(f"### ARGOSY_{name}\n" for name in settings.NAMES)
    assert wrong_settings(settings.NAMES, page) == []
    assert wrong_settings([*settings.NAMES, "MOON"], page) == ["ARGOSY_MOON: missing"]
    assert wrong_settings(settings.NAMES, page + "### ARGOSY_SUN\n") == [
        "ARGOSY_SUN: no such setting"
    ]


# --- commands ------------------------------------------------------------------------------------


def commands() -> click.Command:
    from argosy.cli import app

    return typer.main.get_command(app)


def leaves(command: click.Command, words: tuple[str, ...] = ()) -> Iterable[tuple[str, ...]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield words
        return
    for name, child in children.items():
        if not child.hidden:
            yield from leaves(child, (*words, name))


def written_commands(page: str) -> Iterable[tuple[str, ...]]:
    """The words after `argosy` wherever a page shows it as code."""
    code = re.findall(r"```.*?```|`[^`\n]+`", page, re.DOTALL)
    for piece in code:
        for match in re.finditer(
            r"(?:^|[`\s/(])argosy((?: +[a-z][a-z0-9-]*)+)(?![\w.:/])", piece, re.MULTILINE
        ):
            yield tuple(match[1].split())


def wrong_commands(command: click.Command, page: str, pages: Mapping[str, str]) -> list[str]:
    """What docs/commands.md (`page`) lacks or has too much, and what other pages show wrongly."""
    wrong = []
    for name, text in pages.items():
        for words in written_commands(text):
            here, used = command, 0
            for word in words:
                children: Mapping[str, click.Command] = getattr(here, "commands", {})
                if word not in children:
                    break
                here, used = children[word], used + 1
            if getattr(here, "commands", None) and used < len(words):
                wrong.append(f"{name}: there is no `argosy {' '.join(words[: used + 1])}`")
    wanted = {" ".join(["argosy", *words]) for words in leaves(command)}
    found = set(sections(page))
    wrong += [f"docs/commands.md: missing: ### {name}" for name in sorted(wanted - found)]
    return wrong + [f"docs/commands.md: there is no {name}" for name in sorted(found - wanted)]


def pages() -> dict[str, str]:
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
    return {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in found}


def test_every_command_is_documented_and_every_documented_one_exists():
    page = (DOCS / "commands.md").read_text("utf-8")
    assert wrong_commands(commands(), page, pages()) == []


def test_twin_a_wrong_command_is_seen():
    program = click.Group(
        commands=[
            click.Command("up"),
            click.Group("ledger", commands=[click.Command("verify")]),
            click.Command("inner", hidden=True),
        ]
    )
    page = "### argosy up\n### argosy ledger verify\n"
    text = "Run `argosy up --demo`, then\n```\n$ argosy ledger verify\n```\nin argosy at sea."
    assert wrong_commands(program, page, {"a": text}) == []
    assert wrong_commands(program, page, {"a": text + "`argosy ledger burn`"}) == [
        "a: there is no `argosy ledger burn`"
    ]
    assert wrong_commands(program, page + "### argosy sink\n", {}) == [
        "docs/commands.md: there is no argosy sink"
    ]
    assert wrong_commands(program, "### argosy up\n", {}) == [
        "docs/commands.md: missing: ### argosy ledger verify"
    ]


# --- links ---------------------------------------------------------------------------------------


def wrong_links(root: Path, found: Mapping[str, str]) -> list[str]:
    wrong = []
    for name, page in found.items():
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page):
            if "://" in target or target.startswith("mailto:"):
                continue
            if not (root / name).parent.joinpath(target).exists():
                wrong.append(f"{name}: {target} is not there")
    return wrong


def test_every_link_leads_somewhere():
    assert wrong_links(ROOT, pages()) == []


def test_twin_a_dead_link_is_seen(tmp_path):
    (tmp_path / "b.md").touch()
    page = "[b](b.md#top) [far](https://example.org/x) [c](c.md)"
    assert wrong_links(tmp_path, {"a.md": page}) == ["a.md: c.md is not there"]


@pytest.mark.parametrize("target", ["run", "test", "install", "bench", "chaos"])
def test_the_commands_of_the_makefile_are_there(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)

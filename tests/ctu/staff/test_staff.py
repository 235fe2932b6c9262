"""Who somebody is, at the terminal: a name is worth its key, and nobody approves what they proposed."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest
import typer
from typer.testing import CliRunner

from argosy.base.store import Database
from argosy.ctu import terminal
from argosy.ctu.rules import commands as rules
from argosy.ctu.rules.declared import STARTER
from argosy.ctu.staff import NewKey, Staff, StaffReason
from argosy.ctu.staff import commands as staff_commands

RULE = """
owner = "risk"
since = 2026-11-22
action = "review"
reason = "Three in a minute."
when = "account.count_1m >= 3"

[hit]
"account.count_1m" = 3

[miss]
"account.count_1m" = 2
"""


@pytest.fixture
def staff(db, clock, ids) -> Staff:
    return Staff(db, clock, ids)


async def test_the_first_one_needs_nobody_and_every_other_one_somebody(staff):
    anna = await staff.add("anna")
    assert isinstance(anna, NewKey)
    assert anna.person.added_by == "the installation"
    assert (await staff.add("ravi")).reason is StaffReason.STAFF_KEY_MISSING
    assert (await staff.add("ravi", "anna", "staff_guess")).reason is StaffReason.STAFF_KEY_WRONG
    ravi = await staff.add("ravi", "anna", anna.text)
    assert ravi.person.added_by == "anna"
    assert (await staff.proven("ravi", ravi.text)).name == "ravi"
    assert (await staff.proven("ravi", anna.text)).reason is StaffReason.STAFF_KEY_WRONG
    assert (await staff.proven("nobody", anna.text)).reason is StaffReason.STAFF_KEY_WRONG


async def test_without_anybody_nothing_is_proven(staff):
    assert (await staff.proven("anna", "staff_x")).reason is StaffReason.STAFF_NONE


async def test_what_is_stored_opens_nothing(staff, db):
    made = await staff.add("anna")
    row = await db.one("SELECT * FROM ctu.staff")
    assert made.text not in str(dict(row))
    assert (await staff.proven("anna", row["digest"].hex())).reason is StaffReason.STAFF_KEY_WRONG


async def test_a_name_is_one_person_for_ever(staff):
    anna = await staff.add("anna")
    ravi = await staff.add("ravi", "anna", anna.text)
    gone = await staff.remove("ravi", "anna", anna.text)
    assert (gone.name, gone.removed_by) == ("ravi", "anna")
    assert (await staff.proven("ravi", ravi.text)).reason is StaffReason.STAFF_KEY_WRONG
    assert (await staff.add("ravi", "anna", anna.text)).reason is StaffReason.STAFF_KNOWN
    assert (await staff.remove("ravi", "anna", anna.text)).reason is StaffReason.STAFF_UNKNOWN
    assert (await staff.remove("anna", "anna", anna.text)).reason is StaffReason.STAFF_LAST
    assert [one.name for one in await staff.list()] == ["anna", "ravi"]


async def test_a_new_key_is_only_for_oneself_and_ends_the_old_one(staff):
    anna = await staff.add("anna")
    await staff.add("ravi", "anna", anna.text)
    assert (await staff.renew("ravi", anna.text)).reason is StaffReason.STAFF_KEY_WRONG
    again = await staff.renew("anna", anna.text)
    assert (await staff.proven("anna", anna.text)).reason is StaffReason.STAFF_KEY_WRONG
    assert (await staff.proven("anna", again.text)).name == "anna"


@pytest.mark.parametrize(
    "name", ["", "a", "Anna", "learning", "clock", "ann\nb", "x" * 61, "anna "]
)
async def test_a_name_that_is_none(staff, name):
    assert (await staff.add(name)).reason is StaffReason.STAFF_NAME


# --- at the terminal -----------------------------------------------------------------------------------


@pytest.fixture
def typed(db, clock, ids, monkeypatch, tmp_path):
    """Types words with the key of somebody in the environment; gives what was said."""

    @asynccontextmanager
    async def opened(demo: bool):
        own = await Database.open(db.url, size=2)
        try:
            yield terminal.Place(own, db.url, clock, ids, tmp_path, lambda _: b"", demo=demo)
        finally:
            await own.close()

    monkeypatch.setattr(terminal, "_openers", [opened])
    risk = typer.Typer()
    rules.add(risk)
    staff_commands.add(risk)

    def run(key: str, *words: str, status: int = 0) -> str:
        done = CliRunner().invoke(risk, list(words), env={"ARGOSY_STAFF_KEY": key})
        assert done.exit_code == status, done.output
        return done.output

    return run


def key_in(said: str) -> str:
    return next(word for word in said.split() if word.startswith("staff_"))


def test_nobody_approves_what_they_proposed(typed, tmp_path):
    file = tmp_path / "velocity" / "three.toml"
    file.parent.mkdir()
    file.write_text(RULE)
    why = ("--why", "a busy minute")
    publish = ("rules", "publish", "velocity.three", "1", "live")
    assert "staff_none" in typed("", "rules", "draft", str(file), "--by", "anna", *why, status=2)
    anna = key_in(typed("", "staff", "add", "anna"))
    ravi = key_in(typed(anna, "staff", "add", "ravi", "--by", "anna"))
    said = typed("", "rules", "draft", str(file), "--by", "anna", *why, status=2)
    assert "staff_key_missing" in said
    typed(anna, "rules", "draft", str(file), "--by", "anna", *why)
    assert "second_person_needed" in typed(anna, *publish, "--by", "anna", *why, status=2)
    # She types his name; her key does not prove it, and none does not either.
    assert "staff_key_wrong" in typed(anna, *publish, "--by", "ravi", *why, status=2)
    assert "staff_key_missing" in typed("", *publish, "--by", "ravi", *why, status=2)
    assert "velocity.three version 1, live" in typed(ravi, *publish, "--by", "ravi", *why)
    assert "added by anna" in typed("", "staff", "list")
    # Back to before it: proposed by the one, done by the other.
    back = ("rules", "back", "1", *why)
    assert "a second person types the same" in typed(anna, *back, "--by", "anna")
    assert "staff_key_wrong" in typed(anna, *back, "--by", "ravi", status=2)
    assert "the rules of set 1" in typed(ravi, *back, "--by", "ravi")


def test_one_person_withdraws_at_once_but_has_to_be_that_person(typed):
    anna = key_in(typed("", "staff", "add", "anna"))
    name = "velocity.account_many_1d"
    words = ("rules", "withdraw", name, "--by", "anna", "--why", "it stops everybody")
    assert "staff_key_wrong" in typed("staff_" + "x" * 43, *words, status=2)
    assert f"without {name}" in typed(anna, *words)


def test_a_key_is_typed_unseen_where_somebody_sits_at_the_terminal(monkeypatch):
    monkeypatch.delenv("ARGOSY_STAFF_KEY", raising=False)
    asked = []
    monkeypatch.setattr(terminal.sys.stdin, "isatty", lambda: True, raising=False)

    def prompt(text, **how):
        asked.append((text, how["hide_input"]))
        return "staff_typed"

    monkeypatch.setattr(terminal.typer, "prompt", prompt)
    assert terminal.staff_key("anna") == "staff_typed"
    assert asked == [("Key of anna", True)]


def test_in_the_demo_town_a_name_is_believed(typed):
    rule = next(STARTER.rglob("account_many_1d.toml")).stem
    said = typed("", "rules", "withdraw", f"velocity.{rule}", "--by", "x", "--why", "y", "--demo")
    assert "is in force without" in said

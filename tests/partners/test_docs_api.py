"""What docs/api.md shows is run as it stands there, from its first command to its last."""

from __future__ import annotations

import re
import shlex
from string import Template
from typing import Any

import httpx
import pytest

from argosy.partners.api.operations import OPERATIONS
from tests.house.tree import ROOT
from tests.partners.hooks import Hooks
from tests.partners.shop import BASE, Shop

PAGE = ROOT / "docs" / "api.md"
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SAID = re.compile(r"^# (\d{3})(?:, and its id is \$(\w+))?$")


def commands(text: str) -> list[tuple[str, int, str | None]]:
    """Each command of the page, the status that it says, and the name that it gives to the id."""
    found = []
    for block in _BLOCK.findall(text):
        command = ""
        for line in block.splitlines():
            said = _SAID.match(line)
            if said is None:
                command += line + "\n"
            else:
                found.append((command, int(said[1]), said[2]))
                command = ""
        assert not command.strip(), f"a command that does not say its status: {command}"
    return found


def request(command: str, names: dict[str, str]) -> dict[str, Any]:
    """What httpx is to send for a curl command."""
    words = shlex.split(Template(command.replace("\\\n", " ")).substitute(names))
    assert words.pop(0) == "curl"
    asked: dict[str, Any] = {"method": "GET", "headers": {}}
    while words:
        word = words.pop(0)
        if word == "-X":
            asked["method"] = words.pop(0)
        elif word == "-H":
            name, _, value = words.pop(0).partition(": ")
            asked["headers"][name] = value
        elif word == "-d":
            asked["content"] = words.pop(0)
        else:
            assert not word.startswith("-"), f"curl's {word} is not known here"
            asked["url"] = word
    return asked


async def names(shop: Shop) -> dict[str, str]:
    """What the page's variables stand for before its first command."""
    operator = await shop.operator()
    await shop.post("/webhooks/endpoints", {"url": "http://127.0.0.1:9/"})
    paid = await shop.paid(125_50)
    await Hooks(shop).note()
    await shop.wallet.db.run(
        "UPDATE webhooks.deliveries SET state = 'dead', next_at = NULL, ended_at = now()"
    )
    dead = (await shop.get("/webhooks/deliveries", state="dead")).json()["items"]
    return {
        "URL": BASE,
        "KEY": shop.keys["tea"].text,
        "OPERATOR": operator.headers["authorization"].partition(" ")[2],
        "PAID": paid["id"],
        "DELIVERY": dead[0]["id"],
    }


async def test_every_command_of_the_page_answers_as_it_says(shop):
    known = await names(shop)
    client = shop.with_key(None)
    shown = commands(PAGE.read_text("utf-8"))
    for command, status, name in shown:
        said: httpx.Response = await client.request(**request(command, known))
        assert said.status_code == status, f"{command}{said.text}"
        if name is not None:
            known[name] = said.json()["id"]
    assert len(shown) > 20


def test_most_operations_are_shown():
    text = PAGE.read_text("utf-8")
    shown = set()
    for command, _, _ in commands(text):
        method = re.search(r"-X (\w+)", command)
        path = re.search(r"\$URL/api([^\"?]+)", command)
        assert path is not None
        for operation in OPERATIONS:
            pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(operation.path))
            wanted = method[1] if method else "GET"
            if operation.method == wanted and re.fullmatch(pattern, path[1]):
                shown.add(operation.name)
    missing = {o.name for o in OPERATIONS} - shown
    assert missing <= {"read_refund", "list_endpoints", "read_endpoint", "read_delivery"}


def test_twin_a_command_must_say_its_status():
    with pytest.raises(AssertionError, match="does not say its status"):
        commands("```sh\ncurl x\n```\n")
    assert commands("```sh\ncurl x\n# 201, and its id is $A\n```\n") == [("curl x\n", 201, "A")]

"""The document that describes the API is whole, and the page that shows it stands on its own."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from argosy.base.refusals import every_reason
from argosy.partners.api.operations import OPERATIONS


async def described(shop) -> dict:
    said = await shop.with_key(None).get("/api/openapi.json")
    assert (said.status_code, said.headers["content-type"]) == (200, "application/json")
    return said.json()


async def test_every_address_is_described_and_every_description_answers(shop):
    document = await described(shop)
    assert document["openapi"].startswith("3.1")
    found = {
        (method.upper(), path.removeprefix("/api"))
        for path, methods in document["paths"].items()
        for method in methods
    }
    assert found == {(one.method, one.path) for one in OPERATIONS}
    for one in OPERATIONS:
        path = "/api" + re.sub(r"\{\w+\}", "nonsense", one.path)
        said = await shop.with_key(None).request(one.method, path)
        assert said.status_code == 401, path


async def test_every_refusal_of_an_operation_is_described(shop):
    document = await described(shop)
    for one in OPERATIONS:
        answers = document["paths"]["/api" + one.path][one.method.lower()]["responses"]
        text = " ".join(answer["description"] for answer in answers.values())
        for reason in one.refusals:
            assert f"`{reason.code}`" in text, (one.name, reason)


async def test_names_are_used_once():
    assert len({one.name for one in OPERATIONS}) == len(OPERATIONS)
    assert len({(one.method, one.path) for one in OPERATIONS}) == len(OPERATIONS)


async def test_each_reference_leads_somewhere(shop):
    document = await described(shop)

    def references(node):
        if isinstance(node, dict):
            if "$ref" in node:
                yield node["$ref"]
            for inner in node.values():
                yield from references(inner)
        elif isinstance(node, list):
            for inner in node:
                yield from references(inner)

    for reference in set(references(document)):
        at = document
        for part in reference.removeprefix("#/").split("/"):
            at = at[part]


class Links(HTMLParser):
    """What a page asks for from elsewhere, and the places in it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.ids: list[str] = []
        self.inner: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        for name, value in attrs:
            if name in ("src", "srcset", "action", "data", "poster"):
                self.asked.append(value)
            if name == "href":
                (self.inner if value.startswith("#") else self.asked).append(value)
            if name == "id":
                self.ids.append(value)


async def test_the_page_asks_for_nothing_from_anywhere(shop):
    said = await shop.with_key(None).get("/api/docs")
    assert said.headers["content-type"].startswith("text/html")
    assert said.headers["content-security-policy"].startswith("default-src 'none'")
    page = Links()
    page.feed(said.text)
    assert page.asked == []
    assert not page.tags & {"script", "link", "iframe", "img", "object", "form"}
    assert "url(" not in said.text
    assert "@import" not in said.text
    assert len(page.ids) == len(set(page.ids))
    assert {link.removeprefix("#") for link in page.inner} <= set(page.ids)
    for one in OPERATIONS:
        assert one.name in page.ids


async def test_a_problem_leads_to_its_place_on_the_page(shop):
    page = Links()
    page.feed((await shop.with_key(None).get("/api/docs")).text)
    said = (await shop.get("/payments/nonsense")).json()
    place, _, anchor = said["type"].partition("#")
    assert place == "/api/docs"
    assert anchor in page.ids
    assert {reason.code for reason in every_reason()} <= set(page.ids)


def test_twin_the_reader_of_links_sees_what_is_asked():
    page = Links()
    page.feed(
        '<script src="https://cdn.example/a.js"></script><a href="#x">x</a><a href="/y">y</a>'
    )
    assert (page.asked, page.inner) == (["https://cdn.example/a.js", "/y"], ["#x"])

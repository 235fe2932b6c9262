"""The console from outside, without a browser: who is let in where, and who never is."""

from __future__ import annotations

import asyncio
import re

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from argosy.base.refusals import Refused
from argosy.management.console.door import inside
from argosy.management.console.pages import PAGES
from argosy.management.console.saying import LANGUAGES
from argosy.management.staff import demo, second_factor
from argosy.management.staff.facts import ROLES, Right

SOMETHING = "0198a20f-0000-7000-8000-000000000000"


def filled(path: str) -> str:
    """An address of the page with something that is not there in its parts."""
    return "/console" + re.sub(r"\{[a-z0-9_]+\}", SOMETHING, path)


# --- pages by role -------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
async def test_each_role_is_let_into_its_pages_and_no_others(console_http, role):
    await console_http.door.shell()
    opened = await console_http.opened(role)
    wrong = []
    async with console_http.http(opened) as client:
        for path, page in PAGES.items():
            answer = await client.get(filled(path))
            expected = 200 if page.right in ROLES[role] else 403
            if path == "/" and expected == 403:
                expected = 303
            if answer.status_code != expected:
                wrong.append(f"{path}: {answer.status_code} instead of {expected}")
    assert wrong == []
    assert len(PAGES) > 5


async def test_twin_a_role_with_more_rights_is_let_in_further(console_http, monkeypatch):
    opened = await console_http.opened("analyst")
    async with console_http.http(opened) as client:
        assert (await client.get("/console/staff")).status_code == 403
        more = {**ROLES, "analyst": frozenset(Right)}
        monkeypatch.setattr("argosy.management.staff.facts.ROLES", more)
        assert (await client.get("/console/staff")).status_code == 200


async def test_who_is_signed_out_is_sent_to_the_sign_in_and_sees_nothing(console_http):
    await console_http.door.shell()
    async with console_http.http() as client:
        for path in PAGES:
            answer = await client.get(filled(path))
            assert answer.status_code == 303, path
            assert answer.headers["location"].startswith("/console/signin"), path
            assert answer.content == b""
        for path in ("/_nicegui/3.18.0/static/nicegui.js", "/_nicegui/x/dynamic_resources/y"):
            assert (await client.get("/console" + path)).status_code == 401


async def test_what_is_not_there_is_not_there(console_http):
    opened = await console_http.opened("auditor")
    async with console_http.http(opened) as client:
        assert (await client.get("/console/no/such/page")).status_code == 404
        assert (await client.get("/console/../etc/passwd")).status_code == 404
        assert (await client.get("/console/<script>alert(1)</script>")).status_code == 404
        answer = await client.get("/consolation")
        assert answer.status_code == 404
        assert "nicegui" not in answer.text


async def test_a_page_refused_is_in_the_log(console_http):
    opened = await console_http.opened("support")
    async with console_http.http(opened) as client:
        await client.get("/console/audit")
    (entry,) = await console_http.audit("console.open")
    assert (entry.name, entry.subject, entry.outcome) == ("the support", "/audit", "not_allowed")


# --- what every answer carries -------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/console/signin", "/console/staff", "/console/console.css"])
async def test_every_answer_is_guarded(console_http, path):
    opened = await console_http.opened("administrator") if path == "/console/staff" else None
    async with console_http.http(opened) as client:
        answer = await client.get(path)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy.partition("style-src")[0]
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert len(answer.headers.get_list("content-security-policy")) == 1


async def test_each_page_has_a_nonce_of_its_own_and_names_nobody_else(console_http):
    opened = await console_http.opened("administrator")
    nonces = set()
    async with console_http.http(opened) as client:
        for _ in range(2):
            answer = await client.get("/console/staff")
            nonces |= set(re.findall(r"'nonce-([^']+)'", answer.headers["content-security-policy"]))
            bare = re.findall(r"<script(?![^>]*nonce)[^>]*>", answer.text)
            assert all("/console/console.js" in tag for tag in bare)  # a file of ours
            assert re.findall(r'(?:src|href)="(?:https?:)?//', answer.text) == []
            assert answer.headers["cache-control"] == "no-store"
    assert len(nonces) == 2


async def test_nobody_else_says_where_our_files_lie(console_http):
    opened = await console_http.opened("administrator")
    async with console_http.http(opened) as client:
        answer = await client.get("/console/staff", headers={"x-forwarded-prefix": "//evil.test"})
    assert "evil.test" not in answer.text


# --- sign-in over HTTP ---------------------------------------------------------------------------


async def demo_code(console_http) -> str:
    return second_factor.code_at(demo.DEMO_SECRET, console_http.services.clock.now())


def here(console_http) -> dict[str, str]:
    return {"origin": console_http.url}


async def test_sign_in_sets_a_cookie_that_scripts_and_other_sites_do_not_have(console_http):
    services = console_http.services
    await demo.move_in(services.db, services.clock, services.keys)
    form = {
        "name": "analyst",
        "password": demo.DEMO_PASSWORD,
        "code": await demo_code(console_http),
    }
    async with console_http.http() as client:
        answer = await client.post(
            "/console/signin", data={**form, "to": "/cases"}, headers=here(console_http)
        )
        assert (answer.status_code, answer.headers["location"]) == (303, "/console/cases")
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert "Path=/console" in cookie
        again = await client.post("/console/signin", data=form, headers=here(console_http))
        assert again.status_code == 401  # the code was used
        assert "wrong" in again.text
        assert demo.DEMO_PASSWORD not in again.text.partition("<section")[0]


async def test_behind_https_the_cookie_never_travels_openly(console_http):
    door = console_http.door
    door.secure, door.cookie = True, "__Secure-argosy_staff"
    services = console_http.services
    await demo.move_in(services.db, services.clock, services.keys)
    form = {
        "name": "analyst",
        "password": demo.DEMO_PASSWORD,
        "code": await demo_code(console_http),
    }
    async with console_http.http() as client:
        answer = await client.post("/console/signin", data=form, headers=here(console_http))
    assert "; Secure" in answer.headers["set-cookie"]
    assert "strict-transport-security" in answer.headers


@pytest.mark.parametrize("headers", [{}, {"origin": "https://evil.test"}, {"origin": "null"}])
@pytest.mark.parametrize("path", ["/console/signin", "/console/signout", "/console/staff"])
async def test_a_form_of_another_site_is_refused(console_http, headers, path):
    opened = await console_http.opened("administrator")
    async with console_http.http(opened) as client:
        answer = await client.post(path, data={"name": "x"}, headers=headers)
        assert answer.status_code == 403
        assert (await client.get("/console/staff")).status_code == 200  # still signed in


async def test_twin_from_our_own_page_sign_out_works(console_http):
    opened = await console_http.opened("administrator")
    async with console_http.http(opened) as client:
        answer = await client.post("/console/signout", headers=here(console_http))
        assert answer.headers["location"] == "/console/signin"
    async with console_http.http(opened) as thief:  # who has kept the cookie has nothing
        assert (await thief.get("/console/staff")).status_code == 303


@pytest.mark.parametrize(
    "to,where",
    [
        ("/cases/1", "/console/cases/1"),
        ("https://evil.test/", "/console/"),
        ("//evil.test", "/console/"),
        ("/\\evil.test", "/console/"),
        ("/../admin", "/console/"),
        ("/a\r\nset-cookie: x=1", "/console/"),
    ],
)
def test_nobody_is_sent_elsewhere_after_the_sign_in(to, where):
    assert inside(to) == where


async def test_what_is_typed_stays_text(console_http):
    nasty = "\"><script>alert(1)</script>'; DROP TABLE staff.members; --"
    async with console_http.http() as client:
        answer = await client.post(
            "/console/signin",
            data={"name": nasty, "password": nasty, "code": nasty, "to": nasty},
            headers=here(console_http),
        )
    assert answer.status_code == 401
    assert "<script" not in answer.text


async def test_a_body_without_end_is_not_read(console_http):
    async with console_http.http() as client:
        answer = await client.post(
            "/console/signin", content=b"name=" + b"x" * 100_000, headers=here(console_http)
        )
    assert answer.status_code == 413


async def test_an_invitation_is_walked_through_on_plain_pages(console_http):
    invitation = await console_http.services.people.add("meera", ["analyst"], "the tests")
    way = f"/console/welcome/{invitation.token}"
    async with console_http.http(follow_redirects=True, headers=here(console_http)) as client:
        assert "Welcome, meera" in (await client.get(way)).text
        other = {"password": "correct horse battery", "again": "another"}
        assert (await client.post(way, data=other)).status_code == 422
        weak = {"password": "short", "again": "short"}
        assert (await client.post(way, data=weak)).status_code == 422
        good = {"password": "correct horse battery", "again": "correct horse battery"}
        page = await client.post(way, data=good)
        secret = "".join(re.search(r"by hand: <code>([A-Z2-7 ]+)</code>", page.text)[1].split())
        assert 'src="data:image/svg+xml' in page.text
        assert (await client.post(way + "/code", data={"code": "000000"})).status_code == 401
        code = second_factor.code_at(secret, console_http.services.clock.now())
        done = await client.post(way + "/code", data={"code": code})
        assert len(re.findall(r"<li><code>", done.text)) == 10
        assert (await client.get(way)).status_code == 410
        assert (await client.get("/console/audit")).status_code == 403
        assert (await client.get("/console/approvals")).status_code == 200


# --- web sockets ---------------------------------------------------------------------------------


async def window(console_http, opened) -> str:
    async with console_http.http(opened) as client:
        answer = await client.get("/console/staff")
    return re.search(r"client_id['\"]: ?['\"]([0-9a-f-]{36})", answer.text)[1]


def socket(console_http, client_id, opened=None, origin=None):
    way = console_http.url.replace("http:", "ws:") + "/console/_nicegui_ws/socket.io/"
    query = f"?EIO=4&transport=websocket&client_id={client_id}"
    headers = {}
    if opened is not None:
        headers["cookie"] = f"{console_http.door.cookie}={opened.token}"
    return connect(way + query, origin=origin, additional_headers=headers, open_timeout=10)


async def test_a_socket_is_let_in_from_our_pages_with_the_window_s_own_session(console_http):
    opened = await console_http.opened("administrator")
    other = await console_http.opened("auditor")
    mine, theirs = await window(console_http, opened), await window(console_http, other)
    refused = [
        socket(console_http, mine, None, console_http.url),
        socket(console_http, mine, opened, "https://evil.test"),
        socket(console_http, mine, opened, None),
        socket(console_http, mine, other, console_http.url),
        socket(console_http, SOMETHING, opened, console_http.url),
        socket(console_http, f"{theirs}&client_id={mine}", opened, console_http.url),
    ]
    for one in refused:
        with pytest.raises(InvalidStatus) as said:
            async with one:
                pass
        assert said.value.response.status_code == 403
    async with socket(console_http, mine, opened, console_http.url) as twin:
        assert (await asyncio.wait_for(twin.recv(), 5)).startswith("0{")


async def test_nothing_is_uploaded_to_the_window_of_another(console_http):
    opened = await console_http.opened("administrator")
    theirs = await window(console_http, await console_http.opened("auditor"))
    async with console_http.http(opened, headers=here(console_http)) as client:
        answer = await client.post(f"/console/_nicegui/client/{theirs}/upload/7", data={"x": "y"})
    assert answer.status_code == 404


async def test_polling_is_no_way_around_the_socket(console_http):
    opened = await console_http.opened("administrator")
    mine = await window(console_http, opened)
    async with console_http.http(opened) as client:
        answer = await client.get(
            f"/console/_nicegui_ws/socket.io/?EIO=4&transport=polling&client_id={mine}"
        )
    assert answer.status_code >= 400


# --- the desk is the guard -----------------------------------------------------------------------


async def nothing() -> str:
    return "done"


@pytest.mark.parametrize("role", ROLES)
async def test_no_act_without_its_right_whatever_the_page_shows(console_http, role):
    desk = await console_http.desk(role)
    done = []

    async def work() -> str:
        done.append(1)
        return "done"

    for right in Right:
        done.clear()
        said = await desk.act(right, "test.act", "s", work)
        if right in ROLES[role]:
            assert (said, done) == ("done", [1])
        else:
            assert isinstance(said, Refused)
            assert (said.code, done) == ("not_allowed", [])
    logged = await console_http.audit("test.act")
    assert len(logged) == len(Right)
    assert {entry.outcome for entry in logged} <= {"done", "not_allowed"}


async def test_a_desk_whose_session_ended_does_nothing(console_http):
    desk = await console_http.desk("administrator")
    await console_http.services.sessions.end(desk.session.id, "the tests")
    said = await desk.act(Right.STAFF_MANAGE, "test.act", "s", nothing)
    assert said.code == "staff_signed_out"
    assert (await desk.look(Right.AUDIT_SEE, "s", "why")).code == "staff_signed_out"
    said = await desk.propose(Right.STAFF_MANAGE, "staff.add", "x", {"name": "x"}, "why")
    assert said.code == "staff_signed_out"


async def test_a_right_taken_away_is_gone_at_the_next_act(console_http):
    desk = await console_http.desk("administrator")
    await console_http.opened("administrator", "another administrator")
    await console_http.services.people.set_roles(desk.member.id, ["auditor"])
    assert (await desk.act(Right.STAFF_MANAGE, "test.act", "s", nothing)).code == "not_allowed"
    assert desk.member.roles == ("auditor",)


async def test_a_look_needs_a_reason_and_is_in_the_log(console_http):
    desk = await console_http.desk("support")
    assert (await desk.look(Right.CUSTOMERS_REVEAL, "p1", "  ")).code == "reason_missing"
    assert await desk.look(Right.CUSTOMERS_REVEAL, "p1", "She called") is None
    finance = await console_http.desk("finance")
    assert (await finance.look(Right.CUSTOMERS_REVEAL, "p1", "curious")).code == "not_allowed"
    looks = [
        (entry.name, entry.reason, entry.outcome) for entry in await console_http.audit("look")
    ]
    assert looks == [
        ("the finance", "curious", "not_allowed"),
        ("the support", "She called", "done"),
        ("the support", "  ", "reason_missing"),
    ]


async def test_what_breaks_is_in_the_log_as_failed(console_http):
    desk = await console_http.desk("administrator")

    async def broken() -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await desk.act(Right.STAFF_MANAGE, "test.act", "s", broken)
    (entry,) = await console_http.audit("test.act")
    assert entry.outcome == "failed: ZeroDivisionError"


# --- words ---------------------------------------------------------------------------------------


async def test_every_language_says_everything_with_the_same_facts(console_http):
    sayings = console_http.door.sayings
    whole = sayings.keys("en")
    wrong = []
    for language in LANGUAGES:
        wrong += [f"{language}: {key}" for key in whole ^ sayings.keys(language)]
        for key in whole & sayings.keys(language):
            facts = [set(re.findall(r"\{(\w+)", sayings.text(key, to))) for to in ("en", language)]
            if facts[0] != facts[1]:
                wrong.append(f"{language}: {key} has other facts")
    for right in Right:
        if f"right.{right.value}" not in whole:
            wrong.append(f"right.{right.value}")
    wrong += [f"title {page.title}" for page in PAGES.values() if page.title not in whole]
    wrong += [
        f"menu {page.menu}" for page in PAGES.values() if page.menu and page.menu not in whole
    ]
    wrong += [f"role.{role}" for role in ROLES if f"role.{role}" not in whole]
    assert wrong == []

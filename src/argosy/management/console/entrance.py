"""Coming in and going out, on plain pages without any script: sign-in, invitation, second factor."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from argosy.base.refusals import Kind, Refused
from argosy.management.console.pages import ROOT
from argosy.management.console.saying import LANGUAGES, LAST_LANGUAGE
from argosy.management.console.wire import Asked, Send, answer
from argosy.management.staff import demo, second_factor
from argosy.management.staff.sessions import LASTS, Opened, Session

if TYPE_CHECKING:
    from argosy.management.console.door import Door

_WELCOME = re.compile(r"/welcome/([A-Za-z0-9_=-]{20,80})(/code)?")
_STATUS: Final = {
    Kind.INPUT: 422,
    Kind.UNPROVEN: 401,
    Kind.FORBIDDEN: 403,
    Kind.BUSY: 429,
    Kind.STATE: 410,
}


class Entrance:
    """The pages before the door."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._pages = Environment(
            loader=FileSystemLoader(Path(__file__).parent),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    async def answers(self, asked: Asked, path: str, send: Send) -> bool:
        """Answer what belongs to the entrance; False where it does not."""
        if path == "/signin":
            self._door.load_soon()
            await (self._sign_in if asked.method == "POST" else self._ask)(asked, send)
        elif path == "/signout" and asked.method == "POST":
            await self._sign_out(asked, send)
        elif match := _WELCOME.fullmatch(path):
            self._door.load_soon()
            await self._welcome(asked, match[1], bool(match[2]), send)
        else:
            return False
        return True

    async def say_no(self, send: Send, session: Session, key: str, status: int) -> None:
        """A page that says that there is nothing here, or nothing for this member."""
        language, theme = session.member.language, session.theme
        await self._show(send, "no", language, status=status, theme=theme, key=key)

    # --- sign-in and sign-out --------------------------------------------------------------------

    async def _ask(self, asked: Asked, send: Send) -> None:
        if await self._door.services.sessions.find(asked.cookie(self._door.cookie)):
            await self._go(send, self._to(asked.query.get("to", "/")))
            return
        await self._show_sign_in(asked, send, to=asked.query.get("to", "/"))

    async def _sign_in(self, asked: Asked, send: Send) -> None:
        form = await asked.form()
        name, to = form.get("name", ""), form.get("to", "/")
        said = await self._door.services.entering.sign_in(
            name, form.get("password", ""), form.get("code", ""), asked.address, asked.agent
        )
        if isinstance(said, Refused):
            await self._show_sign_in(asked, send, to=to, name=name, no=said)
            return
        old = asked.cookie(self._door.cookie)
        if old:
            await self._door.services.entering.sign_out(old)
        await self._go(send, self._to(to), self._cookie(said))

    async def _show_sign_in(
        self, asked: Asked, send: Send, *, to: str, name: str = "", no: Refused | None = None
    ) -> None:
        services = self._door.services
        language = self._language(asked)
        told: dict[str, Any] = {
            "to": to,
            "name": name[:60],
            "no": None if no is None else self._door.sayings.refusal(no, language),
            "nobody": await services.people.is_empty(),
            "demo": None,
        }
        if services.demo:
            told["demo"] = {
                "names": demo.demo_names(),
                "password": demo.DEMO_PASSWORD,
                "code": second_factor.code_at(demo.DEMO_SECRET, services.clock.now()),
            }
        headers = {}
        if no is not None and "wait_seconds" in no.facts:
            headers["retry-after"] = str(no.facts["wait_seconds"])
        await self._show(send, "signin", language, no_status=no, headers=headers, **told)

    async def _sign_out(self, asked: Asked, send: Send) -> None:
        token = asked.cookie(self._door.cookie)
        session = await self._door.services.sessions.find(token)
        await self._door.services.entering.sign_out(token)
        if session is not None:
            shell = await self._door.shell()
            await shell.close_windows({session.id})
        gone = (
            f"{self._door.cookie}=; Path={ROOT}; Max-Age=0; HttpOnly; SameSite=Strict"
            + self._secure()
        )
        await self._go(send, f"{ROOT}/signin", gone)

    # --- the first time --------------------------------------------------------------------------

    async def _welcome(self, asked: Asked, token: str, has_code: bool, send: Send) -> None:
        entering = self._door.services.entering
        person = await entering.invited(token)
        language = self._language(asked)
        if isinstance(person, Refused):
            await self._show(send, "over", language, no_status=person)
            return
        no: Refused | None = None
        if asked.method == "POST" and not has_code:
            form = await asked.form()
            if form.get("password") != form.get("again"):
                other = self._door.sayings.say("entrance.not_the_same", language)
                await self._show(
                    send, "password", language, status=422, token=token, who=person.name, no=other
                )
                return
            said = await entering.choose_password(token, form.get("password", ""))
            if isinstance(said, Refused):
                no = said
            else:
                await self._go(send, f"{ROOT}/welcome/{token}/code")
                return
        if has_code and person.secret is not None:
            await self._enrol(asked, token, person.name, person.secret, language, send)
            return
        text = None if no is None else self._door.sayings.refusal(no, language)
        await self._show(
            send, "password", language, no_status=no, token=token, who=person.name, no=text
        )

    async def _enrol(
        self, asked: Asked, token: str, name: str, secret: str, language: str, send: Send
    ) -> None:
        no = None
        if asked.method == "POST":
            code = (await asked.form()).get("code", "")
            entering = self._door.services.entering
            said = await entering.enrol(token, code, asked.address, asked.agent)
            if not isinstance(said, Refused):
                await self._show(
                    send,
                    "recovery",
                    language,
                    headers={"set-cookie": self._cookie(said.opened)},
                    codes=said.recovery_codes,
                )
                return
            no = said
        house = "Argosy demo" if self._door.services.demo else "Argosy"
        picture = second_factor.as_picture(second_factor.as_address(secret, name, house))
        text = None if no is None else self._door.sayings.refusal(no, language)
        shown = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
        await self._show(
            send, "factor", language, no_status=no, token=token, picture=picture, secret=shown,
            no=text,
        )  # fmt: skip

    # --- answering -------------------------------------------------------------------------------

    async def _show(
        self,
        send: Send,
        what: str,
        language: str,
        *,
        status: int = 200,
        no_status: Refused | None = None,
        headers: Mapping[str, str] | None = None,
        theme: str = "auto",
        **told: Any,
    ) -> None:
        if no_status is not None:
            status = _STATUS.get(no_status.reason.kind, HTTPStatus.BAD_REQUEST)

        def say(key: str, **values: object) -> str:
            return self._door.sayings.say(key, language, **values)

        page = self._pages.get_template("entrance.html").render(
            what=what, language=language, theme=theme, root=ROOT, say=say, **told
        )
        await answer(send, page, status=status, secure=self._door.secure, headers=headers)

    async def _go(self, send: Send, to: str, cookie: str | None = None) -> None:
        headers = {"location": to}
        if cookie is not None:
            headers["set-cookie"] = cookie
        await answer(send, b"", status=303, secure=self._door.secure, headers=headers)

    def _to(self, wanted: str) -> str:
        from argosy.management.console.door import inside

        return inside(wanted)

    def _cookie(self, opened: Opened) -> str:
        return (
            f"{self._door.cookie}={opened.token}; Path={ROOT}; Max-Age={int(LASTS.total_seconds())};"
            " HttpOnly; SameSite=Strict" + self._secure()
        )

    def _secure(self) -> str:
        return "; Secure" if self._door.secure else ""

    def _language(self, asked: Asked) -> str:
        """The first language of the browser that the console speaks."""
        chosen = asked.query.get("language", "")
        if chosen in LANGUAGES:
            return chosen
        for part in asked.headers.get("accept-language", "").split(","):
            spoken = part.partition(";")[0].strip().lower().partition("-")[0]
            if spoken in LANGUAGES:
                return spoken
        return LAST_LANGUAGE

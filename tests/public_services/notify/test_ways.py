"""Which way a message goes, the next one where one fails, and nothing fails in silence."""

from __future__ import annotations

import asyncio
import logging
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest

from argosy.base.clock import SetClock
from argosy.base.manifest import ManifestError
from argosy.base.parties.facts import NewParty, Party, PartyKind
from argosy.base.ports import Message
from argosy.markets import load
from argosy.public_services.notify import registry
from argosy.public_services.notify.carriers import Carried, Handed, Hear, Means, Parcel, Way
from argosy.public_services.notify.notify import LetterState, Notify
from argosy.public_services.notify.push.carrier import new_key
from argosy.public_services.notify.registry import open_ways, read
from argosy.public_services.notify.routes import Budget, RouteError, Routes, Ways, routes_of, usual
from argosy.public_services.notify.smpp.carrier import Smpp
from argosy.public_services.notify.tallies import Standing
from argosy.public_services.words.words import Words
from tests.people import ASHA_NAME, ASHA_PHONE
from tests.public_services.desk import Desk
from tests.public_services.notify.browser import Browser
from tests.public_services.notify.centre import Centre

MAIL = "asha@example.org"
TODAY = date(2026, 11, 22)


class Line:
    """A carrier that answers as it is told to, and can tell what became of its letters."""

    is_box = False

    def __init__(self, name: str, *answers: Carried | Handed) -> None:
        self.name = name
        self.answers = list(answers)
        self.sent: list[Parcel] = []
        self.hear: Hear | None = None

    def listen(self, hear: Hear) -> None:
        self.hear = hear

    async def carry(self, parcel: Parcel) -> Carried | Handed:
        await asyncio.sleep(0)
        answer = self.answers.pop(0) if self.answers else Carried.SENT
        self.sent.append(parcel)
        return answer


class Post:
    """A post with three ways, and Asha, whom all of them reach."""

    def __init__(self, desk: Desk, budget: Budget | None = None, *missing: Way) -> None:
        self.desk = desk
        self.lines = {way: Line(f"by_{way}") for way in Way if way not in missing}
        standard = usual()
        routes = Routes(standard.ways, standard.receipts, budget or standard.budget)
        carriers = {("india", way): line for way, line in self.lines.items()}
        words = Words(desk.markets, strict=True)
        self.notify = Notify(
            desk.db,
            desk.clock,
            desk.keys,
            desk.parties,
            words,
            Ways({"india": routes}, carriers, box_takes_codes=False),
        )

    def answers(self, way: Way, *answers: Carried | Handed) -> None:
        self.lines[way].answers = list(answers)

    async def tell(self, party: Party, template: str = "identity.level_raised", **more) -> UUID:
        facts = {"level": "full", "at": self.desk.clock.now(), "code": "123456", "minutes": 5}
        number = self.desk.ids.new()
        to = more.pop("to", party.id)
        await self.notify.notify(Message(number, template, facts, "india", "en", to=to, **more))
        return number

    @property
    def went(self) -> list[str]:
        """The ways that were tried, in order of name."""
        return [f"{way} {len(line.sent)}" for way, line in self.lines.items() if line.sent]

    async def later(self, seconds: float) -> int:
        self.desk.clock.advance(seconds=seconds)
        return await self.notify.deliver_due()

    async def standing(self) -> Standing:
        return await self.notify.tallies.standing(TODAY, TODAY)

    async def figures(self) -> dict[str, int]:
        standing = await self.standing()
        return {f"{w.way} {w.outcome}": w.messages for w in standing.went}


@pytest.fixture
def post(desk: Desk) -> Post:
    return Post(desk)


@pytest.fixture
async def asha(desk: Desk) -> Party:
    new = NewParty(
        desk.ids.new(), PartyKind.CUSTOMER, "india", "small", "en", ASHA_NAME, ASHA_PHONE, MAIL
    )
    party = await desk.parties.open(new)
    assert isinstance(party, Party)
    return party


async def takes_push(desk: Desk, post: Post, party: Party, n: int = 1) -> UUID:
    device = UUID(int=n)
    facts = Browser().subscription(f"https://push.example/{n}")
    assert await post.notify.subscriptions.keep(party.id, device, **facts) is None
    return device


# --- the order of the ways -----------------------------------------------------------------------


async def test_who_takes_push_gets_push_and_nothing_else(
    desk: Desk, post: Post, asha: Party
) -> None:
    device = await takes_push(desk, post, asha)
    await post.tell(asha)
    assert post.went == ["push 1"]
    (parcel,) = post.lines[Way.PUSH].sent
    assert [one.device for one in parcel.subscriptions] == [device]
    assert (parcel.phone, parcel.email, parcel.title) == (
        None,
        None,
        desk.markets["india"].operator,
    )
    assert await desk.parties.accesses(asha.id) == []  # nobody had to read the phone


async def test_who_takes_no_push_gets_an_sms(post: Post, asha: Party) -> None:
    await post.tell(asha)
    assert post.went == ["sms 1"]
    assert post.lines[Way.SMS].sent[0].phone == ASHA_PHONE


async def test_each_way_that_fails_for_good_is_followed_by_the_next_at_once(
    desk: Desk, post: Post, asha: Party
) -> None:
    device = await takes_push(desk, post, asha)
    post.answers(Way.PUSH, Handed(Carried.NEVER, gone=(device,)))
    post.answers(Way.SMS, Carried.NEVER)
    await post.tell(asha)
    assert post.went == ["push 1", "sms 1", "email 1"]
    assert post.lines[Way.EMAIL].sent[0].email == MAIL
    assert await post.notify.subscriptions.of(asha.id) == ()
    assert await post.figures() == {"push passed_on": 1, "sms passed_on": 1, "email sent": 1}
    letters = await post.notify.inbox_of(asha.id)
    assert [letter.state for letter in letters] == [LetterState.DELIVERED]


async def test_a_way_that_is_down_is_tried_three_times_and_then_the_next(
    post: Post, asha: Party
) -> None:
    post.answers(Way.SMS, *[Carried.LATER] * 9)
    await post.tell(asha)
    assert [await post.later(15), await post.later(15), await post.later(15)] == [1, 0, 1]
    assert post.went == ["sms 3", "email 1"]
    assert (await post.figures())["sms later"] == 2


async def test_a_code_does_not_wait_so_long(post: Post, asha: Party) -> None:
    post.answers(Way.SMS, *[Carried.LATER] * 9)
    await post.tell(asha, "signin.code_payment", secret=True)
    await post.later(15)
    assert post.went == ["sms 2", "email 1"]


async def test_a_code_that_proves_a_phone_goes_to_no_other_place(desk: Desk, post: Post) -> None:
    post.answers(Way.SMS, Carried.NEVER)
    facts = {"code": "123456", "minutes": 5}
    message = Message(
        desk.ids.new(), "signin.code_enter", facts, "india", "en", phone=ASHA_PHONE, secret=True
    )
    await post.notify.notify(message)
    assert post.went == ["sms 1"]
    assert (await post.notify.counts())[LetterState.FAILED] == 1


async def test_a_code_that_proves_an_address_goes_there(desk: Desk, post: Post) -> None:
    facts = {"code": "123456", "minutes": 5}
    message = Message(
        desk.ids.new(), "signin.email_enter", facts, "india", "en", email=MAIL, secret=True
    )
    await post.notify.notify(message)
    assert post.went == ["email 1"]
    assert post.lines[Way.EMAIL].sent[0].email == MAIL


async def test_what_no_way_brings_is_loud_and_still_in_the_box(
    post: Post, asha: Party, caplog: pytest.LogCaptureFixture
) -> None:
    post.answers(Way.SMS, Carried.NEVER)
    post.answers(Way.EMAIL, Handed(Carried.NEVER, why="answered 550"))
    await post.tell(asha)
    (error,) = (r for r in caplog.records if r.levelno == logging.ERROR)
    assert "sms: never; email: answered 550" in error.getMessage()
    assert ASHA_PHONE not in caplog.text
    assert MAIL not in caplog.text
    standing = await post.standing()
    assert (standing.waiting, standing.failed) == (0, 1)
    assert standing.problems[0].template == "identity.level_raised"
    assert (await post.figures())["none failed"] == 1
    assert len(await post.notify.inbox_of(asha.id)) == 1


async def test_what_waits_and_since_when_is_seen(post: Post, asha: Party) -> None:
    post.answers(Way.SMS, *[Carried.LATER] * 9)
    await post.tell(asha)
    post.desk.clock.advance(seconds=9)
    standing = await post.standing()
    assert standing.waiting == 1
    assert standing.oldest_waits is not None
    assert standing.oldest_waits.total_seconds() == 9


async def test_a_message_without_any_way_stays_in_the_box_and_a_code_fails_loudly(
    desk: Desk, asha: Party, caplog: pytest.LogCaptureFixture
) -> None:
    post = Post(desk, None, *Way)
    await post.tell(asha)
    assert [x.state for x in await post.notify.inbox_of(asha.id)] == [LetterState.DELIVERED]
    assert caplog.records == []
    await post.tell(asha, "signin.code_payment", secret=True)
    assert (await post.notify.counts())[LetterState.FAILED] == 1
    assert "no way to send it is set up" in caplog.text


# --- what is heard later -------------------------------------------------------------------------


async def test_a_letter_that_did_not_arrive_goes_the_next_way(
    desk: Desk, post: Post, asha: Party
) -> None:
    post.answers(Way.SMS, Handed(Carried.SENT, ("m1", "m2")))
    number = await post.tell(asha)
    hear = post.lines[Way.SMS].hear
    assert hear is not None
    assert await hear("by_sms", "m1", True, "DELIVRD")
    assert await desk.db.value("SELECT arrived_at IS NOT NULL FROM notify.message") is True
    assert await hear("by_sms", "m2", False, "UNDELIV")
    assert await post.later(0) == 1
    assert post.went == ["sms 1", "email 1"]
    assert post.lines[Way.EMAIL].sent[0].id == number
    assert await post.figures() == {
        "sms sent": 1, "sms arrived": 1, "sms lost": 1, "email sent": 1,
    }  # fmt: skip


async def test_the_last_way_that_loses_a_letter_is_loud(
    desk: Desk, asha: Party, caplog: pytest.LogCaptureFixture
) -> None:
    post = Post(desk, None, Way.EMAIL, Way.PUSH)
    post.answers(Way.SMS, Handed(Carried.SENT, ("m1",)))
    await post.tell(asha)
    hear = post.lines[Way.SMS].hear
    assert hear is not None
    assert not await hear("by_sms", "m9", False, "UNDELIV")  # nobody's
    assert await hear("by_sms", "m1", False, "REJECTD")
    assert not await hear("by_sms", "m1", False, "REJECTD")
    assert "sms: REJECTD" in caplog.text
    assert (await post.notify.counts())[LetterState.FAILED] == 1


async def test_reports_are_awaited_for_some_days_only(desk: Desk, post: Post, asha: Party) -> None:
    post.answers(Way.SMS, Handed(Carried.SENT, ("m1",)))
    await post.tell(asha)
    await post.notify.forget()
    assert await desk.db.value("SELECT count(*) FROM notify.sent") == 1
    desk.clock.advance(days=4)
    await post.notify.forget()
    assert await desk.db.value("SELECT count(*) FROM notify.sent") == 0


async def test_a_real_centres_receipt_finds_its_letter(
    desk: Desk, asha: Party, clock: SetClock
) -> None:
    centre = await Centre().open()
    (line,) = read(Way.SMS, centre.url())
    carrier = line.adapter.make(line.facts, Means(clock))
    assert isinstance(carrier, Smpp)
    words = Words(desk.markets, strict=True)
    ways = Ways({}, {("india", Way.SMS): carrier}, box_takes_codes=False)
    notify = Notify(desk.db, clock, desk.keys, desk.parties, words, ways)
    facts = {"at": clock.now()}
    await notify.notify(
        Message(desk.ids.new(), "signin.pin_changed", facts, "india", "en", to=asha.id)
    )
    await centre.report("m1", "DELIVRD")
    async with asyncio.timeout(10):
        while not await desk.db.value("SELECT arrived_at FROM notify.message"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await notify.close()
    await centre.close()


# --- how much one person gets --------------------------------------------------------------------


async def test_one_person_gets_so_many_by_sms_and_no_more(desk: Desk, asha: Party) -> None:
    post = Post(desk, Budget(hour=2, day=3))
    for _ in range(3):
        await post.tell(asha)
    assert post.went == ["sms 2", "email 1"]
    desk.clock.advance(hours=1, seconds=1)
    for _ in range(2):
        await post.tell(asha)
    assert post.went == ["sms 3", "email 2"]
    await post.tell(
        asha, "signin.code_payment", secret=True
    )  # codes are bounded where they are made
    assert post.went == ["sms 4", "email 2"]
    desk.clock.advance(days=1)
    await post.tell(asha)
    assert post.went == ["sms 5", "email 2"]


async def test_many_at_once_share_the_budget(desk: Desk, asha: Party) -> None:
    post = Post(desk, Budget(hour=5, day=5))
    facts = {"level": "full"}
    await post.notify.notify_many(
        Message(desk.ids.new(), "identity.level_raised", facts, "india", "en", to=asha.id)
        for _ in range(20)
    )
    assert post.went == ["sms 5", "email 15"]


# --- routes and carriers as they are set up ------------------------------------------------------


def test_the_usual_routes() -> None:
    routes = usual()
    assert routes.of("signin.code_enter") == (Way.SMS,)
    assert routes.of("signin.code_payment") == (Way.SMS, Way.EMAIL)
    assert routes.of("signin.new_device") == (Way.SMS, Way.PUSH, Way.EMAIL)
    assert routes.of("notices.received") == (Way.PUSH, Way.SMS, Way.EMAIL)


def market_with(tmp_path: Path, text: str):
    from dataclasses import replace

    (tmp_path / "messages.toml").write_text(text)
    return replace(load()["india"], folder=tmp_path)


def test_a_market_says_otherwise_where_it_wants(tmp_path: Path) -> None:
    text = 'receipts = true\n[ways]\n"notices.*" = ["push"]\n[budget]\nhour = 3\nday = 4\n'
    routes = routes_of(market_with(tmp_path, text))
    assert routes.of("notices.received") == (Way.PUSH,)
    assert routes.of("signin.code_enter") == (Way.SMS,)
    assert (routes.receipts, routes.budget) == (True, Budget(3, 4))
    assert Ways({"india": routes}).receipts == {"india"}


@pytest.mark.parametrize(
    "text", ["[ways", '[ways]\n"*" = ["pigeon"]\n', "colour = 1\n", "[budget]\nhour = 1\n"]
)
def test_what_a_market_says_wrongly_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(RouteError, match=r"messages\.toml"):
        routes_of(market_with(tmp_path, text))


def test_every_carrier_is_found_by_its_scheme() -> None:
    found = {scheme: adapter.way for scheme, adapter in registry.adapters().items()}
    assert found == {
        "smpp": Way.SMS, "smpps": Way.SMS, "https": Way.SMS, "http": Way.SMS,
        "smtp": Way.EMAIL, "smtps": Way.EMAIL, "vapid": Way.PUSH,
    }  # fmt: skip


def test_a_market_may_have_a_carrier_of_its_own(clock: SetClock) -> None:
    markets = load()
    lines = read(Way.SMS, "smpp://a:b@one.example india=smpp://c:d@two.example")
    lines += read(Way.PUSH, f"vapid:{new_key()}")
    ways = open_ways(markets, lines, Means(clock), demo=False)
    carrier = ways.carrier("india", Way.SMS)
    assert isinstance(carrier, Smpp)
    assert carrier._centre.host == "two.example"
    assert len(list(ways.each())) == (3 if len(markets) > 1 else 2)
    assert ways.of("india", "notices.received") == (Way.PUSH, Way.SMS)
    assert not open_ways(markets, lines, Means(clock), demo=True).carriers  # a demo sends nothing


def test_a_carrier_for_a_market_that_is_not_there_is_refused(clock: SetClock) -> None:
    lines = read(Way.SMS, "utopia=smpp://a:b@one.example")
    with pytest.raises(ManifestError, match="utopia"):
        open_ways(load(), lines, Means(clock), demo=False)


@pytest.mark.parametrize(
    "way, text, said",
    [
        (Way.SMS, "hunter2", "begin with one of http:, https:, smpp:, smpps:"),
        (Way.SMS, "smtp://a:hunter2@b?from=a@b.c", "begin with"),
        (Way.EMAIL, "smpp://a:hunter2@b", "begin with one of smtp:, smtps:"),
        (Way.SMS, "smpp://a:hunter2@b smpp://a:hunter2@c", "two addresses for all markets"),
        (Way.SMS, "india=smpp://a:hunter2@b india=smpp://a:hunter2@c", "two addresses for india"),
        (Way.PUSH, "vapid:hunter2", "32 bytes"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_without_its_secret(
    way: Way, text: str, said: str
) -> None:
    with pytest.raises(ValueError, match=said) as wrong:
        read(way, text)
    assert "hunter2" not in str(wrong.value)

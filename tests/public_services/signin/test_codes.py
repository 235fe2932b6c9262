"""One-time codes: few, short-lived, each good once, and silent about who has a wallet."""

from __future__ import annotations

import asyncio
import logging

import pytest

from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.base.money import Money
from argosy.base.parties.facts import PartyReason
from argosy.base.refusals import Refused
from argosy.base.store import Database
from argosy.public_services.signin.facts import (
    Confirmed,
    DeviceClaim,
    OtpSent,
    Purpose,
    SignedIn,
    SigninReason,
    Terms,
)
from argosy.public_services.signin.tokens import encode
from tests.people import ASHA_PHONE, RAVI_NAME, RAVI_PHONE
from tests.public_services.desk import PHONE, PIN, Desk, other_than, refused


async def test_a_right_code_gives_a_ticket_once(desk: Desk) -> None:
    sent = await desk.send()
    code = await desk.code()
    confirmed = await desk.signin.confirm(sent.id, f" {code[:3]} {code[3:]} ")
    assert isinstance(confirmed, Confirmed)
    assert (confirmed.known, confirmed.purpose) == (False, Purpose.ENTER)
    assert confirmed.ticket not in repr(confirmed)
    again = await desk.signin.confirm(sent.id, code)
    assert refused(again) is SigninReason.OTP_EXPIRED


async def test_five_wrong_codes_and_the_right_one_is_worth_nothing(desk: Desk) -> None:
    sent = await desk.send()
    code = await desk.code()
    wrong = other_than(code)
    left = []
    for _ in range(4):
        answer = await desk.signin.confirm(sent.id, wrong)
        assert refused(answer) is SigninReason.OTP_WRONG
        assert isinstance(answer, Refused)
        left.append(answer.facts["tries_left"])
    assert left == [4, 3, 2, 1]
    for last in (wrong, code, code):
        answer = await desk.signin.confirm(sent.id, last)
        assert refused(answer) is SigninReason.OTP_TRIES_SPENT


async def test_a_hundred_guesses_at_once_are_five(desk: Desk) -> None:
    sent = await desk.send()
    code = int(await desk.code())
    guesses = [f"{(code + 1 + n) % 10**6:06d}" for n in range(100)]
    answers = await asyncio.gather(*(desk.signin.confirm(sent.id, g) for g in guesses))
    weighed = [a for a in answers if refused(a) is SigninReason.OTP_WRONG]
    assert len(weighed) == 4  # the fifth is told that it was the last
    assert await desk.db.value("SELECT tries[1] FROM signin.code") == 5


async def test_the_right_code_shown_twice_at_once_gives_one_ticket(desk: Desk) -> None:
    sent = await desk.send()
    code = await desk.code()
    answers = await asyncio.gather(*(desk.signin.confirm(sent.id, code) for _ in range(20)))
    assert sum(isinstance(answer, Confirmed) for answer in answers) == 1


async def test_a_code_dies_after_five_minutes(desk: Desk, clock: SetClock) -> None:
    sent = await desk.send()
    code = await desk.code()
    clock.advance(minutes=5)
    assert refused(await desk.signin.confirm(sent.id, code)) is SigninReason.OTP_EXPIRED


async def test_a_new_code_ends_the_one_before(desk: Desk, clock: SetClock) -> None:
    first = await desk.send()
    old = await desk.code()
    clock.advance(minutes=1)
    second = await desk.send()
    assert refused(await desk.signin.confirm(first.id, old)) is SigninReason.OTP_EXPIRED
    assert isinstance(await desk.signin.confirm(second.id, await desk.code()), Confirmed)


async def test_a_code_for_one_purpose_is_worth_nothing_for_another(desk: Desk) -> None:
    await desk.sign_up()
    enter = await desk.prove(purpose=Purpose.ENTER)
    reset = await desk.signin.reset_pin(enter.ticket, "904417", PHONE)
    assert refused(reset) is SigninReason.TICKET_INVALID
    forgot = await desk.prove(purpose=Purpose.RESET_PIN)
    entered = await desk.signin.sign_in(forgot.ticket, PIN, PHONE)
    assert refused(entered) is SigninReason.TICKET_INVALID


@pytest.mark.parametrize("otp_id", ["", "x", "A" * 43, "A" * 64, "é", "\x00", "../../etc"])
async def test_what_is_no_code_at_all(desk: Desk, otp_id: str) -> None:
    assert refused(await desk.signin.confirm(otp_id, "123456")) is SigninReason.OTP_EXPIRED


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "१२३४५६", "\x00" * 6])
async def test_what_is_no_code_counts_as_a_wrong_one(desk: Desk, code: str) -> None:
    sent = await desk.send()
    assert refused(await desk.signin.confirm(sent.id, code)) is SigninReason.OTP_WRONG


async def test_a_bad_phone_or_market_is_said(desk: Desk) -> None:
    start = desk.signin.start
    nowhere = await start("atlantis", ASHA_PHONE, Purpose.ENTER, None, "en")
    assert refused(nowhere) is PartyReason.MARKET_UNKNOWN
    assert isinstance(await start("india", "not a phone", Purpose.ENTER, None, "en"), Refused)


# --- how many ------------------------------------------------------------------------------------


async def test_a_phone_gets_five_codes_an_hour_and_fifteen_a_day(
    desk: Desk, clock: SetClock
) -> None:
    async def sends() -> int:
        count = 0
        while True:
            network = f"2001:db8:{count}::1"
            answer = await desk.signin.start("india", ASHA_PHONE, Purpose.ENTER, network, "en")
            if isinstance(answer, Refused):
                assert answer.reason is SigninReason.OTP_SENDS_SPENT
                assert 0 < answer.facts["wait_seconds"] <= 86_400
                return count
            count += 1
            clock.advance(minutes=1)

    said = []
    for _ in range(4):
        said.append(await sends())
        clock.advance(hours=1)
    assert said == [5, 5, 5, 0]
    assert isinstance(await desk.send(RAVI_PHONE), OtpSent)


async def test_fifty_asks_at_once_are_one_message(desk: Desk) -> None:
    start = desk.signin.start
    asked = [start("india", ASHA_PHONE, Purpose.ENTER, None, "en") for _ in range(50)]
    answers = await asyncio.gather(*asked)
    ids = {answer.id for answer in answers if isinstance(answer, OtpSent)}
    assert len(ids) == 50
    assert len(await desk.notify.inbox("india", ASHA_PHONE)) == 1
    assert isinstance(await desk.signin.confirm(ids.pop(), await desk.code()), Confirmed)
    after = [refused(await desk.signin.confirm(other, await desk.code())) for other in ids]
    assert set(after) == {SigninReason.OTP_EXPIRED}


async def test_who_asks_for_somebodys_code_neither_replaces_it_nor_spends_its_tries(
    desk: Desk, clock: SetClock
) -> None:
    mine = await desk.send()
    code = await desk.code()
    clock.advance(seconds=20)
    strangers = [await desk.send() for _ in range(8)]
    said = [(len(s.id), s.digits, s.expires_at - clock.now()) for s in strangers]
    assert said == [(len(mine.id), mine.digits, Terms().code_life)] * 8  # as if it were the first
    guesses = 0
    for stranger in strangers:
        for _ in range(6):
            answer = await desk.signin.confirm(stranger.id, other_than(code))
            guesses += refused(answer) is SigninReason.OTP_WRONG
    assert guesses == 2 * 4  # two more places; the last try of each is told that it was the last
    assert isinstance(await desk.signin.confirm(mine.id, code), Confirmed)


async def test_who_asks_after_a_stranger_can_use_the_code_that_came(desk: Desk) -> None:
    stranger = await desk.send()
    mine = await desk.send()
    code = await desk.code()
    for _ in range(5):
        await desk.signin.confirm(stranger.id, other_than(code))
    assert isinstance(await desk.signin.confirm(mine.id, code), Confirmed)


async def test_strangers_cannot_use_up_the_codes_of_a_known_device(
    db: Database, clock: SetClock, ids: Ids
) -> None:
    desk = Desk.over(db, clock, ids, Terms(sends_per_network_hour_max=6))
    known = DeviceClaim(cookie=(await desk.sign_up()).device_cookie)
    ravis = DeviceClaim(cookie=(await desk.sign_up(RAVI_NAME, RAVI_PHONE)).device_cookie)

    async def ask(purpose: Purpose, device: DeviceClaim | None) -> OtpSent | Refused:
        clock.advance(seconds=61)
        home = "203.0.113.7"
        return await desk.signin.start("india", ASHA_PHONE, purpose, home, "en", device)

    made_up = DeviceClaim(cookie=encode(b"x" * 32))
    for device in (None, ravis, made_up, None):
        await ask(Purpose.ENTER, device)
    turned_away = [await ask(Purpose.ENTER, device) for device in (None, ravis, made_up)]
    assert {refused(answer) for answer in turned_away} == {SigninReason.OTP_SENDS_SPENT}
    entering = await ask(Purpose.ENTER, known)
    assert isinstance(entering, OtpSent)
    assert isinstance(await desk.signin.confirm(entering.id, await desk.code()), Confirmed)
    reset = await ask(Purpose.RESET_PIN, known)
    assert isinstance(reset, OtpSent)
    assert isinstance(await desk.signin.confirm(reset.id, await desk.code()), Confirmed)
    answers = [await ask(Purpose.ENTER, known) for _ in range(4)]
    assert [isinstance(answer, OtpSent) for answer in answers] == [True, True, True, False]
    last, stranger = answers[-1], await ask(Purpose.ENTER, None)
    assert isinstance(last, Refused)
    assert isinstance(stranger, Refused)  # and the one no is like the other
    waits = last.facts["wait_seconds"] - 61, stranger.facts["wait_seconds"]
    assert (last.code, waits[0]) == (stranger.code, waits[1])


@pytest.mark.parametrize(
    "networks, most",
    [
        (["203.0.113.7"], 3),
        (["2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::9"], 3),  # one customer's /64
        (["2001:db8:1::1", "2001:db8:2::1"], 6),
        ([f"2001:db8:1:{n}::1" for n in range(16)], 12),  # a rented /48 has four customers' budget
        ([None], 16),
    ],
)
async def test_a_network_gets_so_many_codes_an_hour(
    db: Database, clock: SetClock, ids: Ids, networks: list[str | None], most: int
) -> None:
    desk = Desk.over(db, clock, ids, Terms(sends_per_network_hour_max=3))
    sent = 0
    for n in range(16):
        network = networks[n % len(networks)]
        phone = f"+9190000000{n:02d}"
        answer = await desk.signin.start("india", phone, Purpose.ENTER, network, "en")
        sent += isinstance(answer, OtpSent)
    assert sent == most


async def test_numbers_in_a_row_do_not_all_get_messages(
    db: Database, clock: SetClock, ids: Ids
) -> None:
    desk = Desk.over(db, clock, ids, Terms(sends_per_range_hour_max=3, sends_per_range_day_max=5))

    async def sent(first: int, count: int) -> int:
        said = [
            await desk.signin.start(
                "india", f"+9190000{n:05d}", Purpose.ENTER, f"10.0.0.{n % 200}", "en"
            )
            for n in range(first, first + count)
        ]
        return sum(isinstance(one, OtpSent) for one in said)

    assert await sent(20_000, 6) == 3
    assert await sent(30_000, 2) == 2  # the next ten thousand
    clock.advance(hours=1)
    assert await sent(20_010, 6) == 2  # the day's are spent
    clock.advance(days=1)
    assert await sent(20_020, 1) == 1


async def test_a_device_that_is_known_gets_its_code_though_the_neighbours_are_spent(
    db: Database, clock: SetClock, ids: Ids
) -> None:
    desk = Desk.over(db, clock, ids, Terms(sends_per_range_hour_max=2))
    asha = await desk.sign_up()
    for n in range(5):
        await desk.signin.start("india", f"{ASHA_PHONE[:-1]}{n}", Purpose.ENTER, None, "en")
    clock.advance(minutes=2)
    start = desk.signin.start
    stranger = await start("india", ASHA_PHONE, Purpose.ENTER, None, "en")
    assert refused(stranger) is SigninReason.OTP_SENDS_SPENT
    known = DeviceClaim(cookie=asha.device_cookie)
    own = await start("india", ASHA_PHONE, Purpose.ENTER, None, "en", known)
    assert isinstance(own, OtpSent)


async def test_a_network_gets_so_many_codes_a_day(db: Database, clock: SetClock, ids: Ids) -> None:
    desk = Desk.over(db, clock, ids, Terms(sends_per_network_day_max=3))
    said = []
    for n in range(4):
        clock.advance(hours=1)
        phone = f"+91900000000{n}"
        said.append(await desk.signin.start("india", phone, Purpose.ENTER, "203.0.113.7", "en"))
    assert [isinstance(one, OtpSent) for one in said] == [True, True, True, False]


async def test_a_code_that_is_not_sent_costs_the_phone_nothing(
    db: Database, clock: SetClock, ids: Ids
) -> None:
    desk = Desk.over(db, clock, ids, Terms(sends_per_network_hour_max=1))
    crowded, quiet = "203.0.113.9", "203.0.113.10"
    phones = [f"+91900000010{n}" for n in range(8)]
    await desk.signin.start("india", "+919000000099", Purpose.ENTER, crowded, "en")
    for phone in phones * 5:  # the network's codes are spent: none of these is sent
        answer = await desk.signin.start("india", phone, Purpose.ENTER, crowded, "en")
        assert refused(answer) is SigninReason.OTP_SENDS_SPENT
    for n, phone in enumerate(phones):
        answer = await desk.signin.start("india", phone, Purpose.ENTER, f"{quiet}{n}", "en")
        assert isinstance(answer, OtpSent), (phone, answer)


# --- enumeration ---------------------------------------------------------------------------------


async def test_start_is_alike_for_a_phone_with_and_without_a_wallet(
    desk: Desk, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.sign_up()
    clock.advance(hours=1)
    asked: list[str] = []
    for verb in ("all", "one", "value", "run"):
        plain = getattr(desk.db, verb)

        async def heard(sql: str, *args: object, _plain=plain) -> object:  # type: ignore[no-untyped-def]
            asked.append(" ".join(sql.split()))
            return await _plain(sql, *args)

        monkeypatch.setattr(desk.db, verb, heard)

    async def what_happens(phone: str, purpose: Purpose) -> tuple[object, ...]:
        asked.clear()
        answers: list[object] = []
        for _ in range(7):
            answer = await desk.signin.start("india", phone, purpose, None, "en")
            if isinstance(answer, Refused):
                answers.append((answer.code, dict(answer.facts)))
            else:
                answers.append((len(answer.id), answer.expires_at - clock.now(), answer.digits))
            clock.advance(minutes=1)
        return answers, tuple(asked)

    for purpose in (Purpose.ENTER, Purpose.RESET_PIN):
        known = await what_happens(ASHA_PHONE, purpose)
        clock.advance(minutes=53)  # the same minute of the next hour
        unknown = await what_happens(RAVI_PHONE, purpose)
        assert known == unknown
        clock.advance(hours=1)
    assert not [sql for sql in asked if "parties." in sql]


async def test_what_follows_tells_only_who_holds_the_phone(desk: Desk, clock: SetClock) -> None:
    await desk.sign_up()
    clock.advance(hours=1)
    assert (await desk.prove()).known
    assert not (await desk.prove(RAVI_PHONE)).known


# --- secrecy -------------------------------------------------------------------------------------


async def test_no_code_is_ever_logged(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    sent = await desk.send()
    code = await desk.code()
    await desk.signin.confirm(sent.id, other_than(code))
    await desk.signin.confirm(sent.id, code)
    assert code not in caplog.text


# --- for one payment -----------------------------------------------------------------------------

CONTENT = "pay|shop|10000|INR"


async def challenged(desk: Desk) -> tuple[SignedIn, str]:
    entered = await desk.sign_up()
    session = await desk.session(entered.token)
    desk.clock.advance(seconds=1)
    operation = desk.ids.new()
    facts = {"amount": Money(10_000, "INR"), "payee": "Asha's Tea Corner"}
    sent = await desk.signin.challenge(session, operation, CONTENT, facts)
    assert isinstance(sent, OtpSent)
    letters = await desk.notify.inbox("india", ASHA_PHONE)
    assert "to pay ₹100.00 to Asha's Tea Corner" in letters[0].text
    return entered, str(operation)


async def test_a_payments_code_proves_that_payment_and_no_other(desk: Desk, ids: Ids) -> None:
    entered, operation_text = await challenged(desk)
    operation = type(entered.party.id)(operation_text)
    code = await desk.code()
    me = entered.party.id

    async def proven(party=me, op=operation, content=CONTENT, shown=code) -> object:  # type: ignore[no-untyped-def]
        return await desk.signin.proven(party, op, content, shown)

    assert refused(await proven(op=ids.new())) is SigninReason.OTP_EXPIRED
    assert refused(await proven(party=ids.new())) is SigninReason.OTP_EXPIRED
    assert refused(await proven(content="pay|thief|10000|INR")) is SigninReason.OTP_WRONG
    assert refused(await proven(shown=other_than(code))) is SigninReason.OTP_WRONG
    assert await proven() is None
    assert await proven() is None  # a retry of the same payment is the same payment
    assert refused(await proven(content="pay|shop|99999|INR")) is SigninReason.OTP_WRONG
    desk.clock.advance(minutes=5)
    assert refused(await proven()) is SigninReason.OTP_EXPIRED


async def test_payments_codes_and_strangers_sign_ins_do_not_share_a_networks_budget(
    db: Database, clock: SetClock, ids: Ids
) -> None:
    desk = Desk.over(db, clock, ids, Terms(sends_per_network_hour_max=2, challenges_per_hour_max=3))
    session = await desk.session((await desk.sign_up()).token)
    facts = {"amount": Money(10_000, "INR"), "payee": "Asha's Tea Corner"}
    carrier = "203.0.113.7"  # one address for all customers of a carrier, Asha among them

    async def pays() -> object:
        return await desk.signin.challenge(session, ids.new(), CONTENT, facts)

    assert isinstance(await pays(), OtpSent)
    stranger = await desk.signin.start("india", RAVI_PHONE, Purpose.ENTER, carrier, "en")
    assert isinstance(stranger, OtpSent)
    full = await desk.signin.start("india", "+919000000011", Purpose.ENTER, carrier, "en")
    assert refused(full) is SigninReason.OTP_SENDS_SPENT
    assert [isinstance(await pays(), OtpSent) for _ in range(3)] == [True, True, False]


async def test_hundreds_behind_one_address_sign_up_in_an_hour(desk: Desk) -> None:
    sent = 0
    for n in range(200):
        phone = f"+919000000{n:03d}"
        answer = await desk.signin.start("india", phone, Purpose.ENTER, "203.0.113.7", "en")
        sent += isinstance(answer, OtpSent)
    assert sent == 200


async def test_a_payments_code_opens_no_door(desk: Desk) -> None:
    await challenged(desk)
    row = await desk.db.one("SELECT subject, id FROM signin.code WHERE purpose = 'payment'")
    assert row is not None
    otp_id = encode(row["subject"] + row["id"].bytes)
    answer = await desk.signin.confirm(otp_id, await desk.code())
    assert isinstance(answer, Refused)


async def test_somebody_else_cannot_use_a_payments_code(desk: Desk) -> None:
    _, operation_text = await challenged(desk)
    code = await desk.code()
    ravi = await desk.sign_up(RAVI_NAME, RAVI_PHONE)
    operation = type(ravi.party.id)(operation_text)
    answer = await desk.signin.proven(ravi.party.id, operation, CONTENT, code)
    assert refused(answer) is SigninReason.OTP_EXPIRED


async def test_what_is_over_is_pruned(desk: Desk, clock: SetClock) -> None:
    await desk.prove()
    clock.advance(days=1, hours=1)
    await desk.signin.prune()
    for table in ("code", "ticket", "sends"):
        assert await desk.db.value(f"SELECT count(*) FROM signin.{table}") == 0

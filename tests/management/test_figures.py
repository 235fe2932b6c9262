"""What the operator sees of messages and funnels at the terminal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from argosy.base.orders.money_back import Late
from argosy.management.figures import funnels, late, messages
from argosy.public_services.funnel.facts import Count, Funnel, Step
from argosy.public_services.funnel.funnel import drawn
from argosy.public_services.notify.tallies import Outcome, Problem, Standing, Went


def test_messages_are_told_by_way_with_what_went_wrong() -> None:
    at = datetime(2026, 11, 22, 4, 30, tzinfo=UTC)
    standing = Standing(
        3,
        timedelta(seconds=95, microseconds=7),
        1,
        (Went("india", "sms", "smpp", Outcome.SENT, 1200),),
        (Problem(at, "india", "signin.code_enter", "sms: never"),),
    )
    assert list(messages(standing)) == [
        "waiting 3, the oldest for 0:01:35",
        "failed  1",
        "market         way     carrier    outcome     messages",
        "india          sms     smpp       sent            1200",
        "2026-11-22T04:30:00+00:00 india signin.code_enter: sms: never",
    ]
    assert list(messages(Standing(0, None, 0, (), ()))) == ["waiting 0", "failed  0"]


def test_a_funnel_is_drawn_with_what_came_through() -> None:
    steps = (Step("form"), Step("code", optional=True), Step("paid"))
    counts = {
        "form": Count(reached=1200, bytes_in=1200 * 800),
        "code": Count(reached=12),
        "paid": Count(reached=900, refused=31, micros=9_310_000),
    }
    pay = Funnel("pay", "lite", 2, "india", tuple(drawn(steps, counts)))
    title, form, code, paid = funnels([pay])
    assert title == "pay, lite, version 2, india"
    assert form.split()[:4] == ["form", "#" * 24, "1200", "800"]
    assert code.split()[:3] == ["(code)", "12", "1%"]
    assert paid.split()[:4] == ["paid", "#" * 18, "900", "75%"]
    assert paid.endswith("10.0 ms refused 31")
    assert list(funnels([])) == ["Nothing was counted on these days."]


def test_failed_payments_that_are_late_are_told_with_their_sum() -> None:
    at = datetime(2026, 11, 20, 4, 30, tzinfo=UTC)
    assert list(late([Late("india", "top_up", 2, 300_50, "INR", at)])) == [
        "india          top_up          2 orders, 300.50 INR, since 2026-11-20T04:30:00+00:00"
    ]
    assert list(late([])) == ["No failed payment is late."]

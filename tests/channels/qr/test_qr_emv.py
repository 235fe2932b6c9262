"""EMVCo codes: read, written, and refused when anything in them is wrong."""

from __future__ import annotations

import random
import string

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from argosy.base.refusals import Refused
from argosy.channels.qr import emv
from argosy.channels.qr.emv import Code, Field, leaf, template
from argosy.channels.qr.reasons import CodeReason

# Composed by hand from the layout, with check sums of a second implementation (below).
STATIC = (
    "00020101021126350010A00000052401171234567890@argosy5204541153033565802IN5908Tea Shop"
    "6004Pune6304CE44"
)
OTHER_ORDER = (
    "0002010102115908Tea Shop6004Pune5802IN530335652045411"
    "26350010A00000052401171234567890@argosy62110507ORD-123"
)
PROMPTPAY = "00020101021129370016A0000006770101110113006681234567853037645802TH6304823E"
UNICODE = (
    "00020101021126350010A00000052401171234567890@argosy5204541153033565802IN5904Chai6004Pune"
    "64120002hi0102चा"
)


def table_crc(text: str) -> str:
    """A second, independent CRC-16/CCITT-FALSE, by table."""
    table = []
    for byte in range(256):
        value = byte << 8
        for _ in range(8):
            value = (value << 1) ^ 0x1021 if value & 0x8000 else value << 1
        table.append(value & 0xFFFF)
    value = 0xFFFF
    for byte in text.encode("utf-8"):
        value = ((value << 8) & 0xFF00) ^ table[(value >> 8) ^ byte]
    return f"{value:04X}"


def sealed(body: str) -> str:
    """`body` with a right check sum, so that only what stands in it can be wrong."""
    return f"{body}6304{table_crc(body + '6304')}"


def walk(text: str) -> list[tuple[str, str]]:
    """A second, independent reading of the top level, in three lines."""
    found, rest = [], text
    while rest:
        size = int(rest[2:4])
        found.append((rest[:2], rest[4 : 4 + size]))
        rest = rest[4 + size :]
    return found


def refused(text: str) -> tuple[CodeReason, int | None]:
    answer = emv.parse(text)
    assert isinstance(answer, Refused), answer
    assert isinstance(answer.reason, CodeReason)
    return answer.reason, answer.facts.get("position")


def code(text: str) -> Code:
    answer = emv.parse(text)
    assert isinstance(answer, Code), answer
    return answer


# --- the check sum -----------------------------------------------------------------------------


def test_the_published_check_value() -> None:
    assert emv.crc("123456789") == "29B1"


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_the_check_sum_agrees_with_a_second_implementation(text: str) -> None:
    assert emv.crc(text) == table_crc(text)


# --- reading -----------------------------------------------------------------------------------


def test_a_static_code_says_what_stands_in_it() -> None:
    read = code(STATIC)
    assert read.leaves() == {
        "00": "01",
        "01": "11",
        "26.00": "A000000524",
        "26.01": "1234567890@argosy",
        "52": "5411",
        "53": "356",
        "58": "IN",
        "59": "Tea Shop",
        "60": "Pune",
    }
    assert read.get("26", "01") == "1234567890@argosy"
    assert read.get("26", "77") is None
    assert read.get("99") is None
    assert read.get("59", "00") is None


def test_a_second_reading_finds_the_same_fields() -> None:
    assert walk(STATIC)[:-1] == [(one.id, one.value) for one in code(STATIC).fields]
    assert walk(STATIC)[-1] == ("63", "CE44")


def test_the_order_is_free_at_every_level() -> None:
    read = code(sealed(OTHER_ORDER))
    assert read.get("26", "01") == "1234567890@argosy"
    assert read.get("62", "05") == "ORD-123"
    turned = sealed("00020126310117" + "1234567890@argosy" + "0006A00000")
    assert code(turned).get("26", "00") == "A00000"


def test_lengths_count_characters_and_not_bytes() -> None:
    assert code(sealed(UNICODE)).get("64", "01") == "चा"


def test_unknown_fields_are_kept() -> None:
    read = code(sealed("0002016503abc7902xy80080004uuid"))
    assert read.leaves() == {"00": "01", "65": "abc", "79": "xy", "80.00": "uuid"}


def test_the_check_sum_is_read_in_either_case() -> None:
    lower = STATIC[:-4] + STATIC[-4:].lower()
    assert lower != STATIC
    assert code(lower) == code(STATIC)


def test_another_countrys_code_is_read() -> None:
    assert code(PROMPTPAY).get("29", "01") == "0066812345678"


def sealed_at(body: str) -> str:
    return sealed("000201" + body)


REFUSALS = [
    # what is wrong               body after 000201                  position
    ("a length beyond the end", "5910Tea", 6),
    ("a head without its end", "591", 6),
    ("a field that is doubled", "5802IN5802IN", 12),
    ("an empty field", "5900", 6),
    ("letters for a length", "59xxTea", 6),
    ("letters for an id", "x902ab", 6),
    ("arabic digits for a length", "59\u0660\u0663Tea", 6),
    ("full-width digits for an id", "\uff15\uff19" + "03Tea", 6),
    ("a superscript for a length", "590\u00b3Tea", 6),
    ("a name of 26 characters", "5926" + "x" * 26, 6),
    ("a city of 16 characters", "6016" + "x" * 16, 6),
    ("an amount of 14 characters", "541412345678901.23", 6),
    ("a country of three letters", "5803IND", 6),
    ("a currency of two digits", "530235", 6),
    ("a template that is not one", "2604abcd", 10),
    ("a length beyond its template", "26060009ab", 10),
    ("a doubled field in a template", "26100001a0001b", 15),
    ("a check sum in the middle", "6304ABCD5802IN", 6),
    ("a second version", "000201", 6),
]


@pytest.mark.parametrize("body, position", [r[1:] for r in REFUSALS], ids=[r[0] for r in REFUSALS])
def test_what_is_refused_and_where(body: str, position: int) -> None:
    assert refused(sealed_at(body)) == (CodeReason.CODE_UNREADABLE, position)


@pytest.mark.parametrize(
    "text, reason",
    [
        ("", CodeReason.CODE_UNREADABLE),
        ("hello", CodeReason.CODE_UNREADABLE),
        ("https://example.org/pay", CodeReason.CODE_UNREADABLE),
        ("000201", CodeReason.CODE_CORRUPTED),
        ("0002016304", CodeReason.CODE_CORRUPTED),
        (STATIC[:-1], CodeReason.CODE_CORRUPTED),
        (STATIC + "0", CodeReason.CODE_CORRUPTED),
        (STATIC + "\n", CodeReason.CODE_UNREADABLE),
        (STATIC[:-4] + "0000", CodeReason.CODE_CORRUPTED),
        (STATIC[:-4] + "GGGG", CodeReason.CODE_CORRUPTED),
        (sealed("000202" + STATIC[6:-8]), CodeReason.CODE_UNREADABLE),
        (sealed_at("5903a\u202eb"), CodeReason.CODE_UNREADABLE),
        (sealed_at("5903a\x00b"), CodeReason.CODE_UNREADABLE),
        ("000201" + "\ud800" * 20, CodeReason.CODE_UNREADABLE),
        (
            sealed_at("".join(f"{n}99" + "x" * 99 for n in range(65, 70))),
            CodeReason.CODE_UNREADABLE,
        ),
    ],
)
def test_what_is_no_code(text: str, reason: CodeReason) -> None:
    assert refused(text)[0] is reason


def test_the_shortest_code_is_read() -> None:
    assert code(sealed("000201")).fields == (Field("00", "01"),)


# --- every corruption --------------------------------------------------------------------------

CODES = [
    STATIC,
    PROMPTPAY,
    sealed(UNICODE),
    sealed("000201" + "5303414" + "54051.005" + "5802XA"),
]
TRIED = string.digits + string.ascii_letters + string.punctuation + " é₹७"


def same_check_sum(text: str, at: int, char: str) -> bool:
    """Whether only the case of a digit of the check sum changes: that is the same code."""
    return at >= len(text) - 4 and char.upper() == text[at].upper()


@pytest.mark.parametrize("text", CODES)
def test_every_single_wrong_character_is_refused(text: str) -> None:
    for at in range(len(text)):
        for char in TRIED:
            if char == text[at] or same_check_sum(text, at, char):
                continue
            wrong = text[:at] + char + text[at + 1 :]
            assert isinstance(emv.parse(wrong), Refused), wrong


@pytest.mark.parametrize("text", CODES)
def test_every_missing_doubled_or_swapped_character_is_refused(text: str) -> None:
    for at in range(len(text)):
        doubled = text[:at] + text[at] + text[at:]
        missing = text[:at] + text[at + 1 :]
        assert isinstance(emv.parse(doubled), Refused), doubled
        assert isinstance(emv.parse(missing), Refused), missing
        if at and text[at] != text[at - 1]:
            swapped = text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :]
            assert isinstance(emv.parse(swapped), Refused), swapped


@pytest.mark.parametrize("text", CODES)
def test_every_cut_is_refused(text: str) -> None:
    for at in range(len(text)):
        assert isinstance(emv.parse(text[:at]), Refused), text[:at]


def test_the_guard_can_fail() -> None:
    """The twin: a wrong character under a check sum made anew is not seen, so it is the sum that sees."""
    assert isinstance(emv.parse(STATIC.replace("Tea", "Sea")), Refused)
    assert isinstance(emv.parse(sealed(STATIC[:-8].replace("Tea", "Sea"))), Code)


# --- writing -----------------------------------------------------------------------------------


def test_a_code_is_written_as_composed_by_hand() -> None:
    written = emv.build(
        [
            leaf("01", "11"),
            template("26", [leaf("00", "A000000524"), leaf("01", "1234567890@argosy")]),
            leaf("52", "5411"),
            leaf("53", "356"),
            leaf("58", "IN"),
            leaf("59", "Tea Shop"),
            leaf("60", "Pune"),
        ]
    )
    assert written == STATIC


@pytest.mark.parametrize(
    "fields, named, most",
    [
        ([leaf("59", "x" * 26)], "59", 25),
        ([leaf("60", "x" * 16)], "60", 15),
        ([leaf("54", "1" * 14)], "54", 13),
        ([leaf("65", "x" * 100)], "65", 99),
        ([template("62", [leaf("05", "x" * 26)])], "62.05", 25),
        ([template("26", [leaf("00", "x" * 60), leaf("01", "x" * 60)])], "26", 99),
        ([leaf(f"{n}", "x" * 99) for n in range(65, 71)], "code", 512),
    ],
)
def test_what_is_too_long_is_refused_and_not_cut(
    fields: list[Field], named: str, most: int
) -> None:
    answer = emv.build(fields)
    assert isinstance(answer, Refused)
    assert answer.reason is CodeReason.CODE_FIELD_TOO_LONG
    assert dict(answer.facts) == {"field": named, "most": most}


@pytest.mark.parametrize(
    "fields",
    [
        [leaf("59", "")],
        [leaf("58", "IND")],
        [leaf("59", "a"), leaf("59", "b")],
        [leaf("5", "abc")],
        [leaf("59", "a\nb")],
        [leaf("59", "\ud800")],
        [leaf("26", "not fields")],
    ],
)
def test_nothing_is_written_that_would_be_refused(fields: list[Field]) -> None:
    assert isinstance(emv.build(fields), Refused)


VALUES = st.text(
    st.characters(
        exclude_categories=("Cs", "Cc"),
        exclude_characters="\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
    ),
    min_size=1,
    max_size=12,
)
PLAIN = [f"{n:02d}" for n in (*range(2, 26), *range(65, 80))]
TEMPLATES = [f"{n:02d}" for n in (*range(26, 52), *range(80, 100))]
LEAVES = st.builds(leaf, st.sampled_from(PLAIN), VALUES)
PARTS = st.lists(
    st.builds(leaf, st.sampled_from([f"{n:02d}" for n in range(100)]), VALUES),
    min_size=1,
    max_size=4,
    unique_by=lambda one: one.id,
)
ROWS = st.lists(
    st.one_of(LEAVES, st.builds(template, st.sampled_from(TEMPLATES), PARTS)),
    max_size=6,
    unique_by=lambda one: one.id,
)


@settings(deadline=None)
@given(ROWS)
def test_what_is_written_is_read_again(row: list[Field]) -> None:
    text = emv.build(row)
    assert isinstance(text, str)
    read = code(text)
    assert list(read.fields[1:]) == row
    assert emv.build(read.fields) == text
    assert text[-4:] == table_crc(text[:-4])


@settings(max_examples=400, deadline=None)
@given(st.text())
@example("000201\ud800\ud8006304ABCD")
@example("\x00" * 600)
def test_no_text_makes_it_raise(text: str) -> None:
    assert isinstance(emv.parse(text), Refused)
    assert isinstance(emv.parse_fields(text), tuple | Refused)


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([*"0123456789", "00", "26", "62", "x", "é", "\u0663"]), max_size=60)
)
def test_no_sealed_nonsense_makes_it_raise(pieces: list[str]) -> None:
    emv.parse(sealed("000201" + "".join(pieces)))


@settings(deadline=None)
@given(st.integers(0, 10**9), st.integers(2, 6))
def test_several_wrong_characters_are_refused(seed: int, many: int) -> None:
    """Not promised by the standard, but what happens: sixteen bits let one in 65,536 through, and the
    field structure most of those not."""
    chance = random.Random(seed)
    chars = list(STATIC)
    for at in chance.sample(range(6, len(chars) - 8), many):
        chars[at] = chance.choice(string.ascii_letters + string.digits)
    text = "".join(chars)
    answer = emv.parse(text)
    lucky = table_crc(text[:-4]) == text[-4:]
    assert isinstance(answer, Refused) or text == STATIC or lucky

"""Every field of the standard by its name, in any order, and each scheme's own payee."""

from __future__ import annotations

import string
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argosy.base.refusals import Refused
from argosy.channels.qr import emv, merchant, standard
from argosy.channels.qr.emv import Code, Field, leaf, template
from argosy.channels.qr.merchant import Place
from argosy.channels.qr.reasons import CodeReason
from argosy.channels.qr.schemes import bharatqr, not_taken, promptpay, qris, qrph, schemes
from argosy.channels.qr.standard import Additional, Local, MerchantCode, Tip, TipKind

OWN = template("26", [leaf("00", "com.example"), leaf("01", "12345")])
FULL = MerchantCode(
    (leaf("02", "4000123456789012"), OWN),
    "764",
    "TH",
    "5411",
    "120.50",
    "Somchai Tea",
    "Bangkok",
    "10110",
    True,
    Tip(TipKind.PERCENT, basis_points=750),
    Additional(
        "B1", "***", "S1", "L1", "R1", "C1", "T1", "tea", "AME",
        marks=(leaf("00", "org.example"),), more=(leaf("50", "x"),),
    ),
    Local("th", "ร้านชาสมชาย", "กรุงเทพ"),
    (template("80", [leaf("00", "org.x"), leaf("01", "y")]), leaf("65", "later")),
)  # fmt: skip
SAMPLES = {
    "full": FULL,
    "fixed tip": replace(FULL, tip=Tip(TipKind.FIXED, "5.00"), local=None),
    "tip asked": replace(FULL, tip=Tip(TipKind.ASK), amount="", dynamic=False),
    "bare": MerchantCode((OWN,), "360", "ID"),
}


def written(code: MerchantCode) -> str:
    text = standard.encode(code)
    assert isinstance(text, str), text
    return text


def sealed(body: str) -> str:
    return f"{body}6304{emv.crc(body + '6304')}"


def parsed(text: str | Refused) -> Code:
    code = emv.parse(str(text))
    assert isinstance(code, Code), code
    return code


def bare(rows: tuple[Field, ...] | Refused) -> Code:
    """The fields of a payee inside a whole code, read again."""
    assert not isinstance(rows, Refused), rows
    return parsed(standard.encode(MerchantCode(rows, "764", "TH")))


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_what_is_written_is_read_again(sample: MerchantCode) -> None:
    assert standard.decode(written(sample)) == sample


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_every_single_character_corruption_is_refused(sample: MerchantCode) -> None:
    """Exhaustive: every position, every other printable ASCII character, and one of another script."""
    text = written(sample)
    others = string.ascii_letters + string.digits + string.punctuation + " ก"
    for at, right in enumerate(text):
        for other in others:
            if other == right or (at >= len(text) - 4 and other == right.lower()):
                continue
            said = emv.parse(text[:at] + other + text[at + 1 :])
            assert isinstance(said, Refused), (at, other)


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_a_lost_a_doubled_and_a_swapped_character_are_refused(sample: MerchantCode) -> None:
    text = written(sample)
    for at in range(len(text)):
        assert isinstance(emv.parse(text[:at] + text[at + 1 :]), Refused)
        assert isinstance(emv.parse(text[:at] + text[at] + text[at:]), Refused)
        if at and text[at] != text[at - 1]:
            swapped = text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :]
            assert isinstance(emv.parse(swapped), Refused)


@settings(max_examples=150, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_middle_is_read_in_any_order(chance: object) -> None:
    middle = list(parsed(written(FULL)).fields[1:])
    chance.shuffle(middle)  # type: ignore[attr-defined]
    text = emv.build(middle)
    assert isinstance(text, str)
    read = standard.decode(text)
    assert isinstance(read, MerchantCode)
    same = replace(
        read,
        accounts=tuple(sorted(read.accounts, key=lambda f: f.id)),
        more=tuple(sorted(read.more, key=lambda f: f.id, reverse=True)),
    )
    assert same == FULL
    assert emv.build(parsed(text).fields) == text


def test_lengths_count_characters_and_not_bytes() -> None:
    text = written(FULL)
    assert "0111ร้านชาสมชาย" in text
    assert "0105茶館的名字" in written(replace(FULL, local=Local("zh", "茶館的名字")))


LETTERS = st.characters(min_codepoint=32, max_codepoint=0x0E7F, categories=("L", "N", "P"))
TEXTS = st.text(LETTERS, min_size=1, max_size=25)


@settings(deadline=None)
@given(TEXTS, st.text(string.digits, min_size=1, max_size=10), st.integers(1, 9999), TEXTS)
def test_any_fitting_values_come_back(name: str, postal: str, points: int, note: str) -> None:
    code = replace(
        FULL,
        name=name,
        postal=postal,
        tip=Tip(TipKind.PERCENT, basis_points=points),
        additional=Additional(purpose=note),
    )
    assert standard.decode(written(code)) == code


@pytest.mark.parametrize(
    "changed, field, reason",
    [
        ({"accounts": ()}, "02-51", "code_field_unfit"),
        ({"accounts": (leaf("52", "1"),)}, "52", "code_field_unfit"),
        ({"more": (leaf("51", "1"),)}, "51", "code_field_unfit"),
        ({"name": "x" * 26}, "59", "code_field_too_long"),
        ({"city": "x" * 16}, "60", "code_field_too_long"),
        ({"postal": "1" * 11}, "61", "code_field_too_long"),
        ({"amount": "1" * 14}, "54", "code_field_too_long"),
        ({"amount": "1,00"}, "54", "code_field_unfit"),
        ({"category": "54"}, "52", "code_field_unfit"),
        ({"currency": ""}, "53", "code_field_unfit"),
        ({"currency": "THB"}, "53", "code_field_unfit"),
        ({"country": "T1"}, "58", "code_field_unfit"),
        ({"tip": Tip(TipKind.FIXED)}, "56", "code_field_unfit"),
        ({"tip": Tip(TipKind.FIXED, "0.00")}, "56", "code_field_unfit"),
        ({"tip": Tip(TipKind.PERCENT)}, "57", "code_field_unfit"),
        ({"tip": Tip(TipKind.PERCENT, basis_points=10_000)}, "57", "code_field_too_long"),
        ({"additional": Additional(bill="x" * 26)}, "62.01", "code_field_too_long"),
        ({"additional": Additional(request="AMEX")}, "62.09", "code_field_too_long"),
        ({"local": Local("tha", "x")}, "64.00", "code_field_too_long"),
        ({"local": Local("th", "ช" * 26)}, "64.01", "code_field_too_long"),
        ({"local": Local("th", "x", "ก" * 16)}, "64.02", "code_field_too_long"),
        ({"accounts": (leaf("26", "x" * 100),)}, "26", "code_field_too_long"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_and_never_cut(
    changed: dict[str, object], field: str, reason: str
) -> None:
    said = standard.encode(replace(FULL, **changed))  # type: ignore[arg-type]
    assert isinstance(said, Refused)
    assert (said.code, said.facts["field"]) == (reason, field)


@pytest.mark.parametrize(
    "body, problem",
    [
        ("00020101021354041.00", "not 11"),
        ("0002015204541A", "a category"),
        ("00020154031,0", "not an amount"),
        ("000201550204", "not 01"),
        ("000201560410.0", "without field 55"),
        ("00020155020256041.00570210", "field 57 stands"),
        ("000201550201560410.0", "field 56 stands"),
        ("000201550203", "field 57 stands"),
        ("0002015502035704100%", "percentage"),
        ("00020158021D", "two letters"),
    ],
)
def test_what_contradicts_itself_is_refused_with_its_place(body: str, problem: str) -> None:
    said = standard.decode(sealed(body))
    assert isinstance(said, Refused), said
    assert said.reason is CodeReason.CODE_UNREADABLE
    assert problem in said.facts["problem"]
    assert said.facts["position"] > 0


def test_what_the_standard_wants_and_the_code_lacks_is_known() -> None:
    assert SAMPLES["bare"].missing == ("52", "59", "60")
    assert FULL.missing == ()


def test_plain_text_in_an_open_field_is_kept_and_written_back() -> None:
    """Thai wallets put a message into 81, as hexadecimal digits without any fields in it."""
    text = sealed("0002015303764580 2TH".replace(" ", "") + "8108003A0E2A")
    read = standard.decode(text)
    assert isinstance(read, MerchantCode)
    assert read.more == (leaf("81", "003A0E2A"),)
    assert emv.build(parsed(text).fields) == text


@given(st.text(max_size=80))
def test_no_text_makes_it_raise(text: str) -> None:
    standard.decode(text)
    standard.decode(sealed("000201" + text.encode("utf-8", "replace").decode()))


# --- schemes -------------------------------------------------------------------------------------


def test_promptpay_as_everybody_writes_it() -> None:
    """The example of the standard's own tutorial: 0812345678, no amount."""
    payee = promptpay.PromptPay(promptpay.Proxy.MOBILE, "+66812345678")
    rows = payee.fields()
    assert not isinstance(rows, Refused)
    text = emv.build([leaf("01", "11"), *rows, leaf("58", "TH"), leaf("53", "764")])
    assert text == "00020101021129370016A000000677010111011300668123456785802TH5303764" + "6304" + (
        emv.crc(str(text)[:-4])
    )


@pytest.mark.parametrize(
    "payee",
    [
        promptpay.PromptPay(promptpay.Proxy.MOBILE, "+66812345678"),
        promptpay.PromptPay(promptpay.Proxy.TAX_ID, "1234567890123"),
        promptpay.PromptPay(promptpay.Proxy.WALLET, "004999000288505"),
        promptpay.PromptPay(promptpay.Proxy.ACCOUNT, "0141234567890"),
    ],
)
def test_promptpay_comes_back(payee: promptpay.PromptPay) -> None:
    code = bare(payee.fields())
    assert promptpay.read_promptpay(code) == payee
    assert promptpay.read_bill_payment(code) is None
    assert schemes(code) == ("PromptPay",)


@pytest.mark.parametrize(
    "payee",
    [
        promptpay.PromptPay(promptpay.Proxy.MOBILE, "0812345678"),
        promptpay.PromptPay(promptpay.Proxy.MOBILE, ""),
        promptpay.PromptPay(promptpay.Proxy.TAX_ID, "123"),
        promptpay.PromptPay(promptpay.Proxy.TAX_ID, "١٢٣٤٥٦٧٨٩٠١٢٣"),
        promptpay.BillPayment("1", "REF"),
        promptpay.BillPayment("123456789012345", ""),
        promptpay.BillPayment("123456789012345", "no spaces"),
        qrph.Person("nobic", "1"),
        qrph.Person("PAPHPHM1XXX", ""),
        qrph.Merchant("PAPHPHM1XXX", ""),
        qris.National("NM1234567890123"),
        qris.Acquirer("WWW", "936000140000000012"),
        qris.Acquirer("CO.ARGOSY.WWW", "936000140000000013"),
        qris.Acquirer("CO.ARGOSY.WWW", qris.checked("93600014000000001"), field="46"),
        bharatqr.Upi("nobody"),
        bharatqr.Upi("shop@argosy", least="ten"),
        bharatqr.Upi("shop@argosy", link="https://x.in"),
        bharatqr.Cards({"02": "4"}),
        bharatqr.Cards({"09": "4000123456789012"}),
        bharatqr.Cards({}, "HDFC1234567", "12345"),
    ],
)  # fmt: skip
def test_a_payee_that_is_none_is_refused(payee: object) -> None:
    said = payee.fields()  # type: ignore[attr-defined]
    assert isinstance(said, Refused), said
    assert said.reason is CodeReason.CODE_FIELD_UNFIT


def test_bill_payment_comes_back() -> None:
    bill = promptpay.BillPayment("099400016550100", "REF1A", "2B")
    code = bare(bill.fields())
    assert promptpay.read_bill_payment(code) == bill
    assert promptpay.read_promptpay(code) is None
    assert schemes(code) == ("PromptPay bill payment",)


def test_a_payee_twice_named_or_malformed_is_refused() -> None:
    for parts in (
        [leaf("01", "0066812345678"), leaf("02", "1234567890123")],
        [],
        [leaf("01", "66812345678")],
    ):
        row = template("29", [leaf("00", promptpay.PAY_ID), *parts])
        said = promptpay.read_promptpay(bare((row,)))
        assert isinstance(said, Refused)
        assert said.reason is CodeReason.CODE_UNREADABLE


def test_qr_ph_comes_back() -> None:
    person = qrph.Person("PAPHPHM1XXX", "09171234567", "+639171234567")
    merchant_ = qrph.Merchant("PAPHPHM1XXX", "M-0001", "0123456789")
    code = bare(person.fields())
    assert (qrph.read_person(code), qrph.read_merchant(code)) == (person, None)
    code = bare(merchant_.fields())
    assert (qrph.read_person(code), qrph.read_merchant(code)) == (None, merchant_)
    assert schemes(code) == ("QR Ph",)
    text = standard.encode(
        MerchantCode(
            code.fields[1:2],
            "608",
            "PH",
            additional=Additional(marks=(qrph.additional_mark(),)),
            more=(qrph.own_field("R-1"),),
        )
    )
    assert qrph.reference_of(parsed(text)) == "R-1"
    assert parsed(text).get("62", "00") == "ph.ppmi.qrph"


def test_qris_comes_back() -> None:
    one = qris.Acquirer("CO.ARGOSY.WWW", qris.checked("93600014000000001"), "M1", qris.Size.MICRO)
    two = qris.Acquirer("ID.OTHER.WWW", qris.checked("93600002111111111"), field="27")
    number = qris.National("ID1020000000001", qris.Size.MICRO)
    rows: list[Field] = []
    for payee in (one, two, number):
        fields = payee.fields()
        assert not isinstance(fields, Refused), fields
        rows += fields
    code = bare(tuple(rows))
    assert qris.read_acquirers(code) == (one, two)
    assert qris.read_national(code) == number
    assert schemes(code)[-1] == "QRIS"


def test_check_digits_of_pans() -> None:
    assert qris.checked("7992739871") == "79927398713"
    assert not qris.is_checked("79927398710")
    assert not qris.is_checked("7992739871x")


def test_bharatqr_comes_back() -> None:
    cards = bharatqr.Cards(
        {"02": "4000123456789012", "06": "6100030123456789"}, "HDFC0001234", "50100012345678"
    )
    upi = bharatqr.Upi("shop@argosy", "10.00", "ORDER-1", "https://shop.example/1")
    rows = [*cards.fields(), *upi.fields()]  # type: ignore[misc]
    code = bare(tuple(rows))  # type: ignore[arg-type]
    assert bharatqr.read_cards(code) == cards
    assert bharatqr.read_upi(code) == upi
    assert schemes(code, bharatqr.OWN_FIELDS) == ("Visa", "RuPay", "bank account", "UPI")
    assert bharatqr.read_cards(bare((OWN,))) is None


def test_a_correct_code_that_nobody_takes_is_named() -> None:
    code = bare(promptpay.BillPayment("099400016550100", "REF1").fields())
    said = not_taken(code)
    assert (said.code, said.facts["scheme"]) == ("code_scheme_not_taken", "PromptPay bill payment")
    said = not_taken(parsed(sealed("0002015802TH")))
    assert said.facts["scheme"] == "a scheme without a name"


def test_whole_units_are_written_without_decimals_and_others_with() -> None:
    rupiah = Place("ID", "IDR", "360", whole_units=True)
    assert merchant.money_text(1_500_000, rupiah) == "15000"
    assert merchant.money_text(1_500_050, rupiah) == "15000.50"
    assert merchant.money_text(1_500_000, Place("TH", "THB", "764")) == "15000.00"

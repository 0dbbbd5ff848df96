# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Contacts are judged whole before anything is sent: each fault by its line, and never with what a cell holds."""

from __future__ import annotations

import csv
import io
import math
import random
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.contacts import (
    FILE,
    KINDS,
    MAX_CONTACTS,
    RESERVED,
    ROW,
    Contact,
    Fault,
    Linted,
    batches,
    from_csv,
    from_list,
    report,
)

ONE, TWO, THREE = "+31201234567", "+31201234568", "+31201234569"
HEAD = "number,name,amount\n"
#: A good row that spans lines 2 and 3, so that the next begins in line 4.
TALL = f'{ONE},Jan,"two\nlines"\n'


def row(cells: str) -> str:
    return HEAD + TALL + cells + "\n"


def number(cell: str) -> str:
    return row(f'"{cell}",Piet,1')


#: (kind, line, file). Rows stand behind one of two lines, so that lines and records differ.
FILES: list[tuple[str, int, str | bytes]] = [
    ("not-csv", 1, b"PK\x03\x04 and so on"),
    ("not-csv", 1, b"\xd0\xcf\x11\xe0 and so on"),
    ("utf-16", 1, (HEAD + TALL).encode("utf-16")),
    ("utf-16", 1, (HEAD + TALL).encode("utf-16-le")),
    ("utf-16", 1, (HEAD + TALL).encode("utf-16-be")),
    ("empty-file", 1, b""),
    ("empty-file", 1, b"\xef\xbb\xbf"),
    ("empty-file", 1, "\n\r\n \u00a0\n"),
    ("no-rows", 1, HEAD),
    ("separator", 1, (HEAD + TALL).replace(",", ";")),
    ("separator", 1, (HEAD + TALL).replace(",", "\t")),
    ("separator", 1, (HEAD + TALL).replace(",", "|")),
    ("separator", 1, f"number;amount\n{ONE};1,50\n"),
    ("separator-line", 1, "sep=,\n" + HEAD + TALL),
    ("header-quotes", 1, f'number,"name\n{ONE},Jan\n'),
    ("header-quotes", 1, f'number,na"me\n{ONE},Jan\n'),
    ("header-none", 1, f"{ONE},Jan\n{TWO},Piet\n"),
    ("header-none", 1, f"Jan,{ONE}\n"),
    ("header-number", 1, f"name,amount\nJan,{ONE}\n"),
    *(
        ("header-spelt", 1, f"name,{word}\nJan,{ONE}\n")
        for word in (
            "Number",
            "NUMBER",
            " number",
            "phone",
            "PhoneNumber",
            "phone_number",
            "Phone No.",
            "tel",
            "mobile",
        )
    ),
    ("header-spelt", 1, f"Telefoonnummer,naam\n{ONE},Jan\n"),
    ("header-empty", 1, f"number,name,\n{ONE},Jan,\n"),
    ("header-repeated", 1, f"number,amount,amount\n{ONE},1,2\n"),
    ("header-repeated", 1, f"number,number\n{ONE},{TWO}\n"),
    ("header-space", 1, f"number,first name\n{ONE},Jan\n"),
    ("header-start", 1, f"number,1st\n{ONE},Jan\n"),
    ("header-start", 1, f"number,éé\n{ONE},Jan\n"),
    ("header-marks", 1, f"number,e-mail\n{ONE},1\n"),
    ("header-marks", 1, b"number,pr\xe9nom\n+31201234567,Jan\n"),
    ("header-long", 1, f"number,{'a' * 41}\n{ONE},1\n"),
    *(("header-reserved", 1, f"number,{word}\n{ONE},1\n") for word in sorted(RESERVED)),
    ("blank-row", 4, row("") + f"{TWO},Piet,1\n"),
    ("blank-row", 4, row("   ") + f"{TWO},Piet,1\n"),
    ("blank-row", 1, "\n" + HEAD + TALL),
    ("only-separators", 4, row(",,")),
    ("only-separators", 4, row(" ,, ,,")),
    ("too-few-cells", 4, row(f"{TWO},Piet")),
    ("too-many-cells", 4, row(f"{TWO},Piet,1,2")),
    ("quote-open", 4, row(f'{TWO},"Piet,1\n{THREE},Klaas,2')),
    ("quote-open", 4, row(f'{TWO},"Piet,1\n{THREE},"Klaas",2')),
    ("quote-open", 4, row(f'{TWO},"Piet,1' + "".join(f"\n+3120{at},Klaas,2" for at in range(10**6, 10**6 + 9_000)))),
    ("quote-stray", 4, row(f'{TWO},"Piet"je,1')),
    ("quote-stray", 4, row(f'{TWO},Piet "the man",1')),
    ("quote-stray", 4, row(f'{TWO}, "Piet",1')),
    ("quote-swallows", 4, row(f'{TWO},"Piet,1\n{THREE},Klaas,2\n",3')),
    ("quote-swallows", 4, row(f'{TWO},Piet,"1\n{THREE}"')),
    ("not-utf8", 4, row(f"{TWO},Andr*,1").encode().replace(b"*", b"\xe9")),
    ("not-utf8", 4, row("+31*,Piet,1").encode().replace(b"*", b"\x80")),
    ("control", 4, row(f"{TWO},Pi\0et,1")),
    ("control", 4, row(f"{TWO},Piet,\x1b[0m")),
    ("control", 4, row(f"{TWO}\x7f,Piet,1")),
    ("control", 4, row(f'{TWO},"Pi\net",1')),
    ("control", 4, row(f"{TWO},Pi\tet,1")),
    ("cell-long", 4, row(f"{TWO},Piet,{'a' * 10_001}")),
    ("cell-long", 4, row(f"{TWO},Piet,{'a' * 200_000}")),
    ("name-long", 4, row(f"{TWO},{'a' * 41},1")),
    ("array", 4, row(f'{TWO},Piet,"[1, 2]"')),
    ("array", 4, row(f"{TWO},Piet, []")),
    ("array", 4, row(f"{TWO},Piet,{'[' * 9_999}")),
    ("spreadsheet-error", 4, row(f"{TWO},Piet,#N/A")),
    ("number-missing", 4, row(",Piet,1")),
    ("number-missing", 4, number("  ")),
    ("duplicate", 4, number(ONE)),
    ("not-e164-plus", 4, number(TWO[1:])),
    *(
        ("not-e164-national", 4, number(text))
        for text in ("0201234567", "020 123 4567", "(020) 1234567", "0(20)1234567")
    ),
    ("not-e164-00", 4, number("0031201234567")),
    ("not-e164-zero", 4, number("+0201234567")),
    ("not-e164-short", 4, number("+")),
    ("not-e164-short", 4, number("+312012")),
    ("not-e164-long", 4, number("+3120123456789012")),
    *(
        ("not-e164-marks", 4, number(cell))
        for cell in ("+31 20 1234567", "+31-201234567", "(+31) 201234567", "+31.20.1234567", " " + TWO, TWO + "\u00a0")
    ),
    ("not-e164-trunk", 4, number("+31(0)201234567")),
    *(("not-e164-scientific", 4, number(cell)) for cell in ("3.12E+10", "3,12012E+10", "3e10")),
    ("not-e164-decimal", 4, number("31201234567.0")),
    *(("not-e164-formula", 4, number(cell)) for cell in ("'" + TWO, "=" + TWO, f'=""{TWO}""')),
    ("number-country", 4, number("+9991234567")),
    ("number-invalid", 4, number("+312012345678")),
    ("number-invalid", 4, number("+15550100001")),
    ("number-prefix", 4, number("+310201234567")),
    ("not-e164-uri", 4, number("tel:" + TWO)),
    ("not-e164-letters", 4, number("+31201234567 ext 5")),
    ("not-e164-letters", 4, number("unknown")),
    ("not-e164-digits", 4, number("+٣١٢٠١٢٣٤٥٦٧")),
    ("not-e164-digits", 4, number("+" + "".join(chr(0xFF10 + int(digit)) for digit in ONE[1:]))),
    ("not-e164-invisible", 4, number(f"\u202a{TWO}\u202c")),
    ("not-e164-characters", 4, number("+31201234567#5")),
    ("not-e164-characters", 4, number("31+201234567")),
    ("not-e164-characters", 4, number("+" + TWO)),
    *(
        ("not-e164-two", 4, number(TWO + between + THREE))
        for between in (",", "; ", " / ", " ", " or ", "\n", "|", " and ", "")
    ),
    ("not-e164-two", 4, number("0201234567, 0201234568")),
]

#: (kind, contact). It stands at customers[1], behind a good one.
CONTACTS: list[tuple[str, t.Any]] = [
    ("not-a-dict", ONE),
    ("not-a-dict", None),
    ("key-unknown", {"number": TWO, "phone": "1"}),
    ("key-unknown", {"number": TWO, 1: None}),
    ("number-and-sip", {"number": TWO, "sip_uri": "sip:a@example.com"}),
    ("number-missing", {}),
    ("number-missing", {"number": "", "sip_uri": None, "name": "Jan"}),
    ("sip-uri", {"sip_uri": "a@example.com"}),
    ("sip-uri", {"sip_uri": "tel:+31"}),
    ("sip-uri", {"sip_uri": "sip:a b@example.com"}),
    ("extension-long", {"number": TWO, "extension": "1" * 11}),
    ("not-text", {"number": 31201234568}),
    ("not-text", {"number": TWO, "name": ["Jan"]}),
    ("not-text", {"number": TWO, "extension": 5}),
    ("variables-type", {"number": TWO, "variables": ["amount"]}),
    ("variables-type", {"number": TWO, "variables": "amount"}),
    *(
        ("variable-name", {"number": TWO, "variables": {name: "1"}})
        for name in ("", "a b", "1a", "a-b", "a" * 41, 5, None, *sorted(RESERVED))
    ),
    *(
        ("value-type", {"number": TWO, "variables": {"amount": value}})
        for value in ([1], {"a": 1}, math.nan, math.inf, b"1", object())
    ),
    ("array", {"number": TWO, "variables": {"amount": "[1]"}}),
    ("cell-long", {"number": TWO, "variables": {"amount": "a" * 10_001}}),
    ("control", {"number": TWO, "name": "a\0b"}),
    ("control", {"number": TWO, "extension": "\x01"}),
    ("not-utf8", {"number": TWO, "name": "a\udcff"}),
    ("name-long", {"number": TWO, "name": "a" * 41}),
    ("duplicate", {"number": ONE}),
    ("not-e164-plus", {"number": TWO[1:]}),
    ("not-e164-marks", {"number": "+31 201234567"}),
]


def content(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def adds_up(linted: Linted) -> None:
    """Each row is a contact or has faults, and each fault is one that is known."""
    assert all(fault.kind in KINDS for fault in linted.faults)
    faulty = {fault.where for fault in linted.faults if fault.kind in ROW}
    if any(fault.kind in FILE for fault in linted.faults):
        assert linted.contacts == []
        assert len(faulty) <= linted.row_count
    else:
        assert len(linted.contacts) + len(faulty) == linted.row_count


# -- each fault


@pytest.mark.parametrize(("kind", "line", "text"), FILES, ids=[kind for kind, _line, _text in FILES])
def test_file_with_one_fault_has_one_finding(kind: str, line: int, text: str | bytes) -> None:
    linted = from_csv(content(text))
    assert [(fault.where, fault.kind) for fault in linted.faults] == [(f"line {line}", kind)]
    adds_up(linted)


@pytest.mark.parametrize(("kind", "customer"), CONTACTS, ids=[kind for kind, _customer in CONTACTS])
def test_list_with_one_fault_has_one_finding(kind: str, customer: t.Any) -> None:
    linted = from_list([{"number": ONE}, customer])
    assert [(fault.where, fault.kind) for fault in linted.faults] == [("customers[1]", kind)]
    adds_up(linted)


def test_every_kind_of_fault_has_an_example() -> None:
    assert {kind for kind, *_rest in FILES + CONTACTS} | {"no-rows"} == set(FILE | ROW)
    assert len(KINDS) >= 20
    assert not FILE.keys() & ROW.keys()


def test_messages_are_single_sentences() -> None:
    for kind, (counted, rule) in KINDS.items():
        assert rule.endswith((".", "{hint}.")), kind
        assert ". " not in rule, kind
        assert counted, kind


def test_message_names_column_and_fix() -> None:
    faults = from_csv(row(f"201234567,{'a' * 50},#N/A\n{ONE},Piet,1").encode()).faults
    hint = "in a spreadsheet, format the column as text."
    assert [fault.rule for fault in faults] == [
        f"Column number: has no leading +: write + and the country code, then digits only; {hint}",
        "Column name: is longer than Vapi's limit of 40 characters: shorten it.",
        "Column amount: contains the error of a spreadsheet formula: correct the formula.",
        "Column number: is the same as in line 2: remove one, or the person is called twice.",
    ]
    assert from_list([{"number": "5"}]).faults[0].rule.endswith("then digits only, all in quotes.")
    assert "delimited by tabs" in from_csv(HEAD.replace(",", "\t").encode()).faults[0].rule
    assert from_csv(b"name,Phone\n").faults[0].rule.startswith("Column 2: ")


def places(text: str) -> list[tuple[str, str]]:
    return [(fault.where.removeprefix("line "), fault.kind) for fault in from_csv(text.encode()).faults]


def test_line_numbers_are_those_of_the_file() -> None:
    text = f'number,note\n{ONE},"a\nb\r\nc\rd"\r\n5,\r6,\n{TWO},"\u2028\x0b"\n7,\u0085\n8,'
    assert places(text) == [
        ("6", "not-e164-plus"),
        ("7", "not-e164-plus"),
        ("8", "control"),
        ("9", "not-e164-plus"),
        ("9", "control"),
        ("10", "not-e164-plus"),
    ]
    assert places(f'"number","a_note"\n\n\n{ONE},"\n"\n5,\n') == [
        ("2", "blank-row"),
        ("3", "blank-row"),
        ("6", "not-e164-plus"),
    ]


def test_parsing_continues_after_invalid_row() -> None:
    good = "".join(f'+3120123{number},Jan,"a, b"\n' for number in range(1000, 1100))
    linted = from_csv((HEAD + f'{ONE},"Jan,1\n' + good + f'{TWO},"a"b,1\n' + f'{THREE},x,"1\n2"\n5,,\n').encode())
    assert [(fault.where, fault.kind) for fault in linted.faults] == [
        ("line 2", "quote-open"),
        ("line 103", "quote-stray"),
        ("line 106", "not-e164-plus"),
    ]
    assert len(linted.contacts) == 101
    assert linted.contacts[-1] == {"number": THREE, "name": "x", "variables": {"amount": "1\n2"}}
    adds_up(linted)


def test_rows_are_validated_with_invalid_header() -> None:
    assert places(f"Phone;first name\n5;Jan\n{ONE};#N/A\n{ONE};") == [
        ("1", "separator"),
        ("1", "header-spelt"),
        ("1", "header-space"),
        ("2", "not-e164-plus"),
        ("3", "spreadsheet-error"),
        ("4", "duplicate"),
    ]
    assert places("name,amount\nJan\n,#N/A") == [
        ("1", "header-number"),
        ("2", "too-few-cells"),
        ("3", "spreadsheet-error"),
    ]
    assert places(f"{ONE},Jan\n{ONE},Jan") == [("1", "header-none"), ("2", "duplicate")]
    assert places('number,"na"me\n,\n1,\x01\n') == [
        ("1", "header-quotes"),
        ("2", "only-separators"),
        ("3", "control"),
    ]


def test_column_reports_one_fault_and_row_reports_all() -> None:
    assert places(f"number,name,a,b\n' 31 20 x,{'a' * 50}\0,#N/A,[1]\n0,x\n") == [
        ("2", "not-e164-formula"),
        ("2", "control"),
        ("2", "spreadsheet-error"),
        ("2", "array"),
        ("3", "too-few-cells"),
        ("3", "not-e164-plus"),
    ]


def test_duplicate_names_the_first_row() -> None:
    rules = [fault.rule for fault in from_csv(f'number,name\n{ONE},"{"a" * 41}"\n{ONE},\n{ONE},'.encode()).faults]
    assert "line 2" not in rules[0]
    assert all("same as in line 2:" in rule for rule in rules[1:])
    sips = [{"sip_uri": "sip:a@example.com"}, {"number": ONE}, {"sip_uri": "sip:a@example.com"}]
    assert "same as in customers[0]:" in from_list(sips).faults[0].rule


# -- what is good


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"], ids=["", "bom"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
def test_valid_file_is_accepted(start: bytes, end: str) -> None:
    rows = [
        "number,name,amount,note",
        f'{ONE},"Jan, Jr",12.50,"say ""hi"""',
        f"{TWO},,,",
        f"{THREE},Zoë,[see note],{{a: 1}}",
    ]
    linted = from_csv(start + end.join(rows).encode())
    assert linted.faults == []
    assert linted.contacts == [
        {"number": ONE, "name": "Jan, Jr", "variables": {"amount": "12.50", "note": 'say "hi"'}},
        {"number": TWO},
        {"number": THREE, "name": "Zoë", "variables": {"amount": "[see note]", "note": "{a: 1}"}},
    ]
    assert linted.row_count == 3


def test_values_at_the_limits_are_accepted() -> None:
    text = f"number,name,{'a' * 40}\n+29022158,{'n' * 40},{'c' * 10_000}\n+431234567890123,,\n"
    assert from_csv(text.encode()).faults == []
    assert from_list([{"number": ONE, "extension": "1" * 10, "variables": {"a" * 40: 10**400}}]).faults == []


def test_valid_list_is_accepted() -> None:
    customers: list[dict[str, t.Any]] = [
        {"number": ONE, "sip_uri": None, "name": "Jan", "extension": "5", "variables": {"a": 1, "b": None, "c": False}},
        {"number": None, "sip_uri": "sip:jan@example.com", "name": "", "variables": {}},
        {"number": TWO, "variables": {"a": ""}},
    ]
    linted = from_list(customers)
    assert linted.faults == []
    assert linted.contacts == [
        {"number": ONE, "name": "Jan", "extension": "5", "variables": {"a": 1, "c": False}},
        {"sip_uri": "sip:jan@example.com"},
        {"number": TWO},
    ]
    assert [fault.kind for fault in from_list([]).faults] == ["no-rows"]


# -- whatever comes

HEADS = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,39}", fullmatch=True).filter(
    lambda head: head not in RESERVED | {"number", "name"}
)
PHONES = st.from_regex(r"\+(3120[0-9]{7}|4930[1-9][0-9]{6}|1202555[0-9]{4})", fullmatch=True)
#: A line break alone in front of a number would look like a row.
TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=40).map(
    lambda text: "" if text.isspace() or text.startswith("#") else text.replace("[", "(")
)
CELLS = TEXTS | st.lists(TEXTS.map(lambda text: text.replace("+", "-")), max_size=3).map(
    lambda parts: "" if not "".join(parts).strip() else "\r\n".join(parts).replace("[", "(")
)


@st.composite
def good(draw: st.DrawFn) -> tuple[list[str], list[Contact]]:
    heads = draw(st.lists(HEADS, max_size=4, unique=True))
    contacts = []
    for phone in draw(st.lists(PHONES, min_size=1, max_size=8, unique=True)):
        contact: Contact = {"number": phone}
        if name := draw(TEXTS):
            contact["name"] = name
        if values := {head: cell for head in heads if (cell := draw(CELLS))}:
            contact["variables"] = values
        contacts.append(contact)
    return draw(st.permutations(["number", "name", *heads])), contacts


@given(good(), st.sampled_from(["\n", "\r\n"]), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_csv_round_trip(made: tuple[list[str], list[Contact]], end: str, quoting: t.Literal[0, 1]) -> None:
    heads, contacts = made
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator=end, quoting=quoting)
    writer.writerow(heads)
    for contact in contacts:
        writer.writerow([(contact.get("variables", {}) | contact).get(head, "") for head in heads])
    linted = from_csv(file.getvalue().encode())
    assert (linted.contacts, linted.faults, linted.row_count) == (contacts, [], len(contacts))
    again = from_list(contacts)
    assert (again.contacts, again.faults, again.row_count) == (contacts, [], len(contacts))
    assert again.places == [f"customers[{index}]" for index in range(len(contacts))]
    lines = list(csv.reader(io.StringIO(file.getvalue(), newline="")))
    assert len(linted.places) == len(lines) - 1


PIECES = st.sampled_from(
    [*",;\t|\"'\n\r[]#=+0", '""', "\r\n", ",,", "\ufeff", "\0", "number", "name", "phone", "sep=,", ONE, TWO, " ", "é"]
)


@given(st.binary(max_size=200) | st.lists(PIECES | st.text(max_size=5), max_size=60).map(lambda p: "".join(p).encode()))
def test_any_bytes_are_validated(anything: bytes) -> None:
    for whole in (anything, b"number,name\n" + anything):
        linted = from_csv(whole)
        assert linted.contacts or linted.faults
        adds_up(linted)
        report(linted.faults)
        lines = len(io.StringIO(whole.decode("latin-1"), newline="").readlines())
        assert all(1 <= int(fault.where.removeprefix("line ")) <= max(1, lines) for fault in linted.faults)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.sampled_from([ONE, TWO]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KEYS = st.sampled_from(["number", "sip_uri", "name", "extension", "variables"])


@given(st.lists(st.dictionaries(KEYS | st.text(max_size=3), VALUES, max_size=5) | VALUES, max_size=6))
def test_any_list_is_validated(customers: list[t.Any]) -> None:
    linted = from_list(customers)
    assert linted.contacts or linted.faults
    adds_up(linted)


# -- nothing of a cell is told

#: What spoils a cell, around a canary.
SPOILERS = [
    "{}",
    "+{}",
    "{}@x",
    " {}",
    "'{}",
    "[{}]",
    '["{}"]',
    "{}\0",
    '"{}',
    '{}"',
    "{}\n+31201234567,",
    "#{}",
    "00{}",
]
SPOILERS += ["{}" * 6, "+31{},+31{}", "{} {}", "tel:{}", "=SUM({})", "\u202a{}", "{}" + "a" * 10_000, "{}E+10", "{},{}"]


def canaries(count: int, luck: random.Random) -> list[str]:
    """Names and numbers that stand nowhere else."""
    return [
        luck.choice(("Zq" + "".join(luck.choices("bcdfghjk", k=10)), "".join(luck.choices("56789", k=11))))
        for _index in range(count)
    ]


@given(st.randoms(use_true_random=False), st.booleans(), st.booleans())
def test_messages_contain_no_cell(luck: random.Random, headed: bool, raw: bool) -> None:
    result = canaries(20, luck)
    cells = [luck.choice(SPOILERS).replace("{}", canary) for canary in result]
    file = io.StringIO(newline="")
    if headed:
        file.write(
            luck.choice(["number,name,a,b", "Phone,name,a b,b", "number;name;a;b", "number,a,a", "number,now"]) + "\n"
        )
    for at in range(0, 20, 4):
        if raw:
            file.write(",".join(cells[at : at + 4]) + "\n")
        else:
            csv.writer(file).writerow(cells[at : at + 4])
    linted = from_csv(file.getvalue().encode())
    adds_up(linted)
    customers = [
        {
            "number": cells[at],
            "name": cells[at + 1],
            "variables": {" " + cells[at + 2]: 1, "a": cells[at + 3]},
            cells[at + 4]: 1,
        }
        for at in range(0, 20, 5)
    ]
    faults = linted.faults + from_list(customers).faults
    text = report(faults, most=len(faults))
    assert faults
    assert not [canary for canary in result if canary in text or canary[:6] in text]
    assert all(len(fault.rule) < 200 for fault in faults)


def test_message_on_missing_header_contains_no_cell() -> None:
    for first in (
        f"{ONE},Jansen",
        "Jansen,Zoetermeer",
        "Jansen;Zoetermeer",
        "Jansen,Jansen",
        '"Jansen',
        "Phone,Jansen",
    ):
        faults = from_csv(f"{first}\n5,6\n".encode()).faults
        assert faults
        assert not [
            fault for fault in faults if "Jansen" in fault.rule or "Zoetermeer" in fault.rule or ONE in fault.rule
        ]


# -- batches and report


@pytest.mark.parametrize(
    ("count", "size", "expected"),
    [
        (0, 3, []),
        (1, 3, [("Spring", 1)]),
        (3, 3, [("Spring", 3)]),
        (4, 3, [("Spring (1/2)", 3), ("Spring (2/2)", 1)]),
        (25_000, MAX_CONTACTS, [("Spring (1/3)", 10_000), ("Spring (2/3)", 10_000), ("Spring (3/3)", 5_000)]),
    ],
)
def test_contacts_are_split_into_batches(count: int, size: int, expected: list[tuple[str, int]]) -> None:
    contacts: list[Contact] = [{"number": f"+{10_000_000 + index}"} for index in range(count)]
    made = batches("Spring", contacts, size)
    assert [(name, len(part)) for name, part in made] == expected
    assert [contact for _name, part in made for contact in part] == contacts


def test_max_contacts_is_the_batch_size() -> None:
    assert len(batches("Spring", [{"number": ONE}] * MAX_CONTACTS)) == 1
    assert len(batches("Spring", [{"number": ONE}] * (MAX_CONTACTS + 1))) == 2


def test_report_lists_all_findings() -> None:
    text = "number\n" + f"{ONE}\n" * 32 + "31201234567\n" * 12 + "\n"
    lines = report(from_csv(text.encode()).faults, most=2).splitlines()
    assert lines[0] == "31 duplicates, 12 without +, 1 blank row"
    assert [line.split(":")[0] for line in lines[1:3]] == ["- line 3", "- line 4"]
    assert lines[3:] == ["… and 42 more"]
    assert report([]) == ""
    assert report([Fault("line 2", "The row is blank: remove it.", "blank-row")]) == (
        "1 blank row\n- line 2: The row is blank: remove it."
    )
    assert "more" not in report(from_csv(text.encode()).faults, most=44)

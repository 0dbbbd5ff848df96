# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contacts of a campaign: read, check and split a CSV file or a list. No I/O.

Phone numbers and names are personal data: a fault contains the place, the column and the rule, but no cell's content.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
import typing as t
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import as_object
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.uri import is_uri
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.phone_numbers import Numbers

Contact = dict[str, object]

#: Maximum number of contacts of one campaign.
MAX_CONTACTS = 10_000
LONGEST_CELL, LONGEST_NAME, LONGEST_EXTENSION, LONGEST_HEADER = 10_000, 40, 10, 40
#: Reserved names of variables: fields of Vapi's customer, variables that Vapi sets, words of its templates.
RESERVED = frozenset(
    re.findall(
        r"\w+",
        "sipUri extension numberE164CheckEnabled assistantOverrides squadOverrides now date time "
        "month day year customer transport call phoneNumber assistant true false nil null empty blank",
    )
)


def _table(text: str) -> dict[str, tuple[str, str]]:
    rows = (line.split(" | ") for line in text.strip().splitlines())
    return {kind.strip(): (counted.strip(), rule) for kind, counted, rule in rows}


#: Faults of the whole file, without any contact: the kind, its noun, the rule.
FILE = _table("""
not-csv          | file{s} of another kind | The file is a workbook or an archive, not CSV: export it as CSV UTF-8.
utf-16           | UTF-16 file{s}          | The file is UTF-16: save it as CSV UTF-8.
empty-file       | empty file{s}           | The file is empty: it needs a header with the column number, and rows.
no-rows          | list{s} without contact | There is no contact: add one at least.
separator        | wrong separator{s}      | The file is delimited by {mark}; save it as comma-separated.
separator-line   | spreadsheet line{s}     | The line only declares the separator for a spreadsheet: remove it.
header-quotes    | broken header{s}        | The header's double quotes are not paired: remove them.
header-none      | missing header{s}       | The first line looks like a contact: put a header with number above it.
header-number    | header{s} without number | No column is called number: add it, in lower case.
header-spelt     | misspelt header{s}      | seems to contain the numbers: call it number, in lower case.
header-empty     | empty header{s}         | has no header: name it, or remove the column.
header-repeated  | repeated header{s}      | has the same header as column {first}: rename or remove one of them.
header-space     | header{s} with spaces   | has a space in its header: replace it by _ or remove it.
header-start     | bad header start{s}     | has a header that does not begin with a letter a-z: add one.
header-marks     | header{s} with marks    | has other characters in its header than a-z, digits and _: remove them.
header-long      | long header{s}          | has a header of more than 40 characters: shorten it.
header-reserved  | reserved header{s}      | has a header that Vapi uses itself: rename it.
""")
#: Faults of a row.
ROW = _table("""
blank-row        | blank row{s}            | The row is blank: remove it.
only-separators  | row{s} of empty cells   | All cells of the row are empty: remove it.
too-few-cells    | too short row{s}        | The row has {cells} cells, the header {heads}: add the rest, even if empty.
too-many-cells   | too long row{s}         | The row has {cells} cells, the header {heads}: quote cells with a comma.
quote-open       | open quote{s}           | A double quote of the row is not closed where its cell ends: close it.
quote-stray      | stray quote{s}          | A cell contains a double quote: quote the cell and double the quote.
quote-swallows   | cell{s} with rows in it | seems to contain further rows: close its double quote.
not-utf8         | cell{s} not in UTF-8    | contains bytes that are not UTF-8: save the file as CSV UTF-8.
control          | control character{s}    | contains a control character (such as NUL, a tab, a line break): remove it.
cell-long        | overlong cell{s}        | is longer than 10000 characters: shorten it, or close its double quote.
name-long        | long name{s}            | is longer than Vapi's limit of 40 characters: shorten it.
array            | array{s}                | looks like a JSON array, which Vapi drops: use several columns.
spreadsheet-error | spreadsheet error{s}   | contains the error of a spreadsheet formula: correct the formula.
number-missing   | without number          | is empty: give the number, or remove the contact.
duplicate        | duplicate{s}            | is the same as in {first}: remove one, or the person is called twice.
not-e164-plus    | without +               | has no leading +: write + and the country code, then digits only{hint}.
not-e164-00      | with 00 for +           | begins with 00: write + instead.
not-e164-national | national            | has no country: write + and the country code in place of the leading 0{hint}.
not-e164-zero    | with 0 after +          | has a 0 after the +: write the country code there.
not-e164-short   | too short               | is too short: 7 digits at least, with the country code.
not-e164-long    | too long                | is too long: 15 digits at most, with the country code.
not-e164-marks   | with spaces or marks    | has spaces, dashes, brackets, slashes or dots: write + and digits only.
not-e164-trunk   | with (0)                | has a 0 in brackets, which is not dialled from abroad: remove it.
not-e164-scientific | in scientific notation | has lost digits in a spreadsheet: enter it again, as text.
not-e164-decimal | with decimals           | was converted to a decimal number: format the column as text.
not-e164-formula | with ' or = in front    | begins with an apostrophe, a quote or =: begin with the +.
not-e164-uri     | URI{s}                  | is a URI: write only the number, + and digits.
not-e164-letters | with letters            | has letters: write + and the country code, then digits only.
not-e164-digits  | with other digits       | has digits of another script: write it with 0 to 9.
not-e164-invisible | with invisible characters | has invisible characters, often from copying: type it again.
not-e164-characters | with other characters | has characters that no number has: write + and digits only.
not-e164-two     | with two numbers        | contains more than one number: create a contact for each.
number-country   | with unknown country code{s} | has an unknown country code: correct the digits after the +.
number-invalid   | that do not exist       | is no valid number of its country: correct the digits.
number-prefix    | with a national prefix  | has a 0 or other prefix that is dialled only within the country: remove it.
not-a-dict       | other value{s}          | The contact must be a dict with number or sip_uri.
key-unknown      | with other keys         | The keys are number, sip_uri, name, extension, variables: remove others.
number-and-sip   | with number and sip_uri | The contact has both number and sip_uri: give one of them.
sip-uri          | bad SIP URI{s}          | must be a SIP URI: sip:, then user@host, without spaces.
extension-long   | long extension{s}       | is longer than Vapi's limit of 10 characters: shorten it.
not-text         | value{s} that are not text | must be text: put it in quotes.
variables-type   | bad variables           | must be a dict of names and values.
variable-name    | bad variable name{s}    | must be a letter, then up to 39 letters, digits or _, not reserved by Vapi.
value-type       | value{s} of other types | must be text, a number, true or false: Vapi drops lists.
""")
#: Contacts that may not be called: the kind, its noun, the rule. They are valid, and reported together.
OUTSIDE = _table("""
do-not-call      | on a do_not_call list   | The number is on a do_not_call list.
outside-hours    | outside calling_hours   | The call would be outside calling_hours: {period} is not within {hours}.
zone-unknown     | without time zone       | The number has no known time zone, which calling_hours requires.
""")
KINDS = FILE | ROW | OUTSIDE
#: The options whose rules contacts break; all other faults are of invalid contacts.
RULES = {"do-not-call": "do_not_call", "outside-hours": "calling_hours", "zone-unknown": "calling_hours"}
INVALID = "invalid"
#: Maximum number of places in a line of a report.
MAX_PLACES = 20

_ODD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
#: Other headers of the column number, in lower case and without marks.
_ALIAS = re.compile(
    "(.*(phone|telefoon|telefono?|mobile|mobiel|msisdn|gsm)|tel|cell)(no|nr|number|nummer|numero)?s?"
    "|(contact|customer|client)?(numbers?|nummer|numero)"
)
_SHEET_ERRORS = frozenset(("#N/A", "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"))
_SWALLOWED = re.compile(r'[\r\n](?:[^\r\n]*[,;\t|])?"?\+[1-9][0-9]{6,14}"?(?=[,;\t|\r\n]|\Z)')


@dataclass(frozen=True)
class Fault:
    """``where`` is "line 7" or "customers[3]"; ``rule`` names column, rule and fix; ``kind`` is a key of ``KINDS``."""

    where: str
    rule: str
    kind: str


@dataclass(frozen=True)
class Linted:
    """The result of a check: each of the ``row_count`` rows is a contact or has faults; one of ``FILE`` has none.

    ``places`` are those of the contacts, such as "line 7".
    """

    contacts: list[Contact]
    faults: list[Fault]
    row_count: int
    places: list[str] = field(default_factory=list)


@dataclass
class _Seen:
    """The numbers and SIP URIs of a list, and where each was first."""

    numbers: Numbers
    first: dict[str, str] = field(default_factory=dict)

    def again(self, where: str, column: str, called: str) -> Iterator[Fault]:
        if (first := self.first.setdefault(called, where)) != where:
            yield make_fault(where, "duplicate", column, first=first)


def make_fault(where: str, kind: str, column: str = "", **words: object) -> Fault:
    """A fault with its rule.

    :param where: the place. :param kind: a key of ``KINDS``. :param column: the column or key, if any.
    :param words: values in the rule. :return: the fault.
    """
    text = KINDS[kind][1].format(**{"hint": "", **words})
    return Fault(where, f"{column}: {text}" if column else text, kind)


# -- one cell: its kind of fault, or None


def _text(cell: str) -> str | None:
    if len(cell) > LONGEST_CELL:
        return "cell-long"
    if odd := _ODD.search(cell):
        return "control" if odd[0] < "\ud800" else "not-utf8"
    return "quote-swallows" if ("\n" in cell or "\r" in cell) and _SWALLOWED.search(cell) else None


def _name(cell: str) -> str | None:
    if bad := _text(cell):
        return bad
    if len(cell) > LONGEST_NAME:
        return "name-long"
    return "control" if "\n" in cell or "\r" in cell or "\t" in cell else None


def _variable(cell: str) -> str | None:
    if bad := _text(cell):
        return bad
    if cell.startswith("#") and cell.strip() in _SHEET_ERRORS:
        return "spreadsheet-error"
    if cell.lstrip().startswith("["):
        try:
            json.loads(cell)
        except RecursionError:
            return "array"
        except ValueError:
            return None
        return "array"
    return None


def _number(cell: str, numbers: Numbers) -> tuple[str, str | None]:
    """The number in E.164 form, or the kind of fault."""
    bad = _text(cell)
    if bad and bad != "quote-swallows":
        return "", bad
    return numbers.read(cell)


def _header(head: str) -> str | None:
    if not head.strip():
        return "header-empty"
    if re.search(r"\s", head):
        return "header-space"
    if not re.match("[A-Za-z]", head):
        return "header-start"
    if not _HEADER.fullmatch(head):
        return "header-marks"
    if len(head) > LONGEST_HEADER:
        return "header-long"
    return "header-reserved" if head in RESERVED else None


# -- the file


def refused_file(content: bytes) -> str | None:
    """The kind of a file that cannot be read as text.

    :param content: the file. :return: a kind of fault of ``FILE``, or ``None``.
    """
    start = content[:2000]
    if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b")):
        return "not-csv"
    nuls = sorted((start[::2].count(0), start[1::2].count(0)))
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) or (nuls[0] == 0 and nuls[1] * 3 > len(start) > 3):
        return "utf-16"
    return None


def _records(lines: list[str], at: int, delimiter: str) -> Iterator[tuple[int, list[str], str | None]]:
    """The index of each record's first line, its cells, and the fault of its quotes.

    After an invalid record, reading continues in the line after its first. Its further lines are then read one by one,
    so that each is read at most twice.
    """
    quoted = re.compile(rf'(?:\A|(?<=[{delimiter}]))"[^"]*(?:""[^"]*)*"(?=[{delimiter}]|\Z)')
    alone = at
    while at < len(lines):
        end = at + 1 if at < alone else len(lines)
        reader = csv.reader(map(lines.__getitem__, range(at, end)), delimiter=delimiter, strict=True)
        start = at
        try:
            for cells in reader:
                after = at + reader.line_num
                stray = '"' in lines[start] and '"' in quoted.sub("", "".join(lines[start:after]).rstrip("\r\n"))
                yield start, cells, "quote-stray" if stray else None
                start = after
            at = end
        except csv.Error as error:
            reached = at + reader.line_num
            whole = "end of data" in str(error)
            if whole or reached > start + 1:
                yield start, [], "quote-open"
            else:
                yield start, [], "cell-long" if "limit" in str(error) else "quote-stray"
            alone, at = max(alone, reached if whole else reached - 1), start + 1


@dataclass
class _Sheet:
    """A CSV file while it is read; ``heads`` is empty if the columns cannot be determined."""

    lines: list[str]
    faults: list[Fault]
    heads: list[str]
    columns: list[str]
    delimiter: str = ","
    number: int = -1

    def read_header(self, at: int) -> int:
        """Read the header in the line of that index; returns the index of the line where the rows begin."""
        where = f"line {at + 1}"
        found = {delimiter: next(_records(self.lines, at, delimiter)) for delimiter in ",;\t|"}
        phones = {mark: _number_column(found[mark][1]) for mark in found}
        if phones[","] < 0:
            spread = max(found, key=lambda mark: (phones[mark] >= 0, len(found[mark][1])))
            if phones[spread] >= 0 or len(found[","][1]) == 1 < len(found[spread][1]):
                self.delimiter = spread
        if self.delimiter != ",":
            name = {";": "semicolons", "\t": "tabs", "|": "bars"}[self.delimiter]
            self.faults.append(make_fault(where, "separator", mark=name))
        _start, heads, broken = found[self.delimiter]
        if broken:
            self.faults.append(make_fault(where, "header-quotes"))
            return at + 1
        self.heads, self.number = heads, phones[self.delimiter]
        self.columns = [f"Column {index + 1}" for index in range(len(heads))]
        contact = [index for index, head in enumerate(heads) if re.fullmatch(r"\W*[0-9](\W*[0-9]){6,}", head)]
        if self.number < 0 and contact:
            self.number = contact[0]
            self.faults.append(make_fault(where, "header-none"))
            return at
        self.judge_header(where)
        records = _records(self.lines, at, self.delimiter)
        next(records)
        return next(records, (len(self.lines), [], None))[0]

    def judge_header(self, where: str) -> None:
        if self.number < 0:
            self.faults.append(make_fault(where, "header-number"))
        elif "number" not in self.heads:
            self.faults.append(make_fault(where, "header-spelt", self.columns[self.number]))
        first: dict[str, int] = {}
        for index, head in enumerate(self.heads):
            bad = _header(head)
            # Only a certain header may be shown, because in a file without one this line is a contact.
            if "number" in self.heads and (not bad or bad == "header-reserved"):
                self.columns[index] = f"Column {head}"
            if not bad and first.setdefault(head, index) != index:
                bad = "header-repeated"
            if bad and (index != self.number or bad == "header-repeated"):
                before = first.get(head, index) + 1
                self.faults.append(make_fault(where, bad, f"Column {index + 1}", first=before))

    def judge_row(self, where: str, cells: list[str], seen: _Seen) -> Iterator[Fault]:
        if not any(cell and not cell.isspace() for cell in cells):
            yield make_fault(where, "only-separators" if len(cells) > 1 else "blank-row")
            return
        if self.heads and len(cells) != len(self.heads):
            kind = "too-few-cells" if len(cells) < len(self.heads) else "too-many-cells"
            yield make_fault(where, kind, cells=len(cells), heads=len(self.heads))
            cells = cells[: self.number == 0]  # the others may be in the wrong column
        for index, cell in enumerate(cells):
            if index == self.number:
                yield from _judge_number(where, self.columns[index], cell, seen)
            elif cell:
                named = bool(self.heads) and self.heads[index] == "name"
                if bad := _name(cell) if named else _variable(cell):
                    yield make_fault(where, bad, self.columns[index] if self.heads else f"Column {index + 1}")

    def contact(self, cells: list[str], numbers: Numbers) -> Contact:
        given = {head: cell for head, cell in zip(self.heads, cells, strict=True) if cell and not cell.isspace()}
        contact: Contact = {"number": numbers.read(given.pop("number"))[0]}
        if "name" in given:
            contact["name"] = given.pop("name")
        return contact | ({"variables": given} if given else {})


def _number_column(heads: list[str]) -> int:
    """The index of ``number`` or of a similar header; -1 if there is none."""
    if "number" in heads:
        return heads.index("number")
    plain = (re.sub("[^a-z]", "", head.casefold()) for head in heads)
    return next((index for index, head in enumerate(plain) if _ALIAS.fullmatch(head)), -1)


def _judge_number(where: str, column: str, cell: str, seen: _Seen) -> Iterator[Fault]:
    number, bad = _number(cell, seen.numbers)
    if bad:
        hint = "; in a spreadsheet, format the column as text"
        yield make_fault(where, bad, column, hint=hint if where.startswith("line") else ", all in quotes")
    else:
        yield from seen.again(where, column, number)


def from_csv(content: bytes, numbers: Numbers | None = None) -> Linted:
    """Read a CSV file.

    :param content: the file. :param numbers: reads the numbers.
    :return: the contacts ``{number, name, variables}``, the last two left out if empty, and the faults.
    :raises LibraryMissingError: if numbers cannot be judged.
    """
    if bad := refused_file(content):
        return Linted([], [make_fault("line 1", bad)], 0)
    # Bytes that are not UTF-8 become surrogates, so that each is found in its cell.
    text = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    if not text.strip():
        return Linted([], [make_fault("line 1", "empty-file")], 0)
    lines = io.StringIO(text, newline="").readlines()
    sheet = _Sheet(lines, [], [], [])
    faults, contacts, rows, at = sheet.faults, [], 0, 0
    while not lines[at].strip():
        faults.append(make_fault(f"line {at + 1}", "blank-row"))
        at = rows = at + 1
    if re.fullmatch(r'"?sep=.?"?', lines[at].strip(), re.IGNORECASE):
        faults.append(make_fault(f"line {at + 1}", "separator-line"))
        at += 1
    if at < len(lines):
        at = sheet.read_header(at)
    seen = _Seen(numbers or Numbers())
    places: list[str] = []
    records = list(_records(lines, at, sheet.delimiter))
    seen.numbers.prepare(cells[sheet.number] for _start, cells, _broken in records if 0 <= sheet.number < len(cells))
    for start, cells, broken in records:
        rows += 1
        where = f"line {start + 1}"
        found = [make_fault(where, broken, "The row" if broken == "cell-long" else "")] if broken else []
        found = found or list(sheet.judge_row(where, cells, seen))
        faults += found
        if not found and "number" in sheet.heads:
            contacts.append(sheet.contact(cells, seen.numbers))
            places.append(where)
    if not rows:
        faults.append(make_fault("line 1", "no-rows"))
    usable = not any(fault.kind in FILE for fault in faults)
    return Linted(contacts if usable else [], faults, rows, places if usable else [])


# -- the list


def _judge_variables(where: str, variables: object) -> Iterator[Fault]:
    if not isinstance(variables, Mapping):
        yield make_fault(where, "variables-type", "variables")
        return
    for index, (name, value) in enumerate(variables.items()):
        if not isinstance(name, str) or _header(name):
            yield make_fault(where, "variable-name", f"variables, name {index + 1}")
        elif isinstance(value, str):
            if bad := _variable(value):
                yield make_fault(where, bad, f"variables.{name}")
        elif value is not None and not (isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))):
            yield make_fault(where, "value-type", f"variables.{name}")


def _judge_contact(where: str, customer: object, seen: _Seen) -> Iterator[Fault]:
    if not isinstance(customer, Mapping):
        yield make_fault(where, "not-a-dict")
        return
    given = {key: value for key, value in customer.items() if value is not None and value != ""}
    if not customer.keys() <= {"number", "sip_uri", "name", "extension", "variables"}:
        yield make_fault(where, "key-unknown")
    if "number" in given and "sip_uri" in given:
        yield make_fault(where, "number-and-sip")
    elif "sip_uri" not in given:
        given.setdefault("number", "")
    for key in ("number", "sip_uri", "name", "extension"):
        value = given.get(key)
        if value is None:
            continue
        if not isinstance(value, str):
            yield make_fault(where, "not-text", key)
        elif key == "number":
            yield from _judge_number(where, key, value, seen)
        elif bad := _FIELDS[key](value):
            yield make_fault(where, bad, key)
        elif key == "sip_uri":
            yield from seen.again(where, key, value)
    yield from _judge_variables(where, given.get("variables", {}))


_FIELDS: dict[str, t.Callable[[str], str | None]] = {
    "name": _name,
    "sip_uri": lambda value: _text(value) or (None if is_uri(value) else "sip-uri"),
    "extension": lambda value: _text(value) or ("extension-long" if len(value) > LONGEST_EXTENSION else None),
}


def _contact(customer: Mapping[str, object], numbers: Numbers) -> Contact:
    """A valid contact without what is not given."""
    contact = {key: value for key, value in customer.items() if value not in (None, "", {})}
    if "number" in contact:
        contact["number"] = numbers.read(str(contact["number"]))[0]
    if "variables" in contact:
        values = as_object(contact["variables"])
        contact["variables"] = {key: value for key, value in values.items() if value not in (None, "")}
    return {key: value for key, value in contact.items() if value != {}}


def from_list(customers: Sequence[Mapping[str, object]], numbers: Numbers | None = None) -> Linted:
    """Check a list of dicts with number or sip_uri, name, extension and variables; ``None`` and "" mean not given.

    :param customers: the list. :param numbers: reads the numbers. :return: the contacts and the faults.
    :raises LibraryMissingError: if numbers cannot be judged.
    """
    contacts: list[Contact] = []
    faults: list[Fault] = [] if customers else [make_fault("customers", "no-rows")]
    seen, places = _Seen(numbers or Numbers()), []
    given = (customer.get("number") for customer in customers if isinstance(customer, Mapping))
    seen.numbers.prepare(number for number in given if isinstance(number, str))
    for index, customer in enumerate(customers):
        found = list(_judge_contact(f"customers[{index}]", customer, seen))
        faults += found
        if not found:
            contacts.append(_contact(customer, seen.numbers))
            places.append(f"customers[{index}]")
    return Linted(contacts, faults, len(customers), places)


# -- results


def rest_is_usable(linted: Linted) -> bool:
    """Whether invalid rows can be left out: the file itself is valid, and contacts remain.

    :return: the result.
    """
    return bool(linted.contacts) and not any(fault.kind in FILE for fault in linted.faults)


def batches(name: str, contacts: Sequence[Contact], size: int = MAX_CONTACTS) -> list[tuple[str, list[Contact]]]:
    """Split contacts into campaigns of at most ``size``.

    :return: names and contacts: one keeps the name, several are "name (1/3)" and so on; empty without contacts.
    """
    parts = [list(contacts[at : at + size]) for at in range(0, len(contacts), size)]
    many = len(parts)
    return [(f"{name} ({index}/{many})" if many > 1 else name, part) for index, part in enumerate(parts, 1)]


def places_text(places: Sequence[str]) -> str:
    """Places in a sentence: "line 3", "lines 3, 4 and 7", "customers[0] and customers[2]".

    :param places: the places, such as "line 3". :return: the text; of many places it contains the first ones.
    """
    listed = list(places[:MAX_PLACES])
    if len(listed) > 1 and all(place.startswith("line ") for place in listed):
        listed = ["lines " + listed[0].removeprefix("line "), *(place.removeprefix("line ") for place in listed[1:])]
    if len(places) > MAX_PLACES:
        listed.append(f"{len(places) - MAX_PLACES:,} more")
    return " and ".join(filter(None, [", ".join(listed[:-1]), listed[-1]]))


def report(faults: Sequence[Fault], most: int = 50) -> str:
    """The text of faults: counts by kind, then the first ``most`` with their places.

    Contacts that are valid and may not be called are reported together, with one line for each rule.

    :param faults: the faults. :param most: the maximum number of lines. :return: the text; empty without faults.
    """
    if not faults:
        return ""
    counts = Counter(fault.kind for fault in faults).most_common()
    result = ", ".join(f"{many} {KINDS[kind][0].format(s='' if many == 1 else 's')}" for kind, many in counts)
    together: dict[str, list[str]] = {}
    for fault in faults:
        if fault.kind in OUTSIDE:
            together.setdefault(fault.rule, []).append(fault.where)
    found = [f"- {places_text(places)}: {rule}" for rule, places in together.items()]
    found += [f"- {fault.where}: {fault.rule}" for fault in faults if fault.kind not in OUTSIDE]
    return "\n".join([result, *found[:most]] + [f"… and {len(found) - most} more"] * (len(found) > most))


def left_out(faults: Sequence[Fault]) -> dict[str, int]:
    """How many contacts faults leave out, by rule.

    :param faults: the faults. :return: the rule, an option or ``INVALID``, and its number of contacts. A contact with
        several faults counts once, for the first.
    """
    rules: dict[str, str] = {}
    for fault in faults:
        rules.setdefault(fault.where, RULES.get(fault.kind, INVALID))
    return dict(Counter(rules.values()))

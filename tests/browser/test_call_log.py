# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The call log as people meet it: the run, the page in a browser, the table in a spreadsheet."""

from __future__ import annotations

import collections
import csv
import datetime
import json
import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from making import HOSTILE, Written, hostile, make, stamp, write

Show = Callable[..., Any]
GROUPS = {"answered": "answered", "transferred": "answered", "unanswered": "unanswered", "failed": "failed"}
DATA = re.compile(r'(<script type="application/json" id="data">)(.*?)(</script>)', re.DOTALL)
# Colours as they are seen: the text's own over the nearest background that is not transparent.
CONTRAST = """() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const linear = (v) => (v / 255 <= .04045 ? v / 255 / 12.92 : ((v / 255 + .055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => .2126 * linear(r) + .7152 * linear(g) + .0722 * linear(b);
  const ratio = (a, b) => (Math.max(light(a), light(b)) + .05) / (Math.min(light(a), light(b)) + .05);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
  };
  const poor = [];
  for (const element of document.querySelectorAll("body *")) {
    const text = [...element.childNodes].filter((n) => n.nodeType === 3 && n.data.trim()).map((n) => n.data).join(" ");
    if (!text || !element.checkVisibility() || element.closest("script, style, noscript, :disabled")) continue;
    const style = getComputedStyle(element), svg = element instanceof SVGElement;
    const found = ratio(parse(svg ? style.fill : style.color), behind(element));
    if (found < 4.5) poor.push(`${found.toFixed(2)} ${element.tagName} ${text.slice(0, 40)}`);
  }
  const card = document.querySelector(".card");
  const marks = { "rect.answered, rect.unanswered": "fill", "#hatched rect, #dotted rect": "fill", ".icon": "stroke",
    ".count b": "backgroundColor" };
  for (const [selector, property] of Object.entries(marks)) for (const element of document.querySelectorAll(selector)) {
    const under = element.closest("pattern") ? card : element.parentElement;
    const found = ratio(parse(getComputedStyle(element)[property]), behind(under));
    if (element.checkVisibility() && found < 3) poor.push(`${found.toFixed(2)} ${element.outerHTML.slice(0, 80)}`);
  }
  return poor;
}"""


def swapped(written: Written, file: Path, log: dict[str, Any], **more: Any) -> Path:
    """The page with another log: Ansible is slow where thousands of calls are only to be drawn."""
    data = json.loads(DATA.search(written.page.read_text())[2]) | {"calls": log["calls"]} | more  # type: ignore[index]
    text = json.dumps(data).replace("<", "\\u003c")
    file.write_text(DATA.sub(lambda found: found[1] + text + found[3], written.page.read_text()))
    return file


def tiles(page: Any) -> dict[str, int]:
    """The first four totals."""
    values = page.locator("#totals .card").evaluate_all(
        "cards => cards.slice(0, 4).map((c) => [c.querySelector('dt').textContent, c.querySelector('dd').textContent])"
    )
    return {name.lower(): int(value.replace(",", "")) for name, value in values}


def bars(page: Any) -> int:
    """How many calls the chart shows."""
    result = page.locator("g.bar").evaluate_all("bars => bars.map((bar) => bar.getAttribute('aria-label'))")
    return sum(int(number) for text in result for number in re.findall(r"(\d+) [a-z]", text.split(": ")[1]))


def causes(page: Any) -> dict[str, int]:
    rows = page.locator("#reasons tbody tr").evaluate_all(
        "rows => rows.map((row) => [row.cells[1].textContent, row.querySelector('.count span').textContent])"
    )
    return {name: int(count) for name, count in rows}


def column(page: Any, name: str) -> list[str]:
    return [str(text) for text in page.locator(f"#calls tr.call td.{name}").all_inner_texts()]


def expected(calls: list[dict[str, Any]]) -> tuple[dict[str, int], dict[str, int]]:
    """The same figures, counted here."""
    groups = collections.Counter(GROUPS.get(call["outcome"], "other") for call in calls)
    totals = {"calls": len(calls)} | {name: groups[name] for name in ("answered", "unanswered", "failed")}
    why: collections.Counter[str] = collections.Counter()
    for call in calls:
        wrong = GROUPS.get(call["outcome"]) in {"unanswered", "failed"}
        cause = call["diagnosis"].get("cause") or (call["ended_reason"] if wrong else "")
        if cause and (wrong or call["diagnosis"].get("fix")):
            why[cause] += 1
    return totals, dict(why)


# --- The page --------------------------------------------------------------------------------------------------------


def test_figures_equal_the_call_log(show: Show, written: Written, log: dict[str, Any]) -> None:
    page = show(written.page)
    totals, why = expected(log["calls"])
    assert (tiles(page), causes(page), bars(page)) == (totals, why, totals["calls"])
    assert 10 < page.locator("#calls tr.call").count() < 120
    assert page.locator("#range").inner_text() == "All 400 calls"
    assert "Europe/Amsterdam" in page.locator("#clock").inner_text()
    first = log["calls"][0]
    moment = page.locator("#calls tr.call time").first
    assert moment.get_attribute("datetime") == first.get("started_at", first["created_at"])
    assert moment.get_attribute("title").endswith(" UTC")


@pytest.mark.exhaustive(2)
@pytest.mark.parametrize("name", ["text", "outcome", "direction", "assistant", "number", "cause"])
def test_filters_apply_to_all_parts_of_the_page(show: Show, written: Written, log: dict[str, Any], name: str) -> None:
    page = show(written.page)
    assistant, number = log["assistants"][1], log["phone_numbers"][1]
    value, holds = {
        "text": ("customer 12", lambda c: "customer 12" in str(c.get("summary")).lower()),
        "outcome": ("failed", lambda c: c["outcome"] == "failed"),
        "direction": ("inbound", lambda c: c["direction"] == "inbound"),
        "assistant": (assistant["name"], lambda c: c["assistant"] == assistant["id"]),
        "number": (number["number"], lambda c: c.get("phone_number") == number["id"]),
        "cause": ("The line was busy.", lambda c: c["diagnosis"].get("cause") == "The line was busy."),
    }[name]  # fmt: skip
    if name == "text":
        page.locator("#text").fill(value)
        # Words may stand apart: what is looked for is narrower than what is found.
        found = [c for c in log["calls"] if all(word in json.dumps(c).lower() for word in value.split())]
        assert 0 < tiles(page)["calls"] <= len(found)
        assert tiles(page)["calls"] >= sum(map(holds, log["calls"]))
        assert bars(page) == tiles(page)["calls"]
    else:
        page.locator(f"#{name}").select_option(value)
        totals, why = expected(list(filter(holds, log["calls"])))
        assert 0 < totals["calls"] < 400
        assert (tiles(page), causes(page), bars(page)) == (totals, why, totals["calls"])
        assert page.locator("#calls").get_attribute("aria-rowcount") == str(totals["calls"] + 1)
        assert page.locator("#found").inner_text() == f"{totals['calls']} of 400 calls"
    again = show(written.page, address="#" + page.url.partition("#")[2])
    assert tiles(again) == tiles(page), "the address holds the filters"
    page.locator("#reset").click()
    assert tiles(page)["calls"] == 400


def test_columns_are_sortable(show: Show, written: Written) -> None:
    page = show(written.page)
    heads = page.locator("#calls thead button")

    def seconds(text: str) -> float:
        return sum(int(part) * 60**power for power, part in enumerate(reversed(text.split(":")))) if ":" in text else -1

    heads.get_by_text("Duration").click()
    falling = [seconds(text) for text in column(page, "duration")]
    assert falling == sorted(falling, reverse=True)
    heads.get_by_text("Duration").press("Enter")
    rising = [seconds(text) for text in column(page, "duration")]
    assert rising == sorted(rising)
    assert rising[0] >= 0, "what has no duration stands last"
    assert page.locator("th[aria-sort]").get_attribute("aria-sort") == "ascending"
    assert page.evaluate("document.activeElement.textContent") == "Duration", "the focus stays"
    heads.get_by_text("Assistant").click()
    names = column(page, "assistant")
    assert names == sorted(names)


DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
VISIBLE = """() => [...document.querySelectorAll("#calls tr.call")].filter((row) => {
    const box = row.getBoundingClientRect();
    return box.bottom > 0 && box.top < innerHeight;
}).map((row) => Number(row.getAttribute("aria-rowindex")))"""


@pytest.mark.parametrize("width", [1280, 390])
def test_scrolling_shows_all_calls(show: Show, written: Written, width: int) -> None:
    """Each part of the list is filled with rows in order, and few rows are elements at any time."""
    page = show(written.page, width=width)
    page.locator("#list").evaluate("(head) => head.scrollIntoView()")
    page.evaluate(DRAWN)
    seen: set[int] = set()
    for _step in range(300):
        shown = page.evaluate(VISIBLE)
        assert shown == list(range(shown[0], shown[0] + len(shown)))
        seen |= set(shown)
        assert page.locator("#calls tr.call").count() < 120
        if page.evaluate("scrollY + innerHeight >= document.documentElement.scrollHeight - 2"):
            break
        page.evaluate("scrollBy(0, innerHeight * .8)")
        page.evaluate(DRAWN)
    assert seen == set(range(2, 402))


def test_rows_are_reached_with_the_keyboard(show: Show, written: Written) -> None:
    """Also rows that are not elements yet; the focus is kept while the page is scrolled."""
    page = show(written.page)
    page.locator("#calls .more").first.focus()
    focused = "Number(document.activeElement.closest('tr').getAttribute('aria-rowindex'))"
    page.keyboard.press("Enter")
    for key, row in (
        ("ArrowDown", 4),
        ("ArrowDown", 5),
        ("ArrowUp", 4),
        ("ArrowUp", 2),
        ("End", 402),
        ("ArrowUp", 401),
    ):
        page.keyboard.press(key)
        assert page.evaluate(focused) == row, key
        assert row in page.evaluate(VISIBLE), key
    page.evaluate("scrollTo(0, 0)")
    page.evaluate(DRAWN)
    assert page.evaluate(focused) == 401
    page.keyboard.press("Home")
    assert page.evaluate(focused) == 2
    assert page.locator("#calls").get_attribute("aria-rowcount") == "402", "400 calls, the heads and an open call"


def test_records_and_costs_of_both_services_are_shown(show: Show, tmp_path: Path) -> None:
    log = make(150, records=12, seed=3)
    done = write(tmp_path, log)
    assert done.rc == 0, done.out
    calls = log["calls"]
    counts = collections.Counter(call.get("match") for call in calls)
    assert min(counts[name] for name in ("both", "ambiguous", "vapi", "carrier")) > 3
    page = show(done.page)
    assert page.locator("#totals .card").first.locator("dd").nth(1).inner_text().startswith("12\u00a0only at didlogic")
    for name in ("both", "ambiguous", "vapi", "carrier"):
        page.locator("#match").select_option(name)
        assert tiles(page)["calls"] == counts[name], name
    page.locator("#reset").click()
    for table, key, names in (
        (0, "phone_number", {item["id"]: item["number"] for item in log["phone_numbers"]}),
        (1, "assistant", {item["id"]: item["name"] for item in log["assistants"]}),
    ):
        found = page.locator("#prices table").nth(table).locator("tbody tr").all_inner_texts()
        assert len(found) == len(names)
        for number, name in names.items():
            own = [call for call in calls if call.get(key) == number]
            row = next(text for text in found if text.startswith(name))
            vapi = sum(call.get("cost", 0) for call in own)
            carrier = sum(call["carrier"].get("amount", 0) for call in own)
            unknown = [
                sum("cost" not in call for call in own if call.get("match") != "carrier"),
                sum("amount" not in call["carrier"] for call in own if "match" in call),
            ]
            assert re.findall(r"\$([\d.]+)", row) == [f"{vapi:.2f}", f"{carrier:.2f}"], row
            assert list(map(int, re.findall(r"Unknown for (\d+)", row))) == [count for count in unknown if count], row
    assert "several matches" in page.locator("#assigned").inner_text()
    found = [row for row in rows(done.table) if row["match"] == "carrier"]
    assert len(found) == 12
    assert all(row["carrier_amount"] and row["time"] and not row["cost_usd"] and not row["id"] for row in found)
    assert re.search(r"\d+ matched, \d+ ambiguous, \d+ only at Vapi, 12 only at didlogic", done.out), done.out


def test_rows_open_with_the_keyboard(show: Show, written: Written, log: dict[str, Any]) -> None:
    page = show(written.page)
    call = next(c for c in log["calls"] if c["carrier"] and c["outcome"] == "transferred")
    page.locator("#text").fill(call["id"])
    button = page.locator("#calls .more")
    button.focus()
    page.keyboard.press("Enter")
    assert button.get_attribute("aria-expanded") == "true"
    detail = page.locator("tr.detail").inner_text()
    for part in ("Both sides of the call", "01234", call["ended_reason"], call["summary"], "+31201234599", call["id"]):
        assert part in detail
    page.keyboard.press("Space")
    assert page.locator("tr.detail").count() == 0


def test_chart_selects_a_period(show: Show, written: Written) -> None:
    page = show(written.page)
    column = page.locator("g.bar").nth(4)
    column.hover()
    tip = page.locator("#tip")
    assert tip.is_visible()
    assert "Answered" in tip.inner_text()
    result = column.get_attribute("aria-label")
    column.click()
    count = sum(map(int, re.findall(r"(\d+) [a-z]", result.split(": ")[1])))
    assert tiles(page)["calls"] == count, "a column chosen shows its calls"
    assert bars(page) == 400, "and the others stay to be chosen"
    page.locator("#window").click()
    assert tiles(page)["calls"] == 400
    page.locator("#chart [role=listbox]").focus()
    for key in ("Home", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    assert page.locator("g.bar[aria-selected=true]").get_attribute("id") == "bar1"
    assert page.evaluate("document.activeElement.getAttribute('role')") == "listbox"
    page.keyboard.press("Escape")
    assert tiles(page)["calls"] == 400


def test_cause_selects_its_calls(show: Show, written: Written) -> None:
    page = show(written.page)
    name, count = next(iter(causes(page).items()))
    page.locator("#reasons button", has_text=name).click()
    assert tiles(page)["calls"] == count
    assert set(column(page, "cause")) == {name}
    page.keyboard.press("Enter")
    assert tiles(page)["calls"] == 400, "the focus is still there, and chooses it off"


# --- Whom it must not hurt, and who must be able to read it ----------------------------------------------------------


def test_html_in_values_is_shown_as_text(show: Show, bad: Written) -> None:
    source = bad.page.read_text()
    assert "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'" in source
    assert source.count("</script>") == 2
    assert "<img" not in source
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|https?:(?!//www\.w3\.org/2000/svg)",
        source.split("<!doctype", 1)[1],
    )
    data = json.loads(DATA.search(source)[2])  # type: ignore[index]
    assert [c["customer"]["name"] for c in data["calls"][: len(HOSTILE)]] == HOSTILE
    page = show(bad.page)
    for index in range(page.locator("#calls .more").count()):
        page.locator("#calls .more").nth(index).click()
    assert page.locator("img, b script, td b:not(.count b)").count() == 0
    names = page.locator("#calls td.customer").all_inner_texts()
    for text in HOSTILE:
        assert any(" ".join(text.split()) in " ".join(name.split()) for name in names), text
    for text in HOSTILE[:5]:
        page.locator("#text").fill(text)
        assert tiles(page)["calls"] >= 1
    assert not list(bad.folder.rglob("pwned"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_meets_wcag(show: Show, written: Written, scheme: str) -> None:
    page = show(written.page, color_scheme=scheme, reduced_motion="reduce")
    for index in (0, 3, 6):
        page.locator("#calls .more").nth(index).click()
    for index in range(3):
        page.locator("#reasons button").nth(index).hover()
    page.locator("g.bar").nth(2).hover()
    assert page.evaluate(CONTRAST) == []
    page.locator("#outcome").select_option("failed")
    page.locator("#calls .more").first.click()
    assert page.evaluate(CONTRAST) == []
    backs = [page.evaluate("getComputedStyle(document.documentElement).backgroundColor")]
    assert (sum(map(int, re.findall(r"\d+", backs[0]))) < 150) == (scheme == "dark")


@pytest.mark.exhaustive(2)
@pytest.mark.parametrize("width", [320, 400, 700, 1000])
def test_page_does_not_scroll_horizontally(show: Show, written: Written, bad: Written, width: int) -> None:
    for files in (written, bad):
        page = show(files.page, width=width)
        page.locator("#calls .more").nth(1).click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        beyond = page.evaluate("""() => [...document.querySelectorAll("main *")]
            .filter((e) => e.checkVisibility() && !e.closest("#tip, .unseen, option"))
            .filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.outerHTML.slice(0, 90))""")
        assert beyond == []


def test_animation_respects_reduced_motion(show: Show, written: Written) -> None:
    length = "getComputedStyle(document.querySelector('.more .icon')).transitionDuration"
    assert show(written.page, reduced_motion="reduce").evaluate(length) == "0s"
    assert show(written.page, reduced_motion="no-preference").evaluate(length) != "0s"


def test_elements_have_accessible_names(show: Show, written: Written) -> None:
    page = show(written.page)
    nameless = page.evaluate("""() => {
        const kinds = "button, select, input, table, [role=listbox], [role=option]";
        const named = (e) => (e.matches("button") && e.textContent.trim()) || e.ariaLabel || e.labels?.length
            || e.getAttribute("aria-labelledby");
        const seen = [...document.querySelectorAll(kinds)].filter((e) => e.checkVisibility());
        return seen.filter((e) => !named(e)).map((e) => e.outerHTML.slice(0, 90));
    }""")
    assert nameless == []


def test_printed_page_is_complete(show: Show, written: Written) -> None:
    page = show(written.page, color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#calls tr.call").count() == 400
    assert not page.locator("#filters").is_visible()
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("#calls tr.call").count() < 120


# --- Few and many ----------------------------------------------------------------------------------------------------


def test_page_without_calls(show: Show, written: Written, tmp_path: Path) -> None:
    page = show(swapped(written, tmp_path / "none.html", {"calls": []}))
    assert tiles(page)["calls"] == 0
    assert "no calls" in page.locator("#range").inner_text()


@pytest.mark.exhaustive(3)
@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("days", [None, 0.5, 3, 6])
def test_missing_calls_are_reported(
    show: Show, written: Written, log: dict[str, Any], tmp_path: Path, days: float | None, full: bool
) -> None:
    """Calls older than Vapi's retention, calls beyond the limit, both or neither."""
    start = None if days is None else stamp(datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=days))
    page = show(swapped(written, tmp_path / "missing.html", log, kept_from=start or "", full=full))
    notice = page.locator("#notice")
    assert notice.is_visible() == bool(start or full)
    text = notice.inner_text() if notice.is_visible() else ""
    assert ("vapi_didlogic_call_log_limit" in text) == full
    assert ("Calls before" in text) == ("didlogic_call_info" in text) == bool(start)
    assert [time.get_attribute("datetime") for time in notice.locator("time").all()] == ([start] if start else [])
    assert tiles(page)["calls"] == len(log["calls"])


def test_retention_of_vapi_does_not_fail_the_playbook(show: Show, tmp_path: Path) -> None:
    """The playbook asks again from the time that Vapi names; page and report say what is missing."""
    start = stamp(datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=14))
    log = make(20, days=10)
    done = write(tmp_path, log | {"retention_start": start}, vapi_didlogic_call_log_since="60")
    assert done.rc == 0, done.out
    assert done.asked()["created_after"] == start
    assert f"Calls before {start} are missing" in done.out
    page = show(done.page)
    assert tiles(page)["calls"] == 20
    notice = page.locator("#notice")
    assert notice.is_visible()
    assert "Calls before" in notice.inner_text()
    assert notice.locator("time").get_attribute("datetime") == start
    assert page.evaluate(CONTRAST) == []


def test_page_shows_10000_calls(show: Show, written: Written, tmp_path: Path) -> None:
    log = make(10_000, days=60)
    until = datetime.datetime.now(datetime.UTC)
    period = {
        name: (until - datetime.timedelta(days=days)).isoformat()
        for name, days in {"begin": 60, "end": 0, "generated": 0}.items()
    }
    names = {item["id"]: item["name"] for item in log["assistants"]}
    file = swapped(written, tmp_path / "many.html", log, period=period, assistants=names)
    started = time.monotonic()
    page = show(file)
    assert tiles(page)["calls"] == bars(page) == 10_000
    assert time.monotonic() - started < 20
    assert page.locator("#calls tr.call").count() < 60
    slowest = page.evaluate("""() => {
        const field = document.getElementById("text");
        return Math.max(...["c", "cu", "customer 3", ""].map((text) => {
            const from = performance.now();
            field.value = text;
            field.dispatchEvent(new Event("input"));
            return performance.now() - from;
        }));
    }""")
    assert slowest < 2000, "milliseconds that a key may take, on a slow and busy machine"
    page.locator("#calls thead button", has_text="Customer").click()
    for part in (0.5, 1, 1, 1):  # the height of rows that were never elements is an average
        page.evaluate(f"scrollTo(0, document.documentElement.scrollHeight * {part})")
        page.evaluate(DRAWN)
        assert page.evaluate(VISIBLE)
        assert page.locator("#calls tr.call").count() < 60
    assert page.evaluate(VISIBLE)[-1] == 10_001


# --- The table -------------------------------------------------------------------------------------------------------


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened, strict=True))


def test_csv_contains_the_log(written: Written, log: dict[str, Any]) -> None:
    found = rows(written.table)
    assert [row["id"] for row in found] == [call["id"] for call in log["calls"]]
    names = {item["id"]: item["name"] for item in log["assistants"]}
    for row, call in zip(found, log["calls"], strict=True):
        assert None not in row
        assert row["assistant"] == names[call["assistant"]]
        assert row["customer"] == call.get("customer", {}).get("number", ""), "a telephone number stays as it is"
        assert row["duration_seconds"] == str(call.get("duration", ""))
        assert row["cost_usd"] == str(call.get("cost", ""))
        assert row["cause"] == call["diagnosis"].get("cause", "")
        assert row["summary"] == call.get("summary", "")
    raw = written.table.read_bytes()
    assert raw.startswith(b'"time","direction",')
    assert raw.count(b"\r\n") == len(found) + 1
    assert raw.endswith(b'"\r\n')


def test_csv_contains_no_formula(bad: Written) -> None:
    found = rows(bad.table)
    assert len(found) == len(HOSTILE) + 3
    number = re.compile(r"[+-]?\d+(\.\d+)?")
    for row in found:
        for name, value in row.items():
            assert number.fullmatch(value) or not re.match(r"\s*[=+\-@]|[\t\r\n]", value), name
    for row, text in zip(found, HOSTILE, strict=False):
        # Line breaks of Unicode become usual ones, tabs, which separate cells, become spaces, and other characters that
        # are not visible are escaped.
        plain = text.replace("\u2028", "\n").replace("\u2029", "\n").replace("\t", " ").replace("\u202e", r"\u202e")
        assert row["customer_name"].removeprefix("'") == plain
        assert row["customer_name"].startswith("'") == (text[0] in "=@\t\u2028")


# --- The run ---------------------------------------------------------------------------------------------------------


def test_last_line_of_output_names_the_files(written: Written, log: dict[str, Any]) -> None:
    totals, why = expected(log["calls"])
    for name in ("answered", "unanswered", "failed"):
        assert re.search(rf'"{name} +{totals[name]}\b', written.out), written.out
    for cause in sorted(why, key=lambda name: -why[name])[:2]:
        assert f"{why[cause]} times" in written.out
        assert cause in written.out
    assert f"{sum(call.get('duration', 0) for call in log['calls']) / 60:.1f}" in written.out
    assert str(written.page) in written.out
    assert "+++" not in written.out, "the difference is not shown"
    assert oct(written.page.stat().st_mode)[-3:] == oct(written.table.stat().st_mode)[-3:] == "600"


def test_check_mode_writes_nothing(tmp_path: Path) -> None:
    done = write(tmp_path, make(3), "--check", "--diff")
    assert done.rc == 0, done.out
    assert "would write" in done.out
    assert not done.page.exists()
    assert not done.table.exists()


def test_page_from_module_results(services: Any) -> None:
    """Somebody has called; both services know of it, and didlogic is asked only if it may be."""
    environment = {
        "vapi_didlogic_trunk": {
            "name": "didlogic NL",
            "gateway": "sip.nl.didlogic.net",
            "inbound_networks": ["192.0.2.0/28"],
        },
        "vapi_didlogic_assistants": [{"name": "Night", "definition": {"firstMessage": "We are closed."}}],
        "vapi_didlogic_numbers": [{"number": "+31201234560", "assistant": "Night"}],
    }
    run = services.play("voiceops.vapi_didlogic.integrate", **environment)
    assert run.rc == 0, run.text
    services.sandbox("call", "POST", {"to": "31201234560", "from": "31201230001"})
    services.sandbox("clock", "POST", {"advance": 120})
    for carrier in (True, False):
        services.sandbox("journal", "DELETE")
        run = services.play("voiceops.vapi_didlogic.call_log", **environment, vapi_didlogic_call_log_carrier=carrier)
        assert run.rc == 0, run.text
        (row,) = rows(services.folder / "call-log.csv")
        assert (row["assistant"], row["number"], row["customer"]) == ("Night", "31201234560", "31201230001")
        assert row["carrier_callee"] == ("31201234560" if carrier else "")
        asked = [request["path"] for request in services.sandbox("journal")["requests"]]
        assert ("/v1/calls" in asked) == carrier
        assert services.writes == 0


def test_period_and_keys_are_passed_to_the_modules(tmp_path: Path) -> None:
    vapi, didlogic = secrets.token_hex(16), secrets.token_hex(16)
    done = write(
        tmp_path,
        make(5),
        vapi_didlogic_vapi_api_key=vapi,
        vapi_didlogic_didlogic_api_key=didlogic,
        vapi_didlogic_region="eu",
        vapi_didlogic_call_log_since=datetime.date(2026, 1, 31),
        vapi_didlogic_call_log_until="2026-02-01T12:00+01:00",
        vapi_didlogic_call_log_limit=5,
        vapi_didlogic_call_log_file=str(tmp_path / "report.html"),
    )
    assert done.rc == 0, done.out
    asked = done.asked()
    assert (asked["created_after"], asked["created_before"]) == ("2026-01-31T00:00:00.000Z", "2026-02-01T11:00:00.000Z")
    assert (asked["limit"], asked["region"], asked["api_key"], asked["didlogic_api_key"]) == (5, "eu", True, True)
    assert done.page.exists()
    assert done.table.name == "report.csv"
    assert "limit was reached" in done.out
    everything = done.out + done.page.read_text() + done.table.read_text()
    assert vapi not in everything
    assert didlogic not in everything


def test_period_in_days_without_didlogic(tmp_path: Path) -> None:
    done = write(
        tmp_path,
        make(1),
        "-e",
        "vapi_didlogic_call_log_since=30",
        environment={"DIDLOGIC_API_KEY": secrets.token_hex(16)},
        vapi_didlogic_call_log_carrier=False,
        vapi_didlogic_call_log_until="2026-02-01",
    )
    assert done.rc == 0, done.out
    asked = done.asked()
    ago = datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(asked["created_after"])
    assert abs(ago - datetime.timedelta(days=30)) < datetime.timedelta(minutes=5)
    assert asked["created_before"] == "2026-02-01T23:59:59.000Z"
    assert not asked["didlogic_api_key"]


@pytest.mark.exhaustive(2)
@pytest.mark.parametrize(
    ("name", "value"), [("since", "last week"), ("until", "31.01.2026"), ("limit", 0), ("file", "log.csv")]
)  # fmt: skip
def test_invalid_options_are_rejected(tmp_path: Path, name: str, value: Any) -> None:
    done = write(tmp_path, hostile(), **{f"vapi_didlogic_call_log_{name}": value})
    assert done.rc != 0
    assert f"Nothing was sent. vapi_didlogic_call_log_{name} " in done.out
    assert not (tmp_path / "asked-calls.json").exists()

# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit as people meet it: the run, the picture in a browser, the JSON file."""

from __future__ import annotations

import copy
import json
import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from making import HOSTILE, Written, audit
from test_call_log import CONTRAST, DATA

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.audit import findings, numbers
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.checks.registry import SEVERITIES
from ansible_collections.voiceops.vapi_didlogic.tests.unit.test_audit import (
    DESK,
    FAULTS,
    HOME,
    HUMAN,
    healthy,
    snapshot,
)

Show = Callable[..., Any]
WORDS = {"error": "Broken", "warning": "At risk", "info": "To note", "ok": "Healthy"}
# Where in the picture a link stands.
KINDS = {
    "number": {"number"},
    "forward": {"forward", "account", "phone"},
    "trunk": {"trunk"},
    "account": {"trunk"},
    "phone_number": {"phone"},
    "assistant": {"assistant", "squad"},
    "tool": {"tool"},
}


def judged(account: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What the module answers for an account."""
    found = findings(snapshot(account, **more))
    counts = {severity: sum(item["severity"] == severity for item in found) for severity in SEVERITIES}
    return {"findings": found, "numbers": numbers(snapshot(account, **more), found), "summary": counts}


def spoilt(*names: str) -> dict[str, Any]:
    """An account with these faults."""
    account = healthy()
    for name, spoil, _rules in FAULTS:
        if name in names:
            spoil(account)
    return judged(account)


def hostile() -> dict[str, Any]:
    """Every text that comes from outside is meant badly; one number for each."""
    result = spoilt("no inbound gateway", "a transfer to another's number")
    one = next(item for item in result["numbers"] if item["number"] == DESK)
    found = []
    items = []
    for index, text in enumerate(HOSTILE):
        item = copy.deepcopy(one) | {"number": str(31201234000 + index)}
        item["phone_number"] = {"id": "p", "number": text, "name": text}
        item["trunk"] = {"id": text, "name": text, "username": text}
        item["answered_by"] = {"kind": "assistant", "id": text, "name": text}
        item["transfer_tools"] = [{"id": text, "name": text, "to": [text, f"sip:{text}@{text}"]}]
        item["destinations"] += [
            {**one["destinations"][1], "kind": kind, "destination": text, "leads_to": text}
            for kind in ("sip_uri", "sip_account", "pstn", text)
        ]
        items.append(item)
        for step in KINDS:
            finding = {"rule": text, "severity": "error", "step": step, "subject": text, "numbers": [item["number"]]}
            found.append(finding | {"message": text, "fix": text, "docs": "javascript:alert(1)"})
    found.append({**found[0], "numbers": [], "docs": text})
    return {"findings": found, "numbers": items, "summary": {"error": len(found), "warning": 0, "info": 0}}


def many(count: int) -> dict[str, Any]:
    """So many numbers; every third is not at Vapi, and all are on one trunk that is at risk."""
    result = spoilt("not imported", "no inbound gateway")
    kinds = [next(item for item in result["numbers"] if item["number"] == number) for number in (DESK, HOME, HOME)]
    per_number = next(item for item in result["findings"] if item["rule"] == "not-imported")
    trunk = next(item for item in result["findings"] if item["rule"] == "no-inbound-gateway")
    items, found = [], []
    for index in range(count):
        kind, number = kinds[index % 3], str(31201000000 + index)
        items.append(json.loads(json.dumps(kind).replace(kind["number"], number)))
        if kind["number"] == DESK:
            found.append(per_number | {"subject": f"number {number}", "numbers": [number]})
    concerned = [item["number"] for item in items if item["imported"]]
    return {"findings": [*found, trunk | {"numbers": concerned}], "numbers": items, "summary": {}}


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The playbook's files for a result full of malice."""
    keys = {f"vapi_didlogic_{name}_api_key": secrets.token_hex(16) for name in ("vapi", "didlogic")}
    done = audit(
        tmp_path_factory.mktemp("malice"),
        hostile(),
        "--diff",
        **keys,
        vapi_didlogic_region="eu",
        vapi_didlogic_audit_fail_on="never",
        vapi_didlogic_audit_ignore="balance-low",
        vapi_didlogic_audit_numbers=[31201234560, "+31201234561"],
    )
    assert done.rc == 0, done.out
    everything = done.out + done.page.read_text() + done.table.read_text()
    assert not [key for key in keys.values() if key in everything]
    return done


@pytest.fixture(scope="module")
def put(bad: Written, tmp_path_factory: pytest.TempPathFactory) -> Callable[[dict[str, Any]], Path]:
    """The playbook's page with another result."""
    folder, source = tmp_path_factory.mktemp("pages"), bad.page.read_text()

    def made(result: dict[str, Any]) -> Path:
        data = json.loads(DATA.findall(source)[0][1])
        data |= {"findings": result["findings"], "numbers": result["numbers"], "chosen": False, "ignored": []}
        text = json.dumps(data).replace("<", "\\u003c")
        file = folder / f"{secrets.token_hex(4)}.html"
        file.write_text(DATA.sub(lambda found: found[1] + text + found[3], source))
        return file

    return made


@pytest.fixture(scope="module")
def window(stay: Show, put: Callable[[dict[str, Any]], Path]) -> Callable[[dict[str, Any]], Any]:
    """One window that shows one page after another."""
    page = stay(put(judged(healthy())))

    def turned(result: dict[str, Any]) -> Any:
        page.goto(put(result).as_uri())
        page.locator("#main").wait_for()
        return page

    return turned


@pytest.fixture(scope="module")
def broken(put: Callable[[dict[str, Any]], Path]) -> Path:
    """Errors, warnings, notes, and the account."""
    return put(
        spoilt(
            "not imported", "a member that is gone", "a login that is not there", "little money", "a tool of nobody",
            "a transfer to another's number", "no destination",
        )
    )  # fmt: skip


def lane(page: Any, number: str) -> Any:
    return page.locator(f'.lane[data-number="{number}"]')


def tiles(page: Any) -> dict[str, int]:
    values = page.locator("#totals .card").evaluate_all(
        "cards => cards.map((c) => [c.querySelector('dt').textContent, c.querySelector('dd').textContent])"
    )
    return {name: int(value.replace(",", "")) for name, value in values}


# --- The picture -----------------------------------------------------------------------------------------------------


def test_healthy_environment_shows_no_findings(window: Any) -> None:
    page = window(judged(healthy()))
    assert tiles(page) == {"Numbers": 3, "Broken": 0, "At risk": 0, "To note": 0, "Healthy": 3}
    assert page.locator("button.node, .reason, .finding, .break").count() == 0
    assert "Nothing is broken or risky" in page.locator("#findings").inner_text()
    boxes = [" ".join(text.split()) for text in lane(page, DESK).locator(".node").all_inner_texts()]
    order = [
        f"Number {DESK} Healthy",
        "1. Forward Vapi",
        "Trunk didlogic logs in as 01234",
        f"Number in Vapi {DESK}",
        "Assistant Desk",
        "Transfer tool to_human",
        f"Human +{HUMAN} at sip.nl.didlogic.net",
        "2. SIP account 01234",
    ]
    assert len(boxes) == len(order)
    assert all(box.startswith(start) for box, start in zip(boxes, order, strict=True)), boxes
    assert "Squad Team" in " ".join(lane(page, HOME).inner_text().split())
    assert [" ".join(text.split()) for text in lane(page, HUMAN).locator(".node").all_inner_texts()][1:] == [
        "1. Phone 31612340000"
    ]
    # Each box hangs on the one before, for those who do not see the lines.
    inner = lane(page, DESK).locator("li li li li li li li .name")
    assert inner.all_inner_texts() == [f"+{HUMAN}"]


@pytest.mark.exhaustive(4)
@pytest.mark.parametrize("name", [fault[0] for fault in FAULTS])
def test_fault_is_shown_at_its_link(window: Any, name: str) -> None:
    result = spoilt(name)
    page = window(result)
    for finding in result["findings"]:
        details = page.locator(f'.finding[data-rule="{finding["rule"]}"]')
        assert details.count() == 1
        assert finding["message"] in details.inner_text()
        assert finding["fix"] in details.inner_text()
        alone = finding["step"] == "account" or not finding["numbers"]
        assert (details.locator("xpath=ancestor::*[@data-part]").get_attribute("data-part") == "account") == alone
        for number in finding["numbers"]:
            boxes = lane(page, number).locator(f"button.node.{finding['severity']}:has(.mark)")
            kinds = set(boxes.evaluate_all("boxes => boxes.map((box) => box.dataset.kind)"))
            assert kinds
            assert kinds <= KINDS[finding["step"]], kinds
            assert WORDS[finding["severity"]] in boxes.first.get_attribute("aria-label")
            reason = lane(page, number).locator(f'.reason[data-rule="{finding["rule"]}"]')
            assert finding["message"] in reason.inner_text()
            assert finding["fix"] in reason.locator("p").first.text_content()
    for item in result["numbers"]:
        assert lane(page, item["number"]).locator(".badge").inner_text() == WORDS[item["status"]]
        if item["status"] == "ok":
            assert lane(page, item["number"]).locator("button.node").count() == 0


@pytest.mark.parametrize(
    ("name", "between"),
    [
        ("a trunk that is not there", ("1. Forward", "Trunk")),
        ("the host of another region", ("1. Forward", "Trunk")),
        ("a host without a trunk", ("1. Forward", "Trunk")),
        ("another trunk", ("Trunk", "Number in Vapi")),
        ("no trunk", ("Trunk", "Number in Vapi")),
        ("a transfer to a phone number", ("Transfer tool", "Human")),
    ],
)
def test_broken_link_is_marked(window: Any, name: str, between: tuple[str, str]) -> None:
    page = window(spoilt(name))
    ends = lane(page, DESK).locator("li:has(> .wire > .break)").evaluate_all(
        "items => items.map((item) => [item.parentElement.closest('li'), item].map((one) =>"
        " one.querySelector('.caption').textContent))"
    )  # fmt: skip
    assert ends == [list(between)]


def test_missing_number_is_shown(window: Any) -> None:
    page = window(judged(healthy(), declared_numbers=("31205555555",)))
    assert lane(page, "31205555555").locator("button.node.error .name").all_inner_texts()[0] == "31205555555"
    assert tiles(page)["Broken"] == 1


def test_box_shows_the_finding(show: Show, broken: Path) -> None:
    page = show(broken)
    box, tip = lane(page, DESK).locator("button.node.error"), page.locator("#tip")
    box.hover()
    for part in ("calls to it reach no assistant", "Import it with vapi_phone_number"):
        assert part in tip.inner_text()
    page.mouse.move(5, 5)
    assert not tip.is_visible()
    box.focus()
    assert tip.is_visible()
    assert box.get_attribute("aria-describedby") == "tip"
    page.keyboard.press("Escape")
    assert not tip.is_visible()
    reason = lane(page, DESK).locator('.reason[data-rule="not-imported"]')
    reason.evaluate("made => { made.open = false; }")
    box.press("Enter")
    assert reason.get_attribute("open") is not None
    assert page.evaluate("document.activeElement.closest('.reason').dataset.rule") == "not-imported"
    page.keyboard.press("Enter")
    assert reason.get_attribute("open") is None
    assert reason.locator("a").get_attribute("href").endswith("-docsite-audit-not-imported")


# --- Many numbers ----------------------------------------------------------------------------------------------------


def test_page_shows_500_numbers(show: Show, put: Any) -> None:
    file = put(many(500))
    started = time.monotonic()
    page = show(file)
    assert time.monotonic() - started < 15
    assert tiles(page) == {"Numbers": 500, "Broken": 167, "At risk": 333, "To note": 0, "Healthy": 0}
    assert page.locator(".lane").count() == 25
    assert page.locator(".finding").count() == 2, "the same words stand once"
    result = page.locator('.finding[data-rule="not-imported"]')
    assert result.locator(".subject").inner_text().startswith("167 numbers")
    assert result.locator(".chips a").count() == 12
    result.get_by_text("and 155 more").click()
    assert result.locator(".chips a").count() == 167
    result.get_by_text("31201000498", exact=True).click()
    assert lane(page, "31201000498").is_visible()
    assert page.evaluate("document.activeElement.dataset.number") == "31201000498"
    assert page.locator("#range").inner_text() == "Numbers 151\u2013175 of 500"
    again = show(file, address="#" + page.url.partition("#")[2])
    assert again.evaluate("document.activeElement.dataset.number") == "31201000498", "a link to a number can be sent"
    page.locator("#on").click()
    assert page.locator("#range").inner_text() == "Numbers 176\u2013200 of 500"
    page.locator("#back").click()
    assert lane(page, "31201000498").is_visible()


def test_filters_select_numbers(show: Show, put: Any) -> None:
    file = put(many(500))
    page = show(file)
    page.locator('#status [data-status="warning"]').click()
    assert page.locator("#found").inner_text() == "333 of 500 numbers"
    assert set(page.locator(".lane .badge").all_inner_texts()) == {"At risk"}
    assert page.evaluate("document.activeElement.dataset.status") == "warning", "the focus stays"
    page.locator("#text").fill("squad-less")
    assert page.locator("#range").inner_text() == "No number matches the filters."
    page.locator("#text").fill("Team 0010")
    words = [item for item in many(500)["numbers"] if "Team" in json.dumps(item) and "0010" in item["number"]]
    result = f"{len(words)} of 500 numbers"
    assert page.locator("#found").inner_text() == result
    assert show(file, address="#" + page.url.partition("#")[2]).locator("#found").inner_text() == result
    page.locator("#reset").click()
    assert page.locator("#found").inner_text() == "All 500 numbers"
    page.locator('.finding[data-rule="not-imported"]').get_by_text("Show their routes").click()
    assert page.locator("#found").inner_text() == "167 of 500 numbers"
    page.locator("#window").click()
    names = page.locator(".lane h3").all_inner_texts()
    assert names[:2] == ["31201000000", "31201000003"]
    page.locator("#order").select_option("number")
    names = page.locator(".lane h3").all_inner_texts()
    assert names == sorted(names)
    slowest = page.evaluate("""() => Math.max(...["3", "31", "3120", ""].map((text) => {
        const from = performance.now(), field = document.getElementById("text");
        field.value = text;
        field.dispatchEvent(new Event("input"));
        return performance.now() - from;
    }))""")
    assert slowest < 1500, "milliseconds that a key may take, on a slow and busy machine"


def test_page_without_numbers(window: Any) -> None:
    page = window({"findings": [], "numbers": []})
    assert tiles(page)["Numbers"] == 0
    assert page.locator("#range").inner_text() == "Neither service has a number."


# --- Whom it must not hurt, and who must be able to read it ----------------------------------------------------------


def test_html_in_values_is_shown_as_text(show: Show, bad: Written) -> None:
    source = bad.page.read_text()
    assert "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'" in source
    assert source.count("</script>") == 2
    assert "<img" not in source
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write", source)
    assert json.loads(bad.table.read_text()) == hostile()
    page = show(bad.page)
    assert page.locator("img, b").count() == 0
    assert page.locator("main a:not([href^='#'])").count() == 0, "only manuals are linked, and by https"
    names = [" ".join(text.split()) for text in page.locator(".lane .node .name").all_inner_texts()]
    for index, text in enumerate(HOSTILE):
        plain = " ".join(text.split())
        assert names.count(plain) >= 6, text
        assert plain in " ".join(lane(page, str(31201234000 + index)).locator(".reason").first.inner_text().split())
    page.locator("#text").fill(HOSTILE[0])
    assert page.locator(".lane").count() == 1
    page.locator("button.node").nth(3).hover()
    assert HOSTILE[0] in page.locator("#tip").inner_text()
    assert not list(bad.folder.rglob("pwned"))
    assert "Skipped rules: balance-low." in page.locator("#notice").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_meets_wcag(show: Show, broken: Path, put: Any, scheme: str) -> None:
    page = show(broken, color_scheme=scheme, reduced_motion="reduce")
    for status in ("error", "warning", "info", "ok", ""):
        page.locator(f'#status [data-status="{status}"]').click() if status else page.locator("#reset").click()
        assert page.evaluate(CONTRAST) == []
    page.locator("button.node.error").first.click()
    page.locator("button.node.warning").first.hover()
    assert page.evaluate(CONTRAST) == []
    page.goto(put(spoilt("a trunk that is not there", "the destination switched off")).as_uri())
    assert page.evaluate(CONTRAST) == []
    back = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", back))) < 150) == (scheme == "dark")
    # Boxes and lines that say that something is wrong stand out from their ground.
    page.goto(broken.as_uri())
    poor = page.evaluate("""() => {
        const parse = (text) => text.match(/[\\d.]+/g).map(Number);
        const linear = (v) => (v / 255 <= .04045 ? v / 255 / 12.92 : ((v / 255 + .055) / 1.055) ** 2.4);
        const light = ([r, g, b]) => .2126 * linear(r) + .7152 * linear(g) + .0722 * linear(b);
        const ratio = (a, b) => (Math.max(light(a), light(b)) + .05) / (Math.min(light(a), light(b)) + .05);
        const card = parse(getComputedStyle(document.querySelector(".card")).backgroundColor);
        const marked = [...document.querySelectorAll("button.node, .wire.error, .wire.warning, .wire.info")];
        return marked.map((box) => ratio(parse(getComputedStyle(box).borderBottomColor), card)).filter((r) => r < 3);
    }""")
    assert poor == []


@pytest.mark.exhaustive(2)
@pytest.mark.parametrize("width", [320, 400, 700, 1000])
def test_page_does_not_scroll_horizontally(show: Show, broken: Path, bad: Written, width: int) -> None:
    for file in (broken, bad.page):
        page = show(file, width=width)
        page.locator("button.node").first.hover()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        beyond = page.evaluate("""() => [...document.querySelectorAll("main *")]
            .filter((e) => e.checkVisibility() && !e.closest(".unseen, option"))
            .filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.outerHTML.slice(0, 90))""")
        assert beyond == []
        over = page.evaluate("""() => [...document.querySelectorAll(".lane")].some((lane) => {
            const boxes = [...lane.querySelectorAll(".node")].map((box) => box.getBoundingClientRect());
            const apart = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
            return boxes.some((a, i) => boxes.slice(i + 1).some((b) => !apart(a, b)));
        })""")
        assert not over, "no box lies on another"


def test_elements_have_accessible_names(show: Show, broken: Path) -> None:
    page = show(broken, reduced_motion="reduce")
    nameless = page.evaluate("""() => {
        const named = (e) => e.textContent.trim() || e.ariaLabel || e.labels?.length || e.ariaLabelledByElements;
        const seen = [...document.querySelectorAll("button, select, input, section, a, summary, [role]")];
        return seen.filter((e) => e.checkVisibility() && !named(e)).map((e) => e.outerHTML.slice(0, 90));
    }""")
    assert nameless == []
    assert page.evaluate("new Set([...document.querySelectorAll('[id]')].map((e) => e.id)).size") == page.evaluate(
        "document.querySelectorAll('[id]').length"
    )
    assert page.evaluate("getComputedStyle(document.querySelector('.node')).transitionDuration") == "0s"


def test_printed_page_is_complete(show: Show, put: Any) -> None:
    page = show(put(many(60)), color_scheme="dark", width=700)
    page.emulate_media(media="print", color_scheme="dark")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".lane").count() == 60
    assert page.locator(".reason:not([open])").count() == 0
    assert page.locator('.finding[data-rule="not-imported"] .chips a').count() == 20, "nothing can be unfolded there"
    assert not page.locator("#filters").is_visible()
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator(".lane").count() == 25


# --- The run ---------------------------------------------------------------------------------------------------------


def test_playbook_options_are_passed_to_the_module(bad: Written) -> None:
    asked = bad.asked("audit")
    assert asked == {
        "vapi_region": "eu", "vapi_api_url": None, "didlogic_api_url": None, "fail_on": None,
        "numbers": ["31201234560", "+31201234561"], "ignore": ["balance-low"],
        "vapi_api_key": True, "didlogic_api_key": True,
    }  # fmt: skip
    assert oct(bad.page.stat().st_mode)[-3:] == oct(bad.table.stat().st_mode)[-3:] == "600"
    assert "+++" not in bad.out, "the difference is not shown"


def test_check_mode_writes_nothing(tmp_path: Path) -> None:
    """And it fails as the run does; of many numbers the worst are told."""
    file = tmp_path / "report.htm"
    done = audit(tmp_path, many(150), "--check", "--diff", vapi_didlogic_audit_file=str(file))
    assert done.rc != 0
    assert "would write" in done.out
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith("report")]
    assert "150 numbers: 50 broken, 100 at risk, 0 to note, 0 healthy." in done.out
    assert "and 50 more" in done.out
    assert "31201000000, 31201000003" in done.out
    assert "and 45 more; the report describes the fixes" in done.out


def test_invalid_options_are_rejected(tmp_path: Path) -> None:
    done = audit(tmp_path, hostile(), vapi_didlogic_audit_fail_on="info", vapi_didlogic_audit_file="audit.json")
    assert done.rc != 0
    for name in ("fail_on", "file"):
        assert f"Nothing was sent. vapi_didlogic_audit_{name} " in done.out
    assert not (tmp_path / "asked-audit.json").exists()


TRUNK, ANSWERS, TOOL = (f"0000000{n}-0000-4000-8000-000000000000" for n in range(3))


def by_hand() -> dict[str, Any]:
    """What somebody has made in both dashboards, as the sandbox takes it; nothing is wrong with it."""
    inward = {"destination": f"{DESK}@{TRUNK}.sip.vapi.ai", "transport": 1}
    return {
        "balance": 20,
        "numbers": [
            {"number": DESK, "destinations": [inward, {"destination": "01234", "transport": 5}]},
            {"number": HUMAN, "destinations": [{"destination": "31612340000", "transport": 4}]},
        ],
        "sip_accounts": [{"name": "01234", "callerid": DESK}],
        "vapi": {
            "credentials": [{**healthy()["trunks"][0], "id": TRUNK}],
            "tools": [{**healthy()["tools"][0], "id": TOOL}],
            "assistants": [{"id": ANSWERS, "name": "Desk", "model": {"provider": "openai", "toolIds": [TOOL]}}],
            "phone_numbers": [{"number": DESK, "credentialId": TRUNK, "assistantId": ANSWERS}],
        },
    }


def test_page_from_module_result(services: Any, show: Show) -> None:
    """An installation made by hand, whole at first."""
    services.sandbox("reset", "POST", by_hand())
    run = services.play("voiceops.vapi_didlogic.audit")
    assert run.rc == 0, run.text
    result = json.loads((services.folder / "audit.json").read_text())
    assert (result["findings"], result["summary"]) == ([], {"error": 0, "warning": 0, "info": 0})
    assert [item["status"] for item in result["numbers"]] == ["ok", "ok"]
    way = "Vapi, didlogic > assistant Desk, transfers with to_human; then SIP account 01234"
    assert f"{DESK}      healthy  {way}" in run.out
    assert "Nothing is broken or risky" in run.out
    assert tiles(show(services.folder / "audit.html"))["Healthy"] == 2

    seed, key = by_hand(), services.facts["vapi_api_key"]
    del seed["vapi"]["phone_numbers"][0]["assistantId"]
    seed["balance"] = 1
    seed["numbers"][1]["destinations"] = [{"destination": f"{HUMAN}@{key}.sip.vapi.ai", "transport": 1}]
    services.sandbox("reset", "POST", seed)
    run = services.play("voiceops.vapi_didlogic.audit", vapi_didlogic_audit_file="second.html")
    assert run.rc == 2, run.text
    assert run.failure == (
        f"The audit found 3 errors, affecting {DESK}, {HUMAN}; the report describes the fixes: "
        f"{services.folder / 'second.html'}"
    )
    page, data = (services.folder / f"second.{ending}" for ending in ("html", "json"))
    result = json.loads(data.read_text())
    assert {item["rule"] for item in result["findings"] if item["severity"] == "error"} == {
        "nobody-answers", "private-key-in-uri", "not-imported",
    }  # fmt: skip
    assert result["summary"]["error"] == 3
    for part in ("ERRORS", "nobody-answers", "not-imported", "balance-low", "to do"):
        assert part in run.out
    assert key not in run.text + page.read_text() + data.read_text()
    assert services.writes == 0
    displayed = show(page)
    assert tiles(displayed) == {"Numbers": 2, "Broken": 2, "At risk": 0, "To note": 0, "Healthy": 0}
    assert "hidden.sip.vapi.ai" in lane(displayed, HUMAN).inner_text()

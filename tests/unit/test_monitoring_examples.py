# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of alert rules and of a dashboard, and the metrics, with Prometheus' own programs."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import time
import typing as t
import urllib.request
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from ansible_collections.voiceops.vapi_didlogic.tests.unit.test_call_log import vapi
from ansible_collections.voiceops.vapi_didlogic.tests.unit.test_metrics import numbers, samples, text_of

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples" / "monitoring"
NAME = re.compile(r"\bvapi_didlogic_[a-z_]+")


def program(name: str, package: str) -> str:
    """The path of a program of a Debian package."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"there is no {name} (apt-get install {package})")
    return path


@pytest.fixture
def promtool() -> str:
    return program("promtool", "prometheus")


@pytest.fixture(scope="module")
def metrics() -> str:
    """Metrics with every family."""
    audit = {"numbers": numbers(3), "findings": [{"rule": "balance-low", "severity": "warning", "numbers": []}]}
    calls = [vapi(0, phoneNumberId="id 1", cost=0.125)]
    return text_of(
        environment='a "b" \\ €',
        audit=audit,
        calls=calls,
        balance=-0.5,
        changes=[],
        carrier_records=True,
        number_labels=True,
    )


def run(*command: str | Path, given: str = "") -> str:
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False, cwd=EXAMPLES)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def queries() -> dict[str, str]:
    """The queries of the dashboard by panel, with values for its variables."""
    panels = json.loads((EXAMPLES / "dashboard.json").read_text())["panels"]
    found = {f"{panel['id']}{target['refId']}": target["expr"] for panel in panels for target in panel["targets"]}
    return {name: expr.replace("$environment", "a|b") for name, expr in found.items()}


def test_alert_rules_are_valid_and_fire(promtool: str) -> None:
    run(promtool, "check", "rules", "--lint=all", "--lint-fatal", "alerts.yml")
    run(promtool, "test", "rules", "alerts_test.yml")


def test_each_alert_has_tests_with_and_without_alerts() -> None:
    rules = {rule["alert"] for rule in yaml.safe_load((EXAMPLES / "alerts.yml").read_text())["groups"][0]["rules"]}
    cases = [
        case
        for test in yaml.safe_load((EXAMPLES / "alerts_test.yml").read_text())["tests"]
        for case in test["alert_rule_test"]
    ]
    assert {case["alertname"] for case in cases if case["exp_alerts"]} == rules
    assert {case["alertname"] for case in cases if not case["exp_alerts"]} == rules


def test_metrics_follow_conventions(promtool: str, metrics: str) -> None:
    assert run(promtool, "check", "metrics", given=metrics) == ""


def test_queries_of_the_dashboard_are_valid(promtool: str, tmp_path: Path) -> None:
    """Promtool checks expressions in rules only."""
    rules = [{"record": f"panel:{name}", "expr": expr} for name, expr in queries().items()]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    assert f"{len(rules)} rules found" in run(promtool, "check", "rules", file)
    file.write_text(file.read_text().replace("sum by", "sum bye"))
    assert subprocess.run([promtool, "check", "rules", file], capture_output=True, check=False).returncode == 1


@pytest.mark.parametrize("name", ["alerts.yml", "alerts_test.yml", "dashboard.json"])
def test_examples_use_existing_metrics(metrics: str, name: str) -> None:
    existing = {name for name, _labels in samples(metrics)}
    used = set(NAME.findall((EXAMPLES / name).read_text()))
    assert used
    assert used <= existing


def test_dashboard_is_complete() -> None:
    """It contains what Grafana needs to import it, and no panel covers another one."""
    dashboard = json.loads((EXAMPLES / "dashboard.json").read_text())
    assert {"title", "uid", "schemaVersion", "templating", "panels", "time"} <= set(dashboard)
    variables = {variable["name"] for variable in dashboard["templating"]["list"]}
    used = {name for expr in map(json.dumps, dashboard["panels"]) for name in re.findall(r"\$\{?([a-z]+)", expr)}
    assert used == variables
    cells = [
        (x, y)
        for panel in dashboard["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells))
    assert all(x < 24 for x, _y in cells)
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_node_exporter_reads_the_metrics(metrics: str, tmp_path: Path) -> None:
    """Those of two environments, from two files of one folder."""
    exporter = program("prometheus-node-exporter", "prometheus-node-exporter")
    other = metrics.replace('environment="a', 'environment="other a')
    (tmp_path / "a.prom").write_text(metrics)
    (tmp_path / "b.prom").write_text(other)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    flags = ["--collector.disable-defaults", "--collector.textfile", f"--collector.textfile.directory={tmp_path}"]
    with subprocess.Popen([exporter, *flags, f"--web.listen-address={address}"], stderr=subprocess.DEVNULL) as process:
        try:
            text = scraped(f"http://{address}/metrics")
        finally:
            process.terminate()
    families = list(text_string_to_metric_families(text))
    found = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }
    assert found["node_textfile_scrape_error", frozenset()] == 0
    assert {key: value for key, value in found.items() if key[0].startswith("vapi_")} == {
        **samples(metrics),
        **samples(other),
    }


def scraped(url: str) -> str:
    """What the exporter returns, once it listens."""
    opener: t.Any = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    end = time.monotonic() + 30
    while True:
        try:
            with opener.open(url, timeout=10) as answer:
                text: str = answer.read().decode()
                return text
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)

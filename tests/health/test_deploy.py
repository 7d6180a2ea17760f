"""The alerts, the dashboard and the documentation speak of metrics that there are, and of all of them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from docs.generate.metrics import metric_list
from gateway import metrics

ROOT = Path(__file__).parents[2]
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "bcc-gateway.json"
CASES = Path(__file__).with_name("alerts_test.yml")
PROMTOOL = shutil.which("promtool", path=f"{ROOT}/.prometheus") or shutil.which("promtool")
needs_promtool = pytest.mark.skipif(not PROMTOOL, reason="no promtool here; tests/machine.sh fetches it")


def promtool(*arguments: str) -> None:
    assert PROMTOOL
    ended = subprocess.run([PROMTOOL, *arguments], capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def series() -> dict[str, set[str]]:
    """Each name that the gateway's page has, with its labels."""
    found: dict[str, set[str]] = {}
    for name, kind, labels, _ in metric_list():
        if kind != "histogram":
            found[name] = set(labels)
        else:
            found |= {f"{name}_{end}": set(labels) for end in ("sum", "count")}
            found[f"{name}_bucket"] = {*labels, "le"}
    return found


def rules() -> list[dict[str, str]]:
    [group] = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    alerts: list[dict[str, str]] = group["rules"]
    return alerts


def panels() -> list[dict[str, object]]:
    made: list[dict[str, object]] = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    return made


def queries() -> Iterator[str]:
    """Every expression of the dashboard, as it is once its variables are filled in."""
    for panel in panels():
        targets = panel["targets"]
        assert isinstance(targets, list)
        for target in targets:
            yield target["expr"].replace("$__rate_interval", "5m").replace("$instance", ".*")


def used(expression: str) -> set[str]:
    return set(re.findall(rf"{metrics.PREFIX}\w+", expression))


@pytest.mark.parametrize("expression", [*(rule["expr"] for rule in rules()), *queries()])
def test_a_query_names_metrics_and_labels_that_there_are(expression: str) -> None:
    known = series()
    assert used(expression) <= set(known)
    labels = {label for name in used(expression) for label in known[name]} | {"job", "instance"}
    grouped = {word.strip() for group in re.findall(r"by \(([^)]*)\)", expression) for word in group.split(",")}
    asked = set(re.findall(r"(\w+)=~?\"", expression))
    assert grouped | asked <= labels


def test_every_metric_is_on_the_dashboard_and_documented() -> None:
    shown = {name for query in queries() for name in used(query)}
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    for name, *_ in metric_list():
        assert any(one.startswith(name) for one in shown), name
        assert f"| `{name}` |" in page, name


def test_panels_have_a_place_of_their_own_and_say_what_they_show() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        assert isinstance(place, dict)
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not taken & cells, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
        assert panel["title"]
        assert str(panel["description"]).endswith(".")
        assert panel["datasource"] == {"type": "prometheus", "uid": "$datasource"}
    assert len({panel["id"] for panel in panels()}) == len(panels())
    variables = json.loads(DASHBOARD.read_text(encoding="utf-8"))["templating"]["list"]
    assert [one["name"] for one in variables] == ["datasource", "instance"]


def test_every_alert_is_documented_and_tried() -> None:
    page = (ROOT / "docs" / "health.md").read_text(encoding="utf-8")
    tried = yaml.safe_load(CASES.read_text(encoding="utf-8"))["tests"]
    names = {rule["alert"] for rule in rules()}
    assert {case["alert_rule_test"][0]["alertname"] for case in tried} == names
    assert all(len(case["input_series"]) > 1 for case in tried)  # one that fires and one that doesn't, at least
    assert [name for name in names if f"| `{name}` |" not in page] == []


@needs_promtool
def test_prometheus_takes_the_configuration_and_the_alerts() -> None:
    promtool("check", "config", str(ROOT / "deploy" / "prometheus" / "prometheus.yml"))


@needs_promtool
def test_each_alert_fires_for_its_trouble_and_for_nothing_else() -> None:
    promtool("test", "rules", str(CASES))


@needs_promtool
def test_prometheus_can_read_every_query_of_the_dashboard(tmp_path: Path) -> None:
    recorded = [{"record": f"panel:{number}", "expr": query} for number, query in enumerate(queries())]
    file = tmp_path / "panels.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": recorded}]}), encoding="utf-8")
    promtool("check", "rules", str(file))

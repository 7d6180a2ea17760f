"""Draws the dashboard without Grafana: its own panels and queries, answered by a real Prometheus.

    python deploy/grafana/draw.py http://127.0.0.1:9090 docs/dashboard.png --minutes 3 --rate 20s

It needs chromium, and is for the picture in the documentation only: Grafana draws better.
"""

from __future__ import annotations

import argparse
import html
import json
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from playwright.sync_api import sync_playwright

DASHBOARD = Path(__file__).with_name("bcc-gateway.json")
COLUMN, ROW, GAP = 56, 30, 6
"""Pixels of one step of the dashboard's grid, and between panels."""
COLOURS = ("#73bf69", "#f2cc0c", "#5794f2", "#ff780a", "#b877d9", "#f2495c", "#8ab8ff", "#c0d8ff", "#fade2a", "#37872d")
STYLE = """
body { margin: 0; background: #111217; color: #ccccdc; font: 12px sans-serif; }
section { position: absolute; background: #181b1f; border: 1px solid #24272d; overflow: hidden; }
h2 { font-size: 13px; font-weight: 500; margin: 6px 8px 0; } b { font-size: 30px; font-weight: 500; }
p { text-align: center; margin: 18px 0 0; } small { margin: 0 8px; white-space: nowrap; }
div { position: absolute; bottom: 4px; left: 4px; right: 4px; line-height: 14px; max-height: 28px; overflow: hidden; }
"""

Series = list[tuple[str, list[tuple[float, float]]]]
"""Names, and points as time and value."""


def ask(url: str, expression: str, start: float, end: float) -> list[dict[str, Any]]:  # Any: Prometheus's JSON
    query = urlencode({"query": expression, "start": start, "end": end, "step": 2})
    with urlopen(f"{url}/api/v1/query_range?{query}", timeout=30) as answer:  # noqa: S310 — the operator's own address
        result: list[dict[str, Any]] = json.load(answer)["data"]["result"]
    return result


def series(url: str, panel: Mapping[str, Any], rate: str, start: float, end: float) -> Series:
    found: Series = []
    for target in panel["targets"]:
        expression = target["expr"].replace("$__rate_interval", rate).replace("$instance", ".*")
        for one in ask(url, expression, start, end):
            name = target["legendFormat"]
            for label, value in one["metric"].items():
                name = name.replace("{{" + label + "}}", value)
            points = [(at, float(value)) for at, value in one["values"]]
            found.append((name, [point for point in points if math.isfinite(point[1])]))
    return [(name, points) for name, points in found if points]


def written(value: float, unit: str) -> str:
    if unit == "bytes":
        power = min(int(math.log(value, 1024)), 4) if value >= 1 else 0
        return f"{value / 1024**power:.3g} {('B', 'KiB', 'MiB', 'GiB', 'TiB')[power]}"
    if unit == "s":
        steps = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"), (1e-3, "ms"))
        size, name = next((step for step in steps if value >= step[0]), (1e-6, "µs"))
        return f"{value / size:.3g} {name}" if value else "0"
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def stat(panel: Mapping[str, Any], found: Series) -> str:
    if not found:
        return "<p><b>–</b></p>"
    value, field = found[0][1][-1][1], panel["fieldConfig"]["defaults"]
    words = {key: one["text"] for mapping in field.get("mappings", ()) for key, one in mapping["options"].items()}
    return f"<p><b>{words.get(f'{value:g}') or written(value, field['unit'])}</b></p>"


def chart(found: Series, unit: str, size: tuple[int, int], start: float, end: float) -> str:
    width, height = size[0] - 70, size[1] - 82
    top = max((value for _, points in found for _, value in points), default=0) * 1.1 or 1
    drawn = []
    for step in range(5):
        y = height - height * step / 4
        drawn.append(f'<path d="M0 {y}H{width}" stroke="#2c3235"/>')
        drawn.append(
            f'<text x="-6" y="{y + 4}" text-anchor="end" fill="#8e8e9a">{written(top * step / 4, unit)}</text>'
        )
    for number in range(5):
        at = time.strftime("%H:%M:%S", time.gmtime(start + (end - start) * number / 4))
        place = f'x="{width * number / 4}" y="{height + 14}" text-anchor="middle"'
        drawn.append(f'<text {place} fill="#8e8e9a">{at}</text>')
    for number, (_, points) in enumerate(found):
        way = " ".join(
            f"{width * (at - start) / (end - start):.1f},{height - height * value / top:.1f}" for at, value in points
        )
        drawn.append(
            f'<polyline points="{way}" fill="none" stroke="{COLOURS[number % len(COLOURS)]}" stroke-width="1.5"/>'
        )
    inside = f'<g transform="translate(52,12)">{"".join(drawn)}</g>'
    return f'<svg width="{size[0]}" height="{size[1] - 40}" font-size="10">{inside}</svg>'


def legend(found: Sequence[tuple[str, object]]) -> str:
    names = (
        f'<small><span style="color:{COLOURS[number % len(COLOURS)]}">━</span> {html.escape(name)}</small>'
        for number, (name, _) in enumerate(found)
    )
    return f"<div>{' '.join(names)}</div>"


def page(url: str, dashboard: Mapping[str, Any], rate: str, start: float, end: float) -> str:
    parts = [f"<style>{STYLE}</style>"]
    for panel in dashboard["panels"]:
        place, found = panel["gridPos"], series(url, panel, rate, start, end)
        size = place["w"] * COLUMN - GAP, place["h"] * ROW - GAP
        unit = panel["fieldConfig"]["defaults"]["unit"]
        inside = stat(panel, found) if panel["type"] == "stat" else chart(found, unit, size, start, end) + legend(found)
        box = f"left:{place['x'] * COLUMN}px;top:{place['y'] * ROW}px;width:{size[0]}px;height:{size[1]}px"
        parts.append(f'<section style="{box}"><h2>{html.escape(panel["title"])}</h2>{inside}</section>')
    return "".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("picture", type=Path)
    parser.add_argument("--minutes", type=float, default=180)
    parser.add_argument("--rate", default="1m", help="what Grafana calls $__rate_interval")
    given = parser.parse_args()
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    end = time.time()
    drawn = page(given.url.rstrip("/"), dashboard, given.rate, end - 60 * given.minutes, end)
    height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in dashboard["panels"]) * ROW
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        view = browser.new_page(viewport={"width": 24 * COLUMN, "height": height})
        view.set_content(drawn)
        view.screenshot(path=given.picture)
        browser.close()


if __name__ == "__main__":
    main()

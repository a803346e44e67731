"""The Grafana dashboard asks for metrics that the service has."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families as families

DASHBOARD = Path(__file__).parents[2] / "deploy/grafana/groundwork.json"
SELECTED = re.compile(r"groundwork_\w+")


async def test_every_panel_asks_for_what_is_there(address):
    async with httpx.AsyncClient(base_url=address) as http:
        await http.get("/api/v1/clients")
        found = {family.name: family for family in families((await http.get("/metrics")).text)}
    names = {name + end for name in found for end in ("", "_total", "_bucket")}
    panels = json.loads(DASHBOARD.read_text())["panels"]
    asked = {name for panel in panels for target in panel["targets"] for name in SELECTED.findall(target["expr"])}
    assert asked <= names, asked - names
    assert len(asked) >= 15
    assert {panel["title"] for panel in panels if not panel["targets"]} == set()


def test_panels_do_not_overlap_and_have_names_of_their_own():
    panels = json.loads(DASHBOARD.read_text())["panels"]
    places = [(panel["gridPos"]["x"] + dx, panel["gridPos"]["y"] + dy)
              for panel in panels for dx in range(panel["gridPos"]["w"]) for dy in range(panel["gridPos"]["h"])]  # fmt: skip
    assert len(places) == len(set(places))
    assert len({panel["id"] for panel in panels}) == len({panel["title"] for panel in panels}) == len(panels)

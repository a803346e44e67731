"""What all processes together did, counted in the database and read at each scrape, so that it is true whichever process answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from store.ledger import BOUNDS_S, Count

SUMS = {
    "cost_micros": ("groundwork_model_cost_usd", "US dollars spent on models, as far as prices are known", 1e-6),
    "input_tokens": ("groundwork_model_input_tokens", "tokens that models read", 1.0),
    "output_tokens": ("groundwork_model_output_tokens", "tokens that models wrote", 1.0),
    "retries": ("groundwork_model_retries", "model calls that were tried again", 1.0),
    "unpriced_calls": ("groundwork_model_unpriced_calls", "model calls whose price is not known", 1.0),
}
TALLIES = {
    "numerals": ("groundwork_numerals", "numerals and number words of drafts by verdict", "verdict"),
    "drafts": ("groundwork_drafts", "drafts that were verified, by outcome", "outcome"),
    "tools": ("groundwork_run_tools", "tool runs that agents asked for, by outcome", "outcome"),
}


class Counted(Collector):
    """Metrics made of counts over all workspaces. Labels are kinds, models and verdicts, never a tenant's."""

    def __init__(self, counts: Iterable[Count]) -> None:
        self._of: dict[str, list[Count]] = defaultdict(list)
        for count in counts:
            self._of[count.name].append(count)

    def collect(self) -> Iterator[Metric]:
        """The families, in a fixed order."""
        runs = GaugeMetricFamily("groundwork_runs", "runs that are kept, by kind and status", labels=["kind", "status"])
        for count in self._of["runs"]:
            runs.add_metric([count.label, count.detail], count.n)
        yield runs
        for name, (metric, said, label) in TALLIES.items():
            family = CounterMetricFamily(metric, said, labels=[label])
            for count in self._of[name]:
                family.add_metric([count.label], count.n)
            yield family
        for name, (metric, said, scale) in SUMS.items():
            family = CounterMetricFamily(metric, said, labels=["model"])
            for count in self._of[name]:
                family.add_metric([count.label], count.n * scale)
            yield family
        yield self._latency()

    def _latency(self) -> Metric:
        family = HistogramMetricFamily("groundwork_model_call_seconds", "time of a model call with its retries", labels=["model"])
        within: dict[str, dict[float, float]] = defaultdict(dict)
        for count in self._of["calls within"]:
            within[count.label][float(count.detail)] = count.n
        total = {count.label: count.n / 1000 for count in self._of["latency_ms"]}
        for model, found in within.items():
            so_far, buckets = 0.0, []
            for bound in BOUNDS_S:
                so_far += found.get(bound, 0.0)
                buckets.append(("+Inf" if bound == float("inf") else str(bound), so_far))
            family.add_metric([model], buckets, sum_value=total.get(model, 0.0))
        return family


def exposition(counts: Iterable[Count]) -> bytes:
    """The counts in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(Counted(counts))
    return generate_latest(registry)

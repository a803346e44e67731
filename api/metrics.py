"""What an operator measures, for Prometheus."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("groundwork_http_requests", "HTTP requests by route and status", ["method", "route", "status"])
REQUEST_SECONDS = Histogram(
    "groundwork_http_request_seconds",
    "time from request to the end of the answer",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60),
)
TOOL_SECONDS = Histogram(
    "groundwork_tool_seconds", "time of one tool run through the API", ["tool"], buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
)
TOOL_REFUSALS = Counter("groundwork_tool_refusals", "tool runs that were refused", ["tool", "kind"])
STREAMS = Gauge("groundwork_event_streams", "event streams open now")
WORKERS = Gauge("groundwork_workers_alive", "workers seen lately, as of the last scrape")
QUEUE = Gauge("groundwork_queue_jobs", "jobs in the queue by state, as of the last scrape", ["state"])
OLDEST = Gauge("groundwork_queue_oldest_seconds", "age of the oldest job that waits, as of the last scrape")
READY = Gauge("groundwork_database_up", "whether the database answered the last scrape")

"""Which tool a question wants, by its words. The first rule that fits decides."""

from __future__ import annotations

import re
from dataclasses import dataclass

from llm.offline.chat.reading import Talk


@dataclass(frozen=True, slots=True)
class Wants:
    """Words that want a tool. `first`: tools whose answer it builds on."""

    tool: str
    words: re.Pattern[str]
    first: tuple[str, ...] = ()


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)


QUESTIONS = (
    Wants("compare_competitors", _words(r"competitors?|rivals?|competition")),
    Wants(
        "summarize_cancellations", _words(r"cancel\w*|why .*(?:leave|left|leaving|quit)|unsubscrib\w*|reasons? .*(?:leav|cancel|end)\w*")
    ),
    Wants("predict_churn", _words(r"churn\w*|likely to (?:leave|cancel|quit)|at risk of leaving")),
    Wants("score_health", _words(r"health(?:y|iest)?")),
    Wants("find_send_time", _words(r"(?:when|what time|which day) .*(?:send|mail|e-?mail)\w*|send times?|best time")),
    Wants(
        "compare_periods",
        _words(r"what (?:has )?changed|change since|compared (?:with|to)|against last|month on month|week on week|versus last"),
    ),
    Wants("design_experiment", _words(r"tests?|testing|experiments?|a/b|sample size|hold-?outs?")),
    Wants(
        "forecast_campaign",
        _words(r"forecasts?|predict|projection|what (?:would|will|can|could) .*(?:bring|give|deliver|get)"),
        ("allocate_budget",),
    ),
    Wants("allocate_budget", _words(r"split|allocat\w+|distribut\w+|divide|where should .*(?:budget|money|spend)\w*")),
    Wants(
        "fit_response_curves",
        _words(r"saturat\w+|diminish\w+|response curves?|marginal|next (?:booking|conversion|customer|one) costs?|spend more"),
    ),
    Wants("find_benchmarks", _words(r"benchmarks?|industry|other (?:advertisers|companies|brands)|typical")),
    Wants("list_prices", _words(r"price list|prices?|pricing|margins?|charge")),
    Wants("segment_audience", _words(r"customers?|segments?|loyal\w*|lapsed|order value|repeat|audience|buyers?|who buys")),
    Wants("describe_data", _words(r"data|tables?|rows|how far back|missing|up to date|fresh\w*")),
    Wants(
        "summarize_channels",
        _words(
            r"channels?|spend|spent|spending|clicks?|cpa|cpc|ctr|cpm|roas|cost per|costs?|conversions?|impressions|campaigns?|ads?"
            r"|google(?: ads)?|meta|facebook|instagram|tiktok|linkedin|youtube|email|advertising|bookings?|leads?|performance|performing"
            r"|return on ad spend"
        ),
    ),
)


def wanted(talk: Talk) -> Wants | None:
    """The tool that the message wants, among those that are offered."""
    return next((rule for rule in QUESTIONS if talk.desk.tool(rule.tool) and rule.words.search(talk.message)), None)

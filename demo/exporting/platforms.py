"""Advertising platforms: Google Ads (report and API query), Meta, LinkedIn, TikTok, and the sheet where mailings are kept."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from demo.exporting.notation import american, counted, day_first, decimals, micros, money, plain, thousands
from demo.exporting.sheet import Break, Layout, Sheet

ACCOUNT = "Simulated account"
NONE = " --"
"""How Google Ads writes that a cell does not apply."""


def platform_sheets(ads: pa.Table, language: str, currency: str, first: date, as_of: date) -> list[Sheet]:
    """One file per platform; Google Ads changes from report to API query with the year, as teams change tools."""
    sheets = []
    for channel in pc.unique(ads["channel"]).to_pylist():
        rows = ads.filter(pc.equal(ads["channel"], channel))
        if channel == "google_ads":
            turn = date(as_of.year, 1, 1)
            if first < turn:
                early = pc.less(rows["day"], pa.scalar(turn))
                sheets.append(google_report(rows.filter(early), channel, language, first, date(as_of.year - 1, 12, 31)))
                sheets.append(google_query(rows.filter(pc.invert(early)), channel))
            else:
                sheets.append(google_report(rows, channel, language, first, as_of))
        elif channel == "youtube":
            sheets.append(google_report(rows, channel, language, first, as_of))
        else:
            sheets.append({"meta": meta, "linkedin": linkedin, "tiktok": tiktok, "email": mailings}[channel](rows, currency, first, as_of))
    return sheets


def google_report(rows: pa.Table, channel: str, language: str, first: date, last: date) -> Sheet:
    """The report as the web page downloads it: a title, the dates, thousands separators, and totals at the end."""
    span = (
        f'"{first:%B} {first.day}, {first.year} - {last:%B} {last.day}, {last.year}"'
        if language == "en-US"
        else f"{first.day} {first:%B %Y} - {last.day} {last:%B %Y}"
    )
    written = pa.table(
        {
            "Day": plain(rows["day"]),
            "Campaign": rows["campaign"],
            "Campaign status": pa.repeat(pa.scalar("Enabled"), rows.num_rows),
            "Currency code": rows["currency"],
            "Impr.": thousands(rows["impressions"]),
            "Clicks": thousands(rows["clicks"]),
            "Cost": money(rows["spend"], grouped=True),
            "Conversions": decimals(rows["conversions"]),
            "Conv. value": money(rows["conversion_value"], grouped=True),
        }
    )
    sums = {
        "Impr.": thousands(_sum(rows["impressions"]))[0].as_py(),
        "Clicks": thousands(_sum(rows["clicks"]))[0].as_py(),
        "Cost": money(_sum(rows["spend"]), grouped=True)[0].as_py(),
        "Conversions": decimals(_sum(rows["conversions"]))[0].as_py(),
        "Conv. value": money(_sum(rows["conversion_value"]), grouped=True)[0].as_py(),
    }
    blank = {"Campaign": NONE, "Campaign status": NONE, "Currency code": rows["currency"][0].as_py()}
    return Sheet(
        path="youtube_google_ads_report.csv" if channel == "youtube" else "google_ads_report.csv",
        table="ad_metrics",
        shape="google_ads_report",
        rows=written,
        columns={
            "Day": "day",
            "Campaign": "campaign",
            "Currency code": "currency",
            "Impr.": "impressions",
            "Clicks": "clicks",
            "Cost": "spend",
            "Conversions": "conversions",
            "Conv. value": "conversion_value",
        },
        identity="Campaign",
        breaks=(Break("bad date", "Day", "2025-02-30"), Break("negative spend", "Cost", "-1,412.50")),
        constants={"channel": channel},
        layout=Layout(
            preamble=("Campaign performance report", span),
            last=({"Day": "Total: Campaigns", **blank, **sums}, {"Day": "Total: Account", **blank, **sums}),
        ),
    )


def google_query(rows: pa.Table, channel: str) -> Sheet:
    """The same figures as the API query gives them: field names as headers, cost in micros."""
    return Sheet(
        path="google_ads_query.csv",
        table="ad_metrics",
        shape="google_ads_query",
        rows=pa.table(
            {
                "segments.date": plain(rows["day"]),
                "campaign.name": rows["campaign"],
                "customer.currency_code": rows["currency"],
                "metrics.impressions": plain(rows["impressions"]),
                "metrics.clicks": plain(rows["clicks"]),
                "metrics.cost_micros": micros(rows["spend"]),
                "metrics.conversions": decimals(rows["conversions"]),
                "metrics.conversions_value": money(rows["conversion_value"]),
            }
        ),
        columns={
            "segments.date": "day",
            "campaign.name": "campaign",
            "customer.currency_code": "currency",
            "metrics.impressions": "impressions",
            "metrics.clicks": "clicks",
            "metrics.cost_micros": "spend",
            "metrics.conversions": "conversions",
            "metrics.conversions_value": "conversion_value",
        },
        identity="campaign.name",
        breaks=(Break("bad date", "segments.date", "2026-13-01"), Break("negative spend", "metrics.cost_micros", "-98000000")),
        constants={"channel": channel},
    )


def meta(rows: pa.Table, currency: str, first: date, as_of: date) -> Sheet:
    """Ads Manager by day: a byte-order mark, a summary under the header, the currency in a header and in no column."""
    spent = f"Amount spent ({currency})"
    written = pa.table(
        {
            "Campaign name": rows["campaign"],
            "Day": plain(rows["day"]),
            "Campaign delivery": pa.repeat(pa.scalar("active"), rows.num_rows),
            "Attribution setting": pa.repeat(pa.scalar("7-day click or 1-day view"), rows.num_rows),
            "Results": counted(rows["conversions"]),
            "Result indicator": pa.repeat(pa.scalar("actions:offsite_conversion.fb_pixel_purchase"), rows.num_rows),
            "Impressions": plain(rows["impressions"]),
            "Link clicks": plain(rows["clicks"]),
            spent: money(rows["spend"]),
            "Purchases conversion value": money(rows["conversion_value"]),
            "Reporting starts": plain(rows["day"]),
            "Reporting ends": plain(rows["day"]),
        }
    )
    summary = {
        "Results": counted(_sum(rows["conversions"]))[0].as_py(),
        "Impressions": plain(_sum(rows["impressions"]))[0].as_py(),
        "Link clicks": plain(_sum(rows["clicks"]))[0].as_py(),
        spent: money(_sum(rows["spend"]))[0].as_py(),
        "Purchases conversion value": money(_sum(rows["conversion_value"]))[0].as_py(),
        "Reporting starts": first.isoformat(),
        "Reporting ends": as_of.isoformat(),
    }
    return Sheet(
        path="meta_ads.csv",
        table="ad_metrics",
        shape="meta_ads",
        rows=written,
        columns={
            "Campaign name": "campaign",
            "Day": "day",
            "Results": "conversions",
            "Impressions": "impressions",
            "Link clicks": "clicks",
            spent: "spend",
            "Purchases conversion value": "conversion_value",
        },
        identity="Campaign name",
        breaks=(Break("bad date", "Day", "n/a"), Break("negative spend", spent, "-310.00")),
        constants={"channel": "meta", "currency": currency},
        layout=Layout(encoding="utf-8-sig", first=(summary,)),
    )


def linkedin(rows: pa.Table, currency: str, first: date, as_of: date) -> Sheet:
    """Campaign Manager: UTF-16 with tabs, five lines above the header, American dates."""
    return Sheet(
        path="linkedin_campaign_performance.csv",
        table="ad_metrics",
        shape="linkedin_ads",
        rows=pa.table(
            {
                "Start Date (in UTC)": american(rows["day"]),
                "Account Name": pa.repeat(pa.scalar(ACCOUNT), rows.num_rows),
                "Currency": rows["currency"],
                "Campaign Group Name": pa.repeat(pa.scalar("Default Campaign Group"), rows.num_rows),
                "Campaign Name": rows["campaign"],
                "Total Spent": money(rows["spend"]),
                "Impressions": plain(rows["impressions"]),
                "Clicks": plain(rows["clicks"]),
                "Conversions": counted(rows["conversions"]),
                "Total Conversion Value": money(rows["conversion_value"]),
            }
        ),
        columns={
            "Start Date (in UTC)": "day",
            "Currency": "currency",
            "Campaign Name": "campaign",
            "Total Spent": "spend",
            "Impressions": "impressions",
            "Clicks": "clicks",
            "Conversions": "conversions",
            "Total Conversion Value": "conversion_value",
        },
        identity="Campaign Name",
        breaks=(Break("bad date", "Start Date (in UTC)", "13/32/2025"), Break("negative spend", "Total Spent", "-75.00")),
        constants={"channel": "linkedin"},
        layout=Layout(
            delimiter="\t",
            encoding="utf-16",
            preamble=(
                "Campaign Performance Report (in UTC)",
                f"Report Start: {first:%B} {first.day}, {first.year}, 12:00 AM",
                f"Report End: {as_of:%B} {as_of.day}, {as_of.year}, 11:59 PM",
                f"Account: {ACCOUNT}",
                "",
            ),
        ),
    )


def tiktok(rows: pa.Table, currency: str, first: date, as_of: date) -> Sheet:
    """TikTok Ads Manager by day, with a line of totals at the end."""
    names = ("Campaign name", "By Day", "Currency", "Cost", "Impressions", "Clicks (destination)", "Conversions", "Total purchase value")
    values = (
        rows["campaign"],
        plain(rows["day"]),
        rows["currency"],
        money(rows["spend"]),
        plain(rows["impressions"]),
        plain(rows["clicks"]),
        counted(rows["conversions"]),
        money(rows["conversion_value"]),
    )
    fields = ("campaign", "day", "currency", "spend", "impressions", "clicks", "conversions", "conversion_value")
    total = {
        "Campaign name": f"Total of {rows.num_rows} results",
        "By Day": "-",
        "Currency": currency,
        "Cost": money(_sum(rows["spend"]))[0].as_py(),
        "Impressions": plain(_sum(rows["impressions"]))[0].as_py(),
        "Clicks (destination)": plain(_sum(rows["clicks"]))[0].as_py(),
        "Conversions": counted(_sum(rows["conversions"]))[0].as_py(),
        "Total purchase value": money(_sum(rows["conversion_value"]))[0].as_py(),
    }
    return Sheet(
        path="tiktok_ads.csv",
        table="ad_metrics",
        shape="tiktok_ads",
        rows=pa.table(dict(zip(names, values, strict=True))),
        columns=dict(zip(names, fields, strict=True)),
        identity="Campaign name",
        breaks=(Break("bad date", "By Day", "yesterday"), Break("negative spend", "Cost", "-20.00")),
        constants={"channel": "tiktok"},
        layout=Layout(last=(total,)),
    )


def mailings(rows: pa.Table, currency: str, first: date, as_of: date) -> Sheet:
    """What the team keeps by hand about its mailings: a sheet with a channel column and dates written day first."""
    names = ("Date", "Channel", "Campaign", "Sent", "Clicks", "Cost", "Currency", "Conversions", "Revenue")
    values = (
        day_first(rows["day"]),
        pa.repeat(pa.scalar("Email"), rows.num_rows),
        rows["campaign"],
        plain(rows["impressions"]),
        plain(rows["clicks"]),
        money(rows["spend"]),
        rows["currency"],
        counted(rows["conversions"]),
        money(rows["conversion_value"]),
    )
    fields = ("day", "channel", "campaign", "impressions", "clicks", "spend", "currency", "conversions", "conversion_value")
    return Sheet(
        path="email_costs.csv",
        table="ad_metrics",
        shape="sheet",
        rows=pa.table(dict(zip(names, values, strict=True))),
        columns=dict(zip(names, fields, strict=True)),
        identity="Campaign",
        breaks=(Break("bad date", "Date", "31/02/2026"), Break("cost that is no number", "Cost", "see invoice")),
    )


def _sum(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array([pc.sum(values).as_py()])])

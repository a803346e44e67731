"""How goals, experiments, budget, promises and counts stand."""

from __future__ import annotations

from llm.offline.report.view import ReportView
from llm.offline.sentences import join, listed


def goals(view: ReportView) -> list[str]:
    """Each goal in the tool's own words."""
    if not view.goals:
        refused = view.refused("track_goals")
        why = (
            f"The goals could not be followed: {refused[0].lower() + refused[1:]}."
            if refused
            else "The brief states no goal for this period."
        )
        return [f"{why} With one number for the period, this section says how far off it is and where it is heading."]
    said = [join(*goal.sentences) for goal in view.goals]
    caveats = [view.said(caveat) for caveat in view.caveats("track_goals")]
    return [*said[: 8 - bool(caveats)], *([join(*caveats)] if caveats else [])]


def experiments(view: ReportView) -> list[str]:
    """The read-out, or that there was none."""
    answer = view.desk.good("analyze_experiment")
    if answer is not None:
        told = [join(*answer.findings[:4]), join(answer.reason, *(view.said(caveat) for caveat in view.caveats("analyze_experiment")))]
        return [text for text in told if text]
    if refused := view.refused("analyze_experiment"):
        return [f"The experiment could not be read out: {refused[0].lower() + refused[1:]}."]
    shown = view.desk.tables.get("exposures")
    if shown and (shown.get("last") or "") < view.days.first.isoformat():
        return ["Nobody was put into an experiment in this period, so nothing in it shows what an ad or a page causes."]
    if shown:
        return [
            "The brief names no experiment, so none was read out; with its name and the event that counts, this section gives the result."
        ]
    return ["No experiment is on record, so nothing in this period shows what an ad or a page causes."]


def budget(view: ReportView) -> list[str]:
    """What was spent, where, against what was agreed."""
    answer = view.summary
    spend = answer.get("total.spend") if answer else None
    if answer is None or spend is None:
        return ["There are no ad figures on record for this period, so what was spent is not known."]
    agreed = next((goal for goal in view.goals if goal.counted == "ad spend"), None)
    against = (
        f"Agreed was at most {agreed.target.slot} of ad spend."
        if agreed
        else "The brief states no budget for this period, so nothing is said of over- or underspending."
    )
    channels = [
        f"{view.name(channel)} {own.slot} ({share.slot} of ad spend)"
        for channel in view.channels
        if (own := answer.get(f"{channel}.spend")) and (share := answer.get(f"{channel}.share_of_spend"))
    ]
    extra = [
        f"{slot.slot} {word}"
        for key, word in (("F.agency_fee_share", "agency fee"), ("F.vat_rate", "VAT"))
        if (slot := view.desk.stated_as(key)) and view.amount(slot)
    ]
    beside = f"On top come, as you stated them: {listed(extra)}." if extra else ""
    return [
        join(f"Ad spend over all channels was {spend.slot}, without fees and VAT.", beside, against),
        f"By channel: {'; '.join(channels)}." if channels else "",
    ][: 1 + bool(channels)]


def promises(view: ReportView) -> list[str]:
    """Scores, misses first, then what is not due; then what this report promises."""
    said = []
    if view.scored is not None:
        counts = [text for text in view.scored.findings if "Promises whose days are over" in text]
        closed = [text for words in ("below the range", "above the range", "inside the range") for text in view.scores(words)]
        waiting = view.scores("not scored yet") + view.scores("does not show what came")
        said += [join(*counts)] if counts else ["No promise is due yet."]
        said += [join(*closed)] if closed else []
        said += [join(*waiting[:2], *(view.said(caveat) for caveat in view.caveats("score_promises")))] if waiting else []
    else:
        said.append("No earlier report or plan promised this client a figure for days that are over, so there is nothing to score.")
    pledged = [f"{text.rstrip('.')} {passage.cite}." for text, passage in view.voice.under("promise") if "promise" not in text.lower()]
    if pledged:
        said.append(join("From your own notes, promised without a figure; the record does not show whether it was done:", *pledged[:3]))
    ahead = [f"{goal.name} {goal.next.range}" for goal in view.goals if goal.next and goal.next.interval]
    if ahead:
        said.append(f"The ranges of this report for {view.next_one}, to be scored by the next report: {'; '.join(ahead)}.")
    return said


def reconciliation(view: ReportView) -> list[str]:
    """Claims beside the client's own records, in all and where they are furthest apart."""
    answer = view.summary
    claimed = answer.get("total.conversions") if answer else None
    if answer is None or claimed is None:
        return ["The platforms' counts are not on record for all channels, so they cannot be set beside your own."]
    contacts, customers = answer.get("total.crm_contacts"), answer.get("total.crm_customers")
    if contacts is None:
        return [
            f"The platforms claim {claimed.slot} conversions. The CRM names no source for its contacts, so the claims could not be checked."
        ]
    own = [f"{contacts.slot} new contacts"] + ([f"{customers.slot} first-time buyers"] if customers else [])
    first = (
        f"Over all channels the platforms report {claimed.slot} claimed conversions; for the same days the CRM has {listed(own)} "
        "whose source is an ad channel."
    )
    return [text for text in (first, _furthest(view), *_why(view)) if text]


def _furthest(view: ReportView) -> str:
    answer = view.summary
    assert answer is not None
    for key, whom in (("claims_per_crm_customer", "first-time buyer"), ("claims_per_crm_contact", "new contact")):
        rows = [(view.amount(slot) or 0.0, channel, slot) for channel in view.channels if (slot := answer.get(f"{channel}.{key}"))]
        total = answer.get(f"total.{key}")
        if rows and total:
            _, channel, slot = max(rows, key=lambda row: row[0])
            return (
                f"Claimed conversions per {whom} in the CRM are {total.slot} over all channels. "
                f"On {view.name(channel)} the claimed conversions per {whom} in the CRM are {slot.slot}: there the counts should "
                "be looked at."
            )
    return ""


def _why(view: ReportView) -> list[str]:
    answer = view.summary
    assert answer is not None
    codes = {caveat.code: caveat for caveat in answer.caveats}
    told = [codes[code] for code in ("claims_beside_crm", "crm_sources_missing", "crm_source_is_one_touch") if code in codes]
    return [join(*(view.said(caveat) for caveat in told))] if told else []

"""Form: the outline, lengths, words that a brand or nobody should use, consent."""

from __future__ import annotations

import re

from agents.deliverable import Part, leaves
from agents.roster import AGENTS
from demo.clients import CLIENTS
from evals.house import House
from evals.seen import Seen
from tools.methods.message_rules import Text, faults

WORDS = {
    "strategy": (700, 6000),
    "campaign_optimization": (700, 4500),
    "content_plan": (400, 3000),
    "report": (400, 3500),
    "competitor_analysis": (250, 3500),
    "outreach": (300, 3000),
    "case_study": (200, 3500),
    "chat": (3, 260),
}
"""Fewest and most words of a deliverable; of one answer in the chat."""
FEWEST_WORDS_IN_A_SECTION = 5
UNSENDABLE = re.compile(
    r"personal and no reason|claims to know|no way out|does not say who writes|promises what nobody|as if it were a reply"
)
CLOSING = ("\n## Assumptions register\n", "\n## Evidence\n")
"""What the house adds to every deliverable."""
HYPE = re.compile(
    r"\b(?:amazing|incredible|unbeatable|world-class|cutting-edge|game[- ]chang\w+|skyrocket\w*|supercharge\w*|unleash\w*|synerg\w+"
    r"|next-level"
    r"|best-in-class"
    r"|revolutioni[sz]\w+|crush(?:ing)? it|effortless\w*|seamless\w*|delve)\b",
    re.IGNORECASE,
)
FORBIDDEN = re.compile(
    r"\b(?:guarantee[ds]?|risk[- ]free|no risk|cures?|heals?|clinically|proven to|thanks to (?:our|the) (?:ads?|campaigns?)"
    r"|(?:ads?|campaigns?|channels?|meta|google ads|tiktok|linkedin|youtube) (?:drove|caused|generated)"
    r"|we guarantee|will certainly|is certain to)\b",
    re.IGNORECASE,
)


def outline(seen: Seen, house: House) -> list[str]:
    """Every section of the deliverable is there, in order, with something in it."""
    if seen.chat or seen.status in ("refused", "failed"):
        return []
    if seen.content is None:
        return ["there is no deliverable"]
    declared = AGENTS[seen.case.suite].deliverable
    made = declared.model_validate(seen.content)
    problems = [f"{closing.strip()!r} is missing" for closing in CLOSING if closing not in seen.markdown]
    last = -1
    for name, field in declared.model_fields.items():
        entries = getattr(made, name)
        if name == "title" or not entries:
            continue
        heading = f"\n## {field.title or name.replace('_', ' ').capitalize()}\n"
        place = seen.markdown.find(heading)
        if place < 0 or place < last:
            problems.append(f"section {heading.strip()!r} is missing or out of place")
        last = max(place, last)
        words = " ".join(text for _, text in leaves(made.model_dump(mode="json")[name])).split()
        if len(words) < FEWEST_WORDS_IN_A_SECTION and not any("{{" in word for word in words):
            problems.append(f"section {name} has {len(words)} words: {' '.join(words)!r}")
        said = [entry for entry in entries if isinstance(entry, str)] if isinstance(entries, tuple) else []
        problems += [f"section {name} says the same twice: {text[:80]!r}" for text in dict.fromkeys(said) if said.count(text) > 1]
        if any(isinstance(entry, Part) and not any(str(value).strip() for value in entry.model_dump().values()) for entry in entries):
            problems.append(f"section {name} holds an empty item")
    return problems


def length(seen: Seen, house: House) -> list[str]:
    """Neither too long to be read nor too short to be of use; the summary at most 120 words."""
    if seen.status in ("refused", "failed") or (not seen.chat and seen.content is None):
        return []
    low, high = WORDS[seen.case.suite]
    if seen.chat:
        counts = [len(answer.split()) for answer in seen.answers]
        return [f"an answer has {count} words" for count in counts if not low <= count <= high]
    words = len(seen.text.split())
    problems = [] if low <= words <= high else [f"it has {words} words, wanted {low} to {high}"]
    summary = re.search(r"\n## In short\n(.*?)(?=\n## |\Z)", seen.text, re.DOTALL)
    if summary and len(summary[1].split()) > 120:
        problems.append(f"the summary has {len(summary[1].split())} words")
    return problems


LISTED = re.compile(
    r"[^.!?\n]*\b(?:banned words?|words? (?:that )?(?:we|you|they) (?:do not|never) use|never (?:say|write)s?)\b[^.!?\n]*", re.IGNORECASE
)
"""A sentence that says which words are not used names them."""


def tone(seen: Seen, house: House) -> list[str]:
    """None of the words that the brand forbids, none of the words of advertising about itself, nothing shouted."""
    text = re.sub(r"“[^”]*”", "", seen.text)
    used = LISTED.sub("", text)
    banned = [word for word in CLIENTS[seen.case.client].banned_words if re.search(rf"\b{re.escape(word)}\b", used, re.IGNORECASE)]
    problems = [f"the brand does not say {word!r}" for word in banned if word not in " ".join(seen.case.words()).lower()]
    problems += [f"advertising talk: {found!r}" for found in dict.fromkeys(HYPE.findall(text))]
    if left := re.search(r"\[\[[A-Z]\d+|\{\{[A-Z]\d*\.", text):
        problems.append(f"a slot or citation was left unfilled: {text[left.start() : left.start() + 60]!r}")
    problems += ["an exclamation mark too many"] if "!!" in text else []
    return problems


def claims(seen: Seen, house: House) -> list[str]:
    """No promise that nobody can keep, no cause that no experiment shows, no medical claim."""
    text = re.sub(r"“[^”]*”", "", seen.text)
    return [f"forbidden claim: {found!r}" for found in dict.fromkeys(match[0] for match in FORBIDDEN.finditer(text))]


def consent(seen: Seen, house: House) -> list[str]:
    """In outreach: people who agreed, a way out, a sender, a reason for each personal field, in each message and variant."""
    if seen.case.suite != "outreach" or seen.content is None:
        return []
    problems: list[str] = []
    for message in seen.content["messages"]:
        personal = [entry.partition(":")[0].strip(" {}`") for entry in message["personal"] if entry.partition(":")[2].strip()]
        shown = re.sub(r"\{\{(?:[A-Z]\d*)\.[^{}]+\}\}", "R100", message["body"])
        text = Text(message["channel"], message["subject"], shown)
        problems += [
            f"{message['name']}: {fault.problem}"
            for fault in faults(text, banned=CLIENTS[seen.case.client].banned_words, personal=personal)
        ]
    for kind, payload in seen.events:
        sent_back = [p["problem"] for p in payload.get("problems", ())] if kind == "verdict" else []
        problems += [f"a draft was sent back: {problem}" for problem in sent_back if UNSENDABLE.search(problem)][:1]
    if seen.of("select_recipients") and not re.search(r"agreed to e-?mail|with consent|who agreed|consented", seen.text, re.IGNORECASE):
        problems.append("it does not say that only people who agreed are written to")
    return problems

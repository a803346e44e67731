"""Items that several deliverables hold: audiences, content, tests, reviews, actions, risks, what was not taken, what is not known."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from agents.deliverable import Days, Part, Prose

Owner = Annotated[str, Field(title="Owner", description="who does it: 'client', 'agency' or a role; no invented names")]
Effort = Annotated[
    Literal["small", "medium", "large"], Field(title="Effort", description="small: up to half a day, medium: up to three, large: more")
]


class Risk(Part):
    """What could go wrong, how we would see it, what we do."""

    layout: ClassVar[Literal["block", "table"]] = "table"
    risk: Annotated[Prose, Field(title="Risk")]
    sign: Annotated[Prose, Field(title="First sign")]
    mitigation: Annotated[Prose, Field(title="What we do")]
    owner: Owner


class Action(Part):
    """A recommendation that can be assigned."""

    layout: ClassVar[Literal["block", "table"]] = "table"
    what: Annotated[Prose, Field(title="Action")]
    owner: Owner
    due_in_days: Annotated[Days, Field(title="Due", description="days from the start")]
    effort: Effort
    stop_when: Annotated[
        Prose, Field(title="Stop when", description="the threshold at which to stop, as a slot, or the event that ends it")
    ]


class Alternative(Part):
    """A way not taken."""

    layout: ClassVar[Literal["block", "table"]] = "table"
    option: Annotated[Prose, Field(title="Considered")]
    why_not: Annotated[Prose, Field(title="Not taken because", description="with the figure that rejected it")]


class Unknown(Part):
    """What we could not know."""

    layout: ClassVar[Literal["block", "table"]] = "table"
    what: Annotated[Prose, Field(title="Unknown")]
    cost: Annotated[Prose, Field(title="What it costs us", description="how wide it makes the range, or which decision hangs on it")]
    learn_by: Annotated[Prose, Field(title="Fastest way to learn it")]


class Audience(Part):
    """One audience and how to reach it."""

    name: Annotated[str, Field(description="what to call them")]
    who: Annotated[Prose, Field(title="Who", description="size, value and behaviour, from a segment's figures or the stated brand context")]
    targeting: Annotated[Prose, Field(title="Where to find them", description="settings that exist in the platforms' own targeting")]
    message: Annotated[Prose, Field(title="What to say", description="one promise in the client's voice")]


class Content(Part):
    """One piece of content with the day it goes out."""

    layout: ClassVar[Literal["block", "table"]] = "table"
    out_in_days: Annotated[Days, Field(title="Out", description="days from the start")]
    channel: Annotated[str, Field(title="Channel")]
    format: Annotated[str, Field(title="Format", description="search ad, carousel, short video, e-mail, …")]
    theme: Annotated[Prose, Field(title="Theme and first line")]
    ask: Annotated[str, Field(title="Ask", description="the one thing the reader should do")]


class Test(Part):
    """One experiment that the client's traffic can afford."""

    name: Annotated[str, Field(description="what is tested")]
    hypothesis: Annotated[Prose, Field(title="Hypothesis", description="if we change this, that moves, because")]
    size: Annotated[
        Prose, Field(title="Size and time", description="sample, days and detectable effect as slots; or why it cannot be afforded")
    ]
    decide: Annotated[Prose, Field(title="How we decide", description="metric, the threshold that ships it, the one that stops it")]


class Review(Part):
    """A rule agreed before the start."""

    layout: ClassVar[Literal["block", "table"]] = "table"
    due_in_days: Annotated[Literal[30, 60, 90], Field(title="On")]
    look_at: Annotated[Prose, Field(title="Look at")]
    if_so: Annotated[Prose, Field(title="If", description="a threshold, as a slot")]
    then: Annotated[Prose, Field(title="Then")]

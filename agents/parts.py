"""Items that several deliverables hold: who does what by when, what could go wrong, what was not taken, what is not known."""

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

"""The pages, a file for each room of the house that people work in."""

from web.pages import (
    comments,
    deliverables,
    figures,
    home,
    overview,
    portal,
    sharing,
    signing_in,
    tasks,
)

PAGES = (
    signing_in.router,
    home.router,
    overview.router,
    figures.router,
    tasks.router,
    deliverables.router,
    comments.router,
    sharing.router,
    portal.router,
)

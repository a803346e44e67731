"""The pages, a file for each room of the house that people work in."""

from web.pages import (
    approvals,
    attaching,
    chat,
    comments,
    data,
    deliverables,
    documents,
    erasing,
    figures,
    home,
    importing,
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
    data.router,
    importing.router,
    documents.router,
    erasing.router,
    tasks.router,
    deliverables.router,
    approvals.router,
    comments.router,
    sharing.router,
    portal.router,
    chat.router,
    attaching.router,
)

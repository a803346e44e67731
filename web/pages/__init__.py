"""The pages, a file for each room of the house that people work in."""

from web.pages import (
    figures,
    home,
    overview,
    signing_in,
)

PAGES = (
    signing_in.router,
    home.router,
    overview.router,
    figures.router,
)

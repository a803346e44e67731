"""Simulated worlds, drawn once for all tests of this room."""

import pytest

from demo.simulate import World, world


@pytest.fixture(scope="session")
def salon() -> World:
    return world("salon")


@pytest.fixture(scope="session")
def medium_salon() -> World:
    return world("salon", "medium")


@pytest.fixture(scope="session")
def fitness() -> World:
    return world("fitness")


@pytest.fixture(scope="session")
def newcomer() -> World:
    return world("newcomer")

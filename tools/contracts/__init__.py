"""Data contracts: the tables that tools can rely on, their columns, types, keys and units."""

from tools.contracts.table import Column, Contract
from tools.contracts.tables import CONTRACTS

__all__ = ["CONTRACTS", "Column", "Contract"]

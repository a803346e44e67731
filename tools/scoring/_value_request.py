"""What a forecast of value is asked: histories in the request, a table of them, or the client's orders or subscriptions."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator

from tools.contract import Frozen, Request, choice, quantity

Model = Literal["auto", "bg_nbd", "pareto_nbd", "bg_bb", "shifted_beta_geometric"]
TimeUnit = Literal["days", "weeks", "months", "occasions"]

BIG_MONEY = 10**15


class History(Frozen):
    """Customers of one history. Times are in `time_unit`, counted from the first purchase."""

    repeat_purchases: int = quantity("count", "purchases after the first", ge=0, le=100_000)
    last_purchase: float = quantity("number", "time of the last purchase since the first; zero when there was none after it", ge=0, le=1e6)
    observed: float = quantity("number", "time since the first purchase; occasions passed for bg_bb", ge=0, le=1e6)
    customers: int = quantity("count", "customers with this history", default=1, ge=0, le=10**10)
    mean_value: float | None = quantity(
        "number", "mean value of the purchases after the first, in the unit of `values_in`", default=None, gt=0, le=BIG_MONEY
    )

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.last_purchase > self.observed:
            raise ValueError(f"the last purchase ({self.last_purchase:g}) comes after the end of the record ({self.observed:g})")
        if self.repeat_purchases > 0 and self.last_purchase == 0:
            raise ValueError(
                f"{self.repeat_purchases} repeat purchases, the last of them at time zero: give the time between first and last purchase"
            )
        if self.repeat_purchases == 0 and self.last_purchase > 0:
            raise ValueError("no repeat purchase, but a time of the last one: it is zero then")
        return self


class Tenure(Frozen):
    """Customers under contract who have come as far as this."""

    renewals: int = quantity("count", "renewals behind them: zero in the first period", ge=0, le=1200)
    ended: int = quantity("count", "customers who left after these renewals, at the end of their period", default=0, ge=0, le=10**10)
    staying: int = quantity("count", "customers who are still there after these renewals", default=0, ge=0, le=10**10)
    price: float | None = quantity(
        "number", "mean price per period of those who stay, in the unit of `values_in`", default=None, ge=0, le=BIG_MONEY
    )


class Parameters(Frozen):
    """Parameters that are known already: nothing is fitted then, and no interval of a parameter is given."""

    r: float | None = quantity("number", "bg_nbd, pareto_nbd: shape of the buying rates", default=None, gt=0, le=1e6)
    alpha: float | None = quantity("number", "scale of the buying rates; bg_bb: of buying; sBG: of leaving", default=None, gt=0, le=1e6)
    a: float | None = quantity("number", "bg_nbd: of stopping", default=None, gt=0, le=1e6)
    b: float | None = quantity("number", "bg_nbd: of going on", default=None, gt=0, le=1e6)
    s: float | None = quantity("number", "pareto_nbd: shape of the leaving rates", default=None, gt=0, le=1e6)
    beta: float | None = quantity(
        "number", "pareto_nbd: scale of the leaving rates; bg_bb: of not buying; sBG: of staying", default=None, gt=0, le=1e6
    )
    gamma: float | None = quantity("number", "bg_bb: of stopping", default=None, gt=0, le=1e6)
    delta: float | None = quantity("number", "bg_bb: of going on", default=None, gt=0, le=1e6)
    p: float | None = quantity("number", "gamma_gamma: shape of a purchase", default=None, gt=0, le=1e6)
    q: float | None = quantity("number", "gamma_gamma: shape over customers", default=None, gt=0, le=1e6)
    v: float | None = quantity("number", "gamma_gamma: scale over customers", default=None, gt=0, le=BIG_MONEY)


class Person(Frozen):
    """One customer to look at: a history, or renewals behind them under a contract."""

    name: str = Field(description="what to call them", min_length=1, max_length=60)
    repeat_purchases: int = quantity("count", "purchases after the first", default=0, ge=0, le=100_000)
    last_purchase: float = quantity("number", "time of the last purchase since the first", default=0.0, ge=0, le=1e6)
    observed: float = quantity("number", "time since the first purchase", default=0.0, ge=0, le=1e6)
    mean_value: float | None = quantity("number", "mean value of the purchases after the first", default=None, gt=0, le=BIG_MONEY)
    renewals: int = quantity("count", "shifted_beta_geometric: renewals behind them", default=0, ge=0, le=1200)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.last_purchase > self.observed or (self.repeat_purchases > 0) != (self.last_purchase > 0):
            raise ValueError(f"the history of {self.name!r} cannot be: a last purchase lies between the first and the end of the record")
        return self


class HistoryTable(Frozen):
    """An imported table with one row per customer."""

    table: str = Field(description="name of the imported table", pattern=r"^[a-z][a-z0-9_]{0,62}$")
    repeat_column: str = Field("x", description="column of purchases after the first", max_length=120)
    last_column: str = Field("t_x", description="column of the time of the last purchase since the first", max_length=120)
    observed_column: str = Field("T", description="column of the time since the first purchase", max_length=120)
    value_column: str | None = Field(None, description="column of the mean value of purchases after the first", max_length=120)


class PredictValue(Request):
    """Histories, a table of them, or neither: then the client's orders or subscriptions are read."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"source": "orders", "horizons_months": [6, 12, 60]}]})

    model: Model = Field(
        "auto",
        description="auto: bg_nbd for purchases, shifted_beta_geometric for contracts · bg_nbd, pareto_nbd: buying at any time · "
        "bg_bb: buying at set occasions · shifted_beta_geometric: contracts that renew",
    )
    source: Literal["orders", "subscriptions"] | None = Field(
        None, description="which of the client's tables to read; orders, else subscriptions, when left out and no histories are given"
    )
    histories: tuple[History, ...] = Field((), description="customers by history; left out when a table is read", max_length=1_000_000)
    tenures: tuple[Tenure, ...] = Field((), description="contracts: customers by renewals behind them", max_length=1201)
    survivors: tuple[int, ...] = Field(
        (),
        description="contracts: of one cohort, customers at the start and after each renewal, as in 1000, 869, 743",
        max_length=1201,
        json_schema_extra={"x-role": "quantity", "x-unit": "count"},
    )
    history_table: HistoryTable | None = Field(None, description="an imported table with one row per customer")
    parameters: Parameters | None = Field(None, description="known parameters instead of a fit")
    people: tuple[Person, ...] = Field((), description="single customers to look at", max_length=20)
    time_unit: TimeUnit = Field("weeks", description="unit of the times in histories; the client's own orders are counted in days")
    values_in: Literal["minor", "major"] = Field("minor", description="whether values are in minor units of the currency or in whole units")
    currency: str | None = Field(None, description="ISO 4217 code of the values; the client's own when left out", pattern=r"^[A-Z]{3}$")
    horizons_months: tuple[int, ...] = Field(
        (6, 12, 24, 36, 60),
        description="how many months ahead, six to sixty",
        max_length=10,
        json_schema_extra={"x-role": "choice", "x-unit": "months"},
    )
    horizons: tuple[int, ...] = Field(
        (),
        description="instead of months: how far ahead in time_unit (for contracts in periods)",
        max_length=10,
        json_schema_extra={"x-role": "choice", "x-unit": "number"},
    )
    period_months: int = choice("months", "contracts: months between renewals", default=1, ge=1, le=60)
    discount_rate: float | None = quantity(
        "share", "rate a year that later money is discounted at; not discounted when left out", default=None, ge=0, le=1
    )
    margin: float | None = quantity(
        "share", "gross margin as a share of revenue: value is margin then, and revenue without it", default=None, gt=0, le=1
    )
    lookback_days: int = choice("days", "orders: days of record to read, ending on the day asked for", default=1825, ge=90, le=3650)
    level: float = choice("share", "level of the intervals", default=0.95, ge=0.5, le=0.999)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = [bool(self.histories), bool(self.tenures), bool(self.survivors), self.history_table is not None, self.source is not None]
        if sum(given) > 1:
            raise ValueError("give one of: histories, tenures, survivors, history_table, source")
        contract = self.model == "shifted_beta_geometric"
        if contract and (self.histories or self.history_table or self.source == "orders"):
            raise ValueError("shifted_beta_geometric is for contracts: give tenures, survivors or the source subscriptions")
        if self.model not in ("auto", "shifted_beta_geometric") and (self.tenures or self.survivors or self.source == "subscriptions"):
            raise ValueError(f"{self.model} is for purchases without a contract: contracts take shifted_beta_geometric")
        if any(not 6 <= months <= 60 for months in self.horizons_months):
            raise ValueError("horizons_months lie between six months and five years (sixty)")
        if any(not 1 <= ahead <= 5000 for ahead in self.horizons):
            raise ValueError("horizons are at least one and at most five thousand")
        if not self.horizons and not self.horizons_months:
            raise ValueError("give at least one horizon")
        return self._counts()

    def _counts(self) -> Self:
        if any(count < 0 for count in self.survivors):
            raise ValueError("survivors are counts: none can be negative")
        if any(later > earlier for earlier, later in zip(self.survivors, self.survivors[1:], strict=False)):
            raise ValueError("survivors of one cohort can only become fewer")
        if len(self.survivors) == 1:
            raise ValueError("survivors need the cohort's start and at least one renewal")
        renewals = [tenure.renewals for tenure in self.tenures]
        if len(set(renewals)) != len(renewals):
            raise ValueError("tenures: give each number of renewals once")
        names = [person.name for person in self.people]
        if len(set(names)) != len(names):
            raise ValueError("people: give each a name of their own")
        if self.model == "bg_bb" and any(
            row.observed != int(row.observed) or row.last_purchase != int(row.last_purchase) for row in self.histories
        ):
            raise ValueError("bg_bb counts occasions: last_purchase and observed are whole numbers")
        if self.model == "bg_bb" and any(row.repeat_purchases > row.last_purchase for row in self.histories):
            raise ValueError("bg_bb: nobody buys more often than there were occasions up to their last purchase")
        return self

    @property
    def is_contract(self) -> bool:
        """Whether the request itself says that customers are under contract."""
        return self.model == "shifted_beta_geometric" or bool(self.tenures or self.survivors) or self.source == "subscriptions"

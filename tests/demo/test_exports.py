"""The files are what the tools would export, and the manifest says truly what is in them."""

import csv
import io
import json
from collections import Counter
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet
import pytest

from demo.exporting.sheet import ExportFile
from demo.exports import Manifest, write_exports
from demo.simulate import World
from tools.contracts import CONTRACTS


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Manifest]:
    return {client: write_exports(client, tmp_path_factory.mktemp(client)) for client in ("salon", "fitness", "newcomer")}


def lines(file: ExportFile) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """Header and numbered rows of a CSV file."""
    return read(file.path, "\t" if file.shape == "linkedin_ads" else ",", next(iter(file.columns)))


@cache
def read(path: Path, delimiter: str, known: str) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """Read as a person would: the encoding by its first bytes, the header by a column that is known."""
    raw = path.read_bytes()
    text = raw.decode("utf-16" if raw.startswith(b"\xff\xfe") else "utf-8-sig")
    rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    start = next(number for number, row in enumerate(rows) if known in row)
    return rows[start], [(number + 1, dict(zip(rows[start], row, strict=True))) for number, row in enumerate(rows) if number > start]


def is_total(file: ExportFile, row: dict[str, str]) -> bool:
    first = next(iter(row.values()))
    return first.startswith("Total") or (file.shape == "meta_ads" and not first)


def number(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


def test_the_manifest_counts_are_true(exports: dict[str, Manifest]) -> None:
    seen = Counter()
    for manifest in exports.values():
        for file in manifest.files:
            if file.path.suffix == ".parquet":
                table = pa.parquet.read_table(file.path)
                right = table.filter(pc.invert(pc.is_in(pa.array(range(1, table.num_rows + 1)), pa.array([r.line for r in file.rejects]))))
                distinct = right.group_by(table.column_names).aggregate([]).num_rows
                assert table.num_rows - right.num_rows == file.bad_rows == len(file.rejects), file.path.name
                assert (distinct, right.num_rows - distinct) == (file.good_rows, file.duplicate_rows), file.path.name
                seen[file.shape] += 1
                continue
            rows = lines(file)[1]
            totals = [row for _, row in rows if is_total(file, row)]
            bad = {reject.line for reject in file.rejects}
            whole = [tuple(row.items()) for at, row in rows if at not in bad and not is_total(file, row)]
            assert len(totals) == file.total_rows, file.path.name
            assert len(bad) == file.bad_rows == len(rows) - len(whole) - len(totals), file.path.name
            assert len(whole) - len(set(whole)) == file.duplicate_rows, file.path.name
            assert len(set(whole)) == file.good_rows, file.path.name
            seen[file.shape] += 1
    assert set(seen) >= {
        "google_ads_report",
        "google_ads_query",
        "meta_ads",
        "linkedin_ads",
        "tiktok_ads",
        "hubspot_contacts",
        "segment_tracks",
    }


def test_good_rows_are_the_simulated_rows(exports: dict[str, Manifest], salon: World, fitness: World, newcomer: World) -> None:
    for brand in (salon, fitness, newcomer):
        manifest = exports[brand.truth.client]
        assert {file.table for file in manifest.files} == set(brand.tables)
        for name, table in brand.tables.items():
            assert manifest.rows(name) == table.num_rows, name


def test_columns_and_constants_together_fill_what_the_contract_requires(exports: dict[str, Manifest]) -> None:
    for manifest in exports.values():
        for file in manifest.files:
            header = pa.parquet.read_schema(file.path).names if file.path.suffix == ".parquet" else lines(file)[0]
            assert set(file.columns) <= set(header), file.path.name
            filled = {*file.columns.values(), *file.constants}
            required = {column.name for column in CONTRACTS[file.table].columns if column.required}
            assert required <= filled <= {column.name for column in CONTRACTS[file.table].columns}, file.path.name


def test_every_bad_row_is_wrong_in_the_way_that_is_said(exports: dict[str, Manifest]) -> None:
    checks = {
        "missing id": lambda file, row: not row[identity(file)],
        "negative spend": lambda file, row: any(value.startswith("-") for value in row.values()),
        "negative price": lambda file, row: row["price"].startswith("-"),
        "negative amount": lambda file, row: row["Amount"].startswith("-"),
        "negative employees": lambda file, row: row["Number of Employees"].startswith("-"),
        "impossible score": lambda file, row: int(row["Score"]) > 10,
        "missing time": lambda file, row: not row["Submitted At (UTC)"],
        "unknown kind": lambda file, row: row["kind"] == "hover",
        "amount that is no number": lambda file, row: not row["Subtotal"].replace(".", "").isdigit(),
        "cost that is no number": lambda file, row: not row["Cost"].replace(".", "").isdigit(),
    }
    seen = set()
    for manifest in exports.values():
        for file in manifest.files:
            if file.path.suffix != ".csv" or not file.rejects:
                continue
            rows = dict(lines(file)[1])
            for reject in file.rejects:
                seen.add(reject.reason)
                if reject.reason == "bad date":
                    assert unreadable(rows[reject.line][next(h for h, c in file.columns.items() if c == CONTRACTS[file.table].time)])
                else:
                    assert checks[reject.reason](file, rows[reject.line]), (file.path.name, reject)
    assert seen == {*checks, "bad date"}


def identity(file: ExportFile) -> str:
    key = {"exposures": "unit_id", "referrals": "referrer_id"}.get(file.table, CONTRACTS[file.table].key[0])
    return next(header for header, column in file.columns.items() if column == key)


def unreadable(text: str) -> bool:
    for pattern in (
        "%Y-%m-%d",
        "%m/%d/%Y",
        "%d/%m/%Y",
        "%Y-%m-%d %H:%M",
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%d %H:%M:%S %z",
        "%Y-%m-%dT%H:%M:%SZ",
    ):
        try:
            datetime.strptime(text, pattern)
        except ValueError:
            continue
        return False
    return True


def test_bad_parquet_rows_lack_what_they_must_have(exports: dict[str, Manifest]) -> None:
    file = next(file for file in exports["salon"].files if file.shape == "segment_tracks")
    table = pa.parquet.read_table(file.path)
    bad = pc.or_(pc.is_null(table["id"]), pc.is_null(table["timestamp"]))
    assert [at + 1 for at, is_bad in enumerate(bad.to_pylist()) if is_bad] == [reject.line for reject in file.rejects]
    usage = next(file for file in exports["salon"].files if file.table == "usage")
    assert pc.sum(pc.less(pa.parquet.read_table(usage.path)["uses"], 0)).as_py() == usage.bad_rows


@pytest.mark.parametrize("client", ["salon", "fitness", "newcomer"])
def test_money_and_days_read_back_from_each_platform_are_those_simulated(
    client: str, exports: dict[str, Manifest], request: pytest.FixtureRequest
) -> None:
    """Micros, thousands separators, a currency in the header, American and day-first dates all say the same."""
    brand: World = request.getfixturevalue(client)
    patterns = {"linkedin_ads": "%m/%d/%Y", "sheet": "%d/%m/%Y"}
    found: dict[tuple[str, date, str], int] = {}
    for file in exports[client].files:
        if file.table != "ad_metrics":
            continue
        header = {column: name for name, column in file.columns.items()}
        bad = {reject.line for reject in file.rejects}
        for at, row in lines(file)[1]:
            if at in bad or is_total(file, row):
                continue
            day = datetime.strptime(row[header["day"]], patterns.get(file.shape, "%Y-%m-%d")).date()
            spend = number(row[header["spend"]])
            minor = spend / 10_000 if file.shape == "google_ads_query" else spend * 100
            assert minor == int(minor)
            channel = file.constants.get("channel") or row[header["channel"]].lower()
            found[channel, day, row[header["campaign"]]] = int(minor)
            assert file.constants.get("currency") or row[header["currency"]] == brand.truth.currency
    ads = brand.tables["ad_metrics"].to_pylist()
    assert found == {(row["channel"], row["day"], row["campaign"]): row["spend"] for row in ads}


def test_total_rows_add_up(exports: dict[str, Manifest]) -> None:
    for manifest in exports.values():
        for file in manifest.files:
            if not file.total_rows:
                continue
            spend = next(header for header, column in file.columns.items() if column == "spend")
            bad = {reject.line for reject in file.rejects}
            rows = [(row, is_total(file, row)) for at, row in lines(file)[1] if at not in bad]
            unique = {tuple(row.items()): number(row[spend]) for row, total in rows if not total}
            assert all(number(row[spend]) == sum(unique.values()) for row, total in rows if total), file.path.name


def test_files_begin_as_the_tools_write_them(exports: dict[str, Manifest]) -> None:
    paths = {file.path.name: file.path for file in exports["salon"].files}
    report = paths["google_ads_report.csv"].read_text().splitlines()
    assert report[:2] == ["Campaign performance report", "28 April 2025 - 31 December 2025"]
    assert report[-1].startswith('"Total: Account"')
    assert paths["meta_ads.csv"].read_bytes().startswith(b"\xef\xbb\xbf")
    assert '"Amount spent (ZAR)"' in paths["meta_ads.csv"].read_text("utf-8-sig").splitlines()[0]
    assert paths["linkedin_campaign_performance.csv"].read_bytes().startswith(b"\xff\xfe")
    linkedin = paths["linkedin_campaign_performance.csv"].read_text("utf-16").splitlines()
    assert linkedin[0] == "Campaign Performance Report (in UTC)"
    assert linkedin[5].split("\t")[0] == '"Start Date (in UTC)"'
    assert paths["tiktok_ads.csv"].read_text().splitlines()[-1].startswith('"Total of 1104 results"')
    american = next(file.path for file in exports["fitness"].files if file.path.name == "google_ads_report.csv")
    assert american.read_text().splitlines()[1] == '"April 28, 2025 - December 31, 2025"'


def test_hubspot_times_are_on_the_clock_of_the_portal(exports: dict[str, Manifest], salon: World) -> None:
    file = next(file for file in exports["salon"].files if file.shape == "hubspot_contacts")
    bad = {reject.line for reject in file.rejects}
    created = dict(zip(*(salon.tables["contacts"][name].to_pylist() for name in ("contact_id", "created_at")), strict=True))
    for at, row in lines(file)[1]:
        if at not in bad:
            told = datetime.strptime(row["Create Date"], "%Y-%m-%d %H:%M").replace(tzinfo=ZoneInfo(salon.span.zone))
            assert timedelta(0) <= created[row["Record ID"]] - told < timedelta(minutes=1)


def test_order_amounts_read_back_to_the_cent(exports: dict[str, Manifest], fitness: World) -> None:
    file = next(file for file in exports["fitness"].files if file.table == "orders")
    bad = {reject.line for reject in file.rejects}
    found = {row["Name"]: number(row["Subtotal"]) * 100 for at, row in lines(file)[1] if at not in bad}
    orders = fitness.tables["orders"]
    assert found == dict(zip(orders["order_id"].to_pylist(), map(Decimal, orders["amount"].to_pylist()), strict=True))


def test_the_manifest_file_says_the_same_and_that_it_is_simulated(exports: dict[str, Manifest]) -> None:
    manifest = exports["newcomer"]
    folder = manifest.files[0].path.parent
    told = json.loads((folder / "manifest.json").read_text())
    assert told["simulated"] is True
    assert told["as_of"] == "2026-10-31"
    assert [(file["path"], file["good_rows"]) for file in told["files"]] == [(file.path.name, file.good_rows) for file in manifest.files]


def test_the_same_seed_writes_the_same_bytes(exports: dict[str, Manifest], tmp_path: Path) -> None:
    again = write_exports("salon", tmp_path)
    for before, after in zip(exports["salon"].files, again.files, strict=True):
        assert before.path.read_bytes() == after.path.read_bytes(), after.path.name

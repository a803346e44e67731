"""Data of a client: what is there, a file looked at before it is imported, rejected rows, and what bad files get."""

from __future__ import annotations

import asyncio
import re
import time

import pytest

from store import imports as log
from store.clients import set_profile

ORDERS = (
    "order_id,contact_id,at,product,amount,currency,status\n"
    "o1,c1,2026-10-01T08:00:00Z,soap,22800,ZAR,paid\n"
    "o2,c2,2026-10-02T08:00:00Z,soap,7500,ZAR,paid\n"
    "o3,c3,not a day,soap,7500,ZAR,paid\n"
)
FOREIGN = "Bestellung,Kunde,Zeit,Betrag\nb1,k1,03/04/2026 08:00,12.50\n"


async def upload(person, text=ORDERS, name="orders.csv", **headers):
    data = {"csrf": person.csrf}
    body = text.encode() if isinstance(text, str) else text
    return await person.http.post(f"/uploads/{person.client.slug}/imports", data=data, files={"file": (name, body)}, headers=headers)


async def looked_at(person, *args, **named):
    answer = await upload(person, *args, **named)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def import_as_shown(person, here, **changes):
    """Press Import on the form as it is shown, with some fields changed; gives the page after it."""
    answer = await person.send(here, **(fields_of((await person.http.get(here)).text) | {"action": "import"} | changes))
    assert answer.status_code == 303, answer.text
    return await settled(person, here)


async def settled(person, here):
    """The page when the import has ended."""
    until = time.monotonic() + 60
    while (await person.http.get(f"{here}/progress")).json()["working"]:
        assert time.monotonic() < until, "the import does not end"
        await asyncio.sleep(0.05)
    return (await person.http.get(here)).text


def fields_of(page):
    """The mapping form's fields with the values that are chosen."""
    form = page[page.index('id="mapping"') :]
    form = form[: form.index("</form>")]
    fields = dict(re.findall(r'<input name="([^"]+)" value="([^"]*)"', form))
    for name, inside in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        options = re.findall(r'<option value="([^"]*)"( selected)?', inside)
        fields[name] = next((value for value, chosen in options if chosen), options[0][0])
    return fields


async def test_a_file_is_shown_as_it_would_be_read_and_nothing_is_imported_before_it_is_confirmed(owner, database):
    here = await looked_at(owner)
    page = (await owner.http.get(here)).text
    assert "Import orders.csv" in page
    assert re.search(r"R\s?228\s", page), "money as the client's locale writes it"
    assert "rejected</span> at is not a date" in page
    assert "Of the first 3 rows, 1 would be rejected" in page
    async with database.transaction(owner.workspace.id) as connection:
        assert await log.list_imports(connection) == []
    assert "No data yet" in (await owner.http.get("/c/salon/data")).text


async def test_an_import_reports_its_rows_and_gives_the_rejected_ones(owner):
    here = await looked_at(owner)
    page = await import_as_shown(owner, here)
    assert "2 rows are in orders; 1 were rejected" in page
    listed = (await owner.http.get("/c/salon/data")).text
    assert "<strong>orders</strong>" in listed
    assert '<time datetime="' in listed
    one = re.search(r'href="(/c/salon/data/imports/im_[^"/]+)"', listed).group(1)
    shown = (await owner.http.get(one)).text
    assert "o3,c3,not a day" in shown
    rejects = await owner.http.get(f"{one}/rejects")
    assert rejects.headers["content-type"].startswith("text/csv")
    assert "attachment" in rejects.headers["content-disposition"]
    assert "o3" in rejects.text
    assert "o1" not in rejects.text


async def test_pressing_import_twice_imports_once(owner, database):
    here = await looked_at(owner)
    fields = fields_of((await owner.http.get(here)).text) | {"action": "import"}
    answers = await asyncio.gather(*(owner.send(here, **fields) for _ in range(3)))
    assert [answer.status_code for answer in answers] == [303, 303, 303]
    await settled(owner, here)
    async with database.transaction(owner.workspace.id) as connection:
        assert len(await log.list_imports(connection)) == 1
    again = await looked_at(owner)
    assert "imported before in the same way" in await import_as_shown(owner, again)


async def test_the_mapping_can_be_mended_table_columns_dates_and_currency(owner):
    here = await looked_at(owner, FOREIGN, "export.csv")
    chosen = await owner.send(here, table="orders", action="look")
    assert chosen.status_code == 303
    page = (await owner.http.get(here)).text
    assert "contact_id is required and no column fills it" in page
    fields = fields_of(page)
    lacking = await owner.send(here, **(fields | {"action": "import"}))
    assert lacking.status_code == 422
    assert "choose what fills it" in lacking.text
    columns = {"order_id": "h0", "contact_id": "h1", "at": "h2", "amount": "h3", "currency": "constant"}
    mended = fields | {f"source.{name}": value for name, value in columns.items()}
    empty = await owner.send(here, **(mended | {"action": "look"}))
    assert empty.status_code == 422
    assert "currency is to have one value for all rows: type the value" in empty.text
    assert '<option value="h3" selected>Betrag</option>' in empty.text, "what was chosen stays"
    mended |= {"constant.currency": "EUR", "order.at": "mdy", "scale.amount": "major"}
    assert (await owner.send(here, **(mended | {"action": "look"}))).status_code == 303
    page = (await owner.http.get(here)).text
    assert "€12,50" in page or "€12.50" in page or "€\xa012" in page
    assert "Mar" in page, "the third month, as was said"
    assert "1 rows are in orders" in await import_as_shown(owner, here)
    remembered = await looked_at(owner, FOREIGN.replace("b1", "b2"), "export.csv")
    assert "as somebody confirmed them before" in (await owner.http.get(remembered)).text


async def test_a_file_of_other_columns_becomes_a_table_of_its_own(owner):
    here = await looked_at(owner, "shade,votes\nred,3\nblue,5\n", "shades.csv")
    page = (await owner.http.get(here)).text
    assert "come as they are" in page
    nameless = await owner.send(here, table="free", free_name=" ", action="look")
    assert nameless.status_code == 422
    assert "give the table of your own columns a name" in nameless.text
    await import_as_shown(owner, here, free_name="colours")
    assert "<strong>free_colours</strong>" in (await owner.http.get("/c/salon/data")).text


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("brief.pdf", b"%PDF-1.7 ...", "This is a .pdf file. Imports take CSV, XLSX and Parquet files."),
        ("orders", ORDERS, "This is a file without an ending."),
        ("orders.csv", b"", "orders.csv is empty. Imports take"),
        ("orders.xlsx", b"PK\x03\x04broken", "cannot be read as a workbook"),
        ("orders.csv", b"\x89PNG\r\n\x1a\n\x00" + bytes(range(1, 255)), "is neither text nor a workbook nor Parquet"),
    ],
)
async def test_a_wrong_file_says_so_to_people_and_to_the_page_s_script(owner, name, body, said):
    answer = await upload(owner, body, name)
    assert answer.status_code == 422
    assert said in answer.text
    assert "<h1" in answer.text
    fetched = await upload(owner, body, name, Accept="*/*")
    assert said in fetched.json()["detail"]


async def test_no_file_and_one_over_the_limit_say_what_to_do(owner):
    nothing = await owner.http.post("/uploads/salon/imports", data={"csrf": owner.csrf}, files={"file": ("", b"")})
    assert nothing.status_code == 422
    assert "Choose a file first" in nothing.text
    large = await upload(owner, "a,b\n" + "1,2\n" * 1_100_000)
    assert large.status_code == 413
    assert "4 MiB" in large.text
    assert "groundwork import FILE" in large.text
    page = (await owner.http.get("/c/salon/data")).text
    assert 0 < int(re.search(r'data-limit="(\d+)"', page).group(1)) < 4 * 1024 * 1024, "told before it is sent"


async def test_an_upload_is_for_the_session_and_client_that_it_was_sent_for_and_expires(owner, people, store_settings):
    import os

    here = await looked_at(owner)
    colleague = await people("owner", beside=owner)
    stranger = await people()
    for person in (colleague, stranger):
        assert (await person.http.get(here)).status_code == 404
        assert (await person.send(here, action="import")).status_code == 404
        assert (await person.http.get(f"{here}/progress")).status_code == 404
    assert (await owner.http.get("/c/salon/data/imports/new/..%2f..%2fx")).status_code == 404
    [kept] = [folder for folder in (store_settings.home / "uploads").iterdir() if folder.name == here.rsplit("/", 1)[1]]
    assert kept.stat().st_mode & 0o077 == 0
    os.utime(kept, (0, 0))
    gone = await owner.http.get(here)
    assert gone.status_code == 404
    assert "kept for an hour" in gone.text
    await looked_at(owner)
    assert not kept.exists(), "swept with the next upload"


async def test_a_file_that_is_not_wanted_after_all_is_removed(owner, store_settings):
    here = await looked_at(owner)
    answer = await owner.send(here, action="forget")
    assert answer.headers["location"] == "/c/salon/data"
    assert not (store_settings.home / "uploads" / here.rsplit("/", 1)[1]).exists()


async def test_an_import_whose_process_ended_can_be_begun_again(owner, store_settings):
    here = await looked_at(owner)
    kept = store_settings.home / "uploads" / here.rsplit("/", 1)[1]
    state = (kept / "state.json").read_text().replace('"stage": "looked"', '"stage": "working"')
    (kept / "state.json").write_text(state)
    page = (await owner.http.get(here)).text
    assert "gave no sign for a minute" in page
    assert (await owner.send(f"{here}/again")).status_code == 303
    assert "2 rows are in orders" in await import_as_shown(owner, here)


async def test_a_parquet_file_is_read_as_a_csv_is(owner, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "orders.parquet"
    columns = {"order_id": ["o1", "o2"], "contact_id": ["c1", "c2"], "at": ["2026-10-01T08:00:00Z"] * 2, "amount": [100, 200]}
    pq.write_table(pa.table(columns), path)
    here = await looked_at(owner, path.read_bytes(), "orders.parquet")
    assert "Of the first 2 rows, 0 would be rejected" in (await owner.http.get(here)).text
    assert "2 rows are in orders" in await import_as_shown(owner, here)


async def test_an_upload_is_no_erasure_and_an_erasure_no_upload(owner):
    token = (await looked_at(owner)).rsplit("/", 1)[1]
    assert (await owner.http.get(f"/c/salon/data/erase/{token}")).status_code == 404
    erased = (await owner.send("/c/salon/data/erase", person="ct_9", again="ct_9")).headers["location"].rsplit("/", 1)[1]
    assert (await owner.http.get(f"/c/salon/data/imports/new/{erased}")).status_code == 404


async def test_hostile_names_stay_text(owner):
    script = "<script>alert(1)</script>"
    here = await looked_at(owner, f'{script},votes\n"{script}",3\n', f"{script}.csv")
    page = (await owner.http.get(here)).text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    await import_as_shown(owner, here, free_name="hostile")
    listed = (await owner.http.get("/c/salon/data")).text
    assert "<script>alert" not in listed
    assert "script&gt;.csv</a>" in listed, "what a path would end with"


async def test_who_may_not_import_sees_the_tables_and_no_form(people, owner):
    await import_as_shown(owner, await looked_at(owner))
    for role in ("writer", "auditor"):
        reader = await people(role, beside=owner)
        page = (await reader.http.get("/c/salon/data")).text
        assert "<strong>orders</strong>" in page
        assert 'type="file"' not in page
        assert (await upload(reader)).status_code == 403


async def test_the_portal_and_other_workspaces_do_not_reach_it(people, owner):
    await import_as_shown(owner, await looked_at(owner))
    one = re.search(r'href="(/c/salon/data/imports/im_[^"/]+)"', (await owner.http.get("/c/salon/data")).text).group(1)
    portal = await people("client", beside=owner)
    assert (await portal.http.get("/c/salon/data")).status_code == 403
    stranger = await people()
    assert (await stranger.http.get(one)).status_code == 404
    assert (await stranger.http.get(f"{one}/rejects")).status_code == 404
    unsent = await owner.http.post("/uploads/salon/imports", files={"file": ("orders.csv", ORDERS.encode())})
    assert unsent.status_code == 403, "a form without the session's token"


async def test_simulated_data_is_called_simulated(owner, database):
    assert "The data of this client is simulated" not in (await owner.http.get("/c/salon/data")).text, "its day goes on"
    async with database.transaction(owner.workspace.id) as connection:
        await set_profile(connection, owner.client.id, {"today": "2026-10-31"})
    assert "The data of this client is simulated" in (await owner.http.get("/c/salon/data")).text

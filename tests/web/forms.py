"""Read a form of a page as a browser would send it back."""

from __future__ import annotations

from html.parser import HTMLParser


class _Form(HTMLParser):
    def __init__(self, wanted: str):
        super().__init__()
        self.wanted, self.inside = wanted, False
        self.fields: dict[str, str] = {}
        self.select = self.area = ""

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "form":
            self.inside = given.get("id") == self.wanted
        if not self.inside:
            return
        name = given.get("name") or ""
        if tag == "input" and name and (given.get("type") != "checkbox" or "checked" in given):
            self.fields[name] = given.get("value") or ""
        elif tag == "textarea":
            self.area, self.fields[name] = name, ""
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select and ("selected" in given or self.select not in self.fields):
            self.fields[self.select] = given.get("value", "\0") or ""

    def handle_data(self, data):
        if self.area:
            self.fields[self.area] += data
        elif self.select and self.fields.get(self.select) == "\0":
            self.fields[self.select] = data

    def handle_endtag(self, tag):
        if tag == "textarea" and self.area:
            # a browser drops the line break right behind the tag, and sends the others as CR LF
            self.fields[self.area] = self.fields[self.area].removeprefix("\n").replace("\n", "\r\n")
            self.area = ""
        elif tag == "select":
            self.select = ""
        elif tag == "form":
            self.inside = False


def fields_of(page: str, form: str) -> dict[str, str]:
    """The fields of a form by name, with the values that the page gives them."""
    read = _Form(form)
    read.feed(page)
    return read.fields

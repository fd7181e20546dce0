"""A page's tags close in order, its ids are unique, and its links lead somewhere."""

from html.parser import HTMLParser


class Tags(HTMLParser):
    """Checks that tags close in order, and collects ids."""

    VOID = frozenset({"meta", "link", "br", "line", "wbr"})

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.links = [], [], []

    def handle_starttag(self, tag, attributes):
        if tag not in self.VOID:
            self.open.append(tag)
        given = dict(attributes)
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given["href"]] if tag == "a" else []

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def well_formed(content):
    tags = Tags()
    tags.feed(content)
    assert not tags.open
    assert len(tags.ids) == len(set(tags.ids))
    assert all(link.removeprefix("#") in tags.ids for link in tags.links)
    return tags

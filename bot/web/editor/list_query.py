"""Which answers somebody asked the list for, and in which order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from sanic import Request

# Filter -> what its link says.
FILTERS = {
    "": "Alle",
    "unused": "Niet gebruikt",
    "unhelpful": "Vaak niet geholpen",
    "planned": "Verandert binnenkort",
    "draft": "Concept",
    "review": "Ter beoordeling",
    "removed": "Verwijderd",
}
# What to sort by -> what its link says, and whether the first click has the most, or the latest, on top.
SORTS = {
    "title": ("Onderwerp", False),
    "used": ("Gebruikt", True),
    "helped": ("Geholpen", False),
    "edited": ("Bewerkt", True),
}
MAX_QUERY_CHARS = 100


@dataclass(frozen=True)
class ListQuery:
    """query: words to look for. descending: the most, or the latest, on top. page: from 1."""

    query: str = ""
    filter: str = ""
    sort: str = "title"
    descending: bool = False
    page: int = 1

    @classmethod
    def read(cls, request: Request) -> ListQuery:
        """From the address; what is not known there counts as not said."""
        sort = request.args.get("sort", "")
        sort = sort if sort in SORTS else "title"
        order, page = request.args.get("order", ""), request.args.get("page", "")
        return cls(
            query=" ".join(request.args.get("q", "").split())[:MAX_QUERY_CHARS],
            filter=request.args.get("filter", "") if request.args.get("filter", "") in FILTERS else "",
            sort=sort,
            descending=order == "desc" if order in ("asc", "desc") else SORTS[sort][1],
            page=max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 6 else 1,
        )

    @property
    def order(self) -> str:
        """As the address has it; empty for that of the first click."""
        is_usual = self.descending == SORTS[self.sort][1]
        return "" if is_usual else "desc" if self.descending else "asc"

    def url(self, path: str = "/editor") -> str:
        """The address of this list, without what goes without saying."""
        said = {
            "q": self.query,
            "filter": self.filter,
            "sort": "" if self.sort == "title" else self.sort,
            "order": self.order,
            "page": "" if self.page == 1 else str(self.page),
        }
        asked = urlencode({name: value for name, value in said.items() if value})
        return f"{path}?{asked}" if asked else path

    def filtered(self, filter: str) -> ListQuery:
        return replace(self, filter=filter, page=1)

    def sorted_by(self, sort: str) -> ListQuery:
        """By another column; by the same one the other way round."""
        descending = not self.descending if sort == self.sort else SORTS[sort][1]
        return replace(self, sort=sort, descending=descending, page=1)

    def on_page(self, page: int) -> ListQuery:
        return replace(self, page=page)

"""One of a thing, or several."""

from __future__ import annotations

import pytest

from outreach.core.plurals import plural


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ((1, "row"), "1 row"),
        ((0, "row"), "0 rows"),
        ((2000, "row"), "2,000 rows"),
        ((2, "suppressed address"), "2 suppressed addresses"),
        ((1, "person", "people"), "1 person"),
        ((3, "person", "people"), "3 people"),
        ((1, "address is", "addresses are"), "1 address is"),
    ],
)
def test_one_and_more(asked, said):
    assert plural(*asked) == said

"""Had this been live: what would have left, been held or blocked, from verdicts that were kept.

Nothing is judged anew. Dry run keeps what would have left and when (a simulated delivery), the
gate keeps what it refused (safety events), and each round keeps what the rules would have said
with Safe Mode off (`routing["shadow"]`). Each message has one fate; the number of statements is
the same for any number of messages, and rows are streamed.
"""

from __future__ import annotations

from channels.rehearsal.item import BY_HAND as BY_HAND
from channels.rehearsal.item import Fate as Fate
from channels.rehearsal.item import Item as Item
from channels.rehearsal.item import Span as Span
from channels.rehearsal.reading import items as items
from channels.rehearsal.totals import Totals as Totals
from channels.rehearsal.totals import total as total

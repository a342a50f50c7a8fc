"""`manage.py process_approved_messages`: its options."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command


@pytest.mark.django_db  # whose clock it is
@pytest.mark.parametrize("most", ["0", "-1"])
def test_at_most_none_is_refused(most):
    """It answered "sent 0 …, waiting 12" and exit 0, as if nothing had been due."""
    with pytest.raises(CommandError, match="--max is at least 1"):
        call_command("process_approved_messages", "--max", most)

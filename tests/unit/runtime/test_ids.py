"""Ids are unguessable and never given twice, whoever asks."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

from switchboard_runtime.ids import Ids


def test_no_id_is_given_twice_to_any_thread() -> None:
    """Several lots of them."""
    ids = Ids()

    with ThreadPoolExecutor(4) as pool:
        given = [one for lot in pool.map(lambda _: [ids() for _ in range(1000)], range(8)) for one in lot]

    assert len(set(given)) == 8000
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in given)


def test_two_makers_have_no_id_in_common() -> None:
    """As two processes on one file do."""
    one, other = Ids(), Ids()

    assert not {one() for _ in range(600)} & {other() for _ in range(600)}

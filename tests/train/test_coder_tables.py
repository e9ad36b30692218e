import numpy as np

from runtime.coders.lapped.coder import encode
from runtime.coders.lapped.tables import fresh_tables
from train.coder_tables import learned_tables


def test_tables_save_bytes_on_what_they_have_not_heard() -> None:
    random = np.random.default_rng(0)
    chunks = [
        np.repeat(random.integers(-2, 3, (1, 64)) * (random.random((1, 64)) < 0.1), 12, 0)
        for _ in range(40)
    ]
    tables = learned_tables(chunks[:30], 86.0)
    fresh, learned = (
        sum(len(encode(levels, 86.0, t)) for levels in chunks[30:])
        for t in (fresh_tables(), tables)
    )
    assert learned < 0.7 * fresh

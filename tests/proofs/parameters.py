"""What a long proof is told from outside: PROOF_SEED repeats a run, PROOF_COUNT makes it longer or shorter."""

from __future__ import annotations

import os
import random


def seed() -> int:
    """The run's seed, printed."""
    chosen = int(os.environ.get("PROOF_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"\nPROOF_SEED={chosen}")
    return chosen


def count(usual: int) -> int:
    """How many times."""
    return int(os.environ.get("PROOF_COUNT", usual))

"""What stands in the gateway's memory stays there."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOOK = """
import ctypes, resource
from gateway.process_memory import keep_private
before = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)
keep_private()
print(before, ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE))
"""


def test_a_crash_leaves_no_core_and_nobody_looks_inside() -> None:
    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True, cwd=ROOT)
    if sys.platform == "linux":
        assert done.stdout == "1 0 (0, 0)\n"
    else:
        assert done.stdout.endswith("(0, 0)\n")

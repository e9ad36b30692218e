"""Run a command in its own process group, and always end the whole group afterwards."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from runtime.errors import SimulationError

POLL = 0.02  # s
GRACE = 1.0  # s in which Python's resource tracker, which survives SIGTERM, frees shared memory


def run_alone(
    command: Sequence[str],
    log: Path,
    timeout: float,
    env: Mapping[str, str] | None = None,
    look: Callable[[], object] = lambda: None,
) -> None:
    """Run `command` with its output in the file `log`, then end its whole process group.

    `look` is called repeatedly; whenever its result changes, the timeout starts again. Raises
    `SimulationError` when the command fails, with the log's last line, and after `timeout` s
    without a change.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env=env, start_new_session=True
        )
        clean = False
        try:
            clean = _wait(process.pid, timeout, look) == 0
        finally:
            end_group(process.pid, clean)
            process.wait()
    if not clean:
        lines = log.read_text(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "no message")
        raise SimulationError(f"the simulator failed: {last[:300]}")


def _wait(pid: int, timeout: float, look: Callable[[], object]) -> int:
    """Return the exit status of `pid` without reaping it, so that its group id is not reused."""
    seen, end = look(), time.monotonic() + timeout
    while (result := os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)) is None:
        if (now := look()) != seen:
            seen, end = now, time.monotonic() + timeout
        if time.monotonic() > end:
            raise SimulationError(
                f"the simulator was ended after {timeout:g} s without a step; "
                "give it a smaller network or a faster machine"
            )
        time.sleep(POLL)
    return result.si_status


def end_group(group: int, clean: bool) -> None:
    """End all processes of a group; unless it is `clean`, give it time to free shared memory."""
    with suppress(ProcessLookupError):
        if not clean:
            os.killpg(group, signal.SIGTERM)
            time.sleep(GRACE)
        os.killpg(group, signal.SIGKILL)

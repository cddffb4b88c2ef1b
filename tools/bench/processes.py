"""What processes cost, as Linux counts it in /proc: processor time and resident memory."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

PROC = Path("/proc")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def cpu_s(pids: Iterable[int]) -> float:
    """Processor time that these processes and their descendants used since they began, in user and kernel mode."""
    ticks = 0
    for pid in family(pids):
        fields = _stat(pid)
        # utime, stime; cutime, cstime of children that ended. Numbered from 1 with the name as 2 in proc(5).
        ticks += sum(int(field) for field in fields[11:15])
    return ticks / _TICKS_PER_S


def resident_mb(pids: Iterable[int]) -> float:
    """Resident memory of these processes and their descendants; what several share counts for each."""
    return sum(resident_bytes(pid) for pid in family(pids)) / 1e6


def resident_bytes(pid: int) -> int:
    return int((PROC / str(pid) / "statm").read_text().split()[1]) * _PAGE_BYTES


def family(pids: Iterable[int]) -> set[int]:
    """The processes and all that descend from them, as of now."""
    children = defaultdict(list)
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children[int(fields[1])].append(int(entry.name))
    found: set[int] = set()
    left = list(pids)
    while left:
        pid = left.pop()
        if pid not in found:
            found.add(pid)
            left += children[pid]
    return found


def _stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat behind the name, which may hold spaces; empty if it ended."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []

"""Memory of a process and of those that it started (Linux)."""

import os
from pathlib import Path


def tree(root):
    """The processes that one started, itself among them."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it ended meanwhile
            parents.setdefault(int(fields[1]), []).append(int(entry))
    found, queue = [], [root]
    while queue:
        found.append(queue.pop())
        queue += parents.get(found[-1], [])
    return found


def resident(root):
    """Bytes of a process and those it started, by name: Rss, Pss and Pss_Anon as /proc/PID/smaps_rollup has them."""
    totals = dict.fromkeys(("Rss", "Pss", "Pss_Anon"), 0)
    for process in tree(root):
        try:
            lines = Path("/proc", str(process), "smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        for line in lines:
            name, _, rest = line.partition(":")
            if name in totals:
                totals[name] += int(rest.split()[0]) * 1024
    return totals

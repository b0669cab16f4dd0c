"""Reads dashboards with Grafana's published types, and says what they refuse or lose: what is gone when a file is read and
written again is a key that Grafana does not know.

  schema.py FILE...   prints each fault; ends with `read: N, faults: N`, and fails if there is one"""

import json
import sys

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard

# Every unit that a value may have.
UNITS = {unit for name, unit in vars(units).items() if name.isidentifier() and isinstance(unit, str)}
# What each type of panel keeps its settings in, beside what all panels have.
PANELS = {"timeseries", "stat", "gauge", "table", "heatmap", "state-timeline", "row"}


def lost(at, before, after):
    """What is in one document and not, or not the same, in the other."""
    if isinstance(before, dict):
        if not isinstance(after, dict):
            return [f"{at} became something else"]
        faults = [f"{at}/{key} is not known" for key in before if key not in after]
        for key in before.keys() & after.keys():
            faults += lost(f"{at}/{key}", before[key], after[key])
        return faults
    if isinstance(before, list):
        if not isinstance(after, list) or len(before) != len(after):
            return [f"{at} became something else"]
        return [fault for n, pair in enumerate(zip(before, after)) for fault in lost(f"{at}/{n}", *pair)]
    return [] if before == after else [f"{at}: {before!r} became {after!r}"]


def judge(path):
    """The list of what is wrong with a file."""
    with open(path, encoding="utf-8") as file:
        before = json.load(file)
    try:
        dashboard = Dashboard.from_json(before)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return [f"cannot be read: {error!r}"]
    after = json.loads(JSONEncoder(sort_keys=True).encode(dashboard))
    strange = [panel["type"] for panel in before["panels"] if panel["type"] not in PANELS]
    used = {panel["fieldConfig"]["defaults"]["unit"] for panel in before["panels"] if panel["type"] != "row"}
    faults = [f"no panel is of type {kind}" for kind in strange] + [f"there is no unit {unit}" for unit in sorted(used - UNITS)]
    return faults + lost("", before, after)


def main(paths):
    """Judges all files."""
    register_default_plugins()
    faults = [f"{path}: {fault}" for path in paths for fault in judge(path)]
    print(*faults, f"read: {len(paths)}, faults: {len(faults)}", sep="\n")
    return 1 if faults or not paths else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Judges plans by their published form, with another's validator: each file named is valid, and is called what it says.

plans.py SCHEMA PLAN...: prints `N plans are valid`; says what is wrong and fails when one is not.
plans.py --self-test SCHEMA PLAN: the plan is valid, and every change that the form forbids is refused.
"""

import hashlib
import json
import re
import sys

import jsonschema


def faults(validator, raw):
    """What is wrong with a plan, in words."""
    plan = json.loads(raw)
    found = [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in validator.iter_errors(plan)]
    if found:
        return found
    # The hash is of the bytes as they are, without the field.
    bare, n = re.subn(rb',"hash":"[0-9a-f]{32}"', b"", raw, count=1)
    if n != 1 or hashlib.sha256(bare).hexdigest()[:32] != plan["hash"]:
        found.append("the hash is of something else")
    if json.dumps(plan, separators=(",", ":"), ensure_ascii=False).encode() != raw:
        found.append("it is not compact, or has a field twice")
    keys = [(line["scope"], line["name"]) for line in plan["instruments"]]
    if keys != sorted(set(keys)):
        found.append("its instruments are not in order")
    moments = [step["at"] for step in plan["next"]]
    if moments != sorted(set(moments)):
        found.append("its steps are not in order")
    return found


def changed(plan):
    """The plan with one thing that is not allowed, in every way that is tried."""
    def change(what, path, value):
        copy = json.loads(json.dumps(plan))
        at = copy
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = value
        return what, copy

    yield change("a newer form", ["schema"], 2)
    yield change("a hash in capitals", ["hash"], "A" * 32)
    yield change("a short hash", ["hash"], "0" * 31)
    yield change("an unknown field", ["more"], 1)
    yield change("an unknown field of a line", ["instruments", 0, "rename"], "x")
    yield change("a state in words", ["instruments", 0, "on"], "yes")
    yield change("a line without a name", ["instruments", 0], {"scope": "", "on": True})
    yield change("no drop at all", ["instruments", 0, "drop"], [])
    yield change("a key twice", ["instruments", 0, "keep"], ["a", "a"])
    yield change("a successor at once", ["instruments", 0, "then"], [{"step": 0, "on": True}])
    yield change("a kind that is none", ["tail", 0, "kinds"], ["Timer"])
    yield change("a baseline that is none", ["baseline"], {})
    yield change("a span's share", ["spans", 0, "sample"], 0.5)
    yield change("a time with an offset", ["next"], [{"at": "2026-01-01T00:00:00+00:00", "hash": "0" * 32}])
    yield change("too many steps", ["next"], [{"at": "2026-01-01T00:00:00Z", "hash": "0" * 32}] * 65)


def main(args):
    self_test = args[0] == "--self-test"
    schema, *paths = args[1:] if self_test else args
    with open(schema, encoding="utf-8") as file:
        form = json.load(file)
    jsonschema.Draft202012Validator.check_schema(form)
    validator = jsonschema.Draft202012Validator(form, format_checker=jsonschema.FormatChecker())
    wrong = 0
    for path in paths:
        with open(path, "rb") as file:
            raw = file.read()
        for fault in faults(validator, raw):
            print(f"{path}: {fault}")
            wrong += 1
        if self_test:
            for what, plan in changed(json.loads(raw)):
                if validator.is_valid(plan):
                    print(f"{path}: {what} is taken")
                    wrong += 1
    if wrong or not paths:
        return 1
    print(f"{len(paths)} plans are valid")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

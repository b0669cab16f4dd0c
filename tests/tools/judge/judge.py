"""Judges scrape bodies with parsers that are not ours: the Python client's, promtool of Prometheus 2 and 3, and a
checker of its own for what these let through.

  judge.py FOLDER      each *.scrape file holds a Content-Type line, then the body as it was served
  judge.py --self-test bodies that are wrong on purpose must be refused

Prints what is wrong, then one line `judged: N passed, N failed`, and fails if anything did, or if a format is missing.
Environment: POINTSMAN_TOOLS_BIN, the folder of promtool2 and promtool3."""

import collections
import concurrent.futures
import math
import os
import pathlib
import re
import subprocess
import sys

from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client import parser as text

from protobuf import families as protobuf_families

TOOLS = pathlib.Path(os.environ.get("POINTSMAN_TOOLS_BIN", "."))


def judge(content_type, body):
    """The list of what is wrong with a body."""
    kind = content_type.lower().replace(" ", "").split(";")[0]
    if kind == "application/vnd.google.protobuf":
        return judge_protobuf(body)
    if kind == "application/openmetrics-text":
        return judge_openmetrics(body)
    if kind == "text/plain":
        return judge_text(body)
    return [f"nobody here reads {content_type}"]


def readable(decoded):
    """What is legal on the wire, but the Python client refuses or misreads: label names that begin with two underscores are
    renamed, and an escaped quote, which ends the labels for it where a brace follows, becomes an apostrophe."""
    quotes, escapes = re.compile(r'"(?:[^"\\]|\\.)*"'), re.compile(r"\\(.)")
    family = re.compile(r'(?:(?<=^# HELP )|(?<=^# TYPE )|(?<=^# UNIT ))"(?:[^"\\]|\\.)*"')
    apostrophes = lambda text: escapes.sub(lambda escape: "'" if escape[1] == '"' else escape[0], text[0])
    lines = decoded.split("\n")
    decoded = "\n".join((family if line.startswith("#") else quotes).sub(apostrophes, line) for line in lines)
    plain = re.sub(r'([{,])__(?=[a-zA-Z0-9_]*=")', r"\1x__", decoded)
    return re.sub(r'([{,]")__(?=(?:[^"\\]|\\.)*"=")', r"\1x__", plain)


def judge_text(body):
    faults = []
    decoded = body.decode("utf-8")
    if decoded and not decoded.endswith("\n"):
        faults.append("the last line has no end")
    try:
        faults += check_families(list(text.text_string_to_metric_families(readable(decoded))))
    except ValueError as error:
        faults.append(f"Python client: {error}")
    faults += check_lines(decoded)
    # Names in quotes came with Prometheus 3, whose linter does not know them yet but whose parser does.
    quoted = re.search(r'(?m)^(?:# (?:HELP|TYPE) "|[^#\n]*?[{,]")', decoded)
    # It takes minutes for 100,000 series of one family, which its parser and promtool2 read in a moment.
    slow = len(body) > 1_000_000
    parser = ["promtool3", "--extended", "--lint=none"]
    for tool in [parser] if quoted else [["promtool2"], parser if slow else ["promtool3"]]:
        command = [TOOLS / tool[0], "check", "metrics", *tool[1:]]
        ran = subprocess.run(command, input=body, capture_output=True, timeout=120, check=False)
        if ran.returncode not in (0, 3):  # 3 is advice on style
            faults.append(f"{tool[0]}: {ran.stderr.decode(errors='replace').strip()[:500]}")
    return faults


def judge_openmetrics(body):
    decoded = body.decode("utf-8")
    faults = check_lines(decoded.removesuffix("# EOF\n"))
    try:
        return faults + check_families(list(openmetrics.text_string_to_metric_families(readable(decoded))))
    except ValueError as error:
        return faults + [f"Python client, OpenMetrics: {error}"]


def judge_protobuf(body):
    faults = []
    names = collections.Counter()
    try:
        for family in protobuf_families(body):
            names[family.name] += 1
            seen = set()
            for metric in family.metric:
                labels = tuple((pair.name, pair.value) for pair in metric.label)
                if labels in seen:
                    faults.append(f"{family.name}: twice {labels}")
                seen.add(labels)
                if len({name for name, _ in labels}) != len(labels):
                    faults.append(f"{family.name}: a label twice in {labels}")
                faults += check_message(family, metric)
    except ValueError as error:
        return faults + [f"protobuf: {error}"]
    return faults + [f"family {name} comes {count} times" for name, count in names.items() if count > 1]


FIELD_OF_TYPE = {0: "counter", 1: "gauge", 2: "summary", 3: "untyped", 4: "histogram"}


def check_message(family, metric):
    """One protobuf metric: the value its type asks for, buckets that add up, a schema that Prometheus knows."""
    want = FIELD_OF_TYPE.get(family.type)
    if want is None or not metric.HasField(want):
        return [f"{family.name}: type {family.type} without its value"]
    if want != "histogram":
        return []
    histogram, faults = metric.histogram, []
    counts = [bucket.cumulative_count for bucket in histogram.bucket]
    bounds = [bucket.upper_bound for bucket in histogram.bucket]
    if counts != sorted(counts) or bounds != sorted(set(bounds)):
        faults.append(f"{family.name}: buckets out of order")
    if counts and counts[-1] > histogram.sample_count:
        faults.append(f"{family.name}: more in the buckets than counted")
    if bounds and math.isinf(bounds[-1]) and counts[-1] != histogram.sample_count:
        faults.append(f"{family.name}: +Inf is not the count")
    native = histogram.positive_span or histogram.negative_span or histogram.zero_count or histogram.HasField("zero_threshold")
    if native:
        if not -4 <= histogram.schema <= 8:
            faults.append(f"{family.name}: schema {histogram.schema}")
        total = histogram.zero_count
        for spans, deltas in ((histogram.positive_span, histogram.positive_delta), (histogram.negative_span, histogram.negative_delta)):
            if sum(span.length for span in spans) != len(deltas):
                faults.append(f"{family.name}: spans and deltas differ in length")
            count = 0
            for delta in deltas:
                count += delta
                total += count
        if total != histogram.sample_count:
            faults.append(f"{family.name}: native buckets hold {total} of {histogram.sample_count}")
    return faults


def check_families(families):
    """What the parsers let through: a family in two places, a sample twice, a histogram that does not add up."""
    faults = []
    names = collections.Counter(family.name for family in families if family.samples)
    faults += [f"family {name} comes {count} times" for name, count in names.items() if count > 1]
    for family in families:
        seen = set()
        infinite, counted = {}, {}
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            if key in seen:
                faults.append(f"twice: {key}")
            seen.add(key)
            rest = tuple(sorted(item for item in sample.labels.items() if item[0] != "le"))
            if family.type == "histogram" and sample.name.endswith("_bucket") and float(sample.labels["le"]) == math.inf:
                infinite[rest] = sample.value
            if family.type == "histogram" and sample.name.endswith("_count"):
                counted[rest] = sample.value
        if any(infinite.get(rest) != count for rest, count in counted.items()):
            faults.append(f"{family.name}: +Inf is not the count")
    return faults


def check_lines(decoded):
    """Comments only of the known kinds, each once per family, no sample twice, no empty line, no carriage return at its end."""
    faults, seen = [], set()
    for line in decoded.split("\n")[:-1]:
        if not line.strip() or line.endswith("\r"):
            faults.append(f"empty line or carriage return at its end: {line!r}")
        if line and not line.startswith("#"):
            # The Python client takes a sample that comes twice in a row for one.
            sample = re.sub(r' # \{[^{}]*\} \S+( \S+)?$', "", line).rsplit(" ", 1)[0]
            if sample in seen:
                faults.append(f"twice: {sample}")
            seen.add(sample)
        if line.startswith("#"):
            words = line.split(" ", 3)
            if len(words) < 3 or words[1] not in ("HELP", "TYPE", "UNIT"):
                faults.append(f"comment of no known kind: {line}")
            elif (words[1], words[2]) in seen:
                faults.append(f"twice: {line}")
            else:
                seen.add((words[1], words[2]))
    return faults


WRONG = {
    "text/plain; version=0.0.4": [
        b"a 1\na 2\n",
        b"a 1\nb 1\na{x=\"1\"} 1\n",
        b"# TYPE a gauge\na 1\n# TYPE a gauge\na{x=\"1\"} 1\n",
        b"# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 2\n",
        b"a 1",
        b"a{b=\"1\",b=\"2\"} 1\n",
        b"a one\n",
        b"{\"a.b\",c=\"1\",c=\"2\"} 1\n",
    ],
    "application/openmetrics-text; version=1.0.0": [
        b"# TYPE a gauge\na 1\n",
        b"# TYPE a counter\na 1\n# EOF\n",
        b"# TYPE a histogram\na_bucket{le=\"1.0\"} 2\na_bucket{le=\"+Inf\"} 1\na_count 1\na_sum 1\n# EOF\n",
        b"# TYPE a gauge\na 1\na 1\n# EOF\n",
        b"# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# TYPE a gauge\na{x=\"1\"} 1\n# EOF\n",
        b"# TYPE a counter\na_total 1 # {b=\"" + b"x" * 128 + b"\"} 1\n# EOF\n",
        b"# TYPE a gauge\n# UNIT a bytes\na 1\n# EOF\n",
    ],
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited": [
        b"\x05\x0a\x01a",
        b"\x07\x0a\x01a\x18\x01\x22\x00",
        b"\x1d\x0a\x01a\x18\x01\x22\x0b\x12\x09\x09" + b"\x00" * 8 + b"\x22\x0b\x12\x09\x09" + b"\x00" * 8,
        b"\xff",
    ],
}


def self_test():
    for content_type, bodies in WRONG.items():
        for body in bodies:
            if not judge(content_type, body):
                sys.exit(f"judge: {content_type} lets pass {body!r}")
    for body in (b"# TYPE a gauge\na{b=\"c\"} 1\n", b"# TYPE \"a.b\" gauge\n{\"a.b\",\"c.d\"=\"1\"} 1\n", b""):
        if faults := judge("text/plain; version=0.0.4", body):
            sys.exit(f"judge: refuses a good body: {body!r}: {faults}")
    print(f"judge: {sum(map(len, WRONG.values()))} wrong bodies refused")


def judge_file(path):
    head, _, body = path.read_bytes().partition(b"\n")
    try:
        return head.decode(), judge(head.decode(), body)
    except Exception as error:  # a judge that stumbles has not passed the body
        return head.decode(), [f"{type(error).__name__}: {error}"]


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    passed, failed, kinds = 0, 0, collections.Counter()
    paths = sorted(pathlib.Path(sys.argv[1]).glob("*.scrape"))
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:  # promtool is another process
        for path, (content_type, faults) in zip(paths, pool.map(judge_file, paths)):
            kinds[content_type.split(";")[0]] += 1
            if not faults:
                passed += 1
                continue
            failed += 1
            print(f"{path} ({content_type})")
            for fault in faults[:10]:
                print(f"    {fault}")
            print("".join(f"    | {line[:200]}\n" for line in path.read_text(errors="replace").splitlines()[1:30]))
    missing = [kind for kind in ("text/plain", "application/openmetrics-text", "application/vnd.google.protobuf") if not kinds[kind]]
    if missing:
        print(f"no body at all of: {', '.join(missing)}")
    print("judged:", ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())))
    print(f"judged: {passed} passed, {failed + len(missing)} failed")
    sys.exit(1 if failed or missing else 0)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""How much a watcher costs: a scripted API server with a large cluster, a real `pointsman serve`, and one `pointsman watch`.

Usage: watchers.py POINTSMAN ROLE [--nodes 5000] [--pools 20] [--configs 3000] [--updating 500] [--rate 2000] [--seconds 30] [--levels]

Prints one table row: time from the watcher's start to its first complete export, its resident memory, what one export holds,
and the share of a core it takes while so many objects change a second. The objects are as large as real ones: a Node about
8 kB with its images, a MachineConfigNode about 4 kB. With --levels it prints another row: what one export holds while a view has
Detailed metrics on, and what once the view says Standard, as the watcher's own counters say. Everything is on loopback, bounded, and ends with this script.
"""
import argparse, json, os, re, socket, subprocess, tempfile, threading, time, urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

MCO = "machineconfiguration.openshift.io"
LEVEL = "2026-01-01T00:00:00Z"
PHASES = ["UpdatePrepared", "UpdateExecuted", "Cordoned", "Drained", "AppliedFilesAndOS", "RebootedNode", "Resumed",
          "UpdateComplete", "Uncordoned", "Updated", "UpdatePostActionComplete", "NodeDegraded", "PinnedImageSetsProgressing",
          "PinnedImageSetsDegraded"]


def pool_of(i, options):
    return f"pool-{i % options.pools}"


def meta(name, **more):
    fields = [{"manager": "machine-config-operator", "operation": "Apply", "time": LEVEL, "fieldsType": "FieldsV1",
               "fieldsV1": {f"f:field-{i}": {"f:value": {}} for i in range(40)}}]
    return {"name": name, "uid": f"uid-{name}", "creationTimestamp": LEVEL, "generation": 1, "resourceVersion": "1",
            "managedFields": fields, **more}


def node(i, options, turn=0):
    pool, updating = pool_of(i, options), i < options.updating
    labels = {f"node-role.kubernetes.io/{pool}": "", "kubernetes.io/hostname": f"node-{i}", "kubernetes.io/arch": "amd64"}
    labels |= {f"example.com/label-{n}": f"value-{n}" for n in range(12)}
    target = f"rendered-{pool}-{'b' if updating else 'a'}"
    notes = {"currentConfig": f"rendered-{pool}-a", "desiredConfig": target, "state": "Working" if updating else "Done",
             "reason": "" if turn % 2 == 0 else "cannot evict pod", "desiredDrain": f"drain-{target}" if updating else f"uncordon-{target}",
             "lastAppliedDrain": f"uncordon-rendered-{pool}-a", "lastSyncedControllerConfigResourceVersion": "1"}
    images = [{"names": [f"registry.example.com/team/image-{n}@sha256:{n:064x}"], "sizeBytes": 123456789} for n in range(30)]
    conditions = [{"type": kind, "status": "False" if kind != "Ready" else "True", "lastHeartbeatTime": LEVEL,
                   "lastTransitionTime": LEVEL, "reason": "KubeletReady", "message": "kubelet is posting ready status"}
                  for kind in ("MemoryPressure", "DiskPressure", "PIDPressure", "Ready")]
    return {"metadata": meta(f"node-{i}", labels=labels, annotations={f"{MCO}/{k}": v for k, v in notes.items()}),
            "spec": {"unschedulable": updating, "providerID": f"example:///zone/node-{i}"},
            "status": {"nodeInfo": {"bootID": f"boot-{i}", "osImage": "Red Hat Enterprise Linux CoreOS 418.94.202501221327-0",
                                    "kubeletVersion": "v1.31.1"}, "conditions": conditions, "images": images}}


def mcn(i, options, turn=0):
    pool, updating = pool_of(i, options), i < options.updating
    done = {"UpdatePrepared", "Cordoned"} if updating else {"Updated"}
    word = lambda phase: "True" if phase in done else "Unknown" if updating and phase in ("UpdateExecuted", "Drained") else "False"
    conditions = [{"type": phase, "status": word(phase), "lastTransitionTime": LEVEL, "reason": "NotYetOccurred",
                   "message": f"attempt {turn}: pods are evicted" if phase == "Drained" else "This node has not yet entered it"}
                  for phase in PHASES]
    target = f"rendered-{pool}-{'b' if updating else 'a'}"
    return {"metadata": meta(f"node-{i}"),
            "spec": {"node": {"name": f"node-{i}"}, "pool": {"name": pool}, "configVersion": {"desired": target}},
            "status": {"conditions": conditions, "configVersion": {"current": f"rendered-{pool}-a", "desired": target}}}


def pool(p, options):
    updating = any(i % options.pools == p for i in range(options.updating))
    name, members = f"pool-{p}", len(range(p, options.nodes, options.pools))
    conditions = [{"type": kind, "status": "True" if (kind == "Updating") == updating and kind in ("Updating", "Updated") else "False",
                   "lastTransitionTime": LEVEL} for kind in ("Updated", "Updating", "Degraded", "NodeDegraded", "RenderDegraded")]
    return {"metadata": meta(name), "spec": {"nodeSelector": {"matchLabels": {f"node-role.kubernetes.io/{name}": ""}}, "maxUnavailable": "10%",
            "configuration": {"name": f"rendered-{name}-{'b' if updating else 'a'}", "source": [{"name": f"config-{n}"} for n in range(20)]}},
            "status": {"configuration": {"name": f"rendered-{name}-a"}, "observedGeneration": 1, "machineCount": members,
                       "updatedMachineCount": members, "readyMachineCount": members, "conditions": conditions}}


def cluster(options):
    rendered = [f"rendered-pool-{p}-{c}" for p in range(options.pools) for c in "ab"]
    names = rendered + [f"config-{n}" for n in range(options.configs - len(rendered))]
    owner = lambda name: {"ownerReferences": [{"kind": "MachineConfigPool", "name": name.rsplit("-", 1)[0][9:]}]} if name in rendered else {}
    return {"nodes": [node(i, options) for i in range(options.nodes)],
            "machineconfignodes": [mcn(i, options) for i in range(options.nodes)],
            "machineconfigpools": [pool(p, options) for p in range(options.pools)],
            "machineconfigs": [{"metadata": meta(name, **owner(name)), "spec": {"osImageURL": "example.com/os@sha256:1"}} for name in names]}


class Api:
    """Lists by page, bodies by name, and watches: the ones of nodes and MachineConfigNodes change at the rate that is set."""

    def __init__(self, options):
        self.options, self.rate, self.sent, self.objects, self.streams = options, 0, 0, cluster(options), set()
        self.texts = {kind: [json.dumps(o).encode() for o in objects] for kind, objects in self.objects.items()}
        line = lambda make, i, turn: json.dumps({"type": "MODIFIED", "object": make(i, options, turn)}).encode() + b"\n"
        count = min(options.nodes, 1000)
        self.lines = {"nodes": [line(node, i, t) for t in (1, 2) for i in range(count)],
                      "machineconfignodes": [line(mcn, i, t) for t in (1, 2) for i in range(count)]}
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                api.answer(self)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, request):
        url = urlparse(request.path)
        query, parts = parse_qs(url.query), url.path.strip("/").split("/")
        kind, name = (parts[-1], None) if parts[-1] in self.texts or len(parts) % 2 else (parts[-2], parts[-1])
        if "watch" in query:
            return self.follow(request, kind)
        if name is not None and kind in self.objects:
            found = [t for o, t in zip(self.objects[kind], self.texts[kind]) if o["metadata"]["name"] == name]
            return self.reply(request, found[0] if found else b"{}", 200 if found else 404)
        texts, limit = self.texts.get(kind, []), int(query.get("limit", ["500"])[0])
        start = int(query.get("continue", ["0"])[0])
        rest = str(start + limit) if start + limit < len(texts) else ""
        head = json.dumps({"resourceVersion": "1", "continue": rest}).encode()
        self.reply(request, b'{"metadata":' + head + b',"items":[' + b",".join(texts[start:start + limit]) + b"]}")

    def reply(self, request, body, code=200):
        request.send_response(code)
        request.send_header("content-type", "application/json")
        request.send_header("content-length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def follow(self, request, kind):
        request.send_response(200)
        request.send_header("content-type", "application/json")
        request.send_header("transfer-encoding", "chunked")
        request.end_headers()
        at, lines, tick, due = 0, self.lines.get(kind), 0.05, time.monotonic()
        if lines:
            self.streams.add(kind)
        try:
            while True:
                due += tick
                time.sleep(max(0.0, due - time.monotonic()))
                if not lines or not self.rate:
                    continue
                many = int(self.rate * tick / len(self.streams))
                chunk = b"".join(lines[(at + n) % len(lines)] for n in range(many))
                at, self.sent = at + many, self.sent + many
                request.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        except OSError:
            pass


def free():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def status(pid, field):
    return int(re.search(rf"{field}:\s+(\d+)", open(f"/proc/{pid}/status").read()).group(1))


def cpu(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def scrape(port):
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20).read().decode()
    except OSError:
        return ""


def complete(role, text, options):
    family, each = {"daemon": ("mco_node_state{", 5 * options.nodes), "operator": ("mco_pool_paused{", options.pools),
                    "controller": ("mco_render_lag_seconds{", options.pools)}[role]
    return sum(line.startswith(family) for line in text.splitlines()) == each


def counters(port):
    """Points and bytes that the watcher says it wrote, so far."""
    text = scrape(port)
    of = lambda family: sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
                            if line.startswith(family + "{") and 'job="pointsman-watch"' in line)
    return of("pointsman_instrument_points_total"), of("pointsman_instrument_size_bytes_total")


def one_export(port, timeout=90):
    """What the next whole export adds to the counters: they tell of the exports before the one that carries them."""
    changed, deadline, last = [], time.monotonic() + timeout, counters(port)
    while len(changed) < 3:
        assert time.monotonic() < deadline, "the watcher does not push"
        time.sleep(0.2)
        now = counters(port)
        if now != last:
            changed.append([b - a for a, b in zip(last, now)])
            last = now
    return changed[-1]


def level_view(folder, level):
    made = os.path.join(folder, "new")
    with open(made, "w") as file:
        file.write("apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {name: level}\n"
                   f"spec: {{baseline: {level}}}\n")
    os.rename(made, os.path.join(folder, "view.yaml"))


def levels(options, read, views):
    rows = []
    for level in ("Detailed", "Standard"):
        level_view(views, level)
        time.sleep(20)
        rows.append(one_export(read))
    (points, size), (fewer, smaller) = rows
    print("| role | nodes | points an export, Detailed on | bytes | points, Detailed off | bytes | bytes saved, % |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    print(f"| {options.role} | {options.nodes} | {points:.0f} | {size:.0f} | {fewer:.0f} | {smaller:.0f} | {100 - 100 * smaller / size:.1f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pointsman")
    parser.add_argument("role", choices=["operator", "controller", "daemon"])
    for name, default in (("nodes", 5000), ("pools", 20), ("configs", 3000), ("updating", 500), ("rate", 2000), ("seconds", 30)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--levels", action="store_true")
    options = parser.parse_args()
    api, running = Api(options), []
    read, grpc, http = free(), free(), free()
    with tempfile.TemporaryDirectory() as folder:
        config = os.path.join(folder, "kubeconfig")
        cluster_of = {"server": f"http://127.0.0.1:{api.server.server_address[1]}"}
        json.dump({"apiVersion": "v1", "kind": "Config", "current-context": "b", "clusters": [{"name": "b", "cluster": cluster_of}],
                   "users": [{"name": "b", "user": {}}], "contexts": [{"name": "b", "context": {"cluster": "b", "user": "b"}}]}, open(config, "w"))
        views = os.path.join(folder, "views")
        os.mkdir(views)
        level_view(views, "Detailed")
        quiet = {"stdout": subprocess.DEVNULL, "stderr": open(os.path.join(folder, "log"), "wb")}
        try:
            running.append(subprocess.Popen([options.pointsman, "serve", "--listen", f"127.0.0.1:{read}", "--otlp-grpc", f"127.0.0.1:{grpc}",
                                             "--otlp-http", f"127.0.0.1:{http}", "--memory-limit", "2GiB", "--views", views], **quiet))
            while not scrape(read):
                time.sleep(0.1)
            began = time.monotonic()
            watcher = subprocess.Popen([options.pointsman, "watch", options.role, "--kubeconfig", config, "--otlp", f"http://127.0.0.1:{grpc}",
                                        "--interval", "15s", "--opamp", f"ws://127.0.0.1:{http}/v1/opamp"], **quiet)
            running.append(watcher)
            while not complete(options.role, scrape(read), options):
                assert watcher.poll() is None and time.monotonic() - began < 120, open(os.path.join(folder, "log")).read()[-2000:]
                time.sleep(0.1)
            first = time.monotonic() - began
            if options.levels:
                return levels(options, read, views)
            time.sleep(20)
            idle, rest = status(watcher.pid, "VmRSS"), cpu(watcher.pid)
            series = sum(not line.startswith("#") for line in scrape(read).splitlines())
            api.rate, api.sent, start = options.rate, 0, time.monotonic()
            time.sleep(options.seconds)
            took, busy, sent = time.monotonic() - start, cpu(watcher.pid) - rest, api.sent
            print("| role | nodes | pools | configs | updating | first export, s | RSS idle, MB | RSS busy, MB | RSS peak, MB | series | changes/s | core, % |")
            print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
            print(f"| {options.role} | {options.nodes} | {options.pools} | {options.configs} | {options.updating} | {first:.1f} | {idle / 1000:.0f} | "
                  f"{status(watcher.pid, 'VmRSS') / 1000:.0f} | {status(watcher.pid, 'VmHWM') / 1000:.0f} | {series} | {sent / took:.0f} | {100 * busy / took:.1f} |")
        finally:
            for process in reversed(running):
                process.kill()
                process.wait()


main()

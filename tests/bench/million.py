"""Pushes METRICS gauges of SERIES series each to an OTLP/HTTP receiver: million.py URL METRICS SERIES.

Writes protobuf by hand, so that it needs nothing but Python; four services share the metrics."""
import struct
import sys
import time
import urllib.request

PART = 25_000  # series of one request


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes(out + bytes([n]))


def field(number, body):
    return varint(number << 3 | 2) + varint(len(body)) + body


def attribute(key, value):
    return field(1, key.encode()) + field(2, field(1, value.encode()))


def point(i, now):
    labels = field(7, attribute("node", f"n{i}")) + field(7, attribute("err", f"text {i % 300}"))
    return labels + varint(3 << 3 | 1) + struct.pack("<Q", now) + varint(6 << 3 | 1) + struct.pack("<q", i)


def main(url, metrics, series):
    now = time.time_ns()
    for m in range(metrics):
        resource = field(1, attribute("service.name", f"svc{m % 4}")) + field(1, attribute("service.instance.id", f"i{m}"))
        for start in range(0, series, PART):
            points = b"".join(field(1, point(i, now)) for i in range(start, min(start + PART, series)))
            metric = field(1, f"big.metric.{m}".encode()) + field(5, points)
            body = field(1, field(1, resource) + field(2, field(2, metric)))
            headers = {"content-type": "application/x-protobuf"}
            urllib.request.urlopen(urllib.request.Request(url + "/v1/metrics", data=body, headers=headers)).read()


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))

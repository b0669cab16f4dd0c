"""Reads Prometheus' protobuf exposition: length-delimited `io.prometheus.client.MetricFamily` messages.

The schema is built here from the public field numbers, so that no generated code and no protoc is needed."""

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, unknown_fields
from google.protobuf.message import DecodeError

F = descriptor_pb2.FieldDescriptorProto
SCALARS = {
    "string": F.TYPE_STRING, "double": F.TYPE_DOUBLE, "uint64": F.TYPE_UINT64, "int64": F.TYPE_INT64, "uint32": F.TYPE_UINT32,
    "int32": F.TYPE_INT32, "sint32": F.TYPE_SINT32, "sint64": F.TYPE_SINT64,
}
TIME = "Timestamp"
# message: {field: (number, type)}; "*" repeats
SCHEMA = {
    "Timestamp": {"seconds": (1, "int64"), "nanos": (2, "int32")},
    "LabelPair": {"name": (1, "string"), "value": (2, "string")},
    "Exemplar": {"label": (1, "*LabelPair"), "value": (2, "double"), "timestamp": (3, TIME)},
    "Gauge": {"value": (1, "double")},
    "Counter": {"value": (1, "double"), "exemplar": (2, "Exemplar"), "created_timestamp": (3, TIME)},
    "Quantile": {"quantile": (1, "double"), "value": (2, "double")},
    "Summary": {"sample_count": (1, "uint64"), "sample_sum": (2, "double"), "quantile": (3, "*Quantile"), "created_timestamp": (4, TIME)},
    "Untyped": {"value": (1, "double")},
    "Bucket": {"cumulative_count": (1, "uint64"), "cumulative_count_float": (4, "double"), "upper_bound": (2, "double"), "exemplar": (3, "Exemplar")},
    "BucketSpan": {"offset": (1, "sint32"), "length": (2, "uint32")},
    "Histogram": {
        "sample_count": (1, "uint64"), "sample_count_float": (4, "double"), "sample_sum": (2, "double"), "bucket": (3, "*Bucket"),
        "created_timestamp": (15, TIME), "schema": (5, "sint32"), "zero_threshold": (6, "double"), "zero_count": (7, "uint64"),
        "zero_count_float": (8, "double"), "negative_span": (9, "*BucketSpan"), "negative_delta": (10, "*sint64"),
        "negative_count": (11, "*double"), "positive_span": (12, "*BucketSpan"), "positive_delta": (13, "*sint64"),
        "positive_count": (14, "*double"), "exemplars": (16, "*Exemplar"),
    },
    "Metric": {
        "label": (1, "*LabelPair"), "gauge": (2, "Gauge"), "counter": (3, "Counter"), "summary": (4, "Summary"), "untyped": (5, "Untyped"),
        "histogram": (7, "Histogram"), "timestamp_ms": (6, "int64"),
    },
    "MetricFamily": {"name": (1, "string"), "help": (2, "string"), "type": (3, "int32"), "metric": (4, "*Metric"), "unit": (5, "string")},
}


def _message_class():
    # proto3 checks that strings are UTF-8; its optional fields need a oneof each to tell absent from zero.
    file = descriptor_pb2.FileDescriptorProto(name="exposition.proto", package="judge", syntax="proto3")
    for name, fields in SCHEMA.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            repeated, kind = kind.startswith("*"), kind.removeprefix("*")
            entry = message.field.add(name=field, number=number, label=F.LABEL_REPEATED if repeated else F.LABEL_OPTIONAL)
            if kind in SCALARS:
                entry.type = SCALARS[kind]
                if not repeated:
                    entry.proto3_optional = True
                    entry.oneof_index = len(message.oneof_decl)
                    message.oneof_decl.add(name=f"_{field}")
            else:
                entry.type, entry.type_name = F.TYPE_MESSAGE, f".judge.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("judge.MetricFamily"))


MetricFamily = _message_class()


def families(body):
    """Every family of a body; ValueError where it is not what it says."""
    at = 0
    while at < len(body):
        length, shift = 0, 0
        while True:
            if at >= len(body) or shift > 63:
                raise ValueError("the length prefix is cut off")
            byte = body[at]
            at += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        if at + length > len(body):
            raise ValueError("a family is cut off")
        try:
            family = MetricFamily.FromString(body[at : at + length])
        except DecodeError as error:
            raise ValueError(error) from error
        if len(unknown_fields.UnknownFieldSet(family)):
            raise ValueError(f"family {family.name} has fields that nobody knows")
        if not family.name or not family.metric:
            raise ValueError(f"family {family.name!r} has no name or no metrics")
        yield family
        at += length

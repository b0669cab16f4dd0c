//! OTLP in, over gRPC and HTTP: admission, decompression, answers. What a point means is core's.

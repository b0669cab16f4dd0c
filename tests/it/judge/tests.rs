//! The checker is held against bodies that are right, and against bodies with one thing wrong each.
//! Knows formats, and nothing of who writes them.

use super::checker::check;

/// Scenario: bodies of both formats with nothing wrong. Guarantees: the checker says so.
#[test]
fn good_bodies_pass() {
    let text = "# HELP c_total h\n# TYPE c_total counter\nc_total{a=\"1\"} 1\nc_total{a=\"2\"} 2\n# TYPE h histogram\n\
                h_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n# TYPE s summary\ns{quantile=\"0.5\"} NaN\n\
                s_sum 1\ns_count 1\n# TYPE u untyped\nu NaN\nu{le=\"1\"} 1\nu{quantile=\"1\"} 1\n";
    assert_eq!(check(text, false), Vec::<String>::new());
    let openmetrics = "# TYPE b counter\n# UNIT b b\n";
    assert_eq!(check(&format!("{openmetrics}# EOF\n"), true).len(), 1, "the unit is no suffix");
    let openmetrics = "# TYPE c_bytes counter\n# UNIT c_bytes bytes\n# HELP c_bytes h\nc_bytes_total 1 # {a=\"b\"} 1 2.5\n\
                       c_bytes_created 1.5\n# TYPE h histogram\nh_bucket{le=\"1.0\"} 1 # {} 1 2.0\nh_bucket{le=\"+Inf\"} 2 # {} 2\n\
                       h_sum 3\nh_count 2\n# TYPE i info\ni_info{v=\"1\"} 1\n# EOF\n";
    assert_eq!(check(openmetrics, true), Vec::<String>::new());
}

/// Of Prometheus text: what is wrong, and the body.
const TEXT: &[(&str, &str)] = &[
    ("adjacent duplicates", "# TYPE a gauge\na 1\na 1\n"),
    ("duplicates", "# TYPE a gauge\na 1\na{x=\"1\"} 1\na 2\n"),
    ("a second TYPE", "# TYPE a gauge\na 1\n# TYPE a gauge\na{x=\"1\"} 1\n"),
    ("a second HELP", "# HELP a b\n# HELP a b\n# TYPE a gauge\na 1\n"),
    ("HELP behind TYPE", "# TYPE a gauge\n# HELP a b\na 1\n"),
    ("interleaved families", "# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\na{x=\"1\"} 1\n"),
    ("a family that comes again", "# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# TYPE a gauge\na{x=\"1\"} 1\n"),
    ("families out of order", "# TYPE b gauge\nb 1\n# TYPE a gauge\na 1\n"),
    ("interleaved series", "# TYPE s summary\ns_sum{a=\"1\"} 1\ns_sum{a=\"2\"} 1\ns_count{a=\"1\"} 1\ns_count{a=\"2\"} 1\n"),
    ("+Inf is not the count", "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 2\n"),
    ("no +Inf", "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1\n"),
    ("no count", "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\n"),
    ("buckets that fall", "# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n"),
    (
        "bounds out of order",
        "# TYPE h histogram\nh_bucket{le=\"2\"} 1\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_count 1\n",
    ),
    ("a bound as in OpenMetrics", "# TYPE h histogram\nh_bucket{le=\"1.0\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n"),
    ("a count with a fraction", "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1.5\nh_sum 1\nh_count 1.5\n"),
    ("no last newline", "# TYPE a gauge\na 1"),
    ("an empty line", "# TYPE a gauge\n\na 1\n"),
    ("a comment", "# by us\n"),
    ("EOF in text", "# TYPE a gauge\na 1\n# EOF\n"),
    ("a label twice", "# TYPE a gauge\na{b=\"1\",b=\"2\"} 1\n"),
    ("labels out of order", "# TYPE a gauge\na{c=\"1\",b=\"2\"} 1\n"),
    ("an empty label", "# TYPE a gauge\na{b=\"\"} 1\n"),
    ("__name__", "# TYPE a gauge\na{__name__=\"b\"} 1\n"),
    ("_created", "# TYPE c_total counter\nc_total 1\nc_created 1\n"),
    ("UNIT", "# TYPE a_bytes gauge\n# UNIT a_bytes bytes\na_bytes 1\n"),
    ("an exemplar", "# TYPE c_total counter\nc_total 1 # {} 1\n"),
    ("a timestamp", "# TYPE a gauge\na 1 1700000000000\n"),
    ("a type of OpenMetrics", "# TYPE a unknown\na 1\n"),
    ("no type", "a 1\n"),
    ("a negative counter", "# TYPE c_total counter\nc_total -1\n"),
    ("no value", "# TYPE a gauge\na\n"),
];

/// Of OpenMetrics.
const OPENMETRICS: &[(&str, &str)] = &[
    ("no EOF", "# TYPE a gauge\na 1\n"),
    ("two EOF", "# TYPE a gauge\na 1\n# EOF\n# EOF\n"),
    ("something behind EOF", "# EOF\n# TYPE a gauge\na 1\n"),
    ("a bound as in text", "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n# EOF\n"),
    ("a quantile as in text", "# TYPE s summary\ns{quantile=\"1\"} 1\ns_sum 1\ns_count 1\n# EOF\n"),
    (
        "an exemplar above its bucket",
        "# TYPE h histogram\nh_bucket{le=\"1.0\"} 1 # {} 2\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n# EOF\n",
    ),
    (
        "an exemplar at the lower bound",
        "# TYPE h histogram\nh_bucket{le=\"1.0\"} 1\nh_bucket{le=\"+Inf\"} 2 # {} 1\nh_sum 1\nh_count 2\n# EOF\n",
    ),
    ("an exemplar on a count", "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1 # {} 1\n# EOF\n"),
    ("an exemplar on a gauge", "# TYPE a gauge\na 1 # {} 1\n# EOF\n"),
    ("a counter without _total", "# TYPE c counter\nc 1\n# EOF\n"),
    ("a sum without a count", "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\n# EOF\n"),
    (
        "a sum beside negative bounds",
        "# TYPE h histogram\nh_bucket{le=\"-1.0\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n# EOF\n",
    ),
    ("a unit that is no suffix", "# TYPE a gauge\n# UNIT a bytes\na 1\n# EOF\n"),
    ("UNIT behind HELP", "# TYPE a_bytes gauge\n# HELP a_bytes b\n# UNIT a_bytes bytes\na_bytes 1\n# EOF\n"),
    ("an info that is 2", "# TYPE i info\ni_info{v=\"1\"} 2\n# EOF\n"),
    ("a state that is 2", "# TYPE s stateset\ns{s=\"1\"} 2\n# EOF\n"),
    ("a created with an exponent", "# TYPE c counter\nc_total 1\nc_created 1.7e9\n# EOF\n"),
    ("a NaN counter", "# TYPE c counter\nc_total NaN\n# EOF\n"),
];

/// Scenario: bodies with one thing wrong each, most of which no other judge sees.
/// Guarantees: each is refused.
#[test]
fn each_wrong_body_is_refused() {
    for (what, body) in TEXT {
        assert_ne!(check(body, false), Vec::<String>::new(), "{what}");
    }
    for (what, body) in OPENMETRICS {
        assert_ne!(check(body, true), Vec::<String>::new(), "{what}");
    }
    for (chars, is_fine) in [(128, true), (129, false)] {
        let body = format!("# TYPE c counter\nc_total 1 # {{a=\"{}\"}} 1\n# EOF\n", "é".repeat(chars - 1));
        assert_eq!(check(&body, true).is_empty(), is_fine, "{chars} code points");
    }
}

//! Rules for a world that runs faster than Prometheus: `for`, ranges and offsets are divided by its speed, and so are the numbers that
//! ages by the wall clock are held against. Each scenario reads its own series. Knows YAML and PromQL; no alert by name.

use pointsman::app::demo::scenario::Scenario;
use promql_parser::{
    label::{MatchOp, Matcher},
    parser::{self, BinaryExpr, Expr, Offset, VectorSelector, value::ValueType},
};
use serde_json::{Value, json};
use std::time::Duration;

/// The label that tells whose series they are, and whose alerts.
pub(super) const SCENARIO: &str = "scenario";
/// A range holds a few scrapes at least, or nothing can be said of it.
const RANGE_MIN: Duration = Duration::from_secs(2);

/// How a file of rules is changed.
#[derive(Clone, Copy)]
pub(super) struct Faster {
    /// Whose series are read.
    pub(super) scenario: Scenario,
    /// How many of its seconds pass in one.
    pub(super) speed: u32,
}

impl Faster {
    /// A file of rules, as YAML; the answer is JSON, which is YAML too. Group names get the scenario's, for they must differ.
    pub(super) fn file(self, text: &str) -> String {
        let mut file: Value = serde_saphyr::from_str(text).expect("a file of rules");
        for group in file["groups"].as_array_mut().expect("groups") {
            let name = group["name"].as_str().expect("a name");
            group["name"] = json!(format!("{}/{name}", self.scenario));
            // It evaluates as often as the test wants.
            group.as_object_mut().expect("a group").remove("interval");
            group["rules"].as_array_mut().expect("rules").iter_mut().for_each(|rule| self.rule(rule));
        }
        file.to_string()
    }

    fn rule(self, rule: &mut Value) {
        for key in ["for", "keep_firing_for"] {
            if let Some(lasting) = rule[key].as_str().map(|text| duration(text) / self.speed) {
                rule[key] = json!(format!("{}ms", lasting.as_millis()));
            }
        }
        rule["expr"] = json!(self.expr(rule["expr"].as_str().expect("an expression")));
        if !rule["labels"].is_object() {
            rule["labels"] = json!({});
        }
        rule["labels"][SCENARIO] = json!(self.scenario.as_str());
    }

    /// One expression.
    pub(super) fn expr(self, text: &str) -> String {
        let mut expr = parser::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        self.walk(&mut expr);
        expr.to_string()
    }

    fn walk(self, expr: &mut Expr) {
        match expr {
            Expr::Aggregate(inner) => {
                self.walk(&mut inner.expr);
                inner.param.iter_mut().for_each(|param| self.walk(param));
            }
            Expr::Unary(inner) => self.walk(&mut inner.expr),
            Expr::Paren(inner) => self.walk(&mut inner.expr),
            Expr::Binary(inner) => self.binary(inner),
            Expr::Call(inner) => inner.args.args.iter_mut().for_each(|argument| self.walk(argument)),
            Expr::Subquery(inner) => {
                self.walk(&mut inner.expr);
                inner.range = self.range(inner.range);
                inner.step = inner.step.map(|step| step / self.speed);
                self.offset(&mut inner.offset);
            }
            Expr::VectorSelector(inner) => self.selector(inner),
            Expr::MatrixSelector(inner) => {
                self.selector(&mut inner.vs);
                inner.range = self.range(inner.range);
            }
            Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
        }
    }

    /// What the wall clock counts runs no faster: the limit of such an age comes nearer instead.
    fn binary(self, binary: &mut BinaryExpr) {
        let BinaryExpr { lhs, rhs, .. } = binary;
        if is_real_age(lhs) {
            self.nearer(rhs);
        }
        if is_real_age(rhs) {
            self.nearer(lhs);
        }
        self.walk(lhs);
        self.walk(rhs);
    }

    fn nearer(self, limit: &mut Expr) {
        if let Expr::NumberLiteral(number) = limit {
            number.val /= f64::from(self.speed);
        }
    }

    fn selector(self, selector: &mut VectorSelector) {
        selector.matchers.matchers.push(Matcher::new(MatchOp::Equal, SCENARIO, self.scenario.as_str()));
        self.offset(&mut selector.offset);
    }

    fn offset(self, offset: &mut Option<Offset>) {
        if let Some(Offset::Pos(by) | Offset::Neg(by)) = offset {
            *by /= self.speed;
        }
    }

    fn range(self, range: Duration) -> Duration {
        (range / self.speed).max(RANGE_MIN)
    }
}

/// Whether this is an age that the server counts, and not one of the simulated world.
fn is_real_age(expr: &Expr) -> bool {
    match expr {
        Expr::Aggregate(inner) => inner.expr.value_type() == ValueType::Vector && is_real_age(&inner.expr),
        Expr::Paren(inner) => is_real_age(&inner.expr),
        Expr::VectorSelector(inner) => {
            inner.name.as_ref().is_some_and(|name| name.starts_with("pointsman_") && name.ends_with("_age_seconds"))
        }
        _ => false,
    }
}

/// A duration as rules write it: `1h30m`.
fn duration(text: &str) -> Duration {
    // The parser of PromQL reads durations as ranges alone.
    match parser::parse(&format!("x[{text}]")) {
        Ok(Expr::MatrixSelector(range)) => range.range,
        other => panic!("{text} is no duration: {other:?}"),
    }
}

/// Scenario: expressions and a file of rules, sixty times as fast.
/// Guarantees: ranges, offsets, steps and `for` are divided, a short range not below a few scrapes; a limit is divided exactly where an
/// age by the wall clock is held against it; every selector reads the scenario's series, every alert has its name.
#[test]
fn rules_run_faster() {
    let faster = Faster { scenario: Scenario::Happy, speed: 60 };
    for (text, want) in [
        ("a > 300", r#"a{scenario="happy"} > 300"#),
        ("increase(a_total[30m]) > 0", r#"increase(a_total{scenario="happy"}[30s]) > 0"#),
        ("rate(a_total[15s])", r#"rate(a_total{scenario="happy"}[2s])"#),
        ("max_over_time(a[1h:1m] offset 90s)", r#"max_over_time(a{scenario="happy"}[1m:1s] offset 1s500ms)"#),
        (r#"a{b!="c"} == 1 and on (d) e > 86400"#, r#"a{b!="c",scenario="happy"} == 1 and on (d) e{scenario="happy"} > 86400"#),
        ("pointsman_component_push_age_seconds > 300", r#"pointsman_component_push_age_seconds{scenario="happy"} > 5"#),
        (
            "900 < max by (b) (pointsman_view_source_age_seconds)",
            r#"15 < max by (b) (pointsman_view_source_age_seconds{scenario="happy"})"#,
        ),
        (r#"absent(up{job="pointsman"} == 1)"#, r#"absent(up{job="pointsman",scenario="happy"} == 1)"#),
    ] {
        let (got, want) = (faster.expr(text), parser::parse(want).expect("PromQL").to_string());
        assert_eq!(got, want, "{text}");
    }
    let rules = "groups:\n- name: g\n  interval: 1m\n  rules:\n  - {alert: A, expr: a, for: 1h30m, labels: {severity: info}}\n\
        \x20 - {alert: B, expr: b}\n";
    let file: Value = serde_json::from_str(&faster.file(rules)).expect("JSON");
    let want = json!({"groups": [{"name": "happy/g", "rules": [
        {"alert": "A", "expr": r#"a{scenario="happy"}"#, "for": "90000ms", "labels": {"severity": "info", "scenario": "happy"}},
        {"alert": "B", "expr": r#"b{scenario="happy"}"#, "labels": {"scenario": "happy"}, "for": null, "keep_firing_for": null},
    ]}]});
    assert_eq!(without_null(file), without_null(want));
}

/// What is not there and what is null are the same.
#[cfg(test)]
fn without_null(value: Value) -> Value {
    match value {
        Value::Object(map) => map.into_iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k, without_null(v))).collect(),
        Value::Array(list) => list.into_iter().map(without_null).collect(),
        other => other,
    }
}

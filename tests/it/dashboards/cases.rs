//! What alerts are tried with: `<group>.cases.yaml` says for each of them what makes it fire and what just does not, and six cases
//! of it become a file for promtool: just under, fires, the edge of `for`, resolves, without input, two at once.
//! Knows nothing of metrics; what fires is promtool's to say (`real/rules.rs`).

use super::{Rule, alerts};
use serde::Deserialize;
use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

/// What one alert is tried with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    alert: String,
    /// Its input; `$1` stands for one of `names`.
    series: String,
    /// A value, or `+N` for a growth a minute, with which it fires.
    on: String,
    /// The same with which it just does not.
    under: String,
    /// Minutes after which what was has left its windows.
    #[serde(default = "one")]
    settles: u32,
    /// What is there beside, whether it fires or not.
    #[serde(default)]
    beside: Vec<Beside>,
    /// Two of whatever it is about.
    names: [String; 2],
    /// The labels of the alert, beside those that its rule gives.
    labels: BTreeMap<String, String>,
    /// Whether two at once are one alert.
    #[serde(default)]
    together: bool,
    /// Whether it is about input that is not there.
    #[serde(default)]
    fires_when_absent: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Beside {
    series: String,
    values: String,
}

const fn one() -> u32 {
    1
}

/// Some stretches of minutes, each with a value or a growth.
fn values(stretches: &[(&str, u32)]) -> String {
    let (mut out, mut at) = (Vec::new(), 0_i64);
    for (says, minutes) in stretches {
        match says.strip_prefix('+').map(|step| step.parse::<i64>().expect("a growth is a number")) {
            Some(step) => {
                out.push(format!("{at}+{step}x{}", minutes - 1));
                at += step * i64::from(*minutes);
            }
            // A counter that does not grow stays where it is.
            None if stretches.iter().any(|(says, _)| says.starts_with('+')) => out.push(format!("{at}x{}", minutes - 1)),
            None => out.push(format!("{says}x{}", minutes - 1)),
        }
    }
    out.join(" ")
}

impl Case {
    /// Minutes until its expression holds: growth takes two samples to see.
    fn warms(&self) -> u32 {
        u32::from(self.on.starts_with('+'))
    }

    fn write(&self, rule: &Rule, out: &mut String) {
        let patience = minutes(rule.patience.as_deref().unwrap_or("0m"));
        let (edge, long) = (self.warms() + patience, self.warms() + patience + self.settles + 10);
        let whole: fn(&str, u32) -> String = |says, long| values(&[(says, long)]);
        let fine = |names: &[String]| names.iter().map(|name| (name.clone(), whole(&self.under, long))).collect::<Vec<_>>();
        let ill = |names: &[String]| names.iter().map(|name| (name.clone(), whole(&self.on, long))).collect::<Vec<_>>();
        let (first, both) = (&self.names[..1], &self.names[..]);
        let one_of = |names: &[String]| if self.together { 1.min(names.len()) } else { names.len() };
        self.case(out, rule, ("just under", &fine(first)), &[(edge + 5, 0)]);
        self.case(out, rule, ("fires", &ill(first)), &[(edge + 5, 1)]);
        if edge > 0 {
            self.case(out, rule, ("edge of for", &ill(first)), &[(edge - 1, 0), (edge, 1)]);
        } else {
            self.case(out, rule, ("edge of for", &ill(first)), &[(0, 1)]);
        }
        let heals = vec![(self.names[0].clone(), values(&[(&self.on, edge + 3), (&self.under, self.settles + 5)]))];
        self.case(out, rule, ("resolves", &heals), &[(edge + 2, 1), (edge + 3 + self.settles, 0)]);
        self.case(out, rule, ("input absent", &[]), &[(edge + 5, usize::from(self.fires_when_absent))]);
        self.case(out, rule, ("two at once", &ill(both)), &[(edge + 5, one_of(both))]);
    }

    /// One case: its input, and how many alerts fire at which minutes.
    fn case(&self, out: &mut String, rule: &Rule, (name, input): (&str, &[(String, String)]), moments: &[(u32, usize)]) {
        let end = moments.iter().map(|(minute, _)| minute + 20).max().unwrap_or_default();
        let mut line = |text: String| writeln!(out, "{text}").expect("a String takes all text");
        line(format!(
            "- name: \"{}: {name}\"\n  interval: 1m\n  input_series:{}",
            self.alert,
            if input.is_empty() { " []" } else { "" }
        ));
        for (who, values) in input {
            line(format!("  - {{series: '{}', values: '{values}'}}", self.series.replace("$1", who)));
            for beside in &self.beside {
                let values = self::values(&[(&beside.values, end)]);
                line(format!("  - {{series: '{}', values: '{values}'}}", beside.series.replace("$1", who)));
            }
        }
        line("  alert_rule_test:".to_owned());
        for (minute, fire) in moments {
            let alerts: Vec<String> = self.names.iter().take(*fire).map(|name| self.fired(rule, name)).collect();
            line(format!("  - {{eval_time: {minute}m, alertname: {}, exp_alerts: [{}]}}", self.alert, alerts.join(", ")));
        }
    }

    /// The alert as promtool expects it.
    fn fired(&self, rule: &Rule, who: &str) -> String {
        let of_it = self.labels.iter().map(|(key, value)| (key.clone(), value.replace("$1", who)));
        let labels: BTreeMap<String, String> = rule.labels.clone().into_iter().chain(of_it).collect();
        let told = |text: &String| {
            labels.iter().fold(text.clone(), |text, (key, value)| text.replace(&format!("{{{{ $labels.{key} }}}}"), value))
        };
        let annotations: BTreeMap<_, _> = rule.annotations.iter().map(|(key, text)| (key, told(text))).collect();
        let json = |value: serde_json::Result<String>| value.expect("plain text is JSON");
        format!(
            "{{exp_labels: {}, exp_annotations: {}}}",
            json(serde_json::to_string(&labels)),
            json(serde_json::to_string(&annotations))
        )
    }
}

fn minutes(text: &str) -> u32 {
    let (number, unit) = text.split_at(text.len() - 1);
    let number: u32 = number.parse().expect("a duration is a number and a unit");
    match unit {
        "m" => number,
        "h" => number * 60,
        _ => panic!("{text} is neither minutes nor hours"),
    }
}

/// The text of promtool's file for one group of cases, and the alerts that it tries.
fn made(folder: &Path, group: &str) -> (String, Vec<String>) {
    let text = fs::read_to_string(folder.join(format!("{group}.cases.yaml"))).expect("each file of rules has cases");
    let cases: Vec<Case> = serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{group}.cases.yaml: {error}"));
    let rules = alerts(&folder.join(format!("{group}.yaml")));
    let mut out = format!(
        "# DO NOT EDIT: made from {group}.cases.yaml by tests/it/dashboards (UPDATE_EXPECT=1 cargo test --test it dashboards).\n\
         rule_files: [{group}.yaml]\nevaluation_interval: 1m\ntests:\n"
    );
    for case in &cases {
        let rule = rules.iter().find(|rule| rule.alert.as_ref() == Some(&case.alert));
        case.write(rule.unwrap_or_else(|| panic!("there is no alert {}", case.alert)), &mut out);
    }
    (out, cases.into_iter().map(|case| case.alert).collect())
}

/// Scenario: rules or what they are tried with changed. Guarantees: promtool's files are as they would be made now, and every alert
/// is tried, once.
#[test]
fn every_alert_has_six_cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboards/alerts");
    for group in super::GROUPS {
        let (text, mut tried) = made(&folder, group);
        let mut shipped: Vec<String> =
            alerts(&folder.join(format!("{group}.yaml"))).into_iter().filter_map(|rule| rule.alert).collect();
        tried.sort();
        shipped.sort();
        assert_eq!(tried, shipped, "{group}: alerts that are tried, and alerts that there are");
        expect_test::expect_file![folder.join(format!("{group}.rules.test.yml"))].assert_eq(&text);
    }
}

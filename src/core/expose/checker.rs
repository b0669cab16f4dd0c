//! An independent judge of text bodies, 0.0.4 and OpenMetrics: it reads them again and lists what no scraper should see.
//! Shares no code with the writers, so that a mistake of theirs is not repeated here.

use std::collections::{BTreeMap, BTreeSet};

/// Everything wrong with a body; empty when it is fine. OpenMetrics is told by its last line.
pub fn check_text(body: &str) -> Vec<String> {
    check(body, body.ends_with("\n# EOF\n") || body == "# EOF\n")
}

/// Everything wrong with a body of this format.
pub fn check(body: &str, is_openmetrics: bool) -> Vec<String> {
    let mut checker = Checker { is_openmetrics, ..Checker::default() };
    if is_openmetrics && body.lines().last() != Some("# EOF") {
        checker.problems.push("no # EOF at the end".to_owned());
    }
    if !body.is_empty() && !body.ends_with('\n') {
        checker.problems.push("the last line has no end".to_owned());
    }
    let lines: Vec<&str> = body.split_terminator('\n').collect();
    for (at, line) in lines.iter().enumerate() {
        checker.line = at + 1;
        match line.strip_prefix("# ") {
            Some("EOF") if is_openmetrics && at + 1 == lines.len() => {}
            Some("EOF") => checker.problem("# EOF is not the last line"),
            Some(comment) => checker.comment(comment),
            None if line.is_empty() => checker.problem("an empty line"),
            None => match sample_of(line) {
                Some(sample) => checker.sample(&sample),
                None => checker.problem(&format!("no sample: {line}")),
            },
        }
    }
    checker.end_family();
    checker.problems
}

/// Labels as written, in order.
pub type Pairs = Vec<(String, String)>;

/// A sample line, read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// The name.
    pub name: String,
    /// Labels as written, in order.
    pub labels: Pairs,
    /// The value.
    pub value: f64,
    /// The value as written.
    pub value_text: String,
    /// Labels, value and time of the exemplar.
    pub exemplar: Option<(Pairs, f64, Option<f64>)>,
}

#[derive(Default)]
struct Checker {
    is_openmetrics: bool,
    line: usize,
    problems: Vec<String>,
    family: Option<String>,
    kind: String,
    heads: BTreeSet<(String, String)>, // keyword and family
    closed: BTreeSet<String>,
    seen: BTreeSet<(String, Pairs)>,
    groups: BTreeMap<Pairs, Group>,
    current: Option<Pairs>, // the series at hand, without `le` and `quantile`
    left: BTreeSet<Pairs>,  // those that came before it in this family
    last_family: Option<String>,
}

/// A histogram series: its buckets, as they came.
#[derive(Default)]
struct Group {
    buckets: Vec<(f64, f64)>,
    count: Option<f64>,
    has_sum: bool,
}

impl Checker {
    fn problem(&mut self, what: &str) {
        self.problems.push(format!("line {}: {what}", self.line));
    }

    fn comment(&mut self, comment: &str) {
        let (keyword, rest) = comment.split_once(' ').unwrap_or((comment, ""));
        if !matches!(keyword, "HELP" | "TYPE" | "UNIT") {
            return self.problem(&format!("an unknown comment {keyword}"));
        }
        let (name, rest) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_of(quoted).map_or((String::new(), ""), |(name, rest)| (name, rest.trim_start())),
            None => rest.split_once(' ').map_or((rest.to_owned(), ""), |(name, rest)| (name.to_owned(), rest)),
        };
        if self.family.as_ref() != Some(&name) {
            self.begin_family(&name);
        }
        self.head(keyword, &name);
        match keyword {
            "TYPE" => {
                let common = ["counter", "gauge", "histogram", "summary"];
                let others: &[&str] = if self.is_openmetrics { &["unknown", "info", "stateset"] } else { &["untyped"] };
                if !common.contains(&rest) && !others.contains(&rest) {
                    self.problem(&format!("no such type here: {rest}"));
                }
                rest.clone_into(&mut self.kind);
            }
            "UNIT" if !self.is_openmetrics => self.problem("UNIT outside OpenMetrics"),
            "UNIT" if !name.ends_with(&format!("_{rest}")) => self.problem(&format!("{name} does not end in its unit {rest}")),
            _ => {}
        }
    }

    /// Each keyword once, in the order of its format, and before the samples.
    fn head(&mut self, keyword: &str, name: &str) {
        let order: &[&str] = if self.is_openmetrics { &["TYPE", "UNIT", "HELP"] } else { &["HELP", "TYPE"] };
        let later = order.iter().skip_while(|other| **other != keyword);
        if later.into_iter().any(|other| self.heads.contains(&((*other).to_owned(), name.to_owned()))) {
            self.problem(&format!("a second {keyword} of {name}, or one that is too late"));
        }
        if self.current.is_some() {
            self.problem(&format!("{keyword} of {name} behind samples"));
        }
        self.heads.insert((keyword.to_owned(), name.to_owned()));
    }

    fn begin_family(&mut self, name: &str) {
        self.end_family();
        if self.closed.contains(name) {
            self.problem(&format!("family {name} comes again"));
        }
        let is_target = matches!(name, "target" | "target_info");
        if !is_target && self.last_family.as_deref().is_some_and(|last| last >= name) {
            self.problem(&format!("family {name} is out of order"));
        }
        if !is_target {
            self.last_family = Some(name.to_owned());
        }
        self.family = Some(name.to_owned());
        self.kind = String::new();
    }

    fn end_family(&mut self) {
        for (labels, group) in std::mem::take(&mut self.groups) {
            let name = self.family.clone().unwrap_or_default();
            let infinite = group.buckets.last().filter(|(le, _)| *le == f64::INFINITY);
            if infinite.is_none() {
                self.problem(&format!("{name}{labels:?} has no +Inf bucket at its end"));
            }
            if group.count.is_some() && infinite.map(|(_, count)| *count) != group.count {
                self.problem(&format!("{name}{labels:?}: +Inf bucket and _count differ"));
            }
            if group.buckets.windows(2).any(|pair| pair[0].0 >= pair[1].0 || pair[0].1 > pair[1].1) {
                self.problem(&format!("{name}{labels:?}: buckets do not ascend"));
            }
            if !self.is_openmetrics && group.count.is_none() {
                self.problem(&format!("{name}{labels:?} has no _count"));
            }
            let is_negative = group.buckets.first().is_some_and(|(le, _)| *le < 0.0);
            if self.is_openmetrics && is_negative && group.has_sum {
                self.problem(&format!("{name}{labels:?}: a _sum beside negative bounds"));
            }
            if self.is_openmetrics && group.has_sum != group.count.is_some() {
                self.problem(&format!("{name}{labels:?}: _sum and _count come together or not at all"));
            }
        }
        self.closed.extend(self.family.take());
        self.current = None;
        self.left.clear();
    }

    /// What a sample of this family may be called behind the family's name.
    fn suffixes(&self) -> &'static [&'static str] {
        match (self.kind.as_str(), self.is_openmetrics) {
            ("histogram", true) => &["_bucket", "_sum", "_count", "_created"],
            ("histogram", false) => &["_bucket", "_sum", "_count"],
            ("summary", true) => &["", "_sum", "_count", "_created"],
            ("summary", false) => &["", "_sum", "_count"],
            ("counter", true) => &["_total", "_created"],
            ("info", true) => &["_info"],
            _ => &[""],
        }
    }

    fn sample(&mut self, sample: &Sample) {
        let family = self.family.clone().unwrap_or_default();
        let suffix = sample.name.strip_prefix(&family).filter(|suffix| self.suffixes().contains(suffix)).map(str::to_owned);
        let Some(suffix) = suffix.filter(|_| !self.kind.is_empty()) else {
            return self.problem(&format!("{} under family {family} of type {:?}", sample.name, self.kind));
        };
        let names: Vec<&String> = sample.labels.iter().map(|(name, _)| name).collect();
        if names.windows(2).any(|pair| pair[0] >= pair[1]) {
            self.problem(&format!("labels are out of order or twice: {names:?}"));
        }
        if sample.labels.iter().any(|(name, value)| value.is_empty() || name.is_empty() || name == "__name__") {
            self.problem("a label that means nothing");
        }
        if !self.seen.insert((sample.name.clone(), sample.labels.clone())) {
            self.problem(&format!("{}{:?} comes twice", sample.name, sample.labels));
        }
        // In other families these are labels as any.
        let special = match &*self.kind {
            "histogram" => "le",
            "summary" => "quantile",
            _ => "",
        };
        let rest: Vec<_> = sample.labels.iter().filter(|(name, _)| name != special).cloned().collect();
        self.series(&rest);
        if let Some((_, bound)) = sample.labels.iter().find(|(name, _)| name == special) {
            self.bound(bound);
        }
        let value_of = |name: &str| sample.labels.iter().find(|(label, _)| label == name).map(|(_, value)| value.clone());
        if self.kind == "histogram" {
            let le = value_of("le");
            let above = self.groups.get(&rest).and_then(|group| group.buckets.last()).map_or(f64::NEG_INFINITY, |(le, _)| *le);
            let group = self.groups.entry(rest).or_default();
            match suffix.as_str() {
                "_bucket" => group.buckets.push((le.as_ref().and_then(|le| le.parse().ok()).unwrap_or(f64::NAN), sample.value)),
                "_count" => group.count = Some(sample.value),
                "_sum" => group.has_sum = true,
                _ => {}
            }
            let le = le.and_then(|le| le.parse::<f64>().ok()).unwrap_or(f64::NAN);
            if let Some((_, value, _)) = &sample.exemplar
                && !((*value > above || above == f64::NEG_INFINITY) && *value <= le)
            {
                self.problem("an exemplar outside its bucket");
            }
        }
        self.exemplar_and_value(sample, &suffix);
    }

    /// The samples of one series stand together.
    fn series(&mut self, labels: &Pairs) {
        if self.current.as_ref() == Some(labels) {
            return;
        }
        self.left.extend(self.current.replace(labels.clone()));
        if self.left.contains(labels) {
            self.problem(&format!("the samples of {labels:?} are apart"));
        }
    }

    /// OpenMetrics writes `1.0`, Prometheus' text `1`.
    fn bound(&mut self, text: &str) {
        let is_whole = !text.contains(['.', 'e', 'n', 'N']);
        if self.is_openmetrics && is_whole || !self.is_openmetrics && text.ends_with(".0") {
            self.problem(&format!("the bound {text} is written as in the other format"));
        }
    }

    fn exemplar_and_value(&mut self, sample: &Sample, suffix: &str) {
        if let Some((labels, _, _)) = &sample.exemplar {
            let chars: usize = labels.iter().map(|(name, value)| name.chars().count() + value.chars().count()).sum();
            if chars > 128 || !self.is_openmetrics || !matches!(suffix, "_bucket" | "_total") {
                self.problem("an exemplar that must not be there");
            }
        }
        let is_count = matches!(suffix, "_bucket" | "_count");
        if is_count && sample.value_text.contains(['.', 'e']) {
            self.problem("a count that is no whole number");
        }
        let value = sample.value;
        if self.kind == "counter" && suffix != "_created" && !(value.is_finite() && value >= 0.0) {
            self.problem("a counter that is no finite number from 0 on");
        }
        if self.is_openmetrics
            && ((self.kind == "info" && value != 1.0) || (self.kind == "stateset" && value != 0.0 && value != 1.0))
        {
            self.problem("an info that is not 1, or a state that is neither 0 nor 1");
        }
        if suffix == "_created" && sample.value_text.contains('e') {
            self.problem("a time with an exponent");
        }
    }
}

/// Reads one sample line.
pub fn sample_of(line: &str) -> Option<Sample> {
    let mut sample = Sample::default();
    let mut rest = line;
    if !line.starts_with('{') {
        let end = line.find(['{', ' '])?;
        let (name, after) = line.split_at(end);
        (sample.name, rest) = (name.to_owned(), after);
    }
    if let Some(inner) = rest.strip_prefix('{') {
        let (names, labels, after) = braces_of(inner)?;
        match (names.as_slice(), sample.name.is_empty()) {
            ([], false) => {}
            ([name], true) => name.clone_into(&mut sample.name),
            _ => return None,
        }
        sample.labels = labels;
        rest = after;
    }
    let rest = rest.strip_prefix(' ')?;
    let (value, exemplar) = rest.split_once(" # ").map_or((rest, None), |(value, exemplar)| (value, Some(exemplar)));
    sample.value = value.parse().ok()?;
    value.clone_into(&mut sample.value_text);
    if let Some(exemplar) = exemplar {
        let (names, labels, after) = braces_of(exemplar.strip_prefix('{')?)?;
        let mut numbers = after.strip_prefix(' ')?.split(' ');
        let value = numbers.next()?.parse().ok()?;
        let time = numbers.next().map(|time| time.parse()).transpose().ok()?;
        (names.is_empty() && numbers.next().is_none()).then_some(())?;
        sample.exemplar = Some((labels, value, time));
    }
    Some(sample)
}

/// What stands between braces: names alone, labels, and what follows.
type Braces<'a> = (Vec<String>, Pairs, &'a str);

fn braces_of(mut rest: &str) -> Option<Braces<'_>> {
    let (mut names, mut labels) = (Vec::new(), Vec::new());
    loop {
        if let Some(after) = rest.strip_prefix('}') {
            return Some((names, labels, after));
        }
        let name;
        (name, rest) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_of(quoted)?,
            None => {
                let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))?;
                let (name, after) = rest.split_at(end);
                (name.to_owned(), after)
            }
        };
        match rest.strip_prefix("=\"") {
            Some(quoted) => {
                let value;
                (value, rest) = quoted_of(quoted)?;
                labels.push((name, value));
            }
            None => names.push(name),
        }
        match rest.strip_prefix(',') {
            Some(after) if !after.starts_with('}') => rest = after,
            Some(_) => return None,
            None if rest.starts_with('}') => {}
            None => return None,
        }
    }
}

fn quoted_of(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return Some((out, chars.as_str())),
            '\\' => match chars.next()? {
                'n' => out.push('\n'),
                escaped @ ('\\' | '"') => out.push(escaped),
                _ => return None,
            },
            plain => out.push(plain),
        }
    }
    None
}

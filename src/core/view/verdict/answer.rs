//! What an explanation says, field by field: the JSON API gives it, the terminal prints it. Fields are only ever added.
//! Plain data: how it comes about is not known here.

use serde::{Deserialize, Serialize};

/// The outcome in one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// It flows.
    On,
    /// On, but its component or its instances stopped sending it.
    Silent,
    /// On and declared, but nobody has sent it yet.
    NotSent,
    /// On, and further attribute sets go to the overflow series.
    OverLimit,
    /// On, because somebody reads what a rule would turn off or cut.
    HeldBack,
    /// On, and no catalogue declares it.
    Uncatalogued,
    /// A view, a level or a baseline has it off.
    Off,
    /// Neither sent nor declared.
    #[default]
    NeverSeen,
    /// Sent, but every point was refused.
    Refused,
    /// A share of these spans goes on.
    Sampled,
}

impl Verdict {
    /// As a heading.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::On => "ON",
            Self::Silent => "ON, silent",
            Self::NotSent => "ON, not sent",
            Self::OverLimit => "ON, over limit",
            Self::HeldBack => "ON, held back",
            Self::Uncatalogued => "ON, uncatalogued",
            Self::Off => "OFF",
            Self::NeverSeen => "NEVER SEEN",
            Self::Refused => "REFUSED",
            Self::Sampled => "SAMPLED",
        }
    }
}

/// Everything that is said of one instrument of one component, or of one kind of span.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Explained {
    /// The moment of which it speaks, RFC 3339.
    pub at: String,
    /// OTel name, or `span:NAME`.
    pub name: String,
    /// The outcome.
    pub verdict: Verdict,
    /// The share of spans that goes on, 0..=1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample: Option<f64>,
    /// Whose it is; absent when nobody has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component: Option<Component>,
    /// What it is; absent for spans and for what nobody has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instrument: Option<Details>,
    /// Since when it is so, as far as an API server tells; RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// When whoever decided ends, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Who decided whether it is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<Voice>,
    /// The reason that view gives.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// When and by whom that view was applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied: Option<Applied>,
    /// Who else spoke, strongest first, and what each lost by.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub overruled: Vec<Overruled>,
    /// How many more there are than are listed.
    #[serde(skip_serializing_if = "is_zero")]
    pub overruled_more: u64,
    /// What is in force besides: attributes, buckets, limit, interval, new name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shaped_by: Vec<Voice>,
    /// Where it is enforced, in instances.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enforced: Option<Enforced>,
    /// What was counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
    /// The limit on attribute sets that bites.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
    /// Attributes by what they cost, the greatest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<Attribute>,
    /// Rules that are not applied because of a reader.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub held_back: Vec<HeldBack>,
    /// Points refused since the start, of every metric: they are not counted by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refused>,
    /// Alerts, rules and autoscalers that read it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub read_by: Vec<String>,
    /// Its names in a scrape.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exposed_as: Option<Exposed>,
    /// The id of the last trace kept with such a span, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_trace: Option<String>,
    /// Names that are spelt alike.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub closest: Vec<String>,
    /// How to undo it: a command to paste, or a file to edit.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub undo: String,
    /// The order of precedence in one line.
    pub precedence: String,
}

/// A component, as far as an explanation needs it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Component {
    /// Its namespace.
    pub namespace: String,
    /// Its object name.
    pub name: String,
    /// `service.name`.
    pub service: String,
    /// Processes that push, or are connected.
    pub instances: u64,
    /// Those of them that take plans.
    #[serde(skip_serializing_if = "is_zero")]
    pub connected: u64,
    /// Name and version of their library.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub library: String,
    /// When it last pushed; absent when it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_push: Option<String>,
}

/// An instrument's other fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Details {
    /// Instrumentation scope.
    pub scope: String,
    /// As on the wire.
    pub kind: String,
    /// UCUM.
    pub unit: String,
    /// Declared level; absent when nobody declared it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
}

/// Somebody who says something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Voice {
    /// Kind of the view; empty for the catalogue and the default.
    pub kind: String,
    /// Namespace of the view.
    pub namespace: String,
    /// The view's name.
    pub view: String,
    /// The rule; empty for a baseline.
    pub rule: String,
    /// Of what: `state`, `attributes`, …
    pub aspect: String,
    /// What it says.
    pub says: String,
    /// Its tier.
    pub tier: u8,
    /// The tier in words.
    pub tier_words: String,
}

/// Somebody who lost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Overruled {
    /// Who.
    #[serde(flatten)]
    pub voice: Voice,
    /// By what: `tier`, `specificity`, `age`, `name`, `rule order`, `kind`, …
    pub lost_by: String,
}

/// When and by whom a view was applied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Applied {
    /// When its spec last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// The field manager that did it; the user is known to nobody but the API server's audit log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manager: Option<String>,
    /// Where it stands: file and line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// Where a decision is enforced, in instances.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Enforced {
    /// Instances that do all of it themselves.
    pub source: u64,
    /// Instances for which the controller does, or something of it.
    pub controller: u64,
    /// Since when all that take plans obey, RFC 3339; absent where the source does not do it all, or somebody has not answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Hash of the plan that says so, in hexadecimal; empty where nobody takes plans.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub plan: String,
    /// Instances that have not answered.
    #[serde(skip_serializing_if = "is_zero")]
    pub pending: u64,
    /// Since when the first of them has not, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending_since: Option<String>,
    /// Instances that refused.
    #[serde(skip_serializing_if = "is_zero")]
    pub failed: u64,
    /// Instances that take no plans.
    #[serde(skip_serializing_if = "is_zero")]
    pub unsupported: u64,
    /// What those said that refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refusals: Vec<String>,
    /// What is left to the controller although plans are taken.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<Left>,
}

/// Something of a decision that a source does not do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Left {
    /// `state`, `attributes`, …
    pub aspect: String,
    /// In words.
    pub why: String,
}

/// What was counted of an instrument.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Effect {
    /// Instances that sent it.
    pub instances: u64,
    /// Attribute sets as they were sent, before views.
    pub sets_sent: u64,
    /// Series in a scrape.
    pub series: u64,
    /// Points received since it came.
    pub points: u64,
    /// Points that the deciding rule suppressed, over all instruments it turns off.
    pub points_suppressed: u64,
    /// Points that went to the overflow series.
    pub points_overflowed: u64,
    /// When a request last carried it, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_sent: Option<String>,
}

/// The limit that bites.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Limit {
    /// Attribute sets per instance; absent where it is a cap of the server, not of a view.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sets: Option<u32>,
    /// Who set it.
    pub by: String,
    /// Share of the points that went to the overflow series, in percent.
    pub overflow_percent: u64,
}

/// What one attribute costs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Attribute {
    /// Its key.
    pub key: String,
    /// Different values.
    pub values: u64,
    /// Series that would be left without it.
    pub series_without: u64,
}

/// A rule that is not applied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HeldBack {
    /// Which rule.
    pub rule: String,
    /// Who reads what it would turn off or cut.
    pub reader: String,
}

/// Points refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Refused {
    /// The value of the reason attribute.
    pub reason: String,
    /// In words.
    pub why: String,
    /// How many.
    pub points: u64,
}

/// Names in a scrape.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Exposed {
    /// Every sample name.
    pub names: Vec<String>,
    /// What each part was added, or changed, for.
    pub because: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

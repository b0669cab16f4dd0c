//! The one table of codes: number, severity, words, fix. A number is never used again for something else.
//! Each code has a page in `src/docs/errors`, compiled in here, so that neither can exist without the other.

/// Whether a fault refuses, warns or informs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Refuses the object or the start.
    Error,
    /// Works, but probably not as meant.
    Warning,
    /// Shown in `check` and on the page only.
    Info,
}

impl Severity {
    /// `error`, `warning` or `info`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// Which mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// PM0101
    NotYaml,
    /// PM0102
    NotOurs,
    /// PM0103
    UnknownField,
    /// PM0104
    UnknownValue,
    /// PM0105
    MissingOrWrongType,
    /// PM0106
    SameName,
    /// PM0107
    TooMany,
    /// PM0108
    TargetForm,
    /// PM0109
    DebugForEver,
    /// PM0110
    BadExpiry,
    /// PM0111
    DisabledShapes,
    /// PM0112
    DoesNothing,
    /// PM0113
    KeepAndDrop,
    /// PM0114
    BadBuckets,
    /// PM0115
    GaugeWithoutCollapse,
    /// PM0116
    BadRename,
    /// PM0117
    OutOfRange,
    /// PM0201
    MatchesNothing,
    /// PM0202
    NeverWins,
    /// PM0203
    SameTier,
    /// PM0204
    NoTarget,
    /// PM0205
    DisablesAll,
    /// PM0206
    DoesNotFit,
    /// PM0207
    MeansFamily,
    /// PM0208
    OffWithoutReason,
    /// PM0209
    RenameTaken,
    /// PM0303
    OverCap,
    /// PM0401
    TakesInstrument,
    /// PM0402
    TakesAttribute,
    /// PM0403
    OverrideWithoutReason,
    /// PM0404
    OutsideNamespace,
    /// PM0501
    UnknownSetting,
    /// PM0502
    BadSetting,
    /// PM0503
    PlainTextOffLoopback,
    /// PM0504
    NoPair,
    /// PM0505
    CannotRead,
    /// PM0506
    PortInUse,
    /// PM0507
    TlsLeftOut,
    /// PM0801
    ApiServerAway,
    /// PM0802
    MissingDefinitions,
    /// PM0803
    MissingRight,
    /// PM0901
    LeftOut,
    /// PM0902
    CannotConvert,
}

/// One row of the table.
#[derive(Debug)]
pub struct Entry {
    /// Which mistake.
    pub code: Code,
    /// The number after `PM`.
    pub number: u16,
    /// What it does.
    pub severity: Severity,
    /// The cause; each `{}` is filled in.
    pub template: &'static str,
    /// How to mend it.
    pub fix: &'static str,
}

const fn error(code: Code, number: u16, template: &'static str, fix: &'static str) -> Entry {
    Entry { code, number, severity: Severity::Error, template, fix }
}

const fn warning(code: Code, number: u16, template: &'static str, fix: &'static str) -> Entry {
    Entry { code, number, severity: Severity::Warning, template, fix }
}

/// Every code, in the order of [`Code`]'s variants.
pub static TABLE: [Entry; 43] = [
    error(
        Code::NotYaml,
        101,
        "cannot read this as YAML: {}",
        "indent with spaces, and quote values that begin with `*`, `&`, `!`, `@` or `%`",
    ),
    error(
        Code::NotOurs,
        102,
        "`{}` is not an object of pointsman",
        "write `apiVersion: pointsman.dev/v1alpha1` and one of the kinds",
    ),
    error(Code::UnknownField, 103, "unknown field `{}` in `{}`", "take one of the allowed fields"),
    error(Code::UnknownValue, 104, "unknown {} `{}`", "take one of the allowed values"),
    error(Code::MissingOrWrongType, 105, "`{}` {}", "write the value in the form shown"),
    error(Code::SameName, 106, "two {} named `{}`", "give each its own name"),
    error(Code::TooMany, 107, "`{}` has {} {}, at most {}", "split it into several"),
    error(Code::TargetForm, 108, "a target has {}", "write exactly one of `workloadRef` and `serviceName` in each entry"),
    error(Code::DebugForEver, 109, "baseline Debug needs spec.expiry", "add `expiry: {after: 1h}`"),
    error(Code::BadExpiry, 110, "`expiry` {}", "write one of `after` (1m to 168h) and `at` (in the future, at most 168h away)"),
    error(
        Code::DisabledShapes,
        111,
        "rule `{}` is Disabled and also sets `{}`",
        "remove one of the two: what is off has no shape",
    ),
    error(Code::DoesNothing, 112, "rule `{}` does nothing", "set `state`, or a shape, or remove the rule"),
    error(Code::KeepAndDrop, 113, "`attributes` has both `keep` and `drop`", "write the attributes that stay, or those that go"),
    error(Code::BadBuckets, 114, "`buckets` {}", "write ascending decimals in quotes: explicit: [\"1\", \"10\", \"60\"]"),
    error(
        Code::GaugeWithoutCollapse,
        115,
        "rule `{}` drops attributes of gauges without `collapse`",
        "say what several series become: Sum adds them up, Last takes the newest, Min, Max and Average speak for themselves",
    ),
    error(Code::BadRename, 116, "`rename` {}", "match one literal instrument, and use letters, digits and `_ . - /`"),
    error(Code::OutOfRange, 117, "`{}` is {}, outside {}", "take a value in the range"),
    warning(Code::MatchesNothing, 201, "`{}` matches no instrument of {}", "compare the spelling with the catalogue"),
    warning(Code::NeverWins, 202, "rule `{}` can never win: {} covers it", "remove the rule, or make its match more specific"),
    warning(Code::SameTier, 203, "{} also decides `{}` of `{}`", "make one of the two more specific, or remove one"),
    warning(Code::NoTarget, 204, "the targets of `{}` match no component", "compare them with the components that push"),
    warning(Code::DisablesAll, 205, "rule `{}` turns off {}", "if only what rules enable shall be on, write `baseline: None`"),
    warning(Code::DoesNotFit, 206, "`{}` does not fit a {}: not applied to `{}`", "narrow the match with `kinds`"),
    warning(
        Code::MeansFamily,
        207,
        "`{}` means the whole family `{}`",
        "write the instrument's name: its series cannot be chosen one by one",
    ),
    warning(
        Code::OffWithoutReason,
        208,
        "rule `{}` turns something off without `reason`",
        "add `reason: \"why, and where to read more\"`",
    ),
    warning(Code::RenameTaken, 209, "`{}` exists already: two instruments would share the name", "choose another name"),
    warning(
        Code::OverCap,
        303,
        "limit {} of rule `{}` is over the cap {} of {}, which holds",
        "lower the limit, or ask for a higher cap",
    ),
    warning(
        Code::TakesInstrument,
        401,
        "rule `{}` turns off `{}`, which {} reads: {}",
        "remove the rule or what reads, or write the reason into the annotation `pointsman.dev/override-protected`",
    ),
    warning(
        Code::TakesAttribute,
        402,
        "rule `{}` removes `{}` of `{}`, which {} uses: {}",
        "leave the attribute, or write the reason into the annotation `pointsman.dev/override-protected`",
    ),
    error(
        Code::OverrideWithoutReason,
        403,
        "annotation `pointsman.dev/override-protected` has no reason",
        "write the reason as its value",
    ),
    error(
        Code::OutsideNamespace,
        404,
        "`{}` reaches outside the namespace of a TelemetryView",
        "remove it, or ask for a ClusterTelemetryView",
    ),
    error(Code::UnknownSetting, 501, "unknown {} `{}`", "take one of the allowed"),
    error(Code::BadSetting, 502, "`{}` from {}: {}", "write the value in the form shown"),
    error(
        Code::PlainTextOffLoopback,
        503,
        "{} is not loopback and has no TLS",
        "give `--tls-cert-file` and `--tls-private-key-file`, bind 127.0.0.1, or say `--insecure` for plain text",
    ),
    error(
        Code::NoPair,
        504,
        "cannot serve TLS with {} and {}: {}",
        "give a certificate chain and the key it was made for, both in PEM",
    ),
    error(Code::CannotRead, 505, "cannot {} {}: {}", "check the path and its permissions"),
    error(Code::PortInUse, 506, "{} is in use", "stop the other program, or choose another address"),
    warning(
        Code::TlsLeftOut,
        507,
        "of TLS this is left out: {}; served is {}",
        "name versions and suites that are served, if clients need no others",
    ),
    warning(
        Code::ApiServerAway,
        801,
        "the API server is away since {}; the last good views serve",
        "look at the API server and at the network between: views are read again as soon as it answers",
    ),
    error(
        Code::MissingDefinitions,
        802,
        "custom resource definitions are {}: {}",
        "apply those of this version: `kubectl apply -f deploy/crds/`",
    ),
    error(
        Code::MissingRight,
        803,
        "the API server forbids to {} {}",
        "apply the roles of this version, `kubectl apply -k deploy/base`, and look whom they are bound to",
    ),
    warning(Code::LeftOut, 901, "`{}` is left out: {}", "look whether anybody relies on it"),
    error(Code::CannotConvert, 902, "cannot convert {}: {}", "mend it, or give what is missing"),
];

impl Code {
    /// The row of this code.
    #[must_use]
    pub const fn entry(self) -> &'static Entry {
        &TABLE[self as usize]
    }

    /// `PM0104`
    #[must_use]
    pub fn id(self) -> String {
        format!("PM{:04}", self.entry().number)
    }

    /// The code that is written `PM0104`, in any case.
    #[must_use]
    pub fn parse(id: &str) -> Option<Self> {
        TABLE.iter().map(|entry| entry.code).find(|code| code.id().eq_ignore_ascii_case(id))
    }
}

//! The page of each code, compiled in: what happened, a wrong example, a right one, and why.
//! One to one with the table of codes: a code without a page does not compile, a page without a code fails a test.

use super::code::Code;

/// The page of a code, in Markdown.
#[must_use]
pub const fn page(code: Code) -> &'static str {
    match code {
        Code::NotYaml => include_str!("../../docs/errors/PM0101.md"),
        Code::NotOurs => include_str!("../../docs/errors/PM0102.md"),
        Code::UnknownField => include_str!("../../docs/errors/PM0103.md"),
        Code::UnknownValue => include_str!("../../docs/errors/PM0104.md"),
        Code::MissingOrWrongType => include_str!("../../docs/errors/PM0105.md"),
        Code::SameName => include_str!("../../docs/errors/PM0106.md"),
        Code::TooMany => include_str!("../../docs/errors/PM0107.md"),
        Code::TargetForm => include_str!("../../docs/errors/PM0108.md"),
        Code::DebugForEver => include_str!("../../docs/errors/PM0109.md"),
        Code::BadExpiry => include_str!("../../docs/errors/PM0110.md"),
        Code::DisabledShapes => include_str!("../../docs/errors/PM0111.md"),
        Code::DoesNothing => include_str!("../../docs/errors/PM0112.md"),
        Code::KeepAndDrop => include_str!("../../docs/errors/PM0113.md"),
        Code::BadBuckets => include_str!("../../docs/errors/PM0114.md"),
        Code::GaugeWithoutCollapse => include_str!("../../docs/errors/PM0115.md"),
        Code::BadRename => include_str!("../../docs/errors/PM0116.md"),
        Code::OutOfRange => include_str!("../../docs/errors/PM0117.md"),
        Code::MatchesNothing => include_str!("../../docs/errors/PM0201.md"),
        Code::NeverWins => include_str!("../../docs/errors/PM0202.md"),
        Code::SameTier => include_str!("../../docs/errors/PM0203.md"),
        Code::NoTarget => include_str!("../../docs/errors/PM0204.md"),
        Code::DisablesAll => include_str!("../../docs/errors/PM0205.md"),
        Code::DoesNotFit => include_str!("../../docs/errors/PM0206.md"),
        Code::MeansFamily => include_str!("../../docs/errors/PM0207.md"),
        Code::OffWithoutReason => include_str!("../../docs/errors/PM0208.md"),
        Code::RenameTaken => include_str!("../../docs/errors/PM0209.md"),
        Code::OverCap => include_str!("../../docs/errors/PM0303.md"),
        Code::TakesInstrument => include_str!("../../docs/errors/PM0401.md"),
        Code::TakesAttribute => include_str!("../../docs/errors/PM0402.md"),
        Code::OverrideWithoutReason => include_str!("../../docs/errors/PM0403.md"),
        Code::OutsideNamespace => include_str!("../../docs/errors/PM0404.md"),
        Code::UnknownSetting => include_str!("../../docs/errors/PM0501.md"),
        Code::BadSetting => include_str!("../../docs/errors/PM0502.md"),
        Code::PlainTextOffLoopback => include_str!("../../docs/errors/PM0503.md"),
        Code::NoPair => include_str!("../../docs/errors/PM0504.md"),
        Code::CannotRead => include_str!("../../docs/errors/PM0505.md"),
        Code::PortInUse => include_str!("../../docs/errors/PM0506.md"),
        Code::TlsLeftOut => include_str!("../../docs/errors/PM0507.md"),
        Code::ApiServerAway => include_str!("../../docs/errors/PM0801.md"),
        Code::MissingDefinitions => include_str!("../../docs/errors/PM0802.md"),
        Code::MissingRight => include_str!("../../docs/errors/PM0803.md"),
        Code::LeftOut => include_str!("../../docs/errors/PM0901.md"),
        Code::CannotConvert => include_str!("../../docs/errors/PM0902.md"),
    }
}

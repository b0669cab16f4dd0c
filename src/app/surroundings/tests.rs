use super::{memory_limit, open_files};

/// Scenario: the forms in which kernels state their limits.
/// Guarantees: a limit is read exactly, and "no limit" is not a number.
#[test]
fn limits_are_read_as_kernels_write_them() {
    let memory = ["1073741824\n", "max\n", "9223372036854771712\n", ""];
    assert_eq!(memory.map(memory_limit), [Some(1 << 30), None, None, None]);
    let text = "Limit  Soft Limit  Hard Limit  Units\nMax cpu time  unlimited unlimited seconds\nMax open files            1024                 524288               files\n";
    assert_eq!(open_files(text), Some(1024));
    assert_eq!(open_files("Max open files  unlimited  unlimited  files"), Some(usize::MAX));
    assert_eq!(open_files("nothing"), None);
}

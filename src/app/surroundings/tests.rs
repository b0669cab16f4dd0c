use super::{code_bytes, memory_limit, open_files};

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

/// Scenario: the kernel's account of a process.
/// Guarantees: our code and that of libraries, and nothing else.
#[test]
fn code_is_what_the_kernel_says() {
    assert_eq!(
        code_bytes("VmRSS:\t    9999 kB\nVmExe:\t   23048 kB\nVmLib:\t    2084 kB\nThreads:\t3\n"),
        (23_048 + 2_084) << 10
    );
    assert_eq!(code_bytes("nothing"), 0);
}

use super::os_of;
use expect_test::{Expect, expect};

fn check(images: &[&str], want: &Expect) {
    want.assert_eq(&images.iter().map(|image| format!("{:?}\n", os_of(image))).collect::<String>());
}

/// Scenario: what kubelets say of their OS, old and new, and nonsense. Guarantees: name and version part; nothing is long.
#[test]
fn name_and_version_of_an_os() {
    let images = [
        "Red Hat Enterprise Linux CoreOS 418.94.202501221327-0",
        "Red Hat Enterprise Linux CoreOS 9.6.20260801-0 (Plow)",
        "Fedora CoreOS 38.20230527.3.0",
        "Red Hat Enterprise Linux 8.6 (Ootpa)",
        "Talos",
        "12",
        "  ",
        "",
        &"x".repeat(1_000),
    ];
    check(
        &images,
        &expect![[r#"
        Some(("Red Hat Enterprise Linux CoreOS", "418.94.202501221327-0"))
        Some(("Red Hat Enterprise Linux CoreOS", "9.6.20260801-0"))
        Some(("Fedora CoreOS", "38.20230527.3.0"))
        Some(("Red Hat Enterprise Linux", "8.6"))
        Some(("Talos", ""))
        Some(("", "12"))
        None
        None
        Some(("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", ""))
    "#]],
    );
}

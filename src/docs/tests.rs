//! Links and HTML of pages, as the web shows them.

use super::{Page, html, page, pages};

const fn of(text: &'static str) -> Page {
    Page { path: "x/y", title: "y", file: "src/docs/x/y.md", text }
}

/// Scenario: links to pages near and far, to a heading, to the web, to a file that does not travel, to a script. Guarantees: what
/// is served is linked where it is served, the rest is its words.
#[test]
fn links_lead_to_what_is_served() {
    let text = "[a](../errors/PM0104.md#why) [b](../../../dashboards/runbooks/MCODrainFailing.md) [c](https://example.com/d) \
        [e](../../main.rs) [f](javascript:alert(1)) [g](../../../../../etc/passwd) ![h](i.png)";
    expect_test::expect![[r#"
        <p><a href="/docs/errors/PM0104#why">a</a> <a href="/docs/runbooks/MCODrainFailing">b</a> <a href="https://example.com/d">c</a> e f g h</p>
    "#]]
    .assert_eq(&html(&of(text)));
}

/// Scenario: headings with code, with signs, and twice the same. Guarantees: each has the id that links to it have.
#[test]
fn headings_have_ids() {
    expect_test::expect![[r#"
        <h2 id="a-code-of-x">A <code>code</code> of x!</h2>
        <h2 id="a-code-of-x-1">A code of x</h2>
    "#]]
    .assert_eq(&html(&of("## A `code` of x!\n## A code of x\n")));
}

/// Scenario: HTML in a page, as a block and within a line. Guarantees: it is shown, and is no HTML.
#[test]
fn html_in_a_page_is_text() {
    let shown = html(&of("<script>alert(1)</script>\n\na <img src=x onerror=alert(1)> `<b>`\n"));
    assert!(!shown.contains("<script") && !shown.contains("<img") && !shown.contains("<b>"), "{shown}");
    assert!(shown.contains("&lt;script&gt;alert(1)") && shown.contains("&lt;img src=x"), "{shown}");
}

/// Scenario: every page, as it is. Guarantees: it becomes HTML with its heading, and no link of it is relative.
#[test]
fn every_page_can_be_shown() {
    for page in pages() {
        let shown = html(page);
        assert!(shown.contains("<h1 id="), "{}", page.path);
        for link in shown.split("href=\"").skip(1) {
            assert!(["/docs/", "http://", "https://"].iter().any(|start| link.starts_with(start)), "{}: {link:.80}", page.path);
        }
    }
    assert!(page("errors/PM0104.md") == page("errors/PM0104") && page("nothing").is_none());
}

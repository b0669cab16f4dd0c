//! The code on pages that tell how to do something in another language is code that tests run.
//! Whether that code does the right thing is for the tests that run it.

use std::{fs, path::Path};

const PAGE: &str = "src/instrument/examples/go.md";
const TOOL: &str = "tests/tools/opampclient";

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Scenario: the page for operators in Go quotes code. Guarantees: each block stands, line by line, in one file of the tool
/// that real tests run, and every file that the page sends its reader to is used by that tool.
#[test]
fn the_go_recipe_is_the_code_of_the_tool() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = read(&root.join(PAGE));
    let files = fs::read_dir(root.join(TOOL)).expect("the tool is there").filter_map(|entry| {
        let path = entry.expect("the folder can be read").path();
        path.extension().is_some_and(|extension| extension == "go").then(|| (path.display().to_string(), read(&path)))
    });
    let files: Vec<_> = files.collect();
    let blocks: Vec<&str> = page.split("```go\n").skip(1).filter_map(|block| block.split("```").next()).collect();
    assert!(blocks.len() >= 6, "the page shows each step: {}", blocks.len());
    for block in blocks {
        // A whole line of the file comes before it: half a line is no quotation.
        let quotes = |text: &str| text.contains(&format!("\n{block}"));
        assert!(files.iter().any(|(_, text)| quotes(text)), "no file of {TOOL} has this:\n{block}");
    }
    for name in ["follow.go", "plan.go", "gates.go", "messages.go"] {
        assert!(page.contains(&format!("{TOOL}/{name}")), "{PAGE} does not lead to {name}");
        assert!(files.iter().any(|(path, text)| path.ends_with(name) && text.contains("package main")), "{name}");
    }
}

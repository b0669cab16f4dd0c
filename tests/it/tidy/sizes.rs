//! A function fits a screen, a file a sitting.
//! Generated files are left out; tests are not.

use super::{Breach, Rule, tree::Source};
use proc_macro2::Span;
use syn::{
    Block, FnArg, ImplItemFn, ItemFn, Signature, TraitItemFn,
    spanned::Spanned,
    visit::{self, Visit},
};

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;
const PARAMETERS_MAX: usize = 5;

pub(super) fn check(source: &Source) -> Vec<Breach> {
    if source.is_generated() {
        return Vec::new();
    }
    let mut functions = Functions { source, breaches: Vec::new() };
    functions.visit_file(&source.ast);
    let mut breaches = functions.breaches;
    let lines = code_lines(&source.text);
    if lines > FILE_LINES_MAX {
        let todo = format!("{lines} lines of code, at most {FILE_LINES_MAX}: move a part that has a name of its own");
        breaches.push(source.breach(1, Rule::FileLength, todo));
    }
    breaches
}

/// Lines that are neither blank nor only a comment.
fn code_lines(text: &str) -> usize {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}

struct Functions<'s> {
    source: &'s Source,
    breaches: Vec<Breach>,
}

impl Functions<'_> {
    fn judge(&mut self, signature: &Signature, body: Option<&Block>) {
        let first = signature.span().start().line;
        let last = body.map_or(first, |block| end(block.brace_token.span.close()));
        let (lines, name) = ((last + 1).saturating_sub(first), &signature.ident);
        if lines > FUNCTION_LINES_MAX {
            let todo = format!("`{name}` has {lines} lines, at most {FUNCTION_LINES_MAX}: split it by what it does");
            self.breaches.push(self.source.breach(first, Rule::FunctionLength, todo));
        }
        let parameters = signature.inputs.iter().filter(|input| matches!(input, FnArg::Typed(_))).count();
        if parameters > PARAMETERS_MAX {
            let todo = format!(
                "`{name}` has {parameters} parameters, at most {PARAMETERS_MAX}: put what belongs together into a struct"
            );
            self.breaches.push(self.source.breach(first, Rule::Parameters, todo));
        }
    }
}

fn end(span: Span) -> usize {
    span.end().line
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.judge(&item.sig, Some(&item.block));
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.judge(&item.sig, Some(&item.block));
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        self.judge(&item.sig, item.default.as_ref());
        visit::visit_trait_item_fn(self, item);
    }
}

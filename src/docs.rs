//! The documents as they were when this binary was built: tutorials, how-tos, explanations, references, codes, runbooks.
//! Knows what pages there are and how to show them; nothing of what they say.

mod pages;
#[cfg(test)]
mod tests;

pub use pages::PAGES;
use pointsman_core::fault::suggest::nearest;
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd};
use std::{
    collections::BTreeSet,
    io::{self, Write},
};

/// Done.
pub const FINE: u8 = 0;
/// There is no page of that name.
pub const NOTHING: u8 = 1;

/// A page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// What it is asked for by, as in `errors/PM0104` or `runbooks/MCODrainFailing`; no `.md` at its end.
    pub path: &'static str,
    /// Its first heading.
    pub title: &'static str,
    /// Where it stands in the repository: what its links are relative to.
    pub file: &'static str,
    /// Its whole text, in Markdown.
    pub text: &'static str,
}

/// Every page, in the order of its path.
#[must_use]
pub const fn pages() -> &'static [Page] {
    PAGES
}

/// The page of this path.
#[must_use]
pub fn page(path: &str) -> Option<&'static Page> {
    let path = path.strip_suffix(".md").unwrap_or(path);
    PAGES.iter().find(|page| page.path == path)
}

/// Prints paths and titles.
///
/// # Errors
/// When the writer fails.
pub fn list(out: &mut dyn Write) -> io::Result<u8> {
    let width = PAGES.iter().map(|page| page.path.len()).max().unwrap_or_default();
    writeln!(out, "{:width$}  TITLE", "PAGE")?;
    for page in PAGES {
        writeln!(out, "{:width$}  {}", page.path, page.title)?;
    }
    Ok(FINE)
}

/// Prints one page as it stands; where there is none, what it was probably meant to be.
///
/// # Errors
/// When a writer fails.
pub fn print(path: &str, (out, err): (&mut dyn Write, &mut dyn Write)) -> io::Result<u8> {
    if let Some(page) = page(path) {
        out.write_all(page.text.as_bytes())?;
        return Ok(FINE);
    }
    // Whoever knows the last part alone is helped as well.
    let ends = PAGES.iter().filter(|page| page.path.rsplit('/').next() == Some(path)).map(|page| page.path.to_owned());
    let mut near: Vec<String> = ends.collect();
    near.extend(nearest(path, PAGES.iter().map(|page| page.path)));
    near.dedup();
    writeln!(err, "error: no page {path:?}")?;
    if !near.is_empty() {
        writeln!(err, "  did you mean {}?", near.join(" or "))?;
    }
    writeln!(err, "  fix: take one that `pointsman docs` lists")?;
    Ok(NOTHING)
}

/// Pictures of the status page, by the names that pages call them by: `images/NAME`.
pub const IMAGES: [(&str, &[u8]); 4] = [
    ("cost-narrow.png", include_bytes!("docs/images/cost-narrow.png")),
    ("fleet-dark.png", include_bytes!("docs/images/fleet-dark.png")),
    ("overview-light.png", include_bytes!("docs/images/overview-light.png")),
    ("traces-light.png", include_bytes!("docs/images/traces-light.png")),
];

/// The name of a picture that is meant by a link to it.
fn image(link: &str) -> Option<&'static str> {
    let (_, name) = link.rsplit_once("images/")?;
    IMAGES.iter().map(|(known, _)| *known).find(|known| *known == name)
}

/// A page as HTML. HTML in its text is shown as text. A link to another page leads to `/docs/PATH`, one to a file that does
/// not travel with the binary is its words alone; so is a picture that is none of [`IMAGES`], which stays its description.
#[must_use]
pub fn html(page: &Page) -> String {
    let (mut is_linked, mut is_shown) = (Vec::new(), Vec::new());
    let events = Parser::new_ext(page.text, Options::ENABLE_TABLES).filter_map(move |event| match event {
        Event::Html(text) if text.starts_with("<!--") => None,
        Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let to = target(page.file, &dest_url);
            is_linked.push(to.is_some());
            to.map(|to| Event::Start(Tag::Link { link_type, dest_url: CowStr::from(to), title, id }))
        }
        Event::End(TagEnd::Link) => is_linked.pop().filter(|is_linked| *is_linked).map(|_| event),
        Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
            let name = image(&dest_url);
            is_shown.push(name.is_some());
            let to = CowStr::from(format!("/docs/images/{}", name?));
            Some(Event::Start(Tag::Image { link_type, dest_url: to, title, id }))
        }
        Event::End(TagEnd::Image) => is_shown.pop().filter(|is_shown| *is_shown).map(|_| event),
        other => Some(other),
    });
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, anchored(events.collect()).into_iter());
    // Text is escaped: this is the tag. What may be too wide to see is reached by keyboard.
    html.replace("<pre>", "<pre tabindex=\"0\">")
}

/// Gives each heading the id that links to it have: its letters and digits in small, blanks as `-`, a number behind what is
/// there already.
fn anchored(mut events: Vec<Event<'_>>) -> Vec<Event<'_>> {
    let (mut open, mut words, mut taken) = (None, String::new(), BTreeSet::new());
    let mut found = Vec::new();
    for (at, event) in events.iter().enumerate() {
        match event {
            Event::Start(Tag::Heading { .. }) => (open, words) = (Some(at), String::new()),
            Event::Text(text) | Event::Code(text) => words.push_str(text),
            Event::End(TagEnd::Heading(_)) => {
                let is_kept = |c: &char| c.is_alphanumeric() || ['-', '_', ' '].contains(c);
                let slug: String = words.to_lowercase().chars().filter(is_kept).map(|c| if c == ' ' { '-' } else { c }).collect();
                let again = (1..).map(|n| format!("{slug}-{n}"));
                let free = std::iter::once(slug.clone()).chain(again).find(|slug| !taken.contains(slug));
                taken.extend(free.clone());
                found.extend(open.take().zip(free));
            }
            _ => {}
        }
    }
    for (at, slug) in found {
        if let Some(Event::Start(Tag::Heading { id, .. })) = events.get_mut(at) {
            *id = Some(CowStr::from(slug));
        }
    }
    events
}

/// Where a link of a page leads on the web; `None` = nowhere that we serve, or to something else than the web.
fn target(file: &str, link: &str) -> Option<String> {
    if link.starts_with("https://") || link.starts_with("http://") {
        return Some(link.to_owned());
    }
    let (to, anchor) = link.split_once('#').map_or((link, String::new()), |(to, anchor)| (to, format!("#{anchor}")));
    let mut parts: Vec<&str> = file.split('/').collect();
    if !to.is_empty() {
        parts.pop();
        for part in to.split('/') {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()),
                name => parts.push(name),
            }
        }
    }
    let file = parts.join("/");
    PAGES.iter().find(|page| page.file == file).map(|page| format!("/docs/{}{anchor}", page.path))
}

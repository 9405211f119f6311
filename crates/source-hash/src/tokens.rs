//! Extraction of the tokens of a source text that decide what it computes.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// Attributes that do not affect any result: documentation and lints.
const SILENT: [&str; 6] = ["allow", "deny", "doc", "expect", "must_use", "warn"];

/// Keywords of items that end with a semicolon, even if they contain braces.
const STATEMENTS: [&str; 5] = ["const", "let", "static", "type", "use"];

/// Meaning of a source text: its tokens without comments, documentation, lints and tests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meaning {
    /// The tokens, separated by blanks.
    pub text: String,
    /// Names of the modules in separate files that are declared under `#[cfg(test)]`.
    pub tests: Vec<String>,
}

/// Returns the meaning of a source text; `None` if it is not a sequence of Rust tokens.
pub fn meaning(source: &str) -> Option<Meaning> {
    let stream: TokenStream = source.parse().ok()?;
    let mut meaning = Meaning::default();
    walk(stream, &mut meaning);
    Some(meaning)
}

/// Adds the tokens of a stream.
fn walk(stream: TokenStream, meaning: &mut Meaning) {
    let trees: Vec<TokenTree> = stream.into_iter().collect();
    let mut at = 0;
    while at < trees.len() {
        match attribute(&trees[at..]) {
            Some((length, of)) if SILENT.iter().any(|name| starts_with(of, name)) => at += length,
            Some((length, of)) if is_cfg_test(of) => {
                let item = &trees[at + length..];
                let end = end_of_item(item);
                meaning.tests.extend(module_of(&item[..end]));
                at += length + end;
            }
            _ => {
                // Rustfmt adds or removes a comma before a closing bracket.
                let trailing = at + 1 == trees.len() && is_punct(&trees[at], ',');
                if !trailing {
                    add(&trees[at], meaning);
                }
                at += 1;
            }
        }
    }
}

fn add(tree: &TokenTree, meaning: &mut Meaning) {
    match tree {
        TokenTree::Group(group) => {
            let (open, close) = match group.delimiter() {
                Delimiter::Parenthesis => ("( ", ") "),
                Delimiter::Brace => ("{ ", "} "),
                Delimiter::Bracket => ("[ ", "] "),
                Delimiter::None => ("", ""),
            };
            meaning.text.push_str(open);
            walk(group.stream(), meaning);
            meaning.text.push_str(close);
        }
        other => {
            meaning.text.push_str(&other.to_string());
            meaning.text.push(' ');
        }
    }
}

/// Returns the number of tokens of a leading attribute, and the group in its brackets.
fn attribute(trees: &[TokenTree]) -> Option<(usize, &Group)> {
    let (hash, rest) = trees.split_first()?;
    let inner = usize::from(rest.first().is_some_and(|tree| is_punct(tree, '!')));
    match rest.get(inner)? {
        TokenTree::Group(group)
            if is_punct(hash, '#') && group.delimiter() == Delimiter::Bracket =>
        {
            Some((2 + inner, group))
        }
        _ => None,
    }
}

fn starts_with(group: &Group, name: &str) -> bool {
    matches!(group.stream().into_iter().next(), Some(TokenTree::Ident(ident)) if ident == name)
}

/// Whether an attribute is `cfg(test)`.
fn is_cfg_test(group: &Group) -> bool {
    let texts: Vec<String> = group.stream().into_iter().map(|tree| tree.to_string()).collect();
    matches!(&texts[..], [cfg, test] if cfg == "cfg" && test.replace(' ', "") == "(test)")
}

/// Returns the number of tokens of the leading item: up to its braces or semicolon, or up to the
/// comma of a field or variant.
fn end_of_item(trees: &[TokenTree]) -> usize {
    let mut at = 0;
    while let Some((length, _)) = attribute(&trees[at..]) {
        at += length;
    }
    let word = |tree: Option<&TokenTree>| match tree {
        Some(TokenTree::Ident(ident)) => ident.to_string(),
        _ => String::new(),
    };
    // `pub`, `pub(crate)`.
    if word(trees.get(at)) == "pub" {
        let restricted = matches!(trees.get(at + 1), Some(TokenTree::Group(g)) if g.delimiter() == Delimiter::Parenthesis);
        at += 1 + usize::from(restricted);
    }
    let first = word(trees.get(at));
    let is_function = word(trees.get(at + 1)) == "fn";
    let statement = STATEMENTS.contains(&first.as_str()) && !is_function;
    let field = trees.get(at + 1).is_some_and(|tree| is_punct(tree, ':'));
    for (i, tree) in trees.iter().enumerate().skip(at) {
        let braces = matches!(tree, TokenTree::Group(g) if g.delimiter() == Delimiter::Brace);
        let ends = is_punct(tree, ';')
            || (braces && !statement && !field)
            || (field && is_punct(tree, ','));
        if ends {
            return i + 1;
        }
    }
    trees.len()
}

/// Returns the name in `mod name;`; `None` for any other item.
fn module_of(item: &[TokenTree]) -> Option<String> {
    let at = item.iter().position(|tree| matches!(tree, TokenTree::Ident(i) if i == "mod"))?;
    match &item[at + 1..] {
        [TokenTree::Ident(name), end] if is_punct(end, ';') => Some(name.to_string()),
        _ => None,
    }
}

fn is_punct(tree: &TokenTree, sign: char) -> bool {
    matches!(tree, TokenTree::Punct(punct) if punct.as_char() == sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "
        //! The module.
        use std::fmt;
        /// The rate.
        #[allow(dead_code)]
        pub const RATE: f64 = 0.1; // small
        fn step(x: f64) -> f64 { x - RATE * 2.0 }
        #[cfg(test)]
        mod tests { #[test] fn holds() { assert!(true); } }
    ";

    fn text(source: &str) -> String {
        meaning(source).unwrap().text
    }

    #[test]
    fn words_layout_lints_and_tests_do_not_count() {
        let same = "
            use std::fmt;
            /* another */ pub const RATE: f64 =
                0.1;
            /// Does a step.
            #[must_use = \"it is the result\"]
            fn step(
                x: f64,
            ) -> f64 {
                x - RATE * 2.0
            }
            #[cfg(test)]
            mod tests { #[test] fn holds_otherwise() {} }
        ";
        assert_eq!(text(SOURCE), text(same));
        let tests = text(SOURCE).split_whitespace().filter(|t| *t == "holds").count();
        assert_eq!(tests, 0);
    }

    #[test]
    fn constants_names_messages_and_other_attributes_count() {
        for (from, to) in [
            ("0.1", "0.2"),
            ("2.0", "2.5"),
            ("x - RATE", "x + RATE"),
            ("fn step", "fn move_on"),
            ("mod tests {", "mod tests { } fn more() {"),
            ("pub const", "#[cfg(feature = \"fast\")] pub const"),
        ] {
            assert_ne!(text(SOURCE), text(&SOURCE.replace(from, to)), "{from} -> {to}");
        }
        assert_ne!(text("fn f() { panic!(\"a\") }"), text("fn f() { panic!(\"b\") }"));
    }

    #[test]
    fn only_the_item_behind_cfg_test_is_left_out() {
        for (source, left) in [
            ("#[cfg(test)] use a::{b, c}; fn f() {}", "fn f() {}"),
            ("#[cfg(test)] const A: P = P { x: 1 }; fn f() {}", "fn f() {}"),
            ("#[cfg(test)] pub(crate) const fn a() {} fn f() {}", "fn f() {}"),
            ("#[cfg(test)] #[derive(Debug)] struct A<B, C>(B, C); fn f() {}", "fn f() {}"),
            ("#[cfg(test)] impl A for B where C: D { } fn f() {}", "fn f() {}"),
            ("struct S { #[cfg(test)] a: fn(u8) -> P, b: u8 }", "struct S { b: u8 }"),
            ("#[cfg(all(test, unix))] fn g() {}", "#[cfg(all(test, unix))] fn g() {}"),
        ] {
            assert_eq!(text(source), text(left), "{source}");
        }
    }

    #[test]
    fn modules_of_tests_are_named() {
        let source = "#[cfg(test)] mod tests; #[cfg(test)] mod more { } mod work;";
        assert_eq!(meaning(source).unwrap().tests, ["tests"]);
        assert_eq!(meaning("fn ("), None);
    }
}

//! Walks a file's syntax tree and collects what [`Source`] keeps.

use anyhow::{Context, Result};
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, Lit, Pat, UseTree, Visibility};

use super::{At, Function, Source};

/// The enums whose variants tell one kind of work from another.
const KINDS: [&str; 2] = ["Kind", "Unit"];

impl Source {
    /// Reads a file's text; an error if it is not Rust.
    pub(crate) fn read(path: &str, module: Vec<String>, text: &str) -> Result<Self> {
        let file = syn::parse_file(text).with_context(|| path.to_owned())?;
        let source = Source { path: path.to_owned(), module, lines: text.lines().count(), ..Source::default() };
        let module = source.module.clone();
        let mut reader = Reader { source, module, children: children(&file.items), in_kind: false };
        reader.visit_file(&file);
        Ok(reader.source)
    }
}

struct Reader {
    source: Source,
    /// The module that the walk is in, including modules within the file.
    module: Vec<String>,
    /// The modules that this module declares: paths may begin with them.
    children: Vec<String>,
    /// Whether the walk is within `impl Kind` or `impl Unit`, where `Self` stands for the type.
    in_kind: bool,
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        if is_test(attributes(item)) {
            if let Item::Mod(module) = item {
                let path = [self.module.as_slice(), &[module.ident.to_string()]].concat();
                self.source.test_modules.extend(module.content.is_none().then_some(path));
            }
            return;
        }
        visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let Some((_, items)) = &module.content else { return };
        let outside = std::mem::replace(&mut self.children, children(items));
        self.module.push(module.ident.to_string());
        items.iter().for_each(|item| self.visit_item(item));
        self.module.pop();
        self.children = outside;
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let is_export = !matches!(item.vis, Visibility::Inherited);
        self.use_tree(&item.tree, &mut Vec::new(), is_export);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let name = item.self_ty.to_token_stream().to_string();
        let outside = std::mem::replace(&mut self.in_kind, KINDS.contains(&name.as_str()));
        visit::visit_item_impl(self, item);
        self.in_kind = outside;
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.function(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if !is_test(&function.attrs) {
            self.function(&function.sig, &function.block);
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.function(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.name(names, path.span());
        visit::visit_path(self, path);
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let syn::Expr::Path(function) = call.func.as_ref()
            && let Some(last) = function.path.segments.last()
        {
            self.source.calls.push(At { line: line(call.span()), what: last.ident.to_string() });
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_match(&mut self, matched: &'ast syn::ExprMatch) {
        self.patterns(matched.arms.iter().map(|arm| &arm.pat), matched.span());
        visit::visit_expr_match(self, matched);
    }

    fn visit_expr_let(&mut self, condition: &'ast syn::ExprLet) {
        self.patterns([condition.pat.as_ref()], condition.span());
        visit::visit_expr_let(self, condition);
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        self.patterns([&local.pat], local.span());
        visit::visit_local(self, local);
    }

    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        self.source.strings.push(At { line: line(text.span()), what: text.value() });
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        if called.path.is_ident("matches") && names_kind(called.tokens.clone(), self.in_kind) {
            self.source.kind_matches.push(line(called.span()));
        }
        strings(called.tokens.clone(), &mut self.source.strings);
    }

    /// `pub(crate)` and `pub(super)` hold paths that import nothing.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    /// Attributes hold documentation and derives, neither of which counts.
    fn visit_attribute(&mut self, _: &'ast Attribute) {}
}

impl Reader {
    fn function(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let (first, last) = (line(signature.span()), block.span().end().line);
        let name = signature.ident.to_string();
        self.source.functions.push(Function { name, line: first, lines: last - first + 1 });
    }

    fn use_tree(&mut self, tree: &UseTree, before: &mut Vec<String>, is_export: bool) {
        let mut leaf = |name: &syn::Ident, given: &syn::Ident| {
            let path = [before.as_slice(), &[name.to_string()]].concat();
            match self.absolute(path.clone()) {
                Some(path) if is_export => self.source.exports.push((given.to_string(), path)),
                _ => self.name(path, name.span()),
            }
        };
        match tree {
            UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.use_tree(&path.tree, before, is_export);
                before.pop();
            }
            UseTree::Name(name) => leaf(&name.ident, &name.ident),
            UseTree::Rename(rename) => leaf(&rename.ident, &rename.rename),
            UseTree::Glob(glob) => self.name(before.clone(), glob.span()),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.use_tree(tree, before, is_export)),
        }
    }

    /// Records a path if it leads into this crate.
    fn name(&mut self, path: Vec<String>, span: Span) {
        if let Some(what) = self.absolute(path) {
            self.source.names.push(At { line: line(span), what });
        }
    }

    /// The path from the crate's root; `None` for what lies elsewhere or within this file.
    fn absolute(&self, mut path: Vec<String>) -> Option<Vec<String>> {
        if path.last().is_some_and(|name| name == "self") {
            path.pop();
        }
        let mut base = match path.first()?.as_str() {
            "crate" => Vec::new(),
            "self" | "super" => self.module.clone(),
            child if self.children.iter().any(|name| name == child) => {
                return Some([self.module.as_slice(), &path].concat());
            }
            _ => return None,
        };
        let supers = path.iter().skip_while(|name| *name == "self").take_while(|name| *name == "super").count();
        base.truncate(base.len().saturating_sub(supers));
        base.extend(path.into_iter().skip_while(|name| ["crate", "self", "super"].contains(&name.as_str())));
        Some(base)
    }

    fn patterns<'a>(&mut self, patterns: impl IntoIterator<Item = &'a Pat>, span: Span) {
        if patterns.into_iter().any(|pattern| names_kind(pattern.to_token_stream(), self.in_kind)) {
            self.source.kind_matches.push(line(span));
        }
    }
}

/// Whether `Kind::`, `Unit::` (or `Self::` for them) stands among the tokens.
fn names_kind(tokens: TokenStream, in_kind: bool) -> bool {
    let mut before = [String::new(), String::new()];
    tokens.into_iter().any(|token| {
        if let TokenTree::Group(group) = &token
            && names_kind(group.stream(), in_kind)
        {
            return true;
        }
        let [name, colon] = &before;
        let is_kind = KINDS.contains(&name.as_str()) || (in_kind && name == "Self");
        let text = token.to_string();
        let found = is_kind && colon == ":" && text == ":";
        before = [std::mem::take(&mut before[1]), text];
        found
    })
}

/// The strings among a macro's tokens.
fn strings(tokens: TokenStream, found: &mut Vec<At<String>>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => strings(group.stream(), found),
            TokenTree::Literal(literal) => {
                if let Lit::Str(text) = Lit::new(literal) {
                    found.push(At { line: line(text.span()), what: text.value() });
                }
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) => {}
        }
    }
}

fn children(items: &[Item]) -> Vec<String> {
    let name = |item: &Item| match item {
        Item::Mod(module) => Some(module.ident.to_string()),
        _ => None,
    };
    items.iter().filter_map(name).collect()
}

/// Whether only tests compile it: `#[test]`, `#[tokio::test]`, `#[cfg(test)]`, `#[cfg(all(test, …))]`.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        if attribute.path().segments.last().is_some_and(|last| last.ident == "test") {
            return true;
        }
        let condition = attribute.meta.to_token_stream().to_string().replace(' ', "");
        condition == "cfg(test)" || condition.starts_with("cfg(all(test,")
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn line(span: Span) -> usize {
    span.start().line
}

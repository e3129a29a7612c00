//! Import circles: files of a crate that import each other, directly or through others.

use std::collections::BTreeSet;

use crate::source::Krate;

/// The crate's circles, each as its files' paths below `src/`.
pub(super) fn circles(krate: &Krate) -> Vec<Vec<&str>> {
    let reach = reach(&edges(krate));
    let mut seen: BTreeSet<usize> = BTreeSet::new();
    let mut circles = Vec::new();
    for start in 0..reach.len() {
        if !reach[start].contains(&start) || seen.contains(&start) {
            continue;
        }
        let members: Vec<_> = reach[start].iter().copied().filter(|other| reach[*other].contains(&start)).collect();
        seen.extend(&members);
        circles.push(members.into_iter().map(|member| short(krate, member)).collect());
    }
    circles
}

/// For each file, the other files that define what it names.
fn edges(krate: &Krate) -> Vec<BTreeSet<usize>> {
    let position = |path: &str| krate.sources.iter().position(|source| source.path == path);
    let of = |from: usize| {
        let homes = krate.sources[from].names.iter().filter_map(|name| krate.home(&name.what));
        homes.filter_map(|home| position(&home.path)).filter(|to| *to != from).collect()
    };
    (0..krate.sources.len()).map(of).collect()
}

/// For each file, all files that it reaches; itself only if it is in a circle.
fn reach(edges: &[BTreeSet<usize>]) -> Vec<BTreeSet<usize>> {
    let from = |start: usize| {
        let (mut found, mut left) = (BTreeSet::new(), vec![start]);
        while let Some(file) = left.pop() {
            left.extend(edges[file].iter().filter(|next| found.insert(**next)));
        }
        found
    };
    (0..edges.len()).map(from).collect()
}

fn short(krate: &Krate, member: usize) -> &str {
    let path = krate.sources[member].path.as_str();
    path.split_once("/src/").map_or(path, |(_, inner)| inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    fn found(files: &[(&str, &str)]) -> Vec<Vec<String>> {
        let sources = files.iter().map(|(path, text)| {
            let module = path.split('/').filter(|part| *part != "lib").map(str::to_owned).collect();
            Source::read(&format!("x/src/{path}.rs"), module, text).expect("made up, but Rust")
        });
        let krate = Krate::new("x", sources.collect());
        circles(&krate).into_iter().map(|circle| circle.into_iter().map(str::to_owned).collect()).collect()
    }

    #[test]
    fn files_that_lead_to_each_other_are_one_circle() {
        let files = [
            ("a", "use crate::b::B;"),
            ("b", "use crate::c::C;"),
            ("c", "use super::a::A;"),
            ("d", "use crate::a::A;"),
        ];
        assert_eq!(found(&files), [["a.rs", "b.rs", "c.rs"]]);
    }

    #[test]
    fn a_re_export_is_no_import_and_is_followed() {
        let tree = ("tree", "pub use leaf::Leaf;\nmod leaf;\npub struct Root;");
        assert!(found(&[tree, ("tree/leaf", "pub struct Leaf;"), ("user", "use crate::tree::Leaf;")]).is_empty());
        let leaf = ("tree/leaf", "use crate::user::User;\npub struct Leaf;");
        assert_eq!(found(&[tree, leaf, ("user", "use crate::tree::Leaf;")]), [["tree/leaf.rs", "user.rs"]]);
        assert!(found(&[tree, ("tree/leaf", "use super::Root;")]).is_empty());
    }

    #[test]
    fn tests_make_no_circle() {
        let files = [("a", "use crate::b::B;"), ("b", "#[cfg(test)]\nmod tests { use crate::a::A; }")];
        assert!(found(&files).is_empty());
    }
}

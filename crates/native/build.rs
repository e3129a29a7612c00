//! Rebuilds the program when the page that it embeds has been rebuilt.

use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var_os("CARGO_FEATURE_WEB").is_none() {
        return;
    }
    let dist = "../../www/dist";
    if Path::new(dist).join("index.html.gz").is_file() {
        println!("cargo:rerun-if-changed={dist}");
    } else {
        // The folder will appear in this one. Watching a path that does not exist would rerun this script in every build.
        println!("cargo:rerun-if-changed=../../www");
    }
}

//! Rebuilds the program when the page that it holds was built anew.

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
        // The folder appears below this one. A path that does not exist would make every build start again.
        println!("cargo:rerun-if-changed=../../www");
    }
}

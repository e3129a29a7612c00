//! Builds one web package with cargo, wasm-bindgen and wasm-opt.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;
use wasmparser::{Parser, Payload};

use super::manifest::{Manifest, Package};
use super::stamp::Stamp;
use crate::repo::Repo;
use crate::setup::npm;
use crate::setup::rust::{WASM, WasmToolchain};
use crate::shell;

/// This file is part of the recipe: a change of the steps rebuilds the packages.
const STEPS: &str = include_str!("bundle.rs");

/// Writes pkg/<name>/, unless it is up to date.
pub(crate) fn build(
    repo: &Repo,
    toolchain: &WasmToolchain,
    manifest: &Manifest,
    name: &str,
    package: &Package,
) -> Result<()> {
    let out = repo.pkg(name);
    let flags = package.rustflags();
    let recipe = format!("{} {} {package:?} {flags} {STEPS}", manifest.krate, manifest.profile);
    let stamp = Stamp::new(out.join(".stamp"), recipe);
    if stamp.is_fresh() {
        println!("pkg/{name} is up to date");
        return Ok(());
    }
    let module = compile(repo, toolchain, manifest, package)?;
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    bind(&module, &out, name)?;
    let bound = out.join(format!("{name}_bg.wasm"));
    optimize(repo, package, &bound)?;
    check_imports(&bound)?;
    stamp.write(&sources(repo, &module)?)
}

/// Compiles the package. Every feature set gives the same file name, so use it before the next compilation.
fn compile(repo: &Repo, toolchain: &WasmToolchain, manifest: &Manifest, package: &Package) -> Result<PathBuf> {
    let mut command = toolchain.cargo_build(repo, &manifest.profile)?;
    command.args(package.cargo_args(&manifest.krate)).env("RUSTFLAGS", package.rustflags());
    shell::run(&mut command)?;
    let file = format!("{}.wasm", manifest.krate.replace('-', "_"));
    Ok(repo.target.join(WASM).join(&manifest.profile).join(file))
}

fn bind(module: &Path, out: &Path, name: &str) -> Result<()> {
    let mut bindgen = Bindgen::new();
    // Bundlers find the module through the default path in the script.
    bindgen.input_path(module).web(true)?.typescript(true).omit_default_module_path(false).out_name(name);
    bindgen.generate(out).with_context(|| format!("wasm-bindgen on package {name}"))
}

/// Runs wasm-opt with the features that the module uses: the compiler's defaults and the package's own.
fn optimize(repo: &Repo, package: &Package, module: &Path) -> Result<()> {
    const DEFAULTS: [&str; 6] = [
        "--enable-bulk-memory",
        "--enable-multivalue",
        "--enable-mutable-globals",
        "--enable-nontrapping-float-to-int",
        "--enable-reference-types",
        "--enable-sign-ext",
    ];
    let mut command = npm::tool(repo, "wasm-opt");
    command.arg(&package.optimize).args(DEFAULTS);
    for feature in &package.target_features {
        command.arg(match feature.as_str() {
            "simd128" => "--enable-simd",
            "relaxed-simd" => "--enable-relaxed-simd",
            other => bail!("wasm-pack.toml: unknown wasm-opt flag for {other}"),
        });
    }
    shell::run(command.arg(module).arg("-o").arg(module))
}

/// Refuses imports from "env": they are undefined C symbols, and the module would not start.
fn check_imports(module: &Path) -> Result<()> {
    let bytes = fs::read(module)?;
    for payload in Parser::new(0).parse_all(&bytes) {
        let Payload::ImportSection(imports) = payload? else { continue };
        for import in imports.into_imports() {
            let import = import?;
            if import.module == "env" {
                bail!("{} imports {} from \"env\"", module.display(), import.name);
            }
        }
    }
    Ok(())
}

/// The package's sources: cargo's dep-info list, and the manifests and locks that it omits.
fn sources(repo: &Repo, module: &Path) -> Result<Vec<PathBuf>> {
    let list = fs::read_to_string(module.with_extension("d")).context("cargo's list of sources")?;
    let mut sources = parse_dep_info(&list);
    let manifests = ["Cargo.toml", "Cargo.lock", "package-lock.json"];
    sources.extend(manifests.map(|file| repo.root.join(file)));
    for entry in fs::read_dir(repo.root.join("crates"))? {
        let manifest = entry?.path().join("Cargo.toml");
        if manifest.is_file() {
            sources.push(manifest);
        }
    }
    sources.sort();
    Ok(sources)
}

/// The files after the colon of a makefile rule; spaces in names are escaped.
fn parse_dep_info(rule: &str) -> Vec<PathBuf> {
    let files = rule.split_once(": ").map_or("", |(_, files)| files);
    let unescape = |file: &str| PathBuf::from(file.replace('\0', " "));
    files.replace("\\ ", "\0").split_whitespace().map(unescape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dep_info_names_may_hold_spaces() {
        let files = parse_dep_info("/t/a.wasm: /my\\ home/lib.rs /b.rs\n");
        assert_eq!(files, [PathBuf::from("/my home/lib.rs"), PathBuf::from("/b.rs")]);
    }

    /// A module that imports one function from `namespace`.
    fn module_importing_from(namespace: &str) -> Vec<u8> {
        let name = [&[namespace.len() as u8], namespace.as_bytes()].concat();
        let import = [&[1], name.as_slice(), &[1, b'f', 0, 0]].concat();
        let section = [&[2, import.len() as u8], import.as_slice()].concat();
        let types = [1, 4, 1, 0x60, 0, 0];
        [b"\0asm\x01\0\0\0".as_slice(), &types, &section].concat()
    }

    #[test]
    fn a_symbol_that_nothing_defines_is_refused() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let module = folder.path().join("module.wasm");
        fs::write(&module, module_importing_from("./control_bg.js"))?;
        check_imports(&module)?;
        fs::write(&module, module_importing_from("env"))?;
        let error = check_imports(&module).expect_err("env is refused").to_string();
        assert!(error.ends_with("imports f from \"env\""), "{error}");
        Ok(())
    }
}

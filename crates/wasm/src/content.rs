//! The package `content`: gives files and folders the CIDs by which IPFS names them. It gets bytes and returns identifiers.

use adit_content::{Block, FileBuilder, FolderBuilder, Imported, profile};
use wasm_bindgen::prelude::*;

/// The names of all profiles, the default first.
#[wasm_bindgen]
pub fn profiles() -> Vec<String> {
    profile::PROFILES.map(|profile| profile.name.to_owned()).to_vec()
}

/// A file or folder with its identifier.
#[wasm_bindgen]
pub struct Named(Imported);

#[wasm_bindgen]
impl Named {
    /// Its CID.
    #[wasm_bindgen(getter)]
    pub fn cid(&self) -> String {
        self.0.cid.to_string()
    }
}

/// A file whose bytes are on their way. It holds one leaf and a node of each row.
#[wasm_bindgen]
pub struct FileNamer {
    file: FileBuilder,
    /// Blocks go as they come: only their identifiers are wanted.
    blocks: Vec<Block>,
}

#[wasm_bindgen]
impl FileNamer {
    /// An empty file. `profile` is one of [`profiles`].
    #[wasm_bindgen(constructor)]
    pub fn new(profile: &str) -> Result<FileNamer, JsError> {
        Ok(FileNamer { file: FileBuilder::new(profile.parse()?), blocks: Vec::new() })
    }

    /// Takes the file's next bytes.
    pub fn write(&mut self, bytes: &[u8]) {
        self.file.write(bytes, &mut self.blocks);
        self.blocks.clear();
    }

    /// Ends the file.
    pub fn finish(mut self) -> Named {
        Named(self.file.finish(&mut self.blocks))
    }
}

/// A folder whose entries are on their way.
#[wasm_bindgen]
pub struct FolderNamer(FolderBuilder);

#[wasm_bindgen]
impl FolderNamer {
    /// An empty folder. `profile` is one of [`profiles`].
    #[wasm_bindgen(constructor)]
    pub fn new(profile: &str) -> Result<FolderNamer, JsError> {
        Ok(FolderNamer(FolderBuilder::new(profile.parse()?)))
    }

    /// Adds an entry, in any order. Fails if no folder can hold an entry of this name.
    pub fn add(&mut self, name: &str, entry: &Named) -> Result<(), JsError> {
        Ok(self.0.add(name, entry.0)?)
    }

    /// Ends the folder.
    pub fn finish(self) -> Result<Named, JsError> {
        Ok(Named(self.0.finish(&mut Vec::new())?))
    }
}

//! Reads a node's answers. The node is somebody else's program, so nothing in them is taken for granted.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Deserializer, Value};

/// What a node reports about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Identity {
    /// Its peer id.
    #[serde(rename = "ID")]
    pub id: String,
    /// Its program and version.
    pub agent_version: String,
    /// Where it can be reached.
    pub addresses: Vec<String>,
}

/// How much a node stores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repository {
    /// The number of blocks.
    pub objects: Option<u64>,
    /// Their bytes.
    pub bytes: Option<u64>,
    /// The most bytes that it intends to store.
    pub max_bytes: Option<u64>,
}

/// The traffic that a node reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes received on all connections, from `stats/bw`.
    pub total_in: Option<u64>,
    /// Bytes sent on all connections.
    pub total_out: Option<u64>,
    /// Blocks that were sent to others, from `bitswap/stat`.
    pub blocks_sent: Option<u64>,
    /// Bytes of those blocks.
    pub data_sent: Option<u64>,
}

/// The error in an answer, if there is one: Kubo writes `{"Message", "Code", "Type": "error"}`, even after other lines.
pub(super) fn error(body: &[u8]) -> Option<String> {
    if !body.windows(7).any(|part| part == b"Message") {
        return None;
    }
    let found = values(body).into_iter().find(|value| value["Type"] == "error" && value["Message"].is_string());
    found.and_then(|value| Some(value["Message"].as_str()?.to_owned()))
}

/// The values of an answer of one or more lines of JSON, up to the first that is not JSON.
pub(super) fn values(body: &[u8]) -> Vec<Value> {
    Deserializer::from_slice(body).into_iter::<Value>().map_while(Result::ok).collect()
}

/// The identifiers that `pin/add` and `pin/rm` name.
pub(super) fn pins_done(body: &[u8]) -> Vec<String> {
    let values = values(body);
    let lists = values.iter().filter_map(|value| value["Pins"].as_array());
    lists.flatten().filter_map(|pin| pin.as_str().map(str::to_owned)).collect()
}

/// The identifiers that `pin/ls` names, as a line for each or as one map.
pub(super) fn pins_listed(body: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for value in values(body) {
        found.extend(value["Cid"].as_str().map(str::to_owned));
        let keys: BTreeMap<String, Value> = serde_json::from_value(value["Keys"].clone()).unwrap_or_default();
        found.extend(keys.into_keys());
    }
    found
}

/// A number, which some programs write as a string.
pub(super) fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

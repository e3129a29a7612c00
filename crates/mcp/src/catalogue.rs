//! The tools as clients list them: descriptions, schemas and hints. All of it is fixed text, so that pinned content cannot
//! get into it.

use std::sync::Arc;

use rmcp::handler::server::tool::{schema_for_input, schema_for_output};
use rmcp::model::{JsonObject, Tool as Listed, ToolAnnotations};
use schemars::JsonSchema;
use serde_json::Value;

use crate::tool::Nothing;
use crate::tool::Tool::{self, *};
use crate::tools::{bench, content, jobs, mining};

/// A tool as clients list it. All four hints are set, because by default they call a tool destructive.
struct Entry {
    title: &'static str,
    about: &'static str,
    /// Read-only, destructive, idempotent, open world.
    hints: [bool; 4],
}

impl Tool {
    /// The tool as it is listed.
    pub fn listed(self) -> Listed {
        let Entry { title, about, hints: [reads, destroys, repeats, open] } = self.entry();
        let (input, output) = self.schemas();
        let hints = ToolAnnotations::new().read_only(reads).destructive(destroys).idempotent(repeats).open_world(open);
        Listed::new(self.name(), about, input).with_title(title).with_raw_output_schema(output).with_annotations(hints)
    }

    fn entry(self) -> Entry {
        let entry = |title, about, hints| Entry { title, about, hints };
        match self {
            InitializeMiner => entry("Initialize miner", mining::ABOUT_INITIALIZE, [false, false, true, false]),
            StartMining => entry("Start mining", mining::ABOUT_START, [false, false, true, true]),
            StopMining => entry("Stop mining", mining::ABOUT_STOP, [false, false, true, true]),
            GetMiningStatus => entry("Mining status", mining::ABOUT_STATUS, [true, false, true, false]),
            PinContent => entry("Pin content", content::ABOUT_PIN, [false, false, true, true]),
            GetContent => entry("Get content", content::ABOUT_GET, [true, false, true, true]),
            UnpinContent => entry("Unpin content", content::ABOUT_UNPIN, [false, true, true, true]),
            ListPinnedContent => entry("List pins", content::ABOUT_LIST, [true, false, true, false]),
            GetNetworkInfo => entry("IPFS network", content::ABOUT_NETWORK, [true, false, true, true]),
            ClaimRewards => entry("Claim rewards", mining::ABOUT_CLAIM, [false, true, false, true]),
            PinEcosystemData => entry("Pin ecosystem data", content::ABOUT_ECOSYSTEM, [false, false, true, true]),
            SubmitJob => entry("Submit job", jobs::ABOUT_SUBMIT, [false, false, false, true]),
            JobStatus => entry("Job status", jobs::ABOUT_STATUS, [true, false, true, false]),
            VerifyReceipt => entry("Verify receipt", jobs::ABOUT_VERIFY, [true, false, true, false]),
            Bench => entry("Benchmark", bench::ABOUT, [true, false, true, false]),
        }
    }

    fn schemas(self) -> (Arc<JsonObject>, Arc<JsonObject>) {
        match self {
            InitializeMiner => schemas::<mining::Initialize, mining::Initialized>(),
            StartMining => schemas::<Nothing, mining::Started>(),
            StopMining => schemas::<Nothing, mining::Stopped>(),
            GetMiningStatus => schemas::<Nothing, mining::MiningStatus>(),
            PinContent => schemas::<content::PinInput, content::PinOutput>(),
            GetContent => schemas::<content::GetInput, content::GetOutput>(),
            UnpinContent => schemas::<content::CidInput, content::UnpinOutput>(),
            ListPinnedContent => schemas::<content::ListInput, content::ListOutput>(),
            GetNetworkInfo => schemas::<Nothing, crate::backend::Network>(),
            ClaimRewards => schemas::<Nothing, mining::Claimed>(),
            PinEcosystemData => schemas::<Nothing, content::EcosystemOutput>(),
            SubmitJob => schemas::<jobs::Submit, jobs::Submitted>(),
            JobStatus => schemas::<jobs::JobInput, jobs::Job>(),
            VerifyReceipt => schemas::<jobs::LeaseInput, crate::backend::Report>(),
            Bench => schemas::<Nothing, crate::backend::Rates>(),
        }
    }
}

fn schemas<I: JsonSchema + 'static, O: JsonSchema + 'static>() -> (Arc<JsonObject>, Arc<JsonObject>) {
    // A type that is not an object fails this file's test.
    let input = schema_for_input::<I>().unwrap_or_default();
    (plain(&input), plain(&schema_for_output::<O>()))
}

/// The schema without the widths of Rust's numbers, of which validators warn.
fn plain(schema: &JsonObject) -> Arc<JsonObject> {
    let mut schema = Value::Object(schema.clone());
    strip(&mut schema);
    match schema {
        Value::Object(schema) => Arc::new(schema),
        _ => Arc::default(),
    }
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if fields.get("format").is_some_and(|format| format.is_string()) {
                fields.remove("format");
            }
            fields.remove("$schema");
            fields.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_has_objects_for_schemas_and_all_four_hints() {
        for tool in Tool::ALL {
            assert_eq!(Tool::named(tool.name()), Some(tool));
            let listed = serde_json::to_value(tool.listed()).unwrap();
            for schema in ["inputSchema", "outputSchema"] {
                assert_eq!(listed[schema]["type"], "object", "{listed}");
                assert!(!listed[schema].to_string().contains("\"format\""), "{listed}");
            }
            assert_eq!(listed["inputSchema"]["additionalProperties"], false, "{listed}");
            for hint in ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"] {
                assert!(listed["annotations"][hint].is_boolean(), "{listed}");
            }
            assert!(!listed["description"].as_str().unwrap().is_empty());
        }
    }

    /// The original's clients send these and no more.
    #[test]
    fn the_originals_inputs_fit() {
        let required = |tool: Tool| {
            let schema = serde_json::to_value(tool.listed()).unwrap()["inputSchema"].clone();
            schema.get("required").cloned().unwrap_or(serde_json::json!([]))
        };
        let named = |tool: Tool, name: &str| {
            let listed = serde_json::to_value(tool.listed()).unwrap();
            assert!(listed["inputSchema"]["properties"][name].is_object(), "{listed}");
        };
        assert_eq!(required(InitializeMiner), serde_json::json!([]));
        assert_eq!(required(PinContent), serde_json::json!(["content"]));
        assert_eq!(required(GetContent), serde_json::json!(["cid"]));
        assert_eq!(required(UnpinContent), serde_json::json!(["cid"]));
        assert_eq!(required(ListPinnedContent), serde_json::json!([]));
        for (tool, name) in [
            (InitializeMiner, "mode"),
            (InitializeMiner, "reward_contract"),
            (PinContent, "encrypt"),
            (GetContent, "decrypt"),
        ] {
            named(tool, name);
        }
    }
}

//! Checks the shape of JSON: its fields and their types.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

/// Fails unless `value` has exactly the template's fields with the types that it names.
pub fn has_shape(value: &Value, template: &Value, at: &str) -> Result<()> {
    match template {
        Value::Object(fields) => {
            let found: BTreeSet<_> = value.as_object().with_context(|| format!("{at}: {value}"))?.keys().collect();
            let wanted: BTreeSet<_> = fields.keys().collect();
            ensure!(found == wanted, "{at}: {found:?}, not {wanted:?}");
            fields.iter().try_for_each(|(name, part)| has_shape(&value[name], part, &format!("{at}.{name}")))
        }
        Value::Array(parts) => {
            let items = value.as_array().with_context(|| format!("{at}: {value}"))?;
            items.iter().try_for_each(|item| has_shape(item, &parts[0], &format!("{at}[]")))
        }
        Value::String(types) => {
            let found = match value {
                Value::Null => "null",
                Value::Bool(_) => "bool",
                Value::Number(number) if number.is_f64() => "float",
                Value::Number(_) => "int",
                Value::String(_) => "str",
                Value::Array(_) => "list",
                Value::Object(_) => "dict",
            };
            ensure!(types.split('|').any(|kind| kind == found), "{at}: {found}, not {types}");
            Ok(())
        }
        literal if value == literal => Ok(()),
        literal => bail!("{at}: {value}, not {literal}"),
    }
}

/// NeoNet's tokenomics, with our fields under `adit`.
pub fn tokenomics() -> Value {
    json!({
        "genesis_supply": "float", "current_supply": "float", "total_burned": "float", "total_issued": "float",
        "net_supply_change": "float", "is_deflationary": "bool", "genesis_timestamp": "int",
        "network_age_days": "float", "model": "str",
        "adit": { "issued": "str", "accounts": [{ "kind": "str", "accounts": "int", "balance": "str" }] },
    })
}

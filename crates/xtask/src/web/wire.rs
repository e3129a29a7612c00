//! `cargo xtask wire`: writes worker/wire.ts, the TypeScript types of what coordinator and miner send to a page, from the schemas
//! that Rust derives for the API's description; and www/served.ts, the paths that a development proxy forwards.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value};

use crate::repo::Repo;
use crate::shell::{self, cargo};

const HEADER: &str = "\
/**
 * The JSON of crates/protocol and crates/miner. Made by `cargo xtask wire` from the types' schemas: change the Rust types
 * and run it again.
 */
";
/// The generated types.
pub(crate) const TYPES: &str = "worker/wire.ts";
/// The width to which descriptions are wrapped.
const WIDTH: usize = 120;

/// The generated files, with their text.
type Files = [(&'static str, String); 2];

/// Writes the files.
pub(crate) fn write(repo: &Repo) -> Result<()> {
    for (path, text) in generate(repo)? {
        fs::write(repo.root.join(path), text)?;
    }
    Ok(())
}

/// Fails if a generated file does not match the Rust types.
pub(crate) fn check(repo: &Repo) -> Result<()> {
    for (path, text) in generate(repo)? {
        let found = fs::read_to_string(repo.root.join(path)).unwrap_or_default();
        ensure!(found == text, "{path} is stale: run `cargo xtask wire`");
    }
    Ok(())
}

fn generate(repo: &Repo) -> Result<Files> {
    let mut print = cargo(repo);
    print.args(["run", "--quiet", "--profile", "ci", "--package", "adit-miner"]);
    let schemas = shell::capture(print.args(["--features", "openapi", "--example", "schemas"]))?;
    let (schemas, paths): (BTreeMap<String, Value>, Vec<String>) =
        serde_json::from_str(&schemas).context("the schemas and paths")?;
    Ok([(TYPES, module(&schemas)?), ("www/served.ts", served(&paths))])
}

/// The first segments of all paths.
fn served(paths: &[String]) -> String {
    let first = |path: &String| format!("/{}", path.split('/').nth(1).unwrap_or_default());
    let firsts: BTreeSet<String> = paths.iter().map(first).collect();
    let list: Vec<String> = firsts.iter().map(|first| format!("\"{first}\"")).collect();
    format!(
        "/** The paths that a coordinator answers itself. Made by `cargo xtask wire` from crates/protocol/src/paths.rs. */\n\
         export const SERVED = [{}];\n",
        list.join(", ")
    )
}

/// A declaration for each schema, by name.
fn module(schemas: &BTreeMap<String, Value>) -> Result<String> {
    let mut text = HEADER.to_owned();
    for (name, schema) in schemas {
        let declared = declaration(name, schema).with_context(|| format!("the schema of {name}"))?;
        text.push('\n');
        text.push_str(&declared);
    }
    Ok(text)
}

fn declaration(name: &str, schema: &Value) -> Result<String> {
    let mut text = comment(schema, "");
    if let (Some(fields), None) = (schema["properties"].as_object(), schema.get("allOf")) {
        text += &format!("export interface {name} {{\n");
        for (field, of) in fields {
            text += &comment(of, "  ");
            text += &format!("  {};\n", property(schema, field, of)?);
        }
        text += "}\n";
    } else if let Some(choices) = choices(schema).filter(|choices| choices.len() > 1) {
        text += &format!("export type {name} =");
        for choice in choices {
            text += &format!("\n{}  | {}", comment(choice, "  "), type_of(choice)?);
        }
        text += ";\n";
    } else {
        text += &format!("export type {name} = {};\n", type_of(schema)?);
    }
    Ok(text)
}

/// A field and its type. A nullable field is never missing: serde writes the null.
fn property(object: &Value, name: &str, schema: &Value) -> Result<String> {
    let of = type_of(schema)?;
    let required = object["required"].as_array().is_some_and(|names| names.iter().any(|required| required == name));
    let mark = if required || of.ends_with("| null") { "" } else { "?" };
    Ok(format!("{name}{mark}: {of}"))
}

fn type_of(schema: &Value) -> Result<String> {
    if let Some(target) = schema["$ref"].as_str() {
        return Ok(target.rsplit('/').next().unwrap_or(target).to_owned());
    }
    if let Some(values) = schema["enum"].as_array() {
        return Ok(union(values.iter().map(Value::to_string).collect()));
    }
    if let Some(parts) = schema["allOf"].as_array() {
        return Ok(parts.iter().map(type_of).collect::<Result<Vec<_>>>()?.join(" & "));
    }
    if let Some(choices) = choices(schema) {
        return Ok(union(choices.iter().map(type_of).collect::<Result<_>>()?));
    }
    match &schema["type"] {
        Value::String(name) => plain(name, schema),
        Value::Array(names) => {
            let names = names.iter().map(|name| plain(name.as_str().unwrap_or_default(), schema));
            Ok(union(names.collect::<Result<_>>()?))
        }
        // utoipa's schema for any value.
        Value::Null => Ok("unknown".to_owned()),
        other => bail!("a type {other} is not known"),
    }
}

fn choices(schema: &Value) -> Option<&Vec<Value>> {
    schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array())
}

/// The TypeScript type for a type name of JSON Schema.
fn plain(name: &str, schema: &Value) -> Result<String> {
    Ok(match name {
        "string" | "boolean" | "null" => name.to_owned(),
        "integer" | "number" => "number".to_owned(),
        "array" => {
            let item = type_of(&schema["items"])?;
            if item.contains(' ') { format!("({item})[]") } else { format!("{item}[]") }
        }
        "object" => match schema["properties"].as_object() {
            Some(fields) => inline(schema, fields)?,
            None if schema["additionalProperties"].is_object() => {
                format!("Record<string, {}>", type_of(&schema["additionalProperties"])?)
            }
            None => "Record<string, unknown>".to_owned(),
        },
        other => bail!("a type {other} is not known"),
    })
}

fn inline(schema: &Value, fields: &Map<String, Value>) -> Result<String> {
    let fields = fields.iter().map(|(name, of)| property(schema, name, of)).collect::<Result<Vec<_>>>()?;
    Ok(format!("{{ {} }}", fields.join("; ")))
}

/// The alternatives, null last.
fn union(mut alternatives: Vec<String>) -> String {
    alternatives.sort_by_key(|alternative| alternative == "null");
    alternatives.join(" | ")
}

/// The description of a schema. A nullable schema has it in its other alternative.
fn description(schema: &Value) -> Option<&str> {
    let of_choice =
        || choices(schema)?.iter().filter(|_| is_nullable(schema)).find_map(|choice| choice["description"].as_str());
    schema["description"].as_str().or_else(of_choice)
}

fn is_nullable(schema: &Value) -> bool {
    choices(schema).is_some_and(|choices| choices.iter().any(|choice| choice["type"] == "null"))
}

/// The description of a schema, as a comment.
fn comment(schema: &Value, indent: &str) -> String {
    let Some(text) = description(schema) else { return String::new() };
    let text = text.replace("[`", "`").replace("`]", "`");
    if indent.len() + text.len() + "/**  */".len() <= WIDTH && !text.contains('\n') {
        return format!("{indent}/** {text} */\n");
    }
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + word.len() + indent.len() + " * ".len() < WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!(" {word}")),
        }
    }
    let lines: String = lines.iter().map(|line| format!("{indent} *{line}\n")).collect();
    format!("{indent}/**\n{lines}{indent} */\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn objects_become_interfaces_with_their_descriptions() -> Result<()> {
        let schema = json!({
            "type": "object",
            "description": "A unit.",
            "required": ["rows", "kinds"],
            "properties": {
                "rows": { "type": "integer", "description": "Its rows." },
                "kinds": { "type": "array", "items": { "$ref": "#/components/schemas/Kind" } },
                "name": { "type": ["string", "null"] },
                "proof": { "oneOf": [{ "$ref": "#/components/schemas/Proof", "description": "Signed." }, { "type": "null" }] },
                "hint": { "type": "string" },
            }
        });
        let expected = "\
/** A unit. */
export interface Unit {
  hint?: string;
  kinds: Kind[];
  name: string | null;
  /** Signed. */
  proof: Proof | null;
  /** Its rows. */
  rows: number;
}
";
        assert_eq!(declaration("Unit", &schema)?, expected);
        Ok(())
    }

    #[test]
    fn enums_become_unions() -> Result<()> {
        let states = json!({ "type": "string", "enum": ["active", "done"] });
        assert_eq!(declaration("State", &states)?, "export type State = \"active\" | \"done\";\n");
        let tagged = json!({ "oneOf": [
            { "description": "A lane.", "allOf": [
                { "$ref": "#/components/schemas/Lane" },
                { "type": "object", "required": ["notice"], "properties": { "notice": { "type": "string", "enum": ["lane"] } } },
            ] },
            { "type": "object", "required": ["notice"], "properties": { "notice": { "type": "string", "enum": ["gas"] } } },
        ] });
        let expected = "\
export type Notice =
  /** A lane. */
  | Lane & { notice: \"lane\" }
  | { notice: \"gas\" };
";
        assert_eq!(declaration("Notice", &tagged)?, expected);
        Ok(())
    }

    #[test]
    fn unknown_types_are_errors() {
        assert!(declaration("Tuple", &json!({ "type": "tuple" })).is_err());
    }

    #[test]
    fn long_descriptions_are_broken_into_lines() {
        let text = comment(&json!({ "description": "word ".repeat(40) }), "  ");
        assert!(text.starts_with("  /**\n   * word") && text.ends_with("word\n   */\n"), "{text}");
        assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
    }
}

//! What a person decides about: one call of one tool, by its arguments and by who asks.

use adit_core::encoding::Canonical;
use adit_core::sign::{Digest, PublicKey, Signature, Statement};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::escape::escape_line;
use crate::tool::Tool;

/// The longest question to a person, in characters.
const MOST_CHARS: usize = 1_000;

/// One call that a person decides about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// The tool.
    pub tool: Tool,
    /// All that the decision depends on, as JSON: arguments, and what they lead to, such as a price.
    pub arguments: String,
    /// What would be done, for people.
    pub sentence: String,
}

impl Act {
    /// An act. `arguments` are what the decision depends on, and the sentence is made safe to show.
    pub fn new(tool: Tool, arguments: &serde_json::Value, sentence: impl AsRef<str>) -> Self {
        // Objects are sorted by name, so that one act has one text.
        Act { tool, arguments: arguments.to_string(), sentence: escape_line(sentence.as_ref(), MOST_CHARS) }
    }

    /// The digest that an approval covers: SHA-256(`adit/mcp-act/1` ‖ 0x00 ‖ tool ‖ 0x00 ‖ arguments).
    pub fn digest(&self) -> Digest {
        let mut hasher = Sha256::new();
        hasher.update(b"adit/mcp-act/1\0");
        hasher.update(self.tool.name());
        hasher.update([0]);
        hasher.update(&self.arguments);
        Digest(hasher.finalize().into())
    }
}

/// A question to a person, as the server leaves it for `adit mcp approve`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Its id: 16 hex digits, random.
    pub id: String,
    /// The tool's name.
    pub tool: String,
    /// What the decision depends on, as JSON.
    pub arguments: String,
    /// What would be done.
    pub sentence: String,
    /// Who asks.
    pub principal: String,
}

impl Question {
    /// The act that it asks about; `None` if there is no such tool.
    pub fn act(&self) -> Option<Act> {
        let (arguments, sentence) = (self.arguments.clone(), self.sentence.clone());
        Some(Act { tool: Tool::named(&self.tool)?, arguments, sentence })
    }

    /// What a person who says yes signs. The digest is made of the arguments that were shown, so that a changed question
    /// approves nothing else.
    pub fn approval(&self) -> Option<Approval> {
        let (act, id, principal) = (self.act()?.digest(), self.id.clone(), self.principal.clone());
        Some(Approval { id, act, principal })
    }
}

/// A person's yes to one question. Signed by the key whose passphrase that person knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The question.
    pub id: String,
    /// The act's digest.
    pub act: Digest,
    /// Who may act.
    pub principal: String,
}

impl Canonical for Approval {}

impl Statement for Approval {
    const WHAT: &'static str = "mcp-approval";
}

/// Where questions wait for a person at a terminal, and where the answers are found.
pub trait Terminal: Send + Sync {
    /// Why nobody can approve at a terminal, if so.
    fn hindrance(&self) -> Option<String>;

    /// Leaves a question there.
    fn leave(&self, question: &Question) -> std::io::Result<()>;

    /// The signature that answers a question, if there is one, and the key to verify it with.
    fn answer(&self, id: &str) -> Option<(Signature, PublicKey)>;

    /// Takes a question away, with its answer.
    fn clear(&self, id: &str);
}

/// No terminal: nobody can approve there.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTerminal;

impl Terminal for NoTerminal {
    fn hindrance(&self) -> Option<String> {
        Some("this server has no terminal".into())
    }

    fn leave(&self, _: &Question) -> std::io::Result<()> {
        Ok(())
    }

    fn answer(&self, _: &str) -> Option<(Signature, PublicKey)> {
        None
    }

    fn clear(&self, _: &str) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_act_is_its_tool_and_its_arguments_and_nothing_else() {
        let act = |tool, cid: &str, sentence| Act::new(tool, &json!({ "cid": cid }), sentence).digest();
        let one = act(Tool::UnpinContent, "a", "unpin a");
        assert_eq!(one, act(Tool::UnpinContent, "a", "other words"));
        assert_ne!(one, act(Tool::UnpinContent, "b", "unpin a"));
        assert_ne!(one, act(Tool::GetContent, "a", "unpin a"));
    }

    #[test]
    fn a_question_whose_arguments_were_changed_is_another_approval() {
        let question = |arguments: &str| Question {
            id: "0011223344556677".into(),
            tool: "unpin_content".into(),
            arguments: arguments.into(),
            sentence: "Unpin a".into(),
            principal: "stdio".into(),
        };
        let (one, other) = (question(r#"{"cid":"a"}"#).approval(), question(r#"{"cid":"b"}"#).approval());
        assert!(one.is_some() && one != other);
        assert!(Question { tool: "no_such_tool".into(), ..question("{}") }.approval().is_none());
    }
}

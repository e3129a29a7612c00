//! Who decides: the operator at the start, or a person, whom the client asks or who approves at a terminal.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::future::BoxFuture;

use crate::act::{Act, Question, Terminal};
use crate::book::{Book, Full};
use crate::error::{Code, ToolError};
use crate::tool::Tool;

/// How a call can reach a person.
pub enum Way<'a> {
    /// The client asks between two rounds of the call.
    Rounds(Option<Answered>),
    /// The client can be asked while the call waits.
    Inline(&'a dyn Person),
    /// Only at a terminal.
    Terminal,
}

/// What a client brings back from a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The question.
    pub id: String,
    /// Whether it is a yes.
    pub yes: bool,
}

/// Somebody whom the client asks.
pub trait Person: Send + Sync {
    /// Whether the person says yes.
    fn agrees<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, bool>;
}

/// Why a call does not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It failed.
    Failed(ToolError),
    /// The client is to ask a person, and to call again.
    Ask(Question),
}

impl<E: Into<ToolError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Stop::Failed(error.into())
    }
}

/// The desk where consent is given and used up.
pub struct Desk {
    allowed: BTreeSet<Tool>,
    terminal: Box<dyn Terminal>,
    book: Mutex<Book>,
    clock: Box<dyn Fn() -> u64 + Send + Sync>,
}

impl Desk {
    /// A desk at which the operator has allowed some tools for good. `clock` gives milliseconds and does not run backwards.
    pub fn new(
        allowed: impl IntoIterator<Item = Tool>,
        terminal: impl Terminal + 'static,
        clock: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Self {
        let allowed = allowed.into_iter().collect();
        Desk { allowed, terminal: Box::new(terminal), book: Mutex::default(), clock: Box::new(clock) }
    }

    /// The tools that the operator allows for good.
    pub fn allowed(&self) -> impl Iterator<Item = Tool> + '_ {
        self.allowed.iter().copied()
    }

    /// Returns if the act may be done now, this once.
    pub async fn decide(&self, act: &Act, principal: &str, way: &Way<'_>) -> Result<(), Stop> {
        if self.allowed.contains(&act.tool) {
            return Ok(());
        }
        match way {
            Way::Rounds(Some(answered)) => self.use_answer(act, principal, answered),
            Way::Rounds(None) => Err(Stop::Ask(self.ask(act, principal)?)),
            Way::Inline(person) => {
                let question = self.ask(act, principal)?;
                let yes = person.agrees(&question).await;
                self.use_answer(act, principal, &Answered { id: question.id, yes })
            }
            Way::Terminal => self.at_terminal(act, principal),
        }
    }

    fn use_answer(&self, act: &Act, principal: &str, Answered { id, yes }: &Answered) -> Result<(), Stop> {
        if !self.book().redeem(id, act, principal, (self.clock)()) {
            let stale = "this answer belongs to another call, was used already, or is older than 5 minutes: call again \
                         to ask anew";
            return Err(ToolError::new(Code::NeedsApproval, stale).into());
        }
        if *yes { Ok(()) } else { Err(declined(act.tool).into()) }
    }

    fn at_terminal(&self, act: &Act, principal: &str) -> Result<(), Stop> {
        let tool = act.tool.name();
        if let Some(hindrance) = self.terminal.hindrance() {
            let message = format!(
                "a person has to decide about {tool}, and nobody can be asked: this client offers no elicitation, and \
                 {hindrance}. The operator can allow the tool for good with `adit mcp --allow {tool}`"
            );
            return Err(ToolError::new(Code::NeedsApproval, message).into());
        }
        let question = self.ask(act, principal)?;
        if self.is_signed(&question) && self.book().redeem(&question.id, act, principal, (self.clock)()) {
            self.terminal.clear(&question.id);
            return Ok(());
        }
        let id = &question.id;
        let failed = |error| ToolError::new(Code::Internal, format!("the question cannot be kept: {error}"));
        self.terminal.leave(&question).map_err(failed)?;
        let message = format!(
            "a person has to decide about {tool}. Ask them to run `adit mcp approve {id}` in a terminal within 5 minutes, \
             then call {tool} again with the same arguments"
        );
        Err(ToolError::new(Code::NeedsApproval, message).into())
    }

    /// Whether the answer at the terminal is a yes to exactly this question.
    fn is_signed(&self, question: &Question) -> bool {
        let Some((signature, key)) = self.terminal.answer(&question.id) else { return false };
        question.approval().is_some_and(|approval| key.verify(&approval, &signature).is_ok())
    }

    fn ask(&self, act: &Act, principal: &str) -> Result<Question, ToolError> {
        let mut id = [0; 8];
        let failed = |_| ToolError::new(Code::Internal, "the operating system gives no random bytes");
        getrandom::fill(&mut id).map_err(failed)?;
        let now_ms = (self.clock)();
        let mut book = self.book();
        book.expire(now_ms).iter().for_each(|id| self.terminal.clear(id));
        book.ask(act, principal, hex::encode(id), now_ms).map_err(|Full { in_ms }| {
            let message = "too many questions wait for a person: let some be answered, or wait until they end";
            ToolError::new(Code::Busy, message).retry_after_ms(in_ms)
        })
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nobody can answer questions of a server that is gone.
impl Drop for Desk {
    fn drop(&mut self) {
        self.book().ids().for_each(|id| self.terminal.clear(id));
    }
}

fn declined(tool: Tool) -> ToolError {
    let message = format!("the person said no to {}: do something else, or ask them why", tool.name());
    ToolError::new(Code::Declined, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::act::NoTerminal;
    use crate::book::LASTS_MS;
    use adit_core::sign::{PublicKey, SecretKey, Signature};
    use futures::executor::block_on;
    use serde_json::json;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// A terminal in memory, and whose key counts there.
    #[derive(Clone)]
    struct Paper(Arc<Mutex<Sheet>>, SecretKey);

    /// What was left there, and what was signed.
    #[derive(Default)]
    struct Sheet {
        questions: Vec<Question>,
        answers: Vec<(String, Signature)>,
    }

    impl Paper {
        fn new() -> Self {
            Paper(Arc::default(), SecretKey::from_bytes(&[7; 32]).unwrap())
        }

        fn sign_last(&self, key: &SecretKey, change: impl Fn(&mut Question)) {
            let mut inner = self.0.lock().unwrap();
            let mut question = inner.questions.last().unwrap().clone();
            let id = question.id.clone();
            change(&mut question);
            inner.answers.push((id, key.sign(&question.approval().unwrap())));
        }
    }

    impl Terminal for Paper {
        fn hindrance(&self) -> Option<String> {
            None
        }

        fn leave(&self, question: &Question) -> std::io::Result<()> {
            self.0.lock().unwrap().questions.push(question.clone());
            Ok(())
        }

        fn answer(&self, id: &str) -> Option<(Signature, PublicKey)> {
            let inner = self.0.lock().unwrap();
            let (_, signature) = inner.answers.iter().rev().find(|(of, _)| of == id)?;
            Some((*signature, self.1.public_key()))
        }

        fn clear(&self, id: &str) {
            self.0.lock().unwrap().questions.retain(|question| question.id != id);
        }
    }

    struct Says(bool);

    impl Person for Says {
        fn agrees<'a>(&'a self, _: &'a Question) -> BoxFuture<'a, bool> {
            Box::pin(std::future::ready(self.0))
        }
    }

    fn unpin(cid: &str) -> Act {
        Act::new(Tool::UnpinContent, &json!({ "cid": cid }), "Unpin")
    }

    fn code(stop: Result<(), Stop>) -> Code {
        match stop.unwrap_err() {
            Stop::Failed(error) => error.code,
            Stop::Ask(question) => panic!("{question:?}"),
        }
    }

    fn at(desk: &Desk, act: &Act) -> Result<(), Stop> {
        block_on(desk.decide(act, "stdio", &Way::Terminal))
    }

    #[test]
    fn the_operator_allows_a_tool_for_good_and_no_other() {
        let desk = Desk::new([Tool::UnpinContent], NoTerminal, || 0);
        assert_eq!(at(&desk, &unpin("a")), Ok(()));
        assert_eq!(at(&desk, &unpin("a")), Ok(()));
        let other = Act::new(Tool::PinEcosystemData, &json!({}), "Pin");
        assert_eq!(code(at(&desk, &other)), Code::NeedsApproval);
    }

    #[test]
    fn a_client_that_asks_is_believed_once() {
        let desk = Desk::new([], NoTerminal, || 0);
        let decide = |act: &Act, way: Way<'_>| block_on(desk.decide(act, "stdio", &way));
        assert_eq!(decide(&unpin("a"), Way::Inline(&Says(true))), Ok(()));
        assert_eq!(code(decide(&unpin("a"), Way::Inline(&Says(false)))), Code::Declined);
        let Err(Stop::Ask(question)) = decide(&unpin("a"), Way::Rounds(None)) else { panic!("nobody asks") };
        let answered = |yes| Way::Rounds(Some(Answered { id: question.id.clone(), yes }));
        assert_eq!(code(decide(&unpin("b"), answered(true))), Code::NeedsApproval);
        assert_eq!(decide(&unpin("a"), answered(true)), Ok(()));
        assert_eq!(code(decide(&unpin("a"), answered(true))), Code::NeedsApproval);
    }

    #[test]
    fn only_the_keys_signature_under_this_question_approves_it_and_once() {
        let (paper, now) = (Paper::new(), Arc::new(AtomicU64::new(0)));
        let (owner, stranger) = (paper.1.clone(), SecretKey::from_bytes(&[8; 32]).unwrap());
        let clock = now.clone();
        let desk = Desk::new([], paper.clone(), move || clock.load(Ordering::Relaxed));
        assert_eq!(code(at(&desk, &unpin("a"))), Code::NeedsApproval);
        paper.sign_last(&stranger, |_| {});
        assert_eq!(code(at(&desk, &unpin("a"))), Code::NeedsApproval);
        paper.sign_last(&owner, |question| question.arguments = r#"{"cid":"b"}"#.into());
        assert_eq!(code(at(&desk, &unpin("a"))), Code::NeedsApproval);
        paper.sign_last(&owner, |question| question.principal = "http".into());
        assert_eq!(code(at(&desk, &unpin("a"))), Code::NeedsApproval);
        paper.sign_last(&owner, |_| {});
        assert_eq!(code(at(&desk, &unpin("b"))), Code::NeedsApproval);
        assert_eq!(at(&desk, &unpin("a")), Ok(()));
        assert_eq!(code(at(&desk, &unpin("a"))), Code::NeedsApproval);
        paper.sign_last(&owner, |_| {});
        now.store(LASTS_MS, Ordering::Relaxed);
        assert_eq!(code(at(&desk, &unpin("a"))), Code::NeedsApproval);
    }

    #[test]
    fn questions_end_with_the_server() {
        let paper = Paper::new();
        let desk = Desk::new([], paper.clone(), || 0);
        assert_eq!(code(at(&desk, &unpin("a"))), Code::NeedsApproval);
        assert_eq!(paper.0.lock().unwrap().questions.len(), 1);
        drop(desk);
        assert!(paper.0.lock().unwrap().questions.is_empty());
    }
}

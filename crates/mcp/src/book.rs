//! The questions that wait for a person: rules without I/O. Times are milliseconds of a clock that does not run backwards.

use std::collections::BTreeMap;

use adit_core::sign::Digest;

use crate::act::{Act, Question};

/// How long a question may be answered, and its answer used.
pub(crate) const LASTS_MS: u64 = 5 * 60_000;
/// The most questions that wait at once, so that an agent cannot bury a person.
const MOST: usize = 16;

/// The questions that wait. Each is answered once.
#[derive(Debug, Default)]
pub(crate) struct Book(BTreeMap<String, Waiting>);

#[derive(Debug)]
struct Waiting {
    act: Digest,
    principal: String,
    asked_at_ms: u64,
}

/// Too many questions wait already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full {
    /// Time until the oldest one expires.
    pub(crate) in_ms: u64,
}

impl Book {
    /// Asks about an act, or finds the question that asks about it already. `id` names a new one.
    pub(crate) fn ask(&mut self, act: &Act, principal: &str, id: String, now_ms: u64) -> Result<Question, Full> {
        let digest = act.digest();
        let same = |waiting: &Waiting| waiting.act == digest && waiting.principal == principal;
        let found = self.0.iter().find(|(_, waiting)| same(waiting) && waiting.left_ms(now_ms) > 0);
        let id = match found {
            Some((id, _)) => id.clone(),
            None if self.0.len() >= MOST => {
                let in_ms = self.0.values().map(|waiting| waiting.left_ms(now_ms)).min().unwrap_or_default();
                return Err(Full { in_ms });
            }
            None => {
                let waiting = Waiting { act: digest, principal: principal.into(), asked_at_ms: now_ms };
                self.0.insert(id.clone(), waiting);
                id
            }
        };
        let (arguments, sentence) = (act.arguments.clone(), act.sentence.clone());
        Ok(Question { id, tool: act.tool.name().into(), arguments, sentence, principal: principal.into() })
    }

    /// Uses up the question `id`. Returns whether it asked about this act, for this principal, and not too long ago.
    pub(crate) fn redeem(&mut self, id: &str, act: &Act, principal: &str, now_ms: u64) -> bool {
        let fits = |waiting: &Waiting| {
            waiting.act == act.digest() && waiting.principal == principal && waiting.left_ms(now_ms) > 0
        };
        if !self.0.get(id).is_some_and(fits) {
            return false;
        }
        self.0.remove(id).is_some()
    }

    /// Removes the questions that nobody can answer any more, and returns their ids.
    pub(crate) fn expire(&mut self, now_ms: u64) -> Vec<String> {
        let over = self.0.iter().filter(|(_, waiting)| waiting.left_ms(now_ms) == 0);
        let over: Vec<String> = over.map(|(id, _)| id.clone()).collect();
        over.iter().for_each(|id| drop(self.0.remove(id)));
        over
    }

    /// The ids of all questions.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl Waiting {
    fn left_ms(&self, now_ms: u64) -> u64 {
        LASTS_MS.saturating_sub(now_ms.saturating_sub(self.asked_at_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::Tool;
    use serde_json::json;

    fn unpin(cid: &str) -> Act {
        Act::new(Tool::UnpinContent, &json!({ "cid": cid }), "Unpin")
    }

    #[test]
    fn an_answer_counts_once_for_one_act_of_one_principal() {
        let mut book = Book::default();
        let id = book.ask(&unpin("a"), "stdio", "1".into(), 0).unwrap().id;
        assert!(!book.redeem(&id, &unpin("b"), "stdio", 1));
        assert!(!book.redeem(&id, &unpin("a"), "http", 1));
        assert!(!book.redeem("2", &unpin("a"), "stdio", 1));
        assert!(book.redeem(&id, &unpin("a"), "stdio", 1));
        assert!(!book.redeem(&id, &unpin("a"), "stdio", 1));
    }

    #[test]
    fn an_answer_lasts_five_minutes() {
        let mut book = Book::default();
        book.ask(&unpin("a"), "stdio", "1".into(), 1_000).unwrap();
        assert!(book.expire(1_000 + LASTS_MS - 1).is_empty());
        assert!(!book.redeem("1", &unpin("a"), "stdio", 1_000 + LASTS_MS));
        assert_eq!(book.expire(1_000 + LASTS_MS), ["1"]);
        book.ask(&unpin("a"), "stdio", "2".into(), 0).unwrap();
        assert!(book.redeem("2", &unpin("a"), "stdio", LASTS_MS - 1));
    }

    #[test]
    fn the_same_question_is_asked_once_and_not_too_many_at_all() {
        let mut book = Book::default();
        let first = book.ask(&unpin("a"), "stdio", "1".into(), 0).unwrap();
        assert_eq!(book.ask(&unpin("a"), "stdio", "2".into(), 5).unwrap(), first);
        for n in 0..MOST - 1 {
            book.ask(&unpin(&n.to_string()), "stdio", format!("n{n}"), 10).unwrap();
        }
        let full = book.ask(&unpin("z"), "stdio", "z".into(), 20);
        assert_eq!(full, Err(Full { in_ms: LASTS_MS - 20 }));
        assert_eq!(book.ids().count(), MOST);
    }
}

//! What analysts decide changes what is flagged next.

use promoguard_event::{Code, Decision, FlagState, Outcome as Answer, Track, flag_id};

use crate::leaks::site_leak;
use crate::world::{Moment, Outcome, World, run};

const LEAKED: usize = 4;
/// Day of the decision.
const DECIDED: i32 = 40;

fn decide(moment: &mut Moment<'_>, outcome: Answer) {
    if moment.code == LEAKED && moment.day == DECIDED && moment.hour_of_day == 0 {
        moment.facts.decisions.push(Decision {
            flag_id: flag_id("code004", Track::Leak, 1).into(),
            rev: 1,
            code: Code::from_normalised("code004"),
            ts: moment.hour.start(),
            actor: "analyst".into(),
            outcome,
            note: None,
            hold_from: None,
            hosts: vec!["promokodus.com".into()],
            expected_post: Some(moment.hour.start()),
        });
    }
}

fn after(answer: Answer, leak_goes_on: bool) -> Outcome {
    let world = World {
        days: 70,
        ..World::default()
    };
    run(&world, |moment| {
        if leak_goes_on || moment.day < DECIDED {
            site_leak(moment, LEAKED, 28, 5.0);
        }
        decide(moment, answer);
    })
}

#[test]
fn what_is_legitimate_is_cleared_and_not_flagged_again() {
    let outcome = after(Answer::Legitimate, true);
    assert_eq!(outcome.opened(LEAKED).len(), 1);
    let cleared = outcome
        .of(LEAKED, FlagState::Cleared)
        .next()
        .expect("cleared");
    assert_eq!(cleared.hour, crate::world::millis(DECIDED).hour());
}

#[test]
fn void_evidence_is_cleared_and_the_leak_is_flagged_again_under_a_new_number() {
    let outcome = after(Answer::DataError, true);
    let opened = outcome.opened(LEAKED);
    assert!(opened.len() >= 2);
    assert_ne!(opened[0].flag_id, opened[1].flag_id);
}

#[test]
fn a_permitted_host_is_no_evidence_any_more() {
    let outcome = after(Answer::Permitted, true);
    assert_eq!(
        outcome.opened(LEAKED).len(),
        1,
        "{:?}",
        outcome.opened(LEAKED)
    );
}

#[test]
fn leak_and_unclear_leave_the_episode_open_until_the_leak_ends() {
    for answer in [Answer::Leak, Answer::Unclear] {
        let outcome = after(answer, false);
        assert_eq!(outcome.opened(LEAKED).len(), 1);
        let cleared = outcome
            .of(LEAKED, FlagState::Cleared)
            .next()
            .expect("the leak ended");
        assert!(cleared.hour > crate::world::millis(DECIDED).hour());
    }
}

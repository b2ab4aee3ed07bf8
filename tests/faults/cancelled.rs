//! Questions that are cancelled by their callers.

use std::time::Duration;

use api::entitlement::v1::Effect;
use tests::faults::Mode;

use crate::{
    cold::{ASKED, Cold, LONG, MAY, MAY_NOT, allows},
    shared::alone,
};

const SLOW: Duration = Duration::from_millis(25);

#[test]
fn k_b_questions_that_end_early_leave_nothing_wrong_behind() {
    alone(async |fleet| {
        fleet.to_postgres[ASKED].set(Mode::Delay(SLOW));
        // The cancellations fall into various phases of a load, depending on the machine.
        let colds: Vec<_> = (20..36).map(|number| Cold::new(fleet, number)).collect();
        let mut tokens = Vec::new();
        for (cold, step) in colds.iter().zip(0u32..) {
            let within = Duration::from_millis(1) + SLOW / 2 * step;
            for about in [MAY, MAY_NOT] {
                let answer = cold.ask(ASKED, about, within, "").await;
                assert!(!allows(&answer) || about == MAY);
            }
            let revoked = step % 2 == 1;
            tokens.push(if revoked {
                cold.revoke().await
            } else {
                String::new()
            });
        }
        fleet.to_postgres[ASKED].set(Mode::Pass);
        let reader = fleet.reader();
        for (cold, token) in colds.iter().zip(&tokens) {
            for replica in [ASKED, 0, 1] {
                let may = cold.ask(replica, MAY, LONG, token).await;
                let may = may.unwrap().effect();
                assert_eq!(may == Effect::Allow, token.is_empty());
                let may_not = cold.ask(replica, MAY_NOT, LONG, "").await.unwrap();
                assert_eq!(may_not.effect(), Effect::Deny);
            }
            // The decisions in Redis are right, too.
            for (about, allowed) in [(MAY, token.is_empty()), (MAY_NOT, false)] {
                if let Some(read) = reader.decide(&cold.question(about)).await {
                    assert_eq!(read.effect() == Effect::Allow, allowed);
                }
            }
        }
    });
}

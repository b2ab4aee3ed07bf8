//! Required holders: an organization keeps an owner, now and from now on.

use types::UnixTime;

use crate::facts::Validity;

/// Returns the first time from `now` on at which none of these periods is in force; [`UnixTime::MAX`]
/// if one always is.
///
/// A change leaves the required holders in place exactly if this time comes no sooner after it.
// SPEC: S1-36, S2-31, S0-29.
pub fn lasts_until(validities: impl IntoIterator<Item = Validity>, now: UnixTime) -> UnixTime {
    let mut ordered: Vec<Validity> = validities.into_iter().collect();
    ordered.sort_unstable_by_key(|validity| validity.start);
    ordered.iter().fold(now, |until, validity| {
        if validity.start <= until {
            until.max(validity.end)
        } else {
            until
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn validity((start, length): (i64, i64)) -> Validity {
        Validity {
            start: UnixTime(start),
            end: UnixTime(start + length),
        }
    }

    #[test]
    fn who_begins_later_or_ends_is_not_there_now_and_always() {
        let now = UnixTime(10);
        let of = |times: &[(i64, i64)]| {
            let validities = times.iter().map(|(start, end)| Validity {
                start: UnixTime(*start),
                end: UnixTime(*end),
            });
            lasts_until(validities, now)
        };
        let never = i64::MAX;
        for (times, until) in [
            (&[][..], 10),
            (&[(0, never)], never),
            (&[(11, never)], 10),
            (&[(0, 20)], 20),
            (&[(0, 20), (20, never)], never),
            (&[(0, 20), (21, never)], 20),
            (&[(15, never), (0, 20)], never),
            (&[(0, 10)], 10),
        ] {
            assert_eq!(of(times), UnixTime(until), "{times:?}");
        }
    }

    proptest! {
        /// One period includes each time before the result, and none includes the result.
        #[test]
        fn somebody_is_there_at_each_moment_before(
            times in vec((0_i64..40, 1_i64..15), 0..6),
            now in 0_i64..40,
        ) {
            let validities: Vec<Validity> = times.into_iter().map(validity).collect();
            let there = |at| validities.iter().any(|one| one.holds_at(UnixTime(at)));
            let until = lasts_until(validities.iter().copied(), UnixTime(now)).0;
            prop_assert!((now..until).all(there));
            prop_assert!(!there(until));
        }
    }
}

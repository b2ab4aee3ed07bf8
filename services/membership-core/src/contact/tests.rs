use proptest::prelude::*;
use types::Id;

use super::*;

fn id(id: &str) -> ContactId {
    ContactId::parse(id).unwrap()
}

fn of(representatives: &[(&str, bool)]) -> Representatives {
    let all = representatives.iter();
    all.map(|(name, primary)| (id(name), *primary)).collect()
}

#[test]
fn the_first_is_primary_until_another_is_to_be() {
    assert_eq!(of(&[]).primary(), None);
    assert_eq!(of(&[("a", false), ("b", false)]).primary(), Some(&id("a")));
    assert_eq!(of(&[("a", false), ("b", true)]).primary(), Some(&id("b")));
    let mut both = of(&[("a", true), ("b", false)]);
    both.set(&id("b"), true).unwrap();
    assert_eq!(both, of(&[("a", false), ("b", true)]));
}

#[test]
fn the_primary_one_does_not_just_cease_to_be() {
    let mut both = of(&[("a", true), ("b", false)]);
    assert_eq!(both.set(&id("a"), false), Err(IsPrimary(id("a"))));
    assert_eq!(both.remove(&id("a")), Err(IsPrimary(id("a"))));
    assert_eq!(both, of(&[("a", true), ("b", false)]));
    both.set(&id("a"), true).unwrap();
    both.set(&id("b"), false).unwrap();
    both.remove(&id("b")).unwrap();
    assert_eq!(both.set(&id("a"), false), Err(IsPrimary(id("a"))));
    both.remove(&id("a")).unwrap();
    assert_eq!(both, Representatives::default());
}

proptest! {
    #[test]
    fn whatever_is_done_exactly_one_is_primary(
        steps in prop::collection::vec(("[a-d]", 0..3_u8, any::<bool>()), 0..40),
    ) {
        let mut all = Representatives::default();
        let mut there = BTreeSet::new();
        for (name, step, primary) in steps {
            let id = id(&name);
            let is_there = there.contains(&id);
            match step {
                0 if !is_there => {
                    all.add(id.clone(), primary);
                    there.insert(id);
                }
                1 if is_there => {
                    let _ = all.set(&id, primary);
                }
                2 if is_there && all.remove(&id).is_ok() => {
                    there.remove(&id);
                }
                _ => {}
            }
            let mut known = all.others.clone();
            if let Some(primary) = all.primary() {
                prop_assert!(known.insert(primary.clone()), "twice");
            }
            prop_assert_eq!(&known, &there);
            prop_assert_eq!(all.primary().is_some(), !there.is_empty());
        }
    }
}

//! J1: every change of a copy of a log without its key shows.

use api::common::v1::AuditRecord;
use proptest::prelude::*;
use prost::Message;
use tokens::Sealer;

use super::*;

type Copy = Vec<(Vec<u8>, Vec<u8>)>;

fn chain(key: u8, log: &'static str) -> Chain {
    Chain::new(&Sealer::new(&vec![key; 32].into()), log)
}

fn own() -> Chain {
    chain(1, "entitlement")
}

/// Returns a log of records of two organizations in turn.
fn log(chain: &Chain, count: u64) -> Copy {
    let mut last = Chain::START;
    (0..count)
        .map(|number| {
            let record = AuditRecord {
                organization: ["acme", "umbrella"][usize::from(number % 2 == 1)].to_owned(),
                method: format!("m{number}"),
                ..AuditRecord::default()
            };
            let record = record.encode_to_vec();
            last = chain.next(&last, &record);
            (record, last.to_vec())
        })
        .collect()
}

fn end(copy: &Copy) -> Anchor {
    Anchor {
        count: copy.len() as u64,
        mac: copy.last().unwrap().1.clone().try_into().unwrap(),
    }
}

fn verify(copy: &Copy, anchors: &[Anchor]) -> Result<Verified, Broken> {
    let mut verifier = Verifier::new(own(), anchors.to_vec());
    for (record, mac) in copy {
        verifier.record(record, mac)?;
    }
    verifier.end()
}

#[test]
fn a_log_that_nobody_touched_holds() {
    let copy = log(&own(), 9);
    assert_eq!(verify(&copy, &[end(&copy)]), Ok(Verified { count: 9 }));
    // A log that continued after its anchor passes, too.
    let earlier = copy[..4].to_vec();
    assert_eq!(verify(&copy, &[end(&earlier)]), Ok(Verified { count: 9 }));
}

#[test]
fn j1_an_edited_record_shows() {
    let mut copy = log(&own(), 9);
    let anchor = end(&copy);
    copy[4].0[0] ^= 1;
    assert_eq!(verify(&copy, &[anchor]), Err(Broken::Altered(5)));
}

#[test]
fn j1_a_record_taken_out_of_the_middle_shows() {
    let mut copy = log(&own(), 9);
    let anchor = end(&copy);
    copy.remove(4);
    assert_eq!(verify(&copy, &[anchor]), Err(Broken::Altered(5)));
}

#[test]
fn j1_a_record_taken_from_the_beginning_shows() {
    let mut copy = log(&own(), 9);
    copy.remove(0);
    assert_eq!(verify(&copy, &[]), Err(Broken::Altered(1)));
}

#[test]
fn j1_the_last_records_cut_off_show() {
    let whole = log(&own(), 9);
    for left in 0..9 {
        let copy = whole[..left].to_vec();
        let cut = Broken::CutOff {
            anchored: 9,
            found: left as u64,
        };
        assert_eq!(verify(&copy, &[end(&whole)]), Err(cut));
    }
    // A new anchor of the shortened copy does not hide the loss from the anchor that was kept
    // elsewhere.
    let copy = whole[..6].to_vec();
    assert!(verify(&copy, &[end(&copy), end(&whole)]).is_err());
    assert_eq!(verify(&copy, &[]), Err(Broken::Unanchored));
}

#[test]
fn j1_an_end_that_was_replaced_shows() {
    // Replaced with the key: a restored backup that continued differently.
    let (whole, mut last) = (log(&own(), 9), Chain::START);
    let mut copy = whole.clone();
    for (number, (record, mac)) in copy.iter_mut().enumerate() {
        if number == 8 {
            record.extend(
                AuditRecord {
                    dropped: 1,
                    ..AuditRecord::default()
                }
                .encode_to_vec(),
            );
        }
        last = own().next(&last, record);
        *mac = last.to_vec();
    }
    assert_eq!(verify(&copy, &[end(&whole)]), Err(Broken::Rewritten(9)));
}

#[test]
fn j1_records_in_another_order_show() {
    let mut copy = log(&own(), 9);
    let anchor = end(&copy);
    copy.swap(3, 4);
    assert_eq!(verify(&copy, &[anchor]), Err(Broken::Altered(4)));
}

#[test]
fn j1_a_record_of_another_place_log_or_installation_shows() {
    let copy = log(&own(), 9);
    for other in [
        copy.clone(),
        log(&chain(1, "identity"), 9),
        log(&chain(2, "entitlement"), 9),
    ] {
        for place in [0, 4] {
            let mut copy = copy.clone();
            copy[place] = other[place + 1].clone();
            let altered = Broken::Altered(place as u64 + 1);
            assert_eq!(verify(&copy, &[end(&copy)]), Err(altered));
        }
    }
    // Nor can a whole log replace another that begins with the same records.
    let other = log(&chain(1, "identity"), 9);
    assert_eq!(verify(&other, &[end(&other)]), Err(Broken::Altered(1)));
}

#[test]
fn j1_a_record_moved_to_another_organization_shows() {
    let mut copy = log(&own(), 9);
    let mut record = AuditRecord::decode(copy[4].0.as_slice()).unwrap();
    record.organization = "umbrella".to_owned();
    copy[4].0 = record.encode_to_vec();
    assert_eq!(verify(&copy, &[end(&copy)]), Err(Broken::Altered(5)));
}

#[test]
fn j1_a_log_chained_anew_without_the_key_shows() {
    let mut copy = log(&own(), 9);
    copy.remove(4);
    // The best forgery that is possible without the key.
    let (mallory, mut last) = (chain(7, "entitlement"), Chain::START);
    for (record, mac) in &mut copy {
        last = mallory.next(&last, record);
        *mac = last.to_vec();
    }
    let anchor = end(&copy);
    assert_eq!(verify(&copy, &[anchor]), Err(Broken::Altered(1)));
    assert!(own().open(&mallory.seal(&anchor)).is_err());
}

#[test]
fn j1_an_anchor_is_of_one_log_and_is_not_made_up() {
    let anchor = end(&log(&own(), 9));
    let text = own().seal(&anchor);
    assert_eq!(own().open(&text), Ok(anchor));
    assert!(chain(1, "identity").open(&text).is_err());
    assert!(chain(2, "entitlement").open(&text).is_err());
    assert!(own().open("9").is_err());
}

proptest! {
    #[test]
    fn j1_any_bit_that_is_changed_shows(at in 0usize..9, index: prop::sample::Index, in_mac: bool) {
        let mut copy = log(&own(), 9);
        let anchor = end(&copy);
        let part = if in_mac { &mut copy[at].1 } else { &mut copy[at].0 };
        let bit = index.index(part.len() * 8);
        part[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(verify(&copy, &[anchor]).is_err());
    }
}

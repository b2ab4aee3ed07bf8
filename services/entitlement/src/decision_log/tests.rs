use clock::ManualClock;

use super::*;

fn sealer() -> Sealer {
    Sealer::new(&vec![1; 32].into())
}

fn logged(grant: &str, reason: DecisionReason) -> Logged {
    Logged {
        time: UnixTime(7),
        names: format!(
            "serviceAccounts/portal users/jan fleet.billing.view organizations/acme {grant}"
        ),
        reason,
        revision: 3,
    }
}

#[test]
fn a_line_says_what_was_answered_and_masks_the_subject() {
    let (mut masking, mut lines) = (Masking::new(&sealer()), Vec::new());
    for logged in [
        logged("g1", DecisionReason::Allowed),
        logged("", DecisionReason::NoGrant),
    ] {
        append(&masking.line(&logged), &mut lines);
    }
    let dropped = Dropped {
        time_ms: 8,
        dropped: 5,
    };
    append(&dropped, &mut lines);
    let lines = String::from_utf8(lines).unwrap();
    let lines: Vec<&str> = lines.lines().collect();
    let jan = mask(&sealer(), "users/jan");
    let begin = format!(
        r#"{{"time_ms":7,"caller":"serviceAccounts/portal","subject":"{jan}","permission":"fleet.billing.view","resource":"organizations/acme""#
    );
    assert_eq!(
        lines,
        [
            format!(r#"{begin},"effect":"ALLOW","reason":"ALLOWED","grant":"g1","revision":3}}"#),
            format!(r#"{begin},"effect":"DENY","reason":"NO_GRANT","revision":3}}"#),
            r#"{"time_ms":8,"dropped":5}"#.to_owned(),
        ]
    );
    assert_eq!(jan.len(), 32);
    assert_ne!(jan, mask(&Sealer::new(&vec![2; 32].into()), "users/jan"));
}

#[test]
fn the_files_are_bounded_and_the_oldest_go() {
    let folder = std::env::temp_dir().join(format!("decision-log-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("log");
    let mut file = File::bounded(&path, 10).unwrap();
    for number in 0..100 {
        file.append(format!("{number:09}\n").as_bytes()).unwrap();
    }
    let count = std::fs::read_dir(&folder).unwrap().count();
    let newest = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!((count, newest.as_str()), (16, "000000099\n"));
}

#[test]
fn k_n_what_finds_no_place_is_counted_and_waits_for_nothing() {
    let (queue, mut decisions) = mpsc::channel(2);
    let log = DecisionLog {
        queue,
        shared: Arc::new(Shared {
            clock: Arc::new(ManualClock::at(UnixTime(7))),
            denials_only: true,
            one_in: 2,
            answered: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
        }),
    };
    let context = Context {
        caller: Caller::Peer(api::Peer::Membership),
        through: None,
        policy: &api::METHODS[0],
        request_id: authz::RequestId::Made(1),
        deadline: std::time::Instant::now(),
        trail: None,
    };
    let question = Question::read(
        "users/jan",
        "fleet.billing.view",
        "organizations/acme",
        None,
    )
    .unwrap();
    for effect in [Effect::Allow, Effect::Deny] {
        for _ in 0..10 {
            let decision = Decision {
                effect: effect.into(),
                ..Decision::default()
            };
            log.log(&context, &question, &decision);
        }
    }
    // One in two of ten denials is selected: two fit the queue, three are dropped and counted; no
    // allow is among them.
    assert_eq!(log.shared.dropped.load(Ordering::Relaxed), 3);
    let first = decisions.try_recv().unwrap();
    assert_eq!(
        first.names,
        "- users/jan fleet.billing.view organizations/acme "
    );
}

//! When the till is said to do badly, what buckets hold, and what becomes of a file that is lost.

use till::time::Timestamp;

use super::*;

const DAY_MILLIS: u64 = 86_400_000;

/// What is wrong with a sample, what that makes of its parts, and of all.
type Judged = (fn(&mut Sample), [State; 4], State);

fn good(at_millis: u64) -> Sample {
    Sample {
        at: Timestamp::from_millis(at_millis),
        latency_ms: Some(5),
        is_synced: true,
        ..Sample::default()
    }
}

#[test]
fn each_part_is_judged_by_its_own_figures() {
    use State::{Degraded, Operational, Outage};
    let states = |sample: &Sample| {
        let parts = [
            sample.node(),
            sample.sending(),
            sample.receiving(),
            sample.webhooks(),
        ];
        (parts, sample.overall())
    };
    let all = |state| [state; 4];
    let fine = good(0);
    assert_eq!(states(&fine), (all(Operational), Operational));
    let table: [Judged; 10] = [
        (
            |s| s.latency_ms = None,
            [Outage, Outage, Outage, Operational],
            Outage,
        ),
        (
            |s| s.latency_ms = Some(2_000),
            all(Operational),
            Operational,
        ),
        (
            |s| s.latency_ms = Some(2_001),
            [Degraded, Operational, Operational, Operational],
            Degraded,
        ),
        (
            |s| s.is_synced = false,
            [Degraded, Operational, Operational, Operational],
            Degraded,
        ),
        (
            |s| s.longest_wait_ms = Some(120_001),
            [Operational, Degraded, Operational, Operational],
            Degraded,
        ),
        (|s| s.failed = 100, all(Operational), Operational),
        (
            |s| s.service_failed = 3,
            [Operational, Outage, Operational, Operational],
            Outage,
        ),
        (
            |s| (s.service_failed, s.sent) = (3, 1),
            [Operational, Degraded, Operational, Operational],
            Degraded,
        ),
        (
            |s| s.credit_backlog = 100,
            [Operational, Operational, Outage, Operational],
            Outage,
        ),
        (
            |s| s.webhook_backlog = 10_000,
            [Operational, Operational, Operational, Outage],
            Degraded,
        ),
    ];
    for (n, (change, parts, overall)) in table.into_iter().enumerate() {
        let mut sample = fine.clone();
        change(&mut sample);
        assert_eq!(states(&sample), (parts, overall), "row {n}");
    }
}

#[test]
fn buckets_are_aligned_and_hold_their_samples_alone() {
    let now = Timestamp::from_millis(1_000 * DAY_MILLIS + 7 * 60_000);
    let mut history = History::empty(Range::Day, now);
    assert_eq!(
        history.from,
        Timestamp::from_millis(999 * DAY_MILLIS + 5 * 60_000)
    );
    assert_eq!(
        history.buckets.len(),
        289,
        "one more than a full range holds"
    );
    let mut first = good(history.from.as_millis());
    first.settle_ms = vec![900, 100];
    first.sent = 2;
    let last = Sample {
        latency_ms: None,
        ..good(now.as_millis())
    };
    history.add(&first);
    history.add(&last);
    history.close();
    let (_, bucket) = &history.buckets[0];
    assert_eq!((bucket.samples, bucket.percentile_ms(50)), (1, Some(100)));
    assert_eq!(
        (bucket.percentile_ms(95), bucket.average_latency_ms()),
        (Some(900), Some(5))
    );
    let (_, bucket) = &history.buckets[288];
    assert_eq!((bucket.node.outage, bucket.percentile_ms(50)), (1, None));
    assert_eq!(history.buckets[1].1, Sums::default());
    assert_eq!((history.whole.samples, history.whole.sent), (2, 2));
    for range in [Range::Week, Range::Month, Range::Quarter] {
        let history = History::empty(range, now);
        let begin = history.from.as_millis();
        assert_eq!(begin % (range.bucket_secs() * 1_000), 0);
    }
}

#[test]
fn samples_outlive_the_process_for_ninety_days_and_a_ruined_file_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(FILE);
    let store = Store::open(&path).unwrap();
    let old = good(DAY_MILLIS);
    let new = Sample {
        settle_ms: vec![1, 70_000],
        longest_wait_ms: Some(3),
        ..good(92 * DAY_MILLIS)
    };
    store.keep(&old).unwrap();
    store.keep(&new).unwrap();
    drop(store);
    let store = Store::open(&path).unwrap();
    let mut seen = Vec::new();
    let all = Timestamp::from_millis(0);
    store.each_since(all, |sample| seen.push(sample)).unwrap();
    assert_eq!(seen, [old, new.clone()]);
    let later = good(94 * DAY_MILLIS);
    store.keep(&later).unwrap();
    let mut seen = Vec::new();
    store.each_since(all, |sample| seen.push(sample)).unwrap();
    assert_eq!(seen, [new, later.clone()], "what is too old is forgotten");
    assert_eq!(store.newest().unwrap(), Some(later));
    drop(store);
    std::fs::write(&path, vec![7; 4_096]).unwrap();
    let store = Store::open(&path).unwrap();
    assert_eq!(store.newest().unwrap(), None);
}
